#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Begins and deadlines: jobs that start no earlier, and that must have ended by then.
. "$(dirname "$0")/lib.sh"
printf '[node]\ngrace = "500ms"\nkey = "%s"\n' "$T/controller/cluster.key" >n1.toml
start_controller
start_node n1 --cpus 2

field() { jq show "$1" --json | json -r ".$2"; }
why_kinds() { jq why "$1" --json | json -c '[.blockers[].kind]'; }
# What is to be seen before a time is tried with a later one where this machine was too slow.
has_passed() { [[ ! $(date -u +%FT%T.%3NZ) < $1 ]]; }

test_begin "a job starts at its begin and not before, also after a restart of the controller"
for ((ahead = 2; ; ahead *= 2)); do
  job=$(jq submit --begin "+${ahead}s" -- true)
  begin=$(field "$job" begin)
  seen="$(state_of "$job"), $(reason_of "$job"), $(why_kinds "$job")"
  expected=$(jq why "$job" --json | json -r .expected_start)
  shown=$(jq show "$job")
  has_passed "$begin" || break
done
expect_eq "QU, begins at $begin, [\"begin\"]" "$seen"
expect_eq "$begin" "$expected"
expect_match "begin +[0-9]" "$shown"
stop controller KILL
start_controller
wait_for 10 node_is n1 up
expect_exit 0 jq wait "$job"
[[ ! $(field "$job" started) < $begin ]] || fail "begin $begin, started $(field "$job" started)"
expect_eq "$begin" "$(field "$job" begin)"
ok

test_begin "before its begin it is held, released and cancelled like any other"
job=$(jq submit --begin 2999-01-01T00:00:00Z --deadline 2999-01-02T00:00:00+00:00 -- touch never)
expect_eq "2999-01-01T00:00:00.000Z 2999-01-02T00:00:00.000Z" \
  "$(field "$job" begin) $(field "$job" deadline)"
jq hold "$job"
expect_eq HD "$(state_of "$job")"
jq release "$job"
expect_eq QU "$(state_of "$job")"
expect_eq "$job" "$(jq queue --json --state QU | json .job)"
jq cancel "$job"
expect_eq JC "$(state_of "$job")"
[[ ! -e never ]] || fail "it ran"
ok

test_begin "at its deadline what runs is ended, and cleanup runs"
for ((ahead = 2; ; ahead *= 2)); do
  cat >late.toml <<TOML
[ticket]
deadline = "+${ahead}s"
[[step]]
name = "main"
run = ["sleep", "1000"]
[cleanup]
run = "touch cleaned"
TOML
  job=$(jq submit late.toml)
  expect_exit 1 jq wait "$job"
  [[ $(field "$job" started) == null ]] || break
done
expect_eq JE "$(state_of "$job")"
expect_eq "deadline $(field "$job" deadline) passed" "$(reason_of "$job")"
[[ -e cleaned ]] || fail "no cleanup"
ok

test_begin "what is held or has not started by then is in error; of an array every element"
held=$(jq submit --hold --deadline +2s -- touch never)
array=$(jq submit --array 0-3 --cpus 2 --deadline +2s -- sleep 1000)
expect_exit 1 jq wait "$held"
expect_exit 1 jq wait "$array"
expect_eq JE "$(state_of "${array}[3]")"
expect_match "^deadline .* passed$" "$(reason_of "${array}[3]")"
expect_match "^deadline .* passed$" "$(reason_of "$held")"
expect_eq 4 "$(field "$array" array.failed)"
[[ ! -e never ]] || fail "it ran"
ok

test_begin "the warning comes before the deadline, too"
warned='trap "exit 7" USR1; touch ready; while :; do sleep 0.02; done'
for ((ahead = 2; ; ahead *= 2)); do
  rm -f ready
  job=$(jq submit --deadline "+$((4 * ahead))s" --signal "USR1@$((3 * ahead))" -- sh -c "$warned")
  expect_exit 1 jq wait "$job"
  warning=$(($(date -d "$(field "$job" deadline)" +%s) - 3 * ahead))
  [[ -e ready ]] && (($(stat -c %Y ready) < warning)) && break
done
expect_match "exit code 7" "$(reason_of "$job")"
ok

test_begin "times are local where they have no zone, and TOML's own are read"
export TZ=CET-1CEST,M3.5.0,M10.5.0/3
job=$(jq submit --begin "2998-07-01 03:00" -- true)
expect_eq 2998-07-01T01:00:00.000Z "$(field "$job" begin)"
printf 'run = "true"\n[ticket]\nbegin = 2998-12-01T03:00:30\n' >local.toml
job=$(jq submit local.toml)
expect_eq 2998-12-01T02:00:30.000Z "$(field "$job" begin)"
printf '#!/bin/sh\n#JQ --begin 2998-12-01T03:00 --deadline "2998-12-01 04:00"\ntrue\n' >local.sh
job=$(jq submit local.sh)
expect_eq "2998-12-01T02:00:00.000Z 2998-12-01T03:00:00.000Z" \
  "$(field "$job" begin) $(field "$job" deadline)"
ok

test_begin "what cannot be met, and what is no time, is refused"
expect_exit 1 jq submit --deadline 2001-01-01T00:00:00Z -- true
expect_match "the deadline 2001-01-01T00:00:00.000Z has passed" "$(<err)"
expect_exit 1 jq submit --begin +2h --deadline +1h -- true
expect_match "is not after the begin" "$(<err)"
expect_exit 2 jq submit --begin tomorrow -- true
expect_match "'tomorrow' is not a time; expected one like" "$(<err)"
printf 'run = "true"\n[ticket]\nbegin = "2h"\n' >faulty.toml
expect_exit 2 jq submit faulty.toml
expect_match 'faulty.toml:3:9: expected a time like' "$(<err)"
ok

test_begin "a dry run tells the begin as the expected start"
expect_eq 2999-01-01T00:00:00.000Z \
  "$(jq submit --dry-run --json --begin 2999-01-01T00:00:00Z -- true | json -r .expected_start)"
ok
