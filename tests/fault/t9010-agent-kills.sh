#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# The agent is killed while a hundred steps run. They run on under the keeper, the next agent finds
# them, and all of them end as what they are.
. "$(dirname "$0")/../cli/lib.sh"

test_begin "a killed agent harms no step and loses no end"
start_controller
start_node n1 --cpus 100
export LEDGER="$T/ledger"
: >ledger
# shellcheck disable=SC2016  # for the step's own shell
job='echo "$JOBQ_JOB" >>"$LEDGER"; sleep 2; exit $((JOBQ_JOB % 2))'
for ((i = 0; i < 100; i++)); do
  jq submit --env LEDGER -- sh -c "$job"
done >numbers
all_started() { (($(wc -l <ledger) == 100)); }
wait_for 30 all_started
stop n1 KILL
start_node n1 --cpus 100
jq wait --all || true

test_begin "each ran once and ended with its own status"
expect_eq 100 "$(sort -u ledger | wc -l)"
expect_eq 100 "$(wc -l <ledger)"
while read -r number; do
  if ((number % 2)); then want=JE; else want=JD; fi
  expect_eq "$number $want" "$number $(state_of "$number")"
done <numbers
ok
