#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Exclusive resources and tokens: one holder at a time, waiting that is explained, no deadlock.
. "$(dirname "$0")/lib.sh"
start_up --cpus 8

test_begin "two jobs that need the same exclusive resource never overlap; why names the holder"
jq resource create plan-db
first=$(jq submit --exclusive plan-db -- \
  sh -c 'touch inside; until [ -e go ]; do sleep 0.02; done; rm inside')
wait_for 10 test -e inside
second=$(jq submit --exclusive plan-db -- sh -c '[ ! -e inside ]')
expect_eq WR "$(state_of "$second")"
expect_match "plan-db.*job $first" "$(jq why "$second")"
jq why "$second" --json >why.json
expect_eq exclusive "$(json -r '.blockers[0].kind' <why.json)"
expect_match "plan-db" "$(jq queue --json | json -r "select(.job == $second) | .reason")"
expect_match "$first" "$(jq resource list --json | json -c .holders)"
touch go
expect_exit 0 jq wait "$first" "$second"
ok

test_begin "what lacks a resource does not stop the queue"
rm go
holder=$(jq submit --exclusive plan-db -- \
  sh -c 'touch inside; until [ -e go ]; do sleep 0.02; done')
wait_for 10 test -e inside
waiting=$(jq submit --exclusive plan-db --priority 90 -- true)
expect_exit 0 jq submit --wait -- true
expect_eq WR "$(state_of "$waiting")"
touch go
expect_exit 0 jq wait "$holder" "$waiting"
ok

test_begin "tokens are counted"
jq resource create solver --tokens 2
rm -f go
for _ in 1 2 3; do
  jq submit --tokens solver=1 -- sh -c 'touch "in.$JOBQ_JOB"; until [ -e go ]; do sleep 0.02; done'
done >tokens
two_inside() { compgen -G 'in.*' | wc -l | grep -qx 2; }
wait_for 10 two_inside
expect_eq WR "$(state_of "$(tail -n 1 tokens)")"
expect_match "solver" "$(jq why "$(tail -n 1 tokens)")"
touch go
mapfile -t numbers <tokens
expect_exit 0 jq wait "${numbers[@]}"
ok

test_begin "a resource that does not exist, and needs that no node could meet, are refused"
expect_exit 1 jq submit --exclusive nowhere -- true
expect_match "nowhere" "$(<err)"
expect_exit 1 jq submit --cpus 9 -- true
expect_match "9 cpus.*8" "$(<err)"
ok

test_begin "a hundred jobs over five exclusive resources in random subsets all end"
for r in 1 2 3 4 5; do jq resource create "r$r"; done
RANDOM=7
for ((i = 0; i < 100; i++)); do
  subset=()
  for r in 1 2 3 4 5; do ((RANDOM % 2)) && subset+=("\"r$r\""); done
  list=$(IFS=,; echo "${subset[*]-}")
  printf '{"run": "for r in %s; do mkdir in-$r || exit 9; done; for r in %s; do rmdir in-$r; done",
    "needs": {"exclusive": [%s]}}' "${list//[\",]/ }" "${list//[\",]/ }" "$list" | tr -d '\n'
  echo
done >many.jsonl
jq submit - <many.jsonl >numbers
expect_eq 100 "$(wc -l <numbers)"
expect_exit 0 jq wait "$(head -n 1 numbers)-$(tail -n 1 numbers)"
ok

test_begin "steps that would close a circle of waiting are refused with the circle"
cat >one.toml <<'TOML'
[needs]
exclusive = ["r1"]
[[step]]
name = "ready"
run = "touch one; until [ -e two ]; do sleep 0.02; done"
[[step]]
name = "more"
after = ["ready"]
needs = { exclusive = ["r2"] }
run = "true"
TOML
sed 's/r1/rX/; s/r2/r1/; s/rX/r2/; s/touch one/touch two/; s/-e two/-e one/' one.toml >two.toml
a=$(jq submit one.toml)
b=$(jq submit two.toml)
jq wait "$a" "$b" >ends || true
expect_eq "1" "$(grep -c JE ends)"
expect_eq "1" "$(grep -c JD ends)"
expect_match "circle|r1|r2" "$(grep JE ends)"
ok
