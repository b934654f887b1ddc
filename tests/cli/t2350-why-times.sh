#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# How long each reason held: jq why of a job that ended adds up to its life, also when the
# controller was killed in the middle.
. "$(dirname "$0")/lib.sh"
start_up --cpus 4
jq resource create db

# expect_whole_life JOB: its spans add up to the time from its submission to its end.
expect_whole_life() {
  local submitted ended
  submitted=$(jq show "$1" --json | json -r .submitted)
  ended=$(jq show "$1" --json | json -r .ended)
  expect_eq "$(($(date -d "$ended" +%s%3N) - $(date -d "$submitted" +%s%3N)))" \
    "$(jq why "$1" --json | json -r '[.spans[].ms] | add')"
}
kinds_of() { jq why "$1" --json | json -r '[.spans[] | "\(.kind) \(.name // "")"] | join(", ")'; }
is_running() { jq show "$1" --json | json -e '.state == "BP"'; }
is_delayed() { jq why "$1" --json | json -e 'any(.blockers[]; .kind == "retry_delay")'; }

cat >job.toml <<'TOML'
[needs]
exclusive = ["db"]
[[step]]
name = "main"
run = "if [ -e tried ]; then until [ -e go ]; do sleep 0.02; done; else touch tried; exit 3; fi"
retry = { max = 1, on = ["failure"], delay = "4s" }
TOML

test_begin "a job that was held, waited, was tried again and ended tells how long each took"
holder=$(jq submit --exclusive db -- sh -c 'until [ -e free ]; do sleep 0.02; done')
wait_for 20 is_running "$holder"
job=$(jq submit --hold job.toml)
jq release "$job"
expect_match "so far, from its submission on" "$(jq why "$job")"
stop up KILL
start_up --cpus 4
touch free
wait_for 20 is_delayed "$job"
wait_for 20 is_running "$job"
touch go
expect_exit 0 jq wait "$job"
expect_exit 0 jq wait "$holder"
expect_whole_life "$job"
expect_whole_life "$holder"
for kind in "held " "exclusive db" "retry_delay " "processing "; do
  expect_match "$kind" "$(kinds_of "$job")"
done
expect_match "its life, from its submission to its end" "$(jq why "$job")"
expect_match "waited for exclusive db" "$(jq why "$job")"
ok

test_begin "so do elements of an array, and a job that was cancelled while it waited"
array=$(jq submit --array 0-1%1 -- sleep 0.1)
expect_exit 0 jq wait "$array"
expect_whole_life "$array"
expect_whole_life "${array}[1]"
expect_match "array_throttle" "$(kinds_of "${array}[1]")"
job=$(jq submit --hold -- true)
jq cancel "$job"
jq wait "$job" || true
expect_whole_life "$job"
ok
