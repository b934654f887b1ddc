#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Caps: how many jobs may run and wait, of users, classes and elements.
. "$(dirname "$0")/lib.sh"

cat >controller.toml <<END
[limits]
user_running = 1
waiting = 8

[user.$(id -un)]
running = 3

[class.one]
running = 1

[element.batch]
nodes = "*"
waiting = 2
END
start_controller
start_node n1 --cpus 8

cat >class.toml <<'END'
[class]
name = "one"
version = "1"
[[step]]
name = "a"
run = "sleep 60"
END
jq class register class.toml >/dev/null

kinds_of() { jq why "$1" --json | json -r '[.blockers[].kind] | join(",")'; }

test_begin "a job above a cap waits, and nobody waits behind it"
first=$(jq submit --class one)
second=$(jq submit --class one)
wait_for 5 is_state BP "$first"
expect_eq limit "$(kinds_of "$second")"
expect_match "class one may run 1 job at a time" "$(jq why "$second")"
expect_eq "class one runs 1 of 1 job" "$(jq queue "$second" --json | json -r .reason)"
expect_match "waiting[a-z ]*: class one runs 1 of 1 job" "$(jq show "$second")"
behind=$(jq submit -- sleep 60)
wait_for 5 is_state BP "$behind"
expect_eq WR "$(state_of "$second")"
ok

test_begin "it starts when one that was counted has ended"
jq cancel "$first" >/dev/null
wait_for 10 is_state BP "$second"
ok

test_begin "a section of a user takes the place of the caps of each user"
third=$(jq submit -- sleep 60)
wait_for 5 is_state BP "$third"
fourth=$(jq submit -- sleep 60)
expect_eq limit "$(kinds_of "$fourth")"
expect_match "user $(id -un) may run 3 jobs at a time" "$(jq why "$fourth")"
jq cancel "$second" "$behind" "$third" "$fourth" >/dev/null
expect_exit 130 jq wait "$second" "$behind" "$third" "$fourth"
ok

test_begin "a submission above a cap on what waits is refused; an array counts with each element"
expect_exit 1 jq submit --hold -E batch --array 0-2 -- true
expect_match "element batch may have 2 jobs waiting, and these are 3: .*; make it smaller" "$(<err)"
array=$(jq submit --hold -E batch --array 0-1 -- true)
expect_exit 1 jq submit --hold -E batch -- true
expect_exit 1 jq submit --dry-run -E batch -- true
expect_exit 1 jq submit --json --hold -E batch -- true
expect_eq refused "$(json -r .error.code out)"
ok

test_begin "of many tickets those are accepted that fit"
for _ in 1 2 3 4 5 6 7 8; do
  echo '{"run": ["true"], "ticket": {"hold": true}}'
done >tickets
code=0
jq submit - <tickets >out 2>err || code=$?
expect_eq "1 6" "$code $(wc -l <out)"
expect_match "line 7: the cluster may have 8 jobs waiting" "$(<err)"
ok

test_begin "who ends leaves its place to others"
jq cancel "$array" >/dev/null
expect_exit 0 jq submit --hold -E batch -- true
ok

test_begin "the controller counts the same after a restart"
stop controller
start_controller
expect_exit 0 jq submit --hold -- true
expect_exit 1 jq submit --hold -- true
expect_match "the cluster may have 8 jobs waiting, and has 8" "$(<err)"
ok

test_begin "a replay decides the same, since the policy is in the recording"
wait_for 20 test -e "controller/flight/000002/rows"
stop_all
expect_exit 0 jq admin replay --state controller --check
expect_eq 2 "$(grep -c 'all equal' out)"
ok
