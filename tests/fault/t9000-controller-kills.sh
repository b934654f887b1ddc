#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# The controller is killed at any moment under load, again and again. Every attempt writes to a
# ledger with fsync; the checkers then ask: did every acknowledged job end, was an attempt started
# twice, was the exclusive resource held twice?
#
#   KILLS=200 JOBQ_BIN=build/debug/bin tests/fault/t9000-controller-kills.sh    for a longer run
. "$(dirname "$0")/../cli/lib.sh"
kills=${KILLS:-50}

test_begin "no acknowledged job is lost, no attempt starts twice, when the controller dies"
start_controller
start_node n1 --cpus 4
jq resource create door

cat >attempt.sh <<'STEP'
#!/bin/sh
# Appends to the ledger when it starts; under the door, also when it enters and leaves.
write() { printf '%s\n' "$1" | dd of="$LEDGER" oflag=append conv=notrunc,fsync status=none; }
write "start $JOBQ_JOB $JOBQ_STEP $JOBQ_ATTEMPT"
[ "$1" = door ] || exit 0
write "enter $JOBQ_JOB"
sleep 0.02
write "leave $JOBQ_JOB"
STEP
chmod +x attempt.sh
export LEDGER="$T/ledger"
: >ledger
: >acknowledged

# Submits for ever; a number is noted only when the controller gave it.
submit_load() {
  local number
  while [[ ! -e $T/enough ]]; do
    if number=$(jq submit --env LEDGER -- "$T/attempt.sh" plain 2>>submit.log); then
      echo "$number" >>acknowledged
    fi
    if number=$(jq submit --env LEDGER --exclusive door -- "$T/attempt.sh" door 2>>submit.log); then
      echo "$number" >>acknowledged
    fi
  done
}
submit_load &
submitter=$!

for ((kill = 1; kill <= kills; kill++)); do
  before=$(wc -l <acknowledged)
  progress() { (($(wc -l <acknowledged) > before + RANDOM % 8)); }
  wait_for 60 progress
  stop controller KILL
  start_controller
done
touch enough
wait "$submitter"
jq wait --all || true

test_begin "every acknowledged job ended well"
(($(wc -l <acknowledged) >= kills)) || fail "only $(wc -l <acknowledged) jobs were acknowledged"
jq history --limit 1000000 --json | json -r 'select(.state == "JD") | .job' | sort >ended
sort acknowledged | comm -23 - ended >lost
[[ ! -s lost ]] || fail "acknowledged and not done: $(head -5 lost | tr '\n' ' ')"
grep '^start ' ledger | cut -d' ' -f2 | sort -u >ran
sort acknowledged | comm -23 - ran >never
[[ ! -s never ]] || fail "done, they say, but never ran: $(head -5 never | tr '\n' ' ')"

test_begin "no attempt started twice"
twice=$(grep '^start ' ledger | sort | uniq -d)
[[ -z $twice ]] || fail "started twice: $twice"

test_begin "the exclusive resource never had two holders"
awk '
  $1 == "enter" && holder != "" { print "job " $2 " entered, job " holder " was inside"; bad = 1 }
  $1 == "enter" { holder = $2 }
  $1 == "leave" { holder = "" }
  END { exit bad }' ledger >overlap || fail "$(head -1 overlap)"
echo "# $kills kills, $(wc -l <acknowledged) jobs acknowledged, $(grep -c '^start' ledger) attempts"
ok
