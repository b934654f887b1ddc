#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Found by the fault simulator: a job that asked for a named resource alone, and that a higher one
# had kept waiting, stood without any reason when the controller came back and no node did.
. "$(dirname "$0")/../cli/lib.sh"

start_controller
start_node n1 --cpus 1
expect_exit 0 jq resource create db
test_begin "a restart without nodes leaves no job without a reason"
running=$(jq submit -- sleep 1000)
wait_for 5 is_state BP "$running"
printf '[ticket]\npriority = 100\n[[step]]\nname = "s"\nrun = "true"\nneeds = %s\n' \
  '{ cpus = 1, exclusive = ["db"] }' >higher.toml
printf '[needs]\nexclusive = ["db"]\n[[step]]\nname = "s"\nrun = "true"\n' >lower.toml
expect_exit 0 jq submit higher.toml
lower=$(jq submit lower.toml)
expect_exit 0 jq why "$lower"
expect_match 'goes first' "$(<out)"
end_daemon controller KILL
end_daemon n1 KILL
start_controller
jq why "$lower" --json >why
[[ $(json '.blockers | length' why) != 0 ]] || fail "no reason: $(<why)"
ok
