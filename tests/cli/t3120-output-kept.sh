#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# What was written is there to read, however the step ended; how long it stays.
. "$(dirname "$0")/lib.sh"
start_up --cpus 4

# says JOB TEXT: it is read, and that is what it wrote.
says() {
  expect_exit 0 jq output "$1"
  expect_eq "$2" "$(<out)"
}

# written JOB: what it wrote, in one line.
written() { jq output "$1" | paste -sd' '; }

test_begin "what was written before a crash or a kill is there"
job=$(jq submit -- sh -c 'echo before; kill -SEGV $$')
expect_exit 1 jq wait "$job"
expect_eq before "$(written "$job")"
job=$(jq submit -- sh -c 'echo before; kill -KILL $$')
expect_exit 1 jq wait "$job"
expect_eq before "$(written "$job")"
ok

test_begin "what was written before a cancel is there"
job=$(jq submit -- sh -c 'trap "echo at the end; exit 1" TERM; echo before; sleep 60 & wait')
has_written() { [[ $(written "$job") == before ]]; }
wait_for 10 has_written
jq cancel "$job" >/dev/null
expect_exit 130 jq wait "$job"
expect_eq "before at the end" "$(written "$job")"
ok

test_begin "what was written before the time limit is there"
job=$(jq submit --time 1s -- sh -c 'echo before; sleep 60')
expect_exit 1 jq wait "$job"
expect_match "time limit" "$(jq show "$job")"
expect_eq before "$(written "$job")"
ok

test_begin "what was written before the keeper died is there"
job=$(jq submit -- sh -c 'echo before; head -c 100000 /dev/zero >&2; touch wrote; sleep 60')
wait_for 10 test -e wrote
kill -KILL "$(<state/node/keeper.pid)"
code=0 && jq wait "$job" >/dev/null 2>&1 || code=$?
expect_eq 1 $code
expect_match "the keeper died" "$(jq show "$job")"
expect_eq before "$(jq output "$job" 2>errors)"
expect_eq 100000 "$(stat -c %s errors)"
ok

test_begin "a file that is there is emptied, or added to with --append"
for i in 1 2; do
  job=$(jq submit --workdir "$T" --output emptied --retry 1 -- sh -c "echo $i; exit 1")
  expect_exit 1 jq wait "$job"
  job=$(jq submit --workdir "$T" --output added --append -- echo "$i")
  expect_exit 0 jq wait "$job"
done
expect_eq "2 2" "$(paste -sd' ' emptied)"
expect_eq "1 2" "$(paste -sd' ' added)"
ok

test_begin "small outputs share a file, large ones have their own, silence has none"
files() { find state/node/output -name '*.out' -o -name '*.err'; }
files >before
for i in 1 2 3 4 5; do
  job=$(jq submit -- sh -c "echo out $i; echo err $i >&2")
  expect_exit 0 jq wait "$job"
  expect_eq "out $i" "$(jq output "$job" 2>/dev/null)"
  expect_eq "err $i" "$(jq output --error "$job")"
done
cmp before <(files)
expect_eq 1 "$(find state/node/output/packs -type f | wc -l)"
large=$(jq submit -- sh -c 'head -c 20000 /dev/zero')
expect_exit 0 jq wait "$large"
files >after
expect_eq 1 "$(comm -13 <(sort before) <(sort after) | wc -l)"
expect_eq 20000 "$(jq output "$large" | wc -c)"
ok

test_begin "after a restart of everything it is still there"
stop up KILL
kill -KILL "$(<state/node/keeper.pid)"
start_up --cpus 4
says "$job" "out 5"
expect_exit 0 jq output "$large"
expect_eq 20000 "$(stat -c %s out)"
ok

test_begin "what is older or more than the settings say goes"
stop up
printf '[node]\nkeep_outputs = "1h"\noutput_space = "1M"\n' >jobq.toml
find state/node/output -name '*.out' -exec touch -d '2 hours ago' {} +
start_up --cpus 4 --config jobq.toml
says "$large" ""
says "$job" "out 5"
stop up
printf '[node]\noutput_space = 0\n' >jobq.toml
start_up --cpus 4 --config jobq.toml
says "$job" ""
expect_eq "" "$(<err)"
job=$(jq submit -- echo new)
expect_exit 0 jq wait "$job"
says "$job" new
ok
