#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# The harness can fail, and it leaves nothing behind.
. "$(dirname "$0")/lib.sh"

# in_a_test LINES: runs them as a test of its own; its directory's name goes to $T/inner.
in_a_test() {
  printf '. "%s/lib.sh"\necho "$T" >"%s/inner"\n%s\n' "$(dirname "$harness")" "$T" "$1" \
    >"$T/inner.sh"
  bash "$T/inner.sh"
}
harness=$(cd "$OLDPWD" && realpath "$0")

test_begin "expectations that do not hold fail the test"
expect_exit 0 in_a_test 'expect_eq a a; expect_match "^a.c$" abc; expect_exit 3 bash -c "exit 3"'
expect_exit 1 in_a_test 'expect_eq a b'
expect_exit 1 in_a_test 'expect_match "^a$" abc'
expect_exit 1 in_a_test 'expect_exit 0 false'
expect_exit 1 in_a_test 'false; true'
expect_match 'failed at inner.sh:3' "$(cat "$T/err")"
ok

test_begin "wait_for polls until the time is up"
expect_exit 0 in_a_test 'twice() { echo >>n; (($(wc -l <n) >= 2)); }; wait_for 5 twice'
expect_exit 1 in_a_test 'JOBQ_PATIENCE=1; wait_for 1 false'
expect_match 'waited 1 s for: false' "$(cat "$T/err")"
ok

test_begin "a daemon that does not end cleanly on SIGTERM fails the test"
cat >daemon.sh <<'END'
trap "exit $1" TERM
touch ready
while :; do read -rt 0.1 <> <(:); done
END
daemon="bash $T/daemon.sh"
expect_exit 0 in_a_test "start_daemon d $daemon 0; until_ready d test -e ready; stop d"
expect_exit 1 in_a_test "start_daemon d $daemon 7; until_ready d test -e ready; stop d"
expect_exit 1 in_a_test "start_daemon d $daemon 7; until_ready d test -e ready"
expect_match 'd ended with code 7' "$(cat "$T/err")"
expect_exit 1 in_a_test "start_daemon d false; until_ready d test -e ready"
expect_match 'd ended while it was started' "$(cat "$T/err")"
ok

test_begin "what a test leaves running is ended and its directory removed"
for command in 'setsid sleep 300' '(read -rt 300 <> <(:))'; do
  expect_exit 0 in_a_test "$command & echo \$! >$T/pid"
  wait_for 5 gone "$(cat "$T/pid")"
  expect_exit 1 test -e "$(cat "$T/inner")"
done
ok

test_begin "what a test undoes at its end does not hide how it ended"
# undone CODE LINES: they end with the code, and what they set up is undone.
undone() {
  expect_exit "$1" in_a_test "undo() { touch $T/undone; }; $2"
  rm "$T/undone" || fail "'$2' has undone nothing"
}
undone 0 true
undone 1 'expect_eq a b'
expect_match "want 'a', got 'b'" "$(<err)"
undone 1 false
undone 7 'exit 7'
expect_exit 1 in_a_test 'undo() { false; }; true'
expect_match "cannot be undone" "$(<err)"
ok
