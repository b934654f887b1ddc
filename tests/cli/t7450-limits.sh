#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Steps and what they were granted: who takes more is ended for that and takes nobody with it;
# graphics processors are told by index.
. "$(dirname "$0")/lib.sh"
printf '[node]\ngrace = "500ms"\n' >up.toml
start_up --config up.toml --cpus 8 --memory 4G --gpus 3

test_begin "the node says who holds steps to what they were granted"
jq node list --json >node.json
name=$(json -r .name node.json)
expect_match "^(controller|accounting) (quota|none) (controller|counting)$" \
  "$(json -r '.limits | "\(.memory) \(.cpus) \(.processes)"' node.json)"
expect_match "^(cgroup v2|process groups)$" "$(json -r .containment node.json)"
expect_match "limits +memory: (controller|accounting), cpus: (quota|none), processes: " \
  "$(jq node show "$name")"
ok

test_begin "a step that takes 1 GiB with a limit of 100 MB ends for that, and its neighbour goes on"
neighbour=$(jq submit --memory 200M -- sh -c 'touch here; until [ -e go ]; do sleep 0.02; done')
wait_for 10 test -e here
hog=$(jq submit --memory 100M -- dd if=/dev/zero of=/dev/null bs=1G count=100000)
expect_exit 1 jq wait "$hog"
expect_eq JE "$(state_of "$hog")"
expect_match "memory: used .* of 100M granted$" "$(reason_of "$hog")"
expect_match "memory: used" "$(jq show "$hog")"
expect_match "^memory: used" "$(jq show "$hog" --json | json -r '.steps[0].attempts[0].reason')"
(($(jq show "$hog" --json | json -r '.steps[0].attempts[0].max_rss') >= 100 << 20)) ||
  fail "the peak is less than the limit"
expect_eq running "$(step_state "$neighbour")"
touch go
expect_exit 0 jq wait "$neighbour"
ok

test_begin "the memory of all processes of a step counts, wherever they fled"
# shellcheck disable=SC2016
job=$(jq submit --memory 100M -- sh -c 'for i in 1 2 3; do
    setsid dd if=/dev/zero of=/dev/null bs=60M count=1000000 &
  done; wait')
expect_exit 1 jq wait "$job"
expect_match "memory: used" "$(reason_of "$job")"
ok

test_begin "a step that has more processes than it may does not go on so"
job=$(jq submit --limit processes=5 -- \
  sh -c 'for i in 1 2 3 4 5 6 7 8; do setsid sleep 1000 & done; wait')
expect_exit 1 jq wait "$job"
# Counted they are too many; with a controller the shell is refused the sixth.
expect_match "processes: [0-9]+ with threads, 5 granted|exit code" "$(reason_of "$job")"
ok

test_begin "resource limits and the umask arrive, and one that is refused is named"
expect_exit 0 jq submit --wait --limit nofile=100:200 --umask 027 --output arrived -- \
  sh -c 'ulimit -Sn; ulimit -Hn; umask'
expect_eq "100 200 0027" "$(xargs <arrived)"
job=$(jq submit --limit nofile=4000000000 -- true)
expect_exit 1 jq wait "$job"
expect_match "limit nofile 4000000000: operation not permitted$" "$(reason_of "$job")"
ok

test_begin "steps are told their graphics processors by index, and nobody shares one"
for i in 1 2 3; do
  # shellcheck disable=SC2016
  jobs[i]=$(jq submit --gpus 1 -- \
    sh -c 'echo "$JOBQ_GPUS $CUDA_VISIBLE_DEVICES" >"gpu.$JOBQ_JOB"; until [ -e enough ]; do
      sleep 0.02; done')
done
all_there() { [[ -s gpu.${jobs[1]} && -s gpu.${jobs[2]} && -s gpu.${jobs[3]} ]]; }
wait_for 10 all_there
expect_eq "0 0 1 1 2 2" "$(sort gpu.* | xargs)"
touch enough
expect_exit 0 jq wait "${jobs[@]}"
# shellcheck disable=SC2016
expect_exit 0 jq submit --wait --gpus 2 --output two -- sh -c 'echo "$JOBQ_GPUS"'
expect_match "^[012],[012]$" "$(<two)"
ok
