#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# The payroll of docs/examples.md: approved, and withdrawn.
. "$(dirname "$0")/examples.sh"
begin_example payroll
start_controller
start_node n1 --cpus 2
approval() { jq show "$1" --json | json -r '.steps[] | select(.name == "approval") | .state'; }
waits() { [[ $(approval "$1") == running ]]; }

test_begin "approved, it pays and prints, also where the controller is killed on the way"
job=
type_all job "A payroll" "jq event"
wait_for 20 waits "$job"
expect_match "waits for event 'approval'|approval" "$(jq why "$job")"
kill_controller
eval "$(commands_of "A payroll" | tail -1)" >/dev/null
expect_exit 0 jq wait "$job"
expect_eq "november: 3 people, 9000 in all paid" "$(xargs <slips.txt)"
ok

test_begin "withdrawn, it pays and prints nothing"
job=$(jq submit --class payroll --param month=december)
wait_for 20 waits "$job"
jq event send payroll approval no >/dev/null
expect_exit 130 jq wait "$job"
expect_eq 2 "$(wc -l <slips.txt)"
ok
