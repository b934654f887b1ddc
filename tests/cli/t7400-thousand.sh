#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# A thousand jobs from standard input: all done, each started once.
. "$(dirname "$0")/lib.sh"
start_up --cpus 2

test_begin "a thousand jobs are all done, each started once"
for ((i = 0; i < 1000; i++)); do echo '{"run": ["true"]}'; done | jq submit - >numbers
expect_eq "$(seq 1000)" "$(<numbers)"
expect_exit 0 jq wait --all
jq history --limit 2000 --json | json 'select(.state == "JD" and .restarts == 0) | .job' >ended
expect_eq 1000 "$(sort -u ended | wc -l)"
ok

test_begin "jobs that write to a ledger write once each"
job='{"run": "echo $JOBQ_JOB $JOBQ_ATTEMPT >>ledger"}'
for ((i = 0; i < 200; i++)); do echo "$job"; done | jq submit - >numbers
expect_exit 0 jq wait 1001-1200
expect_eq "$(seq -f '%g 1' 1001 1200)" "$(sort -n ledger)"
ok
