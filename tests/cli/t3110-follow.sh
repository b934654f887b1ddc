#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# output -f while everything around it is killed and restarted: no byte is lost, none comes twice.
. "$(dirname "$0")/lib.sh"
start_controller
start_node n1 --cpus 4

restart_node() {
  stop n1 "${1:-TERM}"
  start_node n1 --cpus 4
}
has_lines() { (($(wc -l <"$1") >= $2)); }

cat >numbers.sh <<'END'
i=0
while [ ! -e enough ]; do
  i=$((i + 1))
  echo "line $i" | tee -a written
  echo "error $i" | tee -a complained >&2
  sleep 0.02
done
echo the end | tee -a written
END

test_begin "a follower on the network and one on the socket miss nothing and repeat nothing"
job=$(jq submit --workdir "$T" -- sh numbers.sh)
follow near "$job"
near=$follower
follow complaints --error "$job"
complaints=$follower
follow far --controller "$LISTEN" --cluster-key "$T/controller/cluster.key" "$job"
wait_for 10 has_lines near.out 5
for signal in KILL TERM KILL; do
  restart_node "$signal"
  before=$(wc -l <far.out)
  wait_for 20 has_lines far.out $((before + 5))
done
stop controller KILL
start_controller
before=$(wc -l <near.out)
wait_for 20 has_lines near.out $((before + 5))
wait_for 20 has_lines far.out $((before + 5))
restart_node KILL
touch enough
follower_ends 0
for follower in $near $complaints; do follower_ends 0; done
cmp written near.out
cmp written far.out
cmp complained complaints.out
ok

test_begin "a follower of a file that the user named does not miss a byte either"
rm enough written complained
job=$(jq submit --workdir "$T" --output 'log.%j.%t' -- sh numbers.sh)
follow named "$job"
wait_for 10 has_lines named.out 5
restart_node KILL
stop controller KILL
start_controller
before=$(wc -l <named.out)
wait_for 20 has_lines named.out $((before + 5))
touch enough
follower_ends 0
cmp "log.$job.1" named.out
ok

test_begin "it says what it waits for, and goes on by itself"
rm enough written complained
job=$(jq submit --workdir "$T" -- sh numbers.sh)
follow patient "$job"
wait_for 10 has_lines patient.out 5
stop n1 KILL
wait_for 10 grep -q "node n1.*; waiting for it" patient.err
start_node n1 --cpus 4
wait_for 10 grep -q "node n1 is back; going on" patient.err
expect_eq 1 "$(grep -c 'waiting for it' patient.err)"
stop controller KILL
wait_for 10 grep -q "the controller does not answer; trying again" patient.err
start_controller
wait_for 10 grep -q "the controller is back; going on" patient.err
touch enough
follower_ends 0
cmp written patient.out
ok

test_begin "a follower that begins before the job starts sees all of it"
rm enough written complained
job=$(jq submit --hold --workdir "$T" -- sh numbers.sh)
follow early "$job"
restart_node KILL
jq release "$job" >/dev/null
wait_for 10 has_lines early.out 5
touch enough
follower_ends 0
cmp written early.out
ok

test_begin "every attempt of a step is followed, each once"
cat >thrice.sh <<'END'
echo attempt $JOBQ_ATTEMPT
[ $JOBQ_ATTEMPT != 1 ] || until [ -e enough ]; do sleep 0.05; done
[ $JOBQ_ATTEMPT = 3 ]
END
for output in '' one-file each.%t; do
  rm -f enough
  job=$(jq submit --retry 2 --workdir "$T" ${output:+--output "$output"} -- sh thrice.sh)
  follow retried "$job"
  wait_for 10 has_lines retried.out 1
  restart_node KILL
  touch enough
  follower_ends 0
  expect_eq "attempt 1 attempt 2 attempt 3" "$(paste -sd' ' retried.out)"
done
ok

test_begin "an element of an array is followed, and an array is not"
rm enough
array=$(jq submit --workdir "$T" --array 0-1 -- \
  sh -c 'echo first $JOBQ_ARRAY_INDEX; until [ -e enough ]; do sleep 0.05; done; echo last')
follow element "${array}[1]"
wait_for 10 grep -q "first 1" element.out
restart_node KILL
touch enough
follower_ends 0
expect_eq "first 1 last" "$(paste -sd' ' element.out)"
expect_exit 0 jq output -f "$array"
expect_match "each element has its own output" "$(<err)"
ok

test_begin "Ctrl-C ends the following, also while it waits, and leaves the job alone"
rm enough
job=$(jq submit --workdir "$T" -- sh -c 'echo here; until [ -e enough ]; do sleep 0.05; done')
follow broken "$job"
wait_for 10 grep -q here broken.out
kill -INT "$follower"
follower_ends 130
expect_match "no longer following; job $job goes on" "$(<broken.err)"
follow broken "$job"
wait_for 10 grep -q here broken.out
stop n1 KILL
wait_for 10 grep -q "waiting for it" broken.err
kill -INT "$follower"
follower_ends 130
expect_match "no longer following; job $job goes on" "$(<broken.err)"
start_node n1 --cpus 4
touch enough
expect_exit 0 jq wait "$job"
ok

test_begin "steps that share a file are not shown twice"
cat >shared.toml <<'END'
[ticket]
output = "shared.%j"
[[step]]
name = "a"
run = "echo from a"
[[step]]
name = "b"
after = ["a"]
run = "echo from b; echo err of b >&2"
END
job=$(jq submit --workdir "$T" shared.toml)
follow shared "$job"
follower_ends 0
cmp "shared.$job" shared.out
jq output "$job" >once
cmp "shared.$job" once
ok
