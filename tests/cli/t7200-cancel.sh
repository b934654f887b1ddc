#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Cancelling and holding: what runs ends with everything that it started, cleanup runs, what is held
# does not start.
. "$(dirname "$0")/lib.sh"
printf '[node]\ngrace = "500ms"\n' >up.toml
start_up --config up.toml --cpus 4

test_begin "cancel ends a step that ignores TERM, with everything that it started and that fled"
make_defiant
cat >defiant.toml <<TOML
[[step]]
name = "main"
run = "exec sh $T/defiant.sh"
[cleanup]
run = "touch cleaned"
TOML
job=$(jq submit defiant.toml)
wait_for 10 have_fled
jq cancel "$job"
expect_exit 130 jq wait "$job"
expect_eq JC "$(state_of "$job")"
none_fled
[[ -e cleaned ]] || fail "no cleanup"
ok

test_begin "a step that ends by itself leaves nothing behind either"
flee='setsid sh -c "echo \$\$ >fled.1; exec sleep 1000" & until [ -s fled.1 ]; do sleep 0.02; done'
job=$(jq submit -- sh -c "$flee")
expect_exit 0 jq wait "$job"
! running "$(<fled.1)" || fail "a process outlived its step"
ok

test_begin "held jobs do not start, released ones do"
job=$(jq submit --hold -- touch started)
expect_eq HD "$(state_of "$job")"
expect_exit 0 jq submit --wait -- true
[[ ! -e started ]] || fail "a held job started"
expect_match "held" "$(jq why "$job")"
jq release "$job"
expect_exit 0 jq wait "$job"
[[ -e started ]] || fail "a released job did not start"
ok

test_begin "hold suspends a running job, release resumes it"
job=$(jq submit -- sh -c 'echo $$ >held; until [ -e enough ]; do sleep 0.02; done')
wait_for 10 test -s held
jq hold "$job"
expect_eq HD "$(state_of "$job")"
wait_for 10 is_suspended "$(<held)"
touch enough
jq release "$job"
expect_exit 0 jq wait "$job"
ok

test_begin "a job that waits is cancelled without ever starting"
job=$(jq submit --hold -- touch never)
jq cancel "$job"
expect_exit 130 jq wait "$job"
[[ ! -e never ]] || fail "it started"
expect_exit 1 jq cancel "$job"
expect_match "ended" "$(<err)"
expect_exit 5 jq cancel 4711
ok

test_begin "a signal reaches the step"
job=$(jq submit -- sh -c 'trap "exit 9" USR1; touch ready; while :; do sleep 0.02; done')
wait_for 10 test -e ready
wait_for 10 runs "$job"
jq cancel --signal USR1 "$job"
expect_exit 1 jq wait "$job"
expect_match "exit code 9" "$(reason_of "$job")"
ok

test_begin "one step can be cancelled, and who names that goes on"
cat >steps.toml <<'TOML'
[[step]]
name = "long"
run = "touch long; exec sleep 1000"
[[step]]
name = "after"
after = ["long.cancel"]
run = "touch after"
TOML
job=$(jq submit steps.toml)
wait_for 10 test -e long
jq cancel "$job.long"
expect_exit 0 jq wait "$job"
[[ -e after ]] || fail "the branch of the cancel did not run"
ok
