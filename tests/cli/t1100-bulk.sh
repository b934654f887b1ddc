#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Many tickets from standard input: order, refused lines, a controller that goes away meanwhile.
. "$(dirname "$0")/lib.sh"
start_up --cpus 4

# tickets COUNT: held ones, so that nothing runs.
tickets() { seq "$1" | sed 's/.*/{"run": ["true"], "ticket": {"name": "t&", "hold": true}}/'; }

test_begin "one number a line, in the order of the tickets"
tickets 2500 >many
jq submit - <many >numbers
expect_eq 2500 "$(wc -l <numbers)"
expect_eq "$(sort -n numbers)" "$(<numbers)"
expect_eq t1 "$(jq show "$(head -1 numbers)" --json | json -r .name)"
expect_eq t2500 "$(jq show "$(tail -1 numbers)" --json | json -r .name)"
expect_exit 0 jq cancel --all
ok

test_begin "a refused line is told and the others are accepted"
cat >mixed <<'END'
{"run": ["true"]}

{"run": ["true"], "afer": ["x"]}
{"ticket": {"class": "no-such-class"}}
not json
{"run": ["true"], "ticket": {"priority": 5000}}
{"run": ["true"]}
END
code=0 && jq submit - <mixed >numbers 2>errors || code=$?
expect_eq 1 "$code"
expect_eq 2 "$(wc -l <numbers)"
expect_match '<stdin>:3:[0-9]+: .*afer' "$(<errors)"
expect_match 'line 4: .*no-such-class' "$(<errors)"
expect_match '<stdin>:5:' "$(<errors)"
expect_match '<stdin>:6:[0-9]+: .*5000' "$(<errors)"
ok

test_begin "as JSON each ticket has its line, in order"
code=0 && jq submit --json - <mixed >lines 2>errors || code=$?
expect_eq 1 "$code"
expect_eq '"job" 3 4 5 6 "job"' \
  "$(json -r 'if .job then "\"job\"" else .line end' lines | paste -sd' ')"
expect_match 'no-such-class' "$(json -r 'select(.line == 4).error' lines)"
ok

test_begin "a slow stream does not hold back what it gave"
mkfifo feed answers
jq submit - <feed >answers &
submitter=$!
exec 3>feed 4<answers
echo '{"run": ["true"]}' >&3
read -r -t 10 -u 4 first || fail "no answer while the stream pauses"
echo '{"run": ["true"]}' >&3
read -r -t 10 -u 4 second || fail "no second answer"
expect_eq $((first + 1)) "$second"
exec 3>&-
wait $submitter
ok

test_begin "--wait waits for all of them"
printf '{"run": ["true"]}\n{"run": "exit 3"}\n' >two
code=0 && jq submit --wait - <two >numbers 2>errors || code=$?
expect_eq 1 "$code"
expect_eq "JD JE" "$(for job in $(<numbers); do state_of "$job"; done | paste -sd' ')"
ok

test_begin "a last line without its end counts, blank input is refused"
expect_eq 1 "$(printf '{"run": ["true"]}' | jq submit - | wc -l)"
expect_exit 2 jq submit -
expect_match 'standard input is empty' "$(<err)"
ok

test_begin "options change every ticket of the stream, but for the key"
printf '{"run": ["true"]}\n{"run": ["true"]}\n' >two
jq submit --name same --hold --priority 3 - <two >numbers
expect_eq "same 3 same 3" \
  "$(jq queue --name same --json | json -r '"\(.name) \(.priority)"' | paste -sd' ')"
expect_exit 0 jq cancel --name same
code=0 && jq submit --key k - <two 2>errors || code=$?
expect_eq 2 "$code"
ok

test_begin "a controller that is restarted in the middle loses and doubles nothing"
jq history --limit 0 --json | wc -l >before
jq submit - <feed >numbers 2>errors &
submitter=$!
exec 3>feed
tickets 3000 >&3
some_numbers() { [[ -s numbers ]]; }
wait_for 10 some_numbers
stop up KILL
tickets 3000 >&3 &
feeder=$!
start_up --cpus 4 3>&-
wait $feeder
tickets 500 >&3
exec 3>&-
code=0 && wait $submitter || code=$?
expect_eq 0 "$code"
expect_eq 6500 "$(wc -l <numbers)"
expect_eq 6500 "$(sort -u numbers | wc -l)"
expect_eq 6500 "$(jq queue --json | wc -l)"
ok
