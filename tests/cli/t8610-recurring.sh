#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Recurring tickets: added, shown, paused, removed; fired on time, and once, however often the
# controller is killed.
kills=${JOBQ_KILLS:-}
. "$(dirname "$0")/lib.sh"
export TZ=UTC
printf '[node]\ngrace = "500ms"\nkey = "%s"\n' "$T/controller/cluster.key" >n1.toml
start_controller
start_node n1 --cpus 8

# ticket NAME CRON [MORE LINES...]: a ticket file.
ticket() {
  printf 'run = ["true"]\n[ticket]\nname = "%s"\n[recur]\ncron = "%s"\n' "$1" "$2" >"$1.toml"
  local line
  for line in "${@:3}"; do echo "$line" >>"$1.toml"; done
}
shown() { jq recur show "$1" --json | json -r ".$2"; }
firings() { jq recur firings "$1" --json; }
has_fired() { [[ $(firings "$1" | json -s 'map(select(.what == "fired")) | length') -ge $2 ]]; }

test_begin "a recurring ticket is added, listed and shown, with its next time"
ticket nightly '30 2 * * mon-fri' 'zone = "Europe/Moscow"'
expect_eq nightly "$(jq recur add nightly.toml)"
expect_eq "30 2 * * mon-fri Europe/Moscow once 100 skip null null" "$(jq recur list --json |
  json -r '"\(.cron) \(.zone) \(.catchup) \(.catchup_max) \(.overlap) \(.paused) \(.last_job)"')"
expect_eq "$(jq recur next '30 2 * * mon-fri' --zone Europe/Moscow -n 1 --json | json -r .at)" \
  "$(shown nightly next)"
expect_eq "$(jq recur next '30 2 * * mon-fri' --zone Europe/Moscow -n 3)" \
  "$(jq recur next nightly -n 3)"
expect_match "^NAME +USER +CRON +ZONE +NEXT +LAST JOB +STATE" "$(jq recur list)"
expect_match "overlap +skip" "$(jq recur show nightly)"
expect_eq "" "$(jq recur list --user nobody-at-all --json)"
ok

test_begin "adding it again changes nothing; other contents need --replace"
jq recur add nightly.toml
ticket nightly '30 3 * * *'
expect_exit 1 jq recur add nightly.toml
expect_match "says something else; use --replace" "$(<err)"
expect_eq "30 2 * * mon-fri" "$(shown nightly cron)"
jq recur add --replace nightly.toml --json >out
expect_eq "30 3 * * * UTC" "$(json -r '"\(.cron) \(.zone)"' out)"
ok

test_begin "the zone 'local' is kept by its real name"
ticket here @daily 'zone = "local"'
TZ=Asia/Tokyo jq recur add here.toml
expect_eq Asia/Tokyo "$(shown here zone)"
ok

test_begin "what is no recurring ticket, or no ticket to submit, is refused"
expect_exit 2 jq submit nightly.toml
expect_match "add it with .jq recur add FILE." "$(<err)"
printf 'run = ["true"]\n[ticket]\nname = "once"\n' >once.toml
expect_exit 2 jq recur add once.toml
expect_match "once.toml has no \[recur\]" "$(<err)"
ticket nowhere @daily 'zone = "Europe/Moskow"'
expect_exit 2 jq recur add nowhere.toml
expect_match "did you mean Europe/Moscow" "$(<err)"
ticket never '0 0 30 2 *'
expect_exit 2 jq recur add never.toml
expect_match "never.toml:5:8: .*it would never fire" "$(<err)"
expect_exit 5 jq recur show nobody
expect_match "has no recurring ticket 'nobody'" "$(<err)"
expect_exit 5 jq recur next nobody
expect_exit 5 jq recur remove nobody
expect_exit 2 jq recur pause
ok

test_begin "a ticket that comes each second fires jobs that know their time"
printf '%s\n' 'run = "echo $JOBQ_RECUR $JOBQ_NOMINAL >> times"' '[ticket]' 'name = "each"' \
  '[recur]' 'cron = "* * * * * *"' 'seconds = true' 'overlap = "allow"' 'catchup = "all"' >each.toml
jq recur add each.toml
wait_for 20 has_fired each 2
job=$(firings each | json -rs 'map(select(.what == "fired"))[-1].job')
nominal=$(firings each | json -rs 'map(select(.what == "fired"))[-1].nominal')
expect_exit 0 jq wait "$job"
expect_eq "each $nominal" "$(grep -F "$nominal" times)"
expect_eq "each $nominal" "$(jq show "$job" --json | json -r '"\(.recur) \(.nominal)"')"
expect_match "recurring +each, for" "$(jq show "$job")"
ok

test_begin "a paused ticket fires nothing; what fell into the pause is told when it goes on"
jq recur pause each
before=$(shown each last_job)
expect_eq null "$(shown each next)"
expect_match "paused by" "$(jq recur list)"
second=$(date +%s)
second_is_over() { (($(date +%s) > second + 1)); }
wait_for 10 second_is_over
expect_eq "$before" "$(shown each last_job)"
jq recur resume each
has_gone_on() { [[ $(shown each last_job) -gt $before ]]; }
wait_for 20 has_gone_on
firings each | json -se 'any(.what == "paused")' >out || fail "no row of the pause: $(firings each)"
ok

# JOBQ_KILLS: how often it is killed, around a second at which the ticket is due.
test_begin "each time has one job, however often the controller is killed"
kills=${kills:-8}
for ((kill = 0; kill < kills; kill++)); do
  moment=$(((${EPOCHREALTIME/./} / 1000000 + 1) * 1000000 - 5000 + RANDOM % 40000))
  until ((${EPOCHREALTIME/./} >= moment)); do :; done
  stop controller KILL
  start_controller
done
count=$(firings each | json -s 'map(select(.what == "fired")) | length')
wait_for 20 has_fired each $((count + 2))
jq recur pause each
firings each >rows
# In order of time, without gaps and without the same second twice.
expect_eq "" "$(json -rs 'reverse | map([(.nominal, .last) | sub("\\.000Z$"; "Z") | fromdate])
  | . as $rows | range(1; length) | select($rows[.][0] != $rows[. - 1][1] + 1)
  | "\($rows[. - 1]) then \($rows[.])"' rows)"
expect_eq 0 "$(json -s 'map(select(.what != "fired" and .what != "paused")) | length' rows)"
expect_eq "" "$(json -r 'select(.what == "fired") | .job' rows | sort | uniq -d)"
json -r 'select(.what == "fired") | .job' rows | sort -n >numbers
wait_for 10 node_is n1 up
while read -r job; do expect_exit 0 jq wait "$job"; done <numbers
expect_eq "" "$(sort times | uniq -d)"
expect_eq "$(wc -l <numbers)" "$(sort -u times | wc -l)"
ok

test_begin "what is removed is gone, and its jobs stay"
jq recur remove each
expect_exit 5 jq recur firings each
expect_eq JD "$(state_of "$(head -1 numbers)")"
jq recur remove nightly
jq recur remove here
expect_eq "" "$(jq recur list --json)"
ok

test_begin "a run that is not over keeps the next one out"
printf '%s\n' 'run = ["sleep", "1000"]' '[ticket]' 'name = "long"' '[recur]' \
  'cron = "* * * * * *"' 'seconds = true' >long.toml
jq recur add long.toml
skipped() {
  firings long |
    json -se "any(.what == \"skipped\" and .count >= 2 and .because_of == $1)"
}
wait_for 20 has_fired long 1
job=$(shown long last_job)
wait_for 20 skipped "$job"
expect_eq "[$job]" "$(jq recur show long --json | json -c .running)"
expect_match "skipped +job $job was not over" "$(jq recur firings long -n 1)"
jq recur remove long
jq cancel "$job"
ok
