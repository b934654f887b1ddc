#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Time: limits of steps, the warning before a limit, and holds, which stop every clock and outlive
# every daemon.
. "$(dirname "$0")/lib.sh"
patience=${JOBQ_PATIENCE:-1}
printf '[node]\ngrace = "500ms"\nkey = "%s"\n' "$T/controller/cluster.key" >n1.toml
start_controller
start_node n1 --cpus 4

warnings_of() { jq show "$1" --json | json -c '[.history[] | select(.what == "warned").detail]'; }

make_defiant
test_begin "a step that ignores TERM, forks and flees its session is gone when its own time is over"
cat >deaf.toml <<TOML
[[step]]
name = "deaf"
time_limit = $((2 * patience))
run = "exec sh $T/defiant.sh"
[[step]]
name = "next"
after = ["deaf.ended"]
run = "touch next"
[[step]]
name = "never"
after = ["deaf"]
run = "touch never"
TOML
job=$(jq submit deaf.toml)
wait_for 10 have_fled
expect_exit 0 jq wait "$job"
none_fled
expect_match "deaf +failed .*time limit" "$(jq show "$job")"
[[ -e next && ! -e never ]] || fail "the steps behind it: $(ls)"
ok

test_begin "it is gone when its job's time is over, too, and that is the reason"
job=$(jq submit --time $((2 * patience)) -- sh "$T/defiant.sh")
wait_for 10 have_fled
expect_exit 1 jq wait "$job"
none_fled
expect_match "time limit" "$(reason_of "$job")"
expect_match "time limit" "$(jq show "$job")"
ok

test_begin "the warning signal comes before the limit, once, and is told"
warned='trap "echo warned >>warned; exit 7" USR1; while :; do sleep 0.02; done'
job=$(jq submit --time $((4 * patience)) --signal USR1@$((2 * patience)) -- sh -c "$warned")
expect_exit 1 jq wait "$job"
expect_eq warned "$(<warned)"
expect_match "exit code 7" "$(reason_of "$job")"
expect_match '^\["step main: USR1@[0-9a-z]+"\]$' "$(warnings_of "$job")"
ok

test_begin "a warning without a limit, and one that cannot be caught, are refused"
expect_exit 1 jq submit --signal USR1@60 -- true
expect_match "before a time limit or deadline, and the job has none" "$(<err)"
expect_exit 2 jq submit --time 1h --signal KILL@60 -- true
expect_match "KILL cannot be caught" "$(<err)"
expect_exit 2 jq submit --time 1h --signal USR1 -- true
expect_match "does not say when" "$(<err)"
ok

# The step has its limit, and so has its job; it is warned when half of the time is over.
limit=$((4 * patience))
cat >held.toml <<TOML
[ticket]
time_limit = $limit
signal = "USR1@$((limit / 2))"
[[step]]
name = "main"
time_limit = $limit
script = """
trap 'echo warned >>once' USR1
echo \$\$ >pid
until [ -e enough ]; do sleep 0.02; done
"""
TOML
# Another job runs into the same limit meanwhile: so long it must have been.
its_time_is_over() { expect_exit 1 jq submit --wait --time "$limit" -- sleep 1000; }

test_begin "a hold stops the clocks of job and step, and outlives the controller, agent and keeper"
job=$(jq submit held.toml)
wait_for 10 test -s once # warned: some of its time is over
jq hold "$job"
held=$(<pid)
wait_for 10 is_suspended "$held"
stop controller KILL
start_controller
wait_for 10 node_is n1 up
expect_eq HD "$(state_of "$job")"
stop n1 KILL
start_node n1 --cpus 4
upgraded() { grep -q handover "/proc/$(<n1/keeper.pid)/cmdline"; }
! upgraded || fail "the keeper was upgraded before"
kill -HUP "$(<n1/keeper.pid)"
wait_for 10 upgraded
wait_for 10 node_is n1 up
is_suspended "$held" || fail "it runs on"
its_time_is_over
expect_eq "HD running" "$(state_of "$job") $(step_state "$job")"
is_suspended "$held" || fail "it runs on"
touch enough
jq release "$job"
expect_exit 0 jq wait "$job"
# Once, whoever was started again.
expect_match '^warned \["step main: USR1@[0-9a-z]+"\]$' "$(<once) $(warnings_of "$job")"
ok

test_begin "what is held is ended by its limit when it goes on, not before"
rm -f enough once
job=$(jq submit held.toml)
wait_for 10 test -s once
jq hold "$job"
its_time_is_over
expect_eq HD "$(state_of "$job")"
jq release "$job"
expect_exit 1 jq wait "$job"
expect_match "time limit" "$(reason_of "$job")"
ok
