#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Events between flows by hand: kept until they are received, received once, through kill -9.
. "$(dirname "$0")/lib.sh"
start_up

test_begin "an event is kept until it is received, and received once"
id=$(jq event send mailbox:plans ready "plan 7")
expect_match '^[0-9]+$' "$id"
expect_match "mailbox:plans +ready .*plan 7" "$(jq event list)"
expect_eq "plan 7" "$(jq event recv ready --mailbox mailbox:plans)"
expect_exit 1 jq event recv ready --mailbox mailbox:plans --timeout 1s
expect_match "no event ready came in time" "$(<err)"
expect_eq "" "$(jq event list --json)"
ok

test_begin "who waits is shown, and gets what is sent"
jq event recv go --mailbox shared:gate --json >got &
waiting=$!
is_listed() { [[ $(jq event list shared:gate --json | json -r .kind) == receiver ]]; }
wait_for 10 is_listed
expect_match "by hand +go +shared:gate +anybody" "$(jq event list)"
jq event send shared:gate go now
wait "$waiting"
expect_eq "now shared:gate go" "$(json -r '[.payload, .mailbox, .event] | join(" ")' <got)"
ok

test_begin "who goes away takes nothing"
jq event recv go --mailbox mailbox:gate >got &
waiting=$!
is_waiting() { [[ $(jq event list mailbox:gate --json | json -r .kind) == "$1" ]]; }
wait_for 10 is_waiting receiver
kill -9 "$waiting" && { wait "$waiting" || true; }
wait_for 10 is_waiting ""
jq event send mailbox:gate go
expect_exit 0 jq event recv go --mailbox mailbox:gate
ok

test_begin "a request with a key is made once, and answered again"
first=$(jq event send mailbox:keys e one --key s1)
expect_eq "$first" "$(jq event send mailbox:keys e one --key s1)"
jq event send mailbox:keys e two
expect_eq one "$(jq event recv e --mailbox mailbox:keys --key r1)"
expect_eq one "$(jq event recv e --mailbox mailbox:keys --key r1)"
expect_eq two "$(jq event recv e --mailbox mailbox:keys --key r2)"
expect_eq "$first" "$(jq event send mailbox:keys e one --key s1)"
expect_exit 1 jq event recv e --mailbox mailbox:keys --timeout 1s
ok

test_begin "one for all is received by everybody until its time to live ends"
jq event send shared:news release 4.2 --broadcast --ttl 2s
expect_eq 4.2 "$(jq event recv release --mailbox shared:news)"
expect_eq 4.2 "$(jq event recv release --mailbox shared:news)"
is_over() { [[ -z $(jq event list shared:news --json) ]]; }
wait_for 10 is_over
ok

test_begin "a killed controller forgets no event, and who waits goes on waiting"
jq event send mailbox:kept e kept
jq event recv later --mailbox mailbox:kept >got &
waiting=$!
is_there() { jq event list mailbox:kept --json | grep -q receiver; }
wait_for 10 is_there
stop up KILL
start_up
expect_eq kept "$(jq event recv e --mailbox mailbox:kept)"
wait_for 10 is_there
jq event send mailbox:kept later "after all"
wait "$waiting"
expect_eq "after all" "$(<got)"
ok

test_begin "a step sends and receives as its job"
# shellcheck disable=SC2016
job=$(jq submit --name listener -- \
  sh -c 'jq event recv start && jq event send mailbox:done said "$JOBQ_JOB"')
jq event send listener start hello
expect_eq "$job" "$(jq event recv said --mailbox mailbox:done --from listener)"
expect_exit 0 jq wait "$job"
expect_match hello "$(jq output "$job")"
ok

test_begin "what cannot be sent, received or dropped is refused with a reason"
expect_exit 5 jq event send 9999 ready
expect_match "there is no job 9999" "$(<err)"
expect_exit 1 jq event send "$job" ready
expect_match "job $job has ended" "$(<err)"
expect_exit 2 jq event recv ready
expect_match "\-\-mailbox" "$(<err)"
expect_exit 2 jq event send "shared:a b" ready
expect_exit 2 jq event send mailbx:a ready
expect_match "'mailbx:' is no kind of place for events" "$(<err)"
expect_exit 2 jq event send mailbox:a ready --ttl 400d
expect_exit 2 jq event send mailbox:a
expect_exit 5 jq event drop 999999
id=$(jq event send mailbox:a ready)
expect_exit 0 jq event drop "$id"
expect_exit 5 jq event drop "$id"
ok

test_begin "until when a step waits is listed"
printf '[[step]]\nname = "a"\nrecv = "never"\ntime_limit = "1h"\n' >limited.toml
job=$(jq submit limited.toml)
wait_for 10 runs "$job"
until=$(jq event list --json | json -r 'select(.event == "never") | .until')
expect_match "^[0-9T:.-]+Z$" "$until"
jq cancel "$job"
ok
