#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Each step of a job emptied the output file that the job names, and the cleanup emptied it last.
. "$(dirname "$0")/../cli/lib.sh"

start_up
test_begin "all steps of a job write to its file, one after another"
cat >flow.json <<'END'
{"ticket": {"output": "%j.log"}, "cleanup": {"run": "echo clean"},
 "step": [{"name": "a", "run": "echo one"}, {"name": "b", "run": "echo two", "after": ["a"]}]}
END
echo old >1.log
job=$(jq submit flow.json)
expect_exit 0 jq wait "$job"
expect_eq "one two clean" "$(paste -sd' ' "$job.log")"
ok
