#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Commands in steps: they speak to the controller of their job through the agent of their node,
# with no key, no socket and no address of it.
. "$(dirname "$0")/lib.sh"

start_controller
start_node n1 --cpus 4
key=$T/controller/cluster.key

test_begin "a step submits and waits, and is told as anywhere else"
# shellcheck disable=SC2016
job=$(jq submit -- sh -c '
  set -e
  child=$(jq submit --name child -- echo from the child)
  jq wait "$child"
  jq output "$child"
  code=0
  jq submit --wait -- sh -c "exit 7" >/dev/null 2>&1 || code=$?
  echo "code $code"
  jq queue --json | command -p jq -r "select(.job == $JOBQ_JOB) | .state"')
expect_exit 0 jq wait "$job"
expect_eq "2 JD from the child code 1 BP" "$(jq output "$job" | xargs)"
expect_eq "$job $job" "$(for n in 1 2; do jq show $((job + n)) --json | json .parent; done | xargs)"
ok

test_begin "thousands of tickets at once, and the answers in order"
for ((i = 0; i < 3000; i++)); do
  echo '{"run": ["true"], "ticket": {"hold": true, "name": "bulk"}}'
done >bulk.jsonl
job=$(jq submit -- sh -c "jq submit - <'$T/bulk.jsonl' | wc -l; jq cancel --name bulk >/dev/null")
expect_exit 0 jq wait "$job"
expect_eq 3000 "$(jq output "$job")"
ok

test_begin "who does not read holds nobody up, and fills no memory"
memory_of() { sed -n 's/^VmHWM:[^0-9]*\([0-9]*\) kB/\1/p' "/proc/$(pid_of "$1")/status"; }
mkfifo go
long=$(jq submit -- sh -c 'head -c 100000000 /dev/zero | tr "\0" x')
expect_exit 0 jq wait "$long"
for ((i = 0; i < 30000; i++)); do
  echo '{"run": ["true"], "ticket": {"hold": true, "name": "a-name-that-is-rather-long"}}'
done >many.jsonl
jq submit - <many.jsonl >many
queue_many="queue --json --name a-name-that-is-rather-long"
jq $queue_many >listed
node_before=$(memory_of n1)
controller_before=$(memory_of controller)
for command in "output $long" "$queue_many"; do
  job=$(jq submit -- sh -c "jq $command | { cat '$T/go'; wc -c; }")
  wait_for 10 runs "$job"
  other=$(jq submit -- jq queue --name nobody)
  expect_exit 0 jq wait "$other"
  echo "on" >go
  expect_exit 0 jq wait "$job"
  # shellcheck disable=SC2086
  expect_eq "$(jq $command | wc -c)" "$(jq output "$job" | tail -1)"
done
jq cancel --name a-name-that-is-rather-long >/dev/null
grown=$(($(memory_of n1) - node_before + $(memory_of controller) - controller_before))
((grown < 32000)) || fail "node and controller have grown by $grown kB"
ok

test_begin "a controller that is killed and comes back is found again"
# shellcheck disable=SC2016
job=$(jq submit --name waiting -- sh -c 'jq event recv start && jq submit -- true')
receives() { jq event list "$1" --json | grep -q receiver; }
wait_for 10 receives "$job"
stop controller KILL
start_controller
wait_for 10 receives "$job"
jq event send "$job" start again
expect_exit 0 jq wait "$job"
expect_match "again" "$(jq output "$job")"
ok

test_begin "only what runs in a step may speak through its node"
# shellcheck disable=SC2016
job=$(jq submit -- sh -c 'echo "$JOBQ_NODE_SOCKET $JOBQ_TOKEN"; jq event recv end >/dev/null')
told() { read -r socket token < <(jq output "$job") && [[ $token ]]; }
wait_for 10 told
in_step() { env -u JOBQ_SOCKET JOBQ_NODE_SOCKET="$socket" JOBQ_TOKEN="$1" jq "${@:2}"; }
expect_exit 0 in_step "$token" queue
expect_exit 4 in_step wrong queue
expect_match 'no running step of this node has this token' "$(<err)"
stop controller
expect_exit 3 in_step "$token" queue
start_controller
wait_for 10 in_step "$token" queue
jq event send "$job" end
expect_exit 0 jq wait "$job"
expect_exit 4 in_step "$token" queue
ok

test_begin "an address that is said counts more than the node"
job=$(jq submit -- sh -c "jq queue --controller $LISTEN --cluster-key '$key' --json")
expect_exit 0 jq wait "$job"
expect_match "\"job\":$job" "$(jq output "$job")"
job=$(jq submit -- jq queue --socket "$T/nothing.sock")
expect_exit 1 jq wait "$job"
expect_match "nothing.sock" "$(jq output --error "$job")"
ok

if ((EUID == 0)); then
  test_begin "a step is who it runs as, whatever it says"
  chmod 0755 "$T"
  job=$(setpriv --reuid nobody --regid nogroup --clear-groups jq submit --workdir / -- \
    env USER=root jq submit --workdir / -- id -un)
  expect_exit 0 jq wait "$job"
  expect_exit 0 jq wait $((job + 1))
  expect_eq nobody "$(jq show $((job + 1)) --json | json -r .user)"
  ok
fi
