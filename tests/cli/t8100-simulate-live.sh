#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# simulate --live: what is foreseen of the queue, and what would change it.
. "$(dirname "$0")/lib.sh"

test_begin "without a controller there is nothing to copy"
expect_exit 3 jq simulate --live
ok

start_up --cpus 2
runs=$(jq submit --cpus 2 --time 1h -- sleep 1000)
wait_for 10 is_state BP "$runs"
long=$(jq submit --cpus 2 --time 2h -- true)
held=$(jq submit --hold -- true)
short=$(jq submit --priority 90 --cpus 1 --time 10m -- true)

# hours JOB FIELD OPTIONS...: from now until the start that is foreseen, whole hours; "never".
hours() {
  local job=$1 field=$2
  shift 2
  # shellcheck disable=SC2016
  jq simulate --live --json "$@" 2>/dev/null | json -r --argjson job "$job" --arg field "$field" \
    'select(.job == $job)[$field] |
     if . then (sub("\\.[0-9]+Z"; "Z") | fromdate - now) / 3600 + 0.2 | floor else "never" end'
}

test_begin "jobs start when the limits of those before them are up"
expect_eq "1 1 never" "$(hours "$short" start) $(hours "$long" start) $(hours "$held" start)"
jq simulate --live >table 2>err
expect_eq "JOB $short $long $held" "$(awk '{print $1}' table | paste -sd' ')"
expect_match "^JOB +NAME +USER +PRIO +START +WAIT$" "$(head -1 table)"
expect_match "not known" "$(tail -1 table)"
expect_match "1 job without a time limit: taken to run 1h" "$(<err)"
expect_eq 3 "$(jq simulate --live --json 2>/dev/null | wc -l)"
expect_eq null "$(jq simulate --live --json 2>/dev/null | json -s '.[0].start_if')"
ok

test_begin "what if"
expect_eq "0 0" "$(hours "$short" start_if --add-nodes 1) $(hours "$long" start_if \
  --add-nodes 1x1 --add-nodes 1x2)"
expect_eq "5 1" "$(hours "$long" start_if --limit "$runs=5h") $(hours "$long" start \
  --limit "$runs=5h")"
node=$(jq node list --json | json -r .name)
expect_eq never "$(hours "$long" start_if --drain "$node")"
jq simulate --live --drain "$node" >table 2>/dev/null
expect_match "START +WAIT +START IF +WAIT IF$" "$(head -1 table)"
expect_eq up "$(jq node list --json | json -r .state)"
ok

test_begin "what cannot be asked"
expect_exit 5 jq simulate --live --drain nowhere
expect_match "there is no node nowhere; .jq node list. lists them" "$(<err)"
expect_exit 5 jq simulate --live --limit 999=1h
expect_match "job 999 is not in the queue" "$(<err)"
expect_exit 2 jq simulate --live --limit "$long"
expect_match "expected JOB=TIME, as 17=30m" "$(<err)"
for text in x 0 2x 2x0 2xy; do expect_exit 2 jq simulate --live --add-nodes $text; done
expect_match "expected a number of nodes, or with their processors, as 2x64" "$(<err)"
expect_exit 2 jq simulate --live trace.swf
expect_exit 2 jq simulate --live --policy fcfs,easy
ok

jq cancel --all >/dev/null
stop up

printf '[scheduling]\nbackfill = "none"\n' >strict.toml
start_up --cpus 2 --config strict.toml
runs=$(jq submit --cpus 1 --time 1h -- sleep 1000)
wait_for 10 is_state BP "$runs"
jq submit --cpus 2 --time 2h -- true >/dev/null
short=$(jq submit --cpus 1 --time 10m -- true)

test_begin "the policy is the controller's own, unless one is given"
expect_eq "3 0" "$(hours "$short" start) $(hours "$short" start --policy easy)"
expect_eq 3 "$(hours "$short" start --depth 5)"
ok

jq cancel --all >/dev/null
stop up

start_up --cpus 4
names() { jq simulate --live 2>err | awk 'NR > 1 {print $1}' | paste -sd' '; }
# The hours from now until each start that is foreseen; of elements in their order. The first word
# is "start", or "start_if" for what a change makes of it.
starts() {
  local of=$1
  jq simulate --live --json "${@:2}" 2>/dev/null | json -rs \
    "[.[].$of | (sub(\"\\\\.[0-9]+Z\"; \"Z\") | fromdate - now) / 3600 + 0.2 | floor] | join(\" \")"
}

test_begin "elements that run hold what they have, and those that wait are told one by one"
array=$(jq submit --array 0-4 --cpus 2 --time 1h -- sleep 1000)
elements_run() { [[ $(jq show --json "$array" | json -c .array.elements_running) == "$1" ]]; }
wait_for 10 elements_run "[0,1]"
after=$(jq submit --cpus 4 --time 1h -- true)
expect_eq "${array}[2] ${array}[3] ${array}[4] $after" "$(names)"
expect_eq "" "$(<err)"
expect_eq "1 1 2 3" "$(starts start)"
expect_eq "2 3 4" "$(jq simulate --live --json | json -r '.index // empty' | paste -sd' ')"
expect_eq "5 5 10 15" "$(starts start_if --limit "$array=5h")"
expect_exit 2 jq simulate --live --limit "${array}[3]=5h"
expect_match "${array}\[3\] has not started and has the time limit of its array" "$(<err)"
expect_exit 0 jq simulate --live --limit "${array}[1]=5h"
expect_exit 5 jq simulate --live --limit "${array}[9]=5h"
jq cancel --all >/dev/null
ok

test_begin "a throttle is kept in the future too"
array=$(jq submit --array '0-3%1' --cpus 2 --time 1h -- sleep 1000)
wait_for 10 elements_run "[0]"
expect_eq "1 2 3" "$(starts start)"
jq cancel --all >/dev/null
ok
stop up

cat >limits.toml <<'END'
[limits]
running = 1
END
start_up --cpus 4 --config limits.toml
test_begin "the caps of the controller hold in the future"
runs=$(jq submit --cpus 1 --time 2h -- sleep 1000)
wait_for 10 is_state BP "$runs"
jq submit --cpus 1 --time 1h -- true >/dev/null
expect_eq 2 "$(starts start)"
ok

jq cancel --all >/dev/null
