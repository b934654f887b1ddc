#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# queue, history, show, why: fields, filters, tables.
. "$(dirname "$0")/lib.sh"
start_up --cpus 2 --memory 1G --resource disk=100
fields="class cpu_s element ended index job max_rss name nodes outcome priority"
fields+=" read_bytes reason restarts started state submitted user written_bytes"

test_begin "the fields of a job in the queue are a contract"
job=$(jq submit --name sim --priority 60 --hold -- ./simulate)
jq queue --json >line
expect_eq "$fields" "$(json -r 'keys | join(" ")' line)"
expect_eq "$job sim null HD 60 null null" \
  "$(json -r '"\(.job) \(.name) \(.class) \(.state) \(.priority) \(.started) \(.outcome)"' line)"
expect_match '^"20[0-9-]+T[0-9:]+\.[0-9]+Z"$' "$(json .submitted line)"
ok

test_begin "filters by state, name, user, number, and a limit"
other=$(jq submit --name other --priority 10 --hold -- true)
numbers() { jq queue --json "$@" | json .job | paste -sd' '; }
expect_eq "$job $other" "$(numbers)"
expect_eq "$job" "$(numbers --name sim)"
expect_eq "$other" "$(numbers "$other")"
expect_eq "$job $other" "$(numbers --state HD --me)"
expect_eq "$job $other" "$(numbers --state held --user "$(id -un)")"
expect_eq "" "$(numbers --state BP)"
expect_eq "" "$(numbers --user nobody)"
expect_eq "$job" "$(numbers --limit 1)"
expect_exit 2 jq queue --state XX
expect_match 'expected one of QU, HD' "$(<err)"
expect_exit 0 jq cancel --all
ok

test_begin "a table for people has a title line and no colour in a pipe"
job=$(jq submit --name tabled --hold -- true)
jq queue >table
expect_eq "JOB NAME USER STATE PRIO NODES TIME REASON" "$(head -1 table | xargs)"
expect_match "^ *$job  tabled +[^ ]+ +HD +50 " "$(tail -1 table)"
! grep -q $'\x1b' table || fail "colour in a pipe"
ok

# on_terminal COLUMNS COMMAND: what it prints on a terminal of that width.
on_terminal() { script -qec "stty cols $1 rows 24; $2" /dev/null </dev/null | tr -d '\r'; }

test_begin "on a terminal the table fits, and NO_COLOR is respected"
jq submit --name "a-very-long-name-$(printf 'x%.0s' {1..60})" --hold -- true >job
on_terminal 60 "NO_COLOR=1 jq queue" >table
(($(wc -L <table) <= 60)) || fail "wider than the terminal: $(<table)"
! grep -q $'\x1b' table || fail "colour despite NO_COLOR"
on_terminal 60 "jq queue" | grep -q $'\x1b\[35m' || fail "a held job has no colour on a terminal"
seq 40 | sed 's/.*/{"run": ["true"], "ticket": {"hold": true}}/' | jq submit -q -
expect_match 'and [0-9]+ more' "$(on_terminal 80 'jq queue' | tail -1)"
expect_eq 6 "$(on_terminal 80 'NO_COLOR=1 jq queue --limit 5' | grep -vc more)"
expect_exit 0 jq cancel --all
ok

test_begin "--watch draws again and again, and where there is no terminal one table after the other"
jq queue --watch -n 50ms >tables 2>/dev/null &
watcher=$!
thrice() { (($(grep -c '^JOB' tables) >= 3)); }
wait_for 10 thrice
kill -INT $watcher
wait_for 5 gone $watcher
wait $watcher
ok

test_begin "history has what ended, the newest first, with the same fields"
good=$(jq submit --name good -- true)
expect_exit 0 jq wait "$good"
bad=$(jq submit --name bad -- sh -c 'exit 4')
expect_exit 1 jq wait "$bad"
jq history --json --limit 2 >lines
expect_eq "$bad $good" "$(json .job lines | paste -sd' ')"
expect_eq "$fields" "$(head -1 lines | json -r 'keys | join(" ")')"
expect_eq "failure" "$(json -r "select(.job == $bad).outcome" lines)"
expect_match 'exit code 4' "$(json -r "select(.job == $bad).reason" lines)"
expect_eq "$bad" "$(jq history --json --state JE --name bad --since 1h | json .job)"
expect_eq "" "$(jq history --json --until 1h)"
expect_eq "" "$(jq history --json --since 2100-01-01)"
expect_eq "JOB NAME USER STATE NODES STARTED ENDED TIME CPU MEMORY REASON" \
  "$(jq history | sed -n 1p | xargs)"
expect_exit 2 jq history --since yesterday
ok

test_begin "history and show have what a job's attempts used"
job=$(jq submit -- sh -c 'i=0; while [ $i -lt 100000 ]; do i=$((i + 1)); done')
expect_exit 0 jq wait "$job"
jq history "$job" --json >line
expect_eq "true true" "$(json -r '"\(.cpu_s > 0.01) \(.max_rss > 100000)"' line)"
used='[.cpu_s, .max_rss, .read_bytes, .written_bytes]'
expect_eq 4 "$(json "$used | map(numbers) | length" line)"
expect_eq "$(json -c "$used" line)" "$(jq show "$job" --json | json -c "$used")"
expect_eq "$(json -c "$used" line)" \
  "$(jq show "$job" --json | json -c ".steps[0].attempts[0] | $used")"
expect_eq true "$(jq show "$job" --json | json '.steps[0].attempts[0] | .wall_s >= .cpu_s')"
if [[ $(stat -f -c %T .) != tmpfs ]]; then  # which is no storage
  job=$(jq submit -- dd if=/dev/zero of=written bs=1M count=4 conv=fsync)
  expect_exit 0 jq wait "$job"
  expect_eq true "$(jq history "$job" --json | json '.written_bytes >= 4194304')"
  expect_match " 4\.[0-9]M +0 +exit code 0" "$(jq show "$job")"
fi
ok

test_begin "show has every attempt of a step that was tried more than once"
job=$(jq submit --retry 1 -- sh -c 'exit $JOBQ_ATTEMPT')
expect_exit 1 jq wait "$job"
jq show "$job" >text
expect_eq "STEP TRY NODE STARTED TIME CPU MEMORY READ WRITTEN END" "$(grep TRY text | xargs)"
expect_match "main +1 .*exit code 1"$'\n'"main +2 .*exit code 2" "$(<text)"
expect_eq "[1,2]" "$(jq show "$job" --json | json -c '[.steps[0].attempts[].exit_code]')"
ok

test_begin "show has everything about a job"
job=$(jq submit --cpus 1 --memory 64M --need disk=5 --time 1m --param k=v -- sh -c 'exit 3')
expect_exit 1 jq wait "$job"
jq show "$job" --json >detail
expect_eq "[1,67108864,{\"disk\":5}]" "$(json -c '.needs | [.cpus, .memory, .counts]' detail)"
expect_eq '{"k":"v"} 60 []' "$(json -r '"\(.params) \(.time_limit) \(.depends)"' detail)"
expect_eq "after after_any again attempts event kind name outcome reason round state" \
  "$(json -r '.steps[0] | keys | join(" ")' detail)"
attempt="attempt cpu_s ended exit_code max_rss node read_bytes reason round signal started"
attempt+=" wall_s written_bytes"
expect_eq "$attempt" "$(json -r '.steps[0].attempts[0] | keys | join(" ")' detail)"
expect_eq "main run failure" "$(json -r '.steps[0] | "\(.name) \(.kind) \(.outcome)"' detail)"
expect_eq "3 null" "$(json -r '.steps[0].attempts[0] | "\(.exit_code) \(.signal)"' detail)"
expect_eq '["at","detail","what"]' "$(json -c '.history[0] | keys' detail)"
expect_eq "1 cpu, 64M memory, 5 disk" "$(json -r .asks detail)"
expect_match "state +JE" "$(jq show "$job")"
expect_exit 5 jq show 999999
expect_exit 5 jq show nothing-of-this-name
expect_match $'\n'"needs +1 cpu"$'\n' "$(jq show "$(jq submit --wait -- true)")"
ok

test_begin "a step killed by a signal says which"
job=$(jq submit -- sh -c 'kill -KILL $$')
expect_exit 1 jq wait "$job"
expect_eq "null 9" \
  "$(jq show "$job" --json | json -r '.steps[0].attempts[0] | "\(.exit_code) \(.signal)"')"
ok

test_begin "why names what a job waits for"
expect_exit 0 jq resource create plan-db
mkfifo gate
holder=$(jq submit --exclusive plan-db -- sh -c 'read -r x <gate')
waiter=$(jq submit --exclusive plan-db -- true)
blocked() { jq why "$waiter" --json | json -e 'any(.blockers[]; .kind == "exclusive")'; }
wait_for 5 blocked
jq why "$waiter" --json >why
expect_eq "$waiter WR" "$(json -r '"\(.job) \(.state)"' why)"
expect_match "job $holder" "$(json -r '.blockers[].text' why)"
expect_match "." "$(json -r '.blockers[0].remedy' why)"
expect_match "^job $waiter, waiting" "$(jq why "$waiter")"
expect_eq "blockers expected_start index is_estimate job spans state summary" \
  "$(json -r 'keys | join(" ")' why)"
echo >gate
expect_exit 0 jq wait "$holder" "$waiter"
held=$(jq submit --hold -- true)
expect_eq held "$(jq why "$held" --json | json -r '.blockers[0].kind')"
expect_exit 5 jq why 999999
ok

test_begin "nodes and resources show total and free"
jq node list --json >node
expect_eq "up 2 2 1073741824 100" "$(json -r '"\(.state) \(.resources.cpus.total)
  \(.resources.cpus.free) \(.resources.memory.total) \(.resources.disk.total)"' node | xargs)"
name=$(json -r .name node)
expect_eq "$name" "$(jq show node "$name" --json | json -r .name)"
expect_eq "$name" "$(jq show "$name" --json | json -r .name)"
expect_match "containment" "$(jq node show "$name")"
expect_exit 5 jq node show no-such-node
ok
