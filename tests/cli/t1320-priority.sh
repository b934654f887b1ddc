#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What jobs are ranked by, and when they are expected to start.
. "$(dirname "$0")/lib.sh"

cat >up.toml <<'END'
[priority]
age = 1
size = -1
fair_share = 100
half_life = "1h"

[element.batch]
nodes = "*"
priority = 10
END
start_up --config up.toml --cpus 2

sum_of_terms() { jq show "$1" --json | json '[.priority_terms[].points] | add | round'; }

test_begin "show tells a priority term by term"
job=$(jq submit --hold --priority 60 --cpus 2 -E batch -- true)
expect_match 'priority +168 = 60 base \+ 0 age - 2 size \+ 10 element \+ 100 fair share' \
  "$(jq show "$job")"
expect_match $'\n'' +size +-2  -1 point a processor, for 2'$'\n' "$(jq show "$job")"
expect_eq '["base","age","size","element","fair_share"]' \
  "$(jq show "$job" --json | json -c '[.priority_terms[].name]')"
expect_eq 168 "$(sum_of_terms "$job")"
expect_eq 60 "$(jq queue "$job" --json | json .priority)"
jq cancel "$job" >/dev/null
ok

test_begin "who has more points goes first"
holder=$(jq submit --cpus 2 --time 1h -- sleep 60)
wait_for 5 is_state BP "$holder"
tells() { printf 'echo %s >>order' "$1"; }
plain=$(jq submit --cpus 2 -- sh -c "$(tells plain)")
batch=$(jq submit --cpus 2 -E batch -- sh -c "$(tells batch)")
high=$(jq submit --cpus 2 --priority 70 -- sh -c "$(tells high)")
jq cancel "$holder" >/dev/null
expect_exit 0 jq wait "$plain" "$batch" "$high"
expect_eq "high batch plain" "$(paste -sd' ' order)"
ok

test_begin "a trial says when a ticket would start"
expect_exit 0 jq submit --dry-run -- true
expect_eq "ok; would start now" "$(<out)"
holder=$(jq submit --cpus 2 --time 1h -- sleep 60)
wait_for 5 is_state BP "$holder"
expect_exit 0 jq submit --dry-run -- true
expect_match '^ok; expected start [0-9A-Za-z: -]+$' "$(<out)"
expect_exit 0 jq submit --dry-run --json -- true
expect_eq '[null,true,false]' "$(json -c '[.job, .accepted, .is_estimate]' out)"
started=$(jq show "$holder" --json | json -r .started)
expect_eq "$(date -ud "$started + 1 hour" +%FT%T)" \
  "$(date -ud "$(json -r .expected_start out)" +%FT%T)"
jq cancel "$holder" >/dev/null
expect_exit 130 jq wait "$holder"
ok

test_begin "what has no limit and no estimate leaves a start unknown"
holder=$(jq submit --cpus 2 -- sleep 60)
wait_for 5 is_state BP "$holder"
expect_exit 0 jq submit --dry-run -- true
expect_eq "ok; when it would start is not known" "$(<out)"
expect_exit 0 jq submit --dry-run --json -- true
expect_eq null "$(json .expected_start out)"
jq cancel "$holder" >/dev/null
expect_exit 130 jq wait "$holder"
ok

test_begin "what a class took of late foresees starts, and they say so"
cat >class.toml <<'END'
[class]
name = "sleeper"
version = "1"
params = { time = { required = true } }
[needs]
cpus = 2
[[step]]
name = "a"
run = ["sleep", "${time}"]
END
jq class register class.toml >/dev/null
expect_exit 0 jq submit --wait --class sleeper --param time=3
holder=$(jq submit --class sleeper --param time=60)
wait_for 2 is_state BP "$holder"
waiting=$(jq submit -- true)
expect_match 'expected to start .* \(by estimates\)' "$(jq why "$waiting")"
expect_eq true "$(jq why "$waiting" --json | json .is_estimate)"
expect_exit 0 jq submit --dry-run -- true
expect_match '^ok; expected start .* \(by estimates\)$' "$(<out)"
expect_match 'time limit +none; about 3s, as jobs of its class took of late' "$(jq show "$holder")"
expect_match '^3' "$(jq show "$holder" --json | json .estimate)"
ok

test_begin "who has used much of late has fewer points"
jq cancel "$holder" >/dev/null
expect_exit 130 jq wait "$holder"
job=$(jq submit --hold -- true)
expect_eq 50 "$(jq show "$job" --json |
  json '.priority_terms[] | select(.name == "fair_share").points | round')"
ok

test_begin "a replay decides the same, since the policy is in the recording"
wait_for 20 test -e "state/controller/flight/000001/rows"
stop_all
expect_exit 0 jq admin replay --state state/controller --check
expect_eq 1 "$(grep -c 'all equal' out)"
ok
