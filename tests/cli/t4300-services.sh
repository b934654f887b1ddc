#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The directory of services: offered by nodes, needed by steps, asked for in both places.
. "$(dirname "$0")/lib.sh"

start_controller
printf '[node]\nkey = "%s"\n[service.planner]\nbody = "n1:80"\nttl = "2s"\n' \
  "$T/controller/cluster.key" >n1.toml
start_node n1 --cpus 2
start_node n2 --cpus 2

# offered [TYPE]: "NODE TYPE SOURCE" of each, as the controller knows it.
offered() {
  jq node services --json ${1:+--type "$1"} | json -r '"\(.node) \(.type) \(.source)"'
}
is_offered() { [[ $(offered "$1") == "$2" ]]; }
why_says() { jq why "$1" | grep -q "$2"; }
me=$(id -un)

test_begin "what the configuration of a node offers is in the directory, and stays"
wait_for 10 is_offered planner "n1 planner configuration"
past_its_time() { ((SECONDS > begun + 3)); }
begun=$SECONDS
wait_for 20 past_its_time  # to live, and it is still there
expect_eq "n1 planner configuration" "$(offered)"
expect_eq "n1:80" "$(jq node services --json | json -r .body)"
expect_match "n1 +planner +configuration +2s +- +- +n1:80" "$(jq node services)"
expect_eq planner "$(jq node show n1 --json | json -r '.services | join(",")')"
ok

test_begin "a step that needs a service runs where it is offered"
for _ in 1 2 3; do
  expect_eq n1 "$(node_of "$(jq submit --service planner --wait -- true)")"
done
ok

test_begin "a service that nobody offers is waited for, and why says so"
job=$(jq submit --service solver -- true)
wait_for 10 why_says "$job" "no node offers the service solver now"
expect_exit 2 jq node offer
expect_exit 2 jq node offer --type a/b --node-socket "$T/n2.sock"
expect_match "'a/b' is no name of a service" "$(<err)"
expect_exit 2 jq node services --type a/b
expect_match "'a/b' is no name of a service" "$(<err)"
expect_exit 2 jq node offer --type solver --ttl 1ms --node-socket "$T/n2.sock"
jq node offer --type solver --spec "up to 8" --ttl 30s --node-socket "$T/n2.sock"
expect_exit 0 jq wait "$job"
expect_eq n2 "$(node_of "$job")"
expect_eq "n2 solver $me" "$(offered solver)"
ok

test_begin "an offer is taken back by who made it, and goes with its time to live"
expect_exit 5 jq node offer --type planner --withdraw --node-socket "$T/n1.sock"
jq node offer --type solver --withdraw --node-socket "$T/n2.sock"
wait_for 10 is_offered solver ""
jq node offer --type solver --ttl 1s --node-socket "$T/n2.sock"
wait_for 10 is_offered solver "n2 solver $me"
wait_for 10 is_offered solver ""
ok

test_begin "steps offer services, and ask their own node"
job=$(jq submit --service planner --wait -- sh -c \
  'jq node offer --type inner --body x && jq node services --type inner --json')
expect_eq "n1 inner@n1:$me x" "$(jq output "$job" | json -r '"\(.node) \(.id) \(.body)"')"
ok

test_begin "a controller that is named is asked, in a step too, and not beside a node"
asks() { jq submit --wait -- jq node services --type planner --json "$@"; }
expect_exit 0 asks --socket "$T/sock"
expect_eq n1 "$(jq output "$(<out)" | json -r .node)"
printf '[client]\nsocket = "%s"\n' "$T/nowhere" >nowhere.toml
for place in --socket="$T/nowhere" --controller=127.0.0.1:1 --config=nowhere.toml; do
  expect_exit 1 asks "$place"
  expect_match "exit code [23]" "$(<err)"
done
for place in --socket="$T/nowhere" --controller=127.0.0.1:1 --config=nowhere.toml; do
  expect_exit 2 jq node services "$place" --node-socket "$T/n2.sock"
  expect_match "give one of them" "$(<err)"
done
ok

test_begin "a node knows its neighbours' services, also while the controller is away"
neighbours() { jq node services --type planner --json --node-socket "$T/n2.sock"; }
knows() { [[ $(neighbours | json -r "\"\(.node) \(.age $1)\"") == "n1 true" ]]; }
wait_for 10 knows "== null"
stop controller KILL
wait_for 10 knows "> 0"
wait_for 20 knows "> 3"  # past its time to live
knows "> 0" || fail "forgotten while the controller is away"
start_controller
wait_for 20 node_is n2 up
wait_for 20 is_offered planner "n1 planner configuration"
wait_for 10 knows "== null"
ok

test_begin "a lost node's entries leave, and another that offers it takes the step"
job=$(jq submit --service planner --hold -- true)
stop n1
wait_for 20 is_offered planner ""
jq release "$job" >/dev/null
wait_for 10 why_says "$job" "no node offers the service planner now"
jq node offer --type planner --node-socket "$T/n2.sock"
expect_exit 0 jq wait "$job"
expect_eq n2 "$(node_of "$job")"
ok
