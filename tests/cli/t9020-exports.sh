#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Exports: what a job carries to the outside when its steps have ended well: to files, areas and
# devices, one at a time, in order.
. "$(dirname "$0")/lib.sh"

mkdir area
cat >"$T/up.toml" <<END
[area.results]
path = "$T/area"
END
start_up --config "$T/up.toml"
log=$T/printed

in_job() { printf '%s\n' "$1" >ticket.toml && jq submit ticket.toml; }
# export_state JOB STEP
export_state() {
  jq show "$1" --json | json -r --arg n "$2" '.steps[] | select(.name == $n) | .state'
}

test_begin "a file, an area and a device get their exports one after the other, before the cleanup"
# shellcheck disable=SC2016
expect_exit 0 jq resource create printer --device \
  'echo "$JOBQ_STEP $JOBQ_EXPORT_FILE $(id -u) $(cat)" >>'"$log"
expect_eq device "$(jq resource list --json | json -r .kind)"
job=$(in_job '
[[step]]
name = "plan"
run = "echo the plan >plan.txt"
[[step]]
name = "table"
run = "echo 1 >a.tab; echo 2 >b.tab"
[[step]]
name = "repair"
after = ["plan.failure"]
run = "false"
[cleanup]
run = "cat '"$log"' out.txt >seen; rm plan.txt"
[[export]]
from = "plan.txt"
to = "device:printer"
[[export]]
from = "*.tab"
to = "area:results/${job}/"
[[export]]
from = "plan.txt"
to = "out.txt"
')
expect_exit 0 jq wait "$job"
expect_eq "export-1 plan.txt $(id -u) the plan" "$(cat "$log")"
expect_eq '1 2' "$(cat "area/$job/a.tab" "area/$job/b.tab" | xargs)"
expect_eq 'the plan' "$(cat out.txt)"
expect_match 'the plan$' "$(cat seen)"
expect_eq 'succeeded succeeded skipped succeeded succeeded succeeded' \
  "$(jq show "$job" --json | json -r '.steps[] | select(.name != "cleanup") | .state' | xargs)"
times=$(jq show "$job" --json |
  json -r '.steps[] | select(.name | startswith("export")) | .attempts[0] | .started, .ended')
expect_eq "$times" "$(sort <<<"$times")"
ok

test_begin "nothing is exported by a job that fails or was not handled"
for policy in stop continue; do
  job=$(in_job "
[ticket]
on_failure = '$policy'
[[step]]
name = 'bad'
run = 'exit 3'
[[step]]
name = 'good'
run = 'echo half >half.txt'
[[export]]
from = 'half.txt'
to = 'area:results/'
")
  expect_exit 1 jq wait "$job"
  expect_eq skipped "$(export_state "$job" export-1)"
done
[[ ! -e area/half.txt ]]
ok

test_begin "a failure that was handled does not keep exports back"
job=$(in_job "
[[step]]
name = 'bad'
run = 'exit 3'
[[step]]
name = 'repair'
after = ['bad.failure']
run = 'echo repaired >whole.txt'
[[export]]
from = 'whole.txt'
to = 'area:results/'
")
expect_exit 0 jq wait "$job"
expect_eq repaired "$(cat area/whole.txt)"
ok

test_begin "an export that fails fails the job, and those behind it are skipped"
job=$(in_job "
run = 'true'
[[export]]
from = 'nothing'
to = 'area:results/'
[[export]]
from = 'ticket.toml'
to = 'area:results/'
")
expect_exit 1 jq wait "$job"
expect_match '^step export-1: exit code 5' "$(reason_of "$job")"
expect_match 'nothing: no such file or directory' "$(jq output --error "$job.export-1" 2>&1)"
expect_eq skipped "$(export_state "$job" export-2)"
[[ ! -e area/ticket.toml ]]
ok

test_begin "a device is held by one export at a time"
expect_exit 0 jq resource create slow --device \
  'mkdir busy && echo >began && cat pass && rmdir busy'
mkfifo began pass
echo x >x
jobs=()
for ((i = 0; i < 4; i++)); do
  jobs+=("$(in_job "
run = 'true'
[[export]]
from = 'x'
to = 'device:slow'
")")
done
for ((i = 0; i < 4; i++)); do
  read -r _ <began
  echo on >pass
done
expect_exit 0 jq wait "${jobs[@]}"
for job in "${jobs[@]}"; do
  jq show "$job" --json |
    json -r '.steps[] | select(.name == "export-1") | .attempts[0] | .started + " " + .ended'
done | sort >turns
expect_eq "$(xargs -n 1 <turns)" "$(xargs -n 1 <turns | sort)"
ok

test_begin "a device gets each file of a pattern, also of those with blanks in their names"
: >"$log"
job=$(in_job "
run = 'echo 1 >\"a 1.txt\"; echo 2 >b.txt'
[[export]]
from = '*.txt'
to = 'device:printer'
")
expect_exit 0 jq wait "$job"
expect_match "a 1.txt $(id -u) 1" "$(<"$log")"
expect_match "b.txt $(id -u) 2" "$(<"$log")"
ok

test_begin "a device that there is not, or that is none, is refused with what to do"
expect_exit 1 in_job "
run = 'true'
[[export]]
from = 'x'
to = 'device:plotter'
"
expect_match "plotter" "$(cat err)"
jq resource create plain
job=$(in_job "
run = 'true'
[[export]]
from = 'x'
to = 'device:plain'
")
expect_exit 1 jq wait "$job"
expect_match 'the resource plain is no device; `jq resource create plain --device COMMAND`' \
  "$(reason_of "$job")"
expect_exit 2 jq resource create both --tokens 2 --device cat
expect_exit 1 jq resource create printer --device cat
expect_match 'printer exists as a device with' "$(cat err)"
ok

test_begin "files of the client are those of the node on its machine"
mkdir here && echo mine >here/own.dat
cat >here/t.toml <<END
give = { from = "client:*.dat", to = "$T/got/" }
[ticket]
workdir = "/"
END
job=$(cd here && jq submit t.toml)
expect_exit 0 jq wait "$job"
expect_eq mine "$(cat got/own.dat)"
ok

test_begin "exports survive a controller that is killed, and still come once"
mkfifo gate
rm -f "$log"
job=$(in_job "
run = 'cat gate'
[[export]]
from = 'x'
to = 'device:printer'
")
wait_for 10 runs "$job"
stop up KILL
start_up --config "$T/up.toml"
echo go >gate
expect_exit 0 jq wait "$job"
expect_eq 1 "$(wc -l <"$log")"
ok
