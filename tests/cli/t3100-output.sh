#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# output: streams, steps, attempts, following.
. "$(dirname "$0")/lib.sh"
start_up --cpus 4

test_begin "standard output and standard error are kept apart"
job=$(jq submit -- sh -c 'echo to out; echo to err >&2')
expect_exit 0 jq wait "$job"
expect_exit 0 jq output "$job"
expect_eq "to out" "$(<out)"
expect_eq "to err" "$(<err)"
expect_exit 0 jq output --error "$job"
expect_eq "to err" "$(<out)"
expect_eq "" "$(<err)"
ok

test_begin "every byte comes back, also of much"
job=$(jq submit -- sh -c 'head -c 3000000 /dev/urandom | tee copy')
expect_exit 0 jq wait "$job"
jq output "$job" >got
cmp got copy
job=$(jq submit -- printf 'a\000b\377\n')
expect_exit 0 jq wait "$job"
expect_eq "$(printf 'a\000b\377\n' | md5sum)" "$(jq output "$job" | md5sum)"
ok

test_begin "steps come in order, or one by its name"
cat >steps.toml <<'END'
[[step]]
name = "a"
run = "echo from a"
[[step]]
name = "b"
after = ["a"]
run = "echo from b; echo err of b >&2"
[[step]]
name = "c"
after = ["b.failure"]
run = "echo never"
END
job=$(jq submit steps.toml)
expect_exit 0 jq wait "$job"
expect_exit 0 jq output "$job"
expect_eq "from a from b" "$(paste -sd' ' out)"
expect_exit 0 jq output "$job.b"
expect_eq "from b" "$(<out)"
expect_exit 5 jq output "$job.bb"
expect_match "has no step 'bb'" "$(<err)"
expect_exit 5 jq output --attempt 2 "$job.a"
ok

test_begin "-f shows what comes, as it comes, until the job is final"
mkfifo gate
job=$(jq submit -- sh -c 'echo one; read -r x <gate; echo two; echo err >&2')
follow it "$job"
wait_for 10 grep -qx one it.out
# shellcheck disable=SC2154
running "$follower" || fail "it ended before the job"
echo >gate
wait_for 10 grep -qx two it.out
follower_ends 0
expect_eq "one two" "$(paste -sd' ' it.out)"
expect_eq err "$(<it.err)"
ok

test_begin "-f waits for a job that has not started, and follows all its steps"
job=$(jq submit --hold steps.toml)
follow it "$job"
expect_exit 0 jq release "$job"
follower_ends 0
expect_eq "from a from b" "$(sort it.out | paste -sd' ')"
ok

test_begin "following what never starts, or an attempt that never comes, says so at the end"
job=$(jq submit --hold -- true)
follow it "$job"
jq cancel "$job" >/dev/null
follower_ends 0
expect_match "job $job never started a step" "$(<it.err)"
job=$(jq submit -- sh -c 'read -r x <gate')
follow it --attempt 2 "$job"
echo >gate
follower_ends 5
expect_match "step main of job $job has no attempt 2" "$(<it.err)"
ok

test_begin "what did not start has no output, which is said"
job=$(jq submit --hold -- true)
expect_exit 0 jq output "$job"
expect_match "nothing of job $job has started" "$(<err)"
cat >flow.json <<'END'
{"step": [{"name": "a", "run": "true"},
          {"name": "b", "run": "true", "after": ["a.failure"]}]}
END
job=$(jq submit flow.json)
expect_exit 0 jq wait "$job"
expect_exit 0 jq output "$job.b"
expect_match "step b of job $job was never started: it is skipped" "$(<err)"
expect_exit 0 jq output -f "$job.b"
expect_match "step b of job $job was never started: it is skipped" "$(<err)"
expect_exit 5 jq output -f --attempt 9 "$job"
expect_match "step a of job $job has no attempt 9" "$(<err)"
expect_exit 5 jq output 999999
expect_exit 2 jq output
ok

test_begin "a file that cannot be read is named"
job=$(jq submit --output '%x.txt' --name mine -- echo x)
expect_exit 0 jq wait "$job"
rm mine.txt && mkdir mine.txt
code=0 && jq output "$job" >out 2>err || code=$?
((code != 0)) || fail "output of a directory succeeded"
expect_match "\(it is in .*/mine.txt on node $(node_of "$job")\)" "$(<err)"
ok
