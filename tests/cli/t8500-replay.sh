#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# What a controller recorded is run again: all is equal, also after kill -9, and damage is told.
. "$(dirname "$0")/lib.sh"
start_up --cpus 2
flight=$T/state/controller/flight

ended() { [[ $(state_of "$1") == J? ]]; }
has_beginning() { [[ -e $flight/$1/rows ]]; }

test_begin "a controller that works, is killed and starts again can be replayed"
wait_for 20 has_beginning 000001
jq resource create plan-db
jq submit --wait --exclusive plan-db -- true >/dev/null
expect_exit 1 jq submit --wait -- false
long=$(jq submit -- sleep 1000)
held=$(jq submit --hold -- true)
jq hold "$long"
jq release "$long"
jq cancel "$held"
for i in {1..40}; do echo "{\"run\": [\"true\"], \"ticket\": {\"name\": \"n$((i % 3))\"}}"; done |
  jq submit - >numbers
jq wait "$(head -1 numbers)" >/dev/null || true # before the hold, which may be of a job that runs
jq hold --name n1 || true
stop up KILL
start_up --cpus 2
jq release --name n1 || true
jq cancel --all
wait_for 20 ended "$long"
wait_for 20 has_beginning 000002
stop up
expect_eq 2 "$(ls "$flight" | wc -l)"
expect_exit 0 jq admin replay --state "${flight%/flight}" --check
expect_eq 2 "$(grep -c 'all equal' out)"
expect_exit 0 jq admin replay --state "$T/state" --check # that of jobq up
expect_eq 2 "$(grep -c 'all equal' out)"
expect_exit 5 jq admin replay --state "$T/home"
expect_match "no recordings in $T/home/flight or $T/home/controller/flight" "$(<err)"
expect_exit 2 jq admin replay --job '17[3]'
expect_match "'17\[3\]' is an element,.* such as 17, its array" "$(<err)"
ok

test_begin "a recording without a beginning is skipped, and the rest decides"
cp -r "$flight" recordings
rm recordings/000001/rows
expect_exit 0 jq admin replay --check recordings
expect_eq "recordings/000001: skipped; its controller ended before it had written what it started \
from" "$(head -1 out)"
expect_eq 1 "$(grep -c 'all equal' out)"
expect_eq "" "$(<err)"
expect_eq true "$(jq admin replay --check --json recordings | head -1 | json .skipped)"
: >recordings/000002/events
expect_exit 0 jq admin replay --check recordings
expect_eq 2 "$(grep -c skipped out)"
cp "$flight/000002/events" recordings/000002/events
printf '\xff' | dd of=recordings/000002/events bs=1 seek=300 conv=notrunc status=none
expect_exit 1 jq admin replay --check recordings
ok

test_begin "every event and decision is shown, or those about one job"
expect_exit 0 jq admin replay "$flight/000001"
expect_match 'submission of 40 tickets' "$(<out)"
expect_match 'resource plan-db \(1\) created' "$(<out)"
expect_match "job $held ended: cancelled" "$(<out)"
expect_exit 0 jq admin replay --job "$long" "$flight/000001"
expect_match "launch job $long, step 0, attempt 1" "$(<out)"
grep -q "job $held ended" out && fail "another job's end is shown"
expect_exit 0 jq admin replay --json "$flight/000001"
expect_eq true "$(tail -1 out | json -r .equal)"
expect_eq "the controller recovers" "$(head -1 out | json -r .event)"
expect_exit 0 jq admin replay --from 2100-01-01 "$flight/000001"
expect_eq 1 "$(wc -l <out)"
ok

test_begin "a tail that was torn off is no damage"
cp -r "$flight/000001" torn
truncate -s -5 torn/events
expect_exit 0 jq admin replay --check torn
expect_match 'all equal; the last record is not whole' "$(<out)"
ok

test_begin "zeros that a loss of power left behind are no damage"
cp -r "$flight/000001" powerless
truncate -s -5 powerless/events
truncate -s +5000 powerless/events
expect_exit 0 jq admin replay --check powerless
expect_match 'all equal; the last record is not whole' "$(<out)"
ok

test_begin "a length that was made too great is damage, and said where"
cp -r "$flight/000001" longer
printf '\x7f' | dd of=longer/events bs=1 seek=3 conv=notrunc status=none
expect_exit 1 jq admin replay --check longer
expect_match 'longer: the record at byte 0 is damaged' "$(<err)"
ok

test_begin "a byte that was flipped is damage, and said where"
cp -r "$flight/000001" flipped
printf '\xff' | dd of=flipped/events bs=1 seek=300 conv=notrunc status=none
expect_exit 1 jq admin replay --check flipped
expect_match 'flipped: the record at byte [0-9]+ is damaged' "$(<err)"
ok

test_begin "events that belong to other rows are decided otherwise, and the first place is named"
cp -r "$flight/000002" mixed
cp "$flight/000001/rows" mixed/rows
expect_exit 1 jq admin replay --check mixed
expect_match 'NOT equal' "$(<out)"
expect_match 'are not what was recorded' "$(<err)"
ok

test_begin "what is no recording is said"
mkdir empty
expect_exit 1 jq admin replay empty
expect_match 'empty/events cannot be read' "$(<err)"
expect_exit 5 jq admin replay --state "$PWD/empty"
expect_match 'there are no recordings in' "$(<err)"
ok
