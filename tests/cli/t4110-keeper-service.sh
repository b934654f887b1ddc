#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# The keeper as a service manager treats it: started with --detach, found by its file, told to stop
# while steps run, its file removed, and started again.
. "$(dirname "$0")/lib.sh"

mkdir -m 0700 n1
keeper() { cat "$T/n1/keeper.pid"; }
start_keeper() { jobq keeper --state "$T/n1" --detach; }
there() { [[ -e $T/n1/keeper.pid ]]; }

test_begin "with the journal at its standard error, it logs there, with levels"
: >journal.log
JOURNAL_STREAM=$(stat -c %d:%i journal.log) start_keeper 2>journal.log
there || fail "no keeper.pid"
grep -q '^<6>keeper: steps are' journal.log || fail "the journal has: $(<journal.log)"
[[ ! -e n1/keeper.log ]] || fail "it has a log of its own as well"
pid=$(keeper)
kill "$pid"
wait_for 10 gone "$pid"
ok

has_own_log() {
  grep -q '^[0-9-]*T.* keeper info: steps are' n1/keeper.log || fail "its log: $(<n1/keeper.log)"
}

test_begin "with a journal that is not its standard error, into a file, with times"
JOURNAL_STREAM=1:1 expect_exit 0 start_keeper
has_own_log
expect_match "its log is $T/n1/keeper.log" "$(<err)"
pid=$(keeper)
kill "$pid"
wait_for 10 gone "$pid"
rm n1/keeper.log
ok

test_begin "without one as well"
expect_exit 0 start_keeper
has_own_log
ok

test_begin "told to stop while steps run it stays, and started again it stays for good"
pid=$(keeper)
start_controller
start_node n1 --keeper service
job=$(jq submit -- sh -c 'until [ -e "$0/go" ]; do sleep 0.1; done' "$T")
wait_for 10 is_state BP "$job"
kill "$pid"
told() { grep -q 'told to end' n1/keeper.log; }
wait_for 10 told
rm n1/keeper.pid
expect_exit 0 start_keeper
expect_eq "$pid" "$(keeper)"
touch go
expect_exit 0 jq wait "$job"
expect_eq JD "$(state_of "$job")"
# Had it ended with its last step, nobody would run this one.
expect_exit 0 timeout 20 jq submit --wait -- true
expect_eq "$pid" "$(keeper)"
ok

test_begin "told to stop when nothing runs it ends"
stop n1
kill "$pid"
wait_for 10 gone "$pid"
! there || fail "it has left its file"
ok
