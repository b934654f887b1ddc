#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Two names: what belongs to jobq, and what is passed on to the JSON processor called jq.
. "$(dirname "$0")/lib.sh"

theirs=$(command -p -v jq) || { echo "ok - skipped: no JSON processor here" && exit 0; }

test_begin "filters run the next jq with the same input, output and exit code"
expect_eq 1 "$(echo '{"a":1}' | jq .a)"
expect_eq 1 "$(echo '{"a":1}' | jq -r '.a')"
expect_eq '{"a":1}' "$(echo '{"a":1}' | jq -c)"
code=0 && echo false | jq -e . >out || code=$?
expect_eq 1 "$code"
want=0 && echo '{' | "$theirs" . >out 2>err || want=$?
code=0 && echo '{' | jq . >out 2>err || code=$?
expect_eq "$want" "$code"
expect_eq "$("$theirs" --version)" "$(jq --version)"
# shellcheck disable=SC2016
expect_eq "1 1" "$(echo '[1,2]' | jq -r --arg x 1 '.[0], $x' | paste -sd' ')"
ok

test_begin "the environment goes along unchanged"
# shellcheck disable=SC2016
names='$ENV | keys | join(" ")'
expect_eq "$(MINE=1 "$theirs" -n "$names")" "$(MINE=1 jq -n "$names")"
ok

test_begin "verbs are ours, and exactly verbs"
expect_match "Usage: jq submit" "$(jq submit --help)"
expect_match "^jobq [0-9]" "$(jq version)"
expect_match "a batch scheduler" "$(jq help)"
code=0 && jq submi </dev/null >out 2>err || code=$?
((code != 0)) || fail "a word that is no verb succeeded"
! grep -q jobq err || fail "a word that is no verb was ours: $(<err)"
ok

test_begin "no verb is a name that the JSON processor defines"
jobq help | sed -n 's/^  \([a-z]*\)  .*/\1/p' >verbs
echo keeper >>verbs
(($(wc -l <verbs) > 15)) || fail "no verbs in the help"
"$theirs" -rn 'builtins[] | split("/")[0]' >builtins
expect_eq "" "$(sort -u builtins | comm -12 - <(sort -u verbs))"
ok

test_begin "the next jq is another file, whatever names ours has on PATH"
mkdir again copy
ln -s "$(realpath "$JOBQ_BIN/jq")" again/jq
expect_eq 1 "$(PATH="$T/again:$PATH" bash -c 'echo "{\"a\":1}" | jq .a')"
cp "$(realpath "$JOBQ_BIN/jq")" copy/jq
expect_eq 1 "$(PATH="$T/copy:$PATH" bash -c 'echo "{\"a\":1}" | jq .a')"
expect_eq 1 "$(PATH="$(dirname "$theirs"):$T/copy" bash -c "echo '{\"a\":1}' | $T/copy/jq .a")"
ok

test_begin "where there is no other jq, the usage says so, also between two copies of ours"
mkdir bin && ln -s "$(realpath "$JOBQ_BIN/jq")" bin/jq
code=0 && PATH="$T/bin:$T/copy" "$T/bin/jq" .a </dev/null >out 2>err || code=$?
expect_eq 2 "$code"
expect_eq "" "$(<out)"
expect_match "no other jq is on PATH" "$(<err)"
expect_match "submit a command" "$(<err)"
ok

test_begin "under the long name everything is ours"
expect_exit 2 jobq .a
expect_match "there is no verb '.a'" "$(<err)"
expect_exit 2 jobq submti
expect_match "did you mean 'submit'" "$(<err)"
expect_exit 2 jobq
expect_exit 0 jobq --help
expect_exit 0 jobq --version
expect_match "^jobq [0-9]+\.[0-9]+\.[0-9]+$" "$(<out)"
ok
