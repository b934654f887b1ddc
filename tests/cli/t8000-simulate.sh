#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# simulate: traces, policies, schedules, and what is refused. No controller runs here.
. "$(dirname "$0")/lib.sh"

# record JOB SUBMIT RUN PROCESSORS LIMIT [QUEUE [STATUS]]: a line of a trace.
record() { echo "$1 $2 -1 $3 $4 -1 -1 -1 $5 -1 ${7:-1} 1 1 -1 ${6:-1} -1 -1 -1"; }

# On four processors: 1 leaves one over; 2 needs all four; 3 fits beside 1 and ends before it; 4
# fits beside 1 and would delay 2.
{
  echo "; MaxProcs: 4"
  record 1 0 100 3 100
  record 2 10 50 4 60
  record 3 20 30 1 40 0
  record 4 30 100 1 100
} >small.swf

test_begin "first come, first served: nobody overtakes"
jq simulate small.swf --policy fcfs --schedule fcfs --json >out.json
expect_eq "1 0 0 100 3,2 10 100 150 4,3 20 150 180 1,4 30 150 250 1" "$(paste -sd, fcfs)"
expect_eq "4 85 105 130 250 null" "$(json -r '"\(.jobs) \(.mean_wait_s) \(.median_wait_s) \(
  .p95_wait_s) \(.makespan_s) \(.depth)"' out.json)"
expect_eq "fcfs 1 4 4 4 0" "$(json -r '"\(.policy) \(.machine.nodes) \(.machine.cpus_per_node) \(
  .machine.cpus) \(.decisions) \(.left_out | length)"' out.json)"
expect_eq "0.63" "$(json .utilization out.json)"
expect_eq "2.833333" "$(json .mean_bounded_slowdown out.json)"
expect_eq true "$(json '.decisions_per_s > 0 and .worst_turn_ms > 0' out.json)"
ok

test_begin "easy and conservative: who delays nobody overtakes"
for policy in easy conservative; do
  jq simulate small.swf --policy "$policy" --schedule schedule >/dev/null
  expect_eq "1 0 0 100 3,2 10 100 150 4,3 20 20 50 1,4 30 150 250 1" "$(paste -sd, schedule)"
done
ok

test_begin "the policy is easy where none is given"
expect_eq "easy null" "$(jq simulate small.swf --json | json -r '"\(.policy) \(.depth)"')"
ok

test_begin "priority: the lower queue number goes first"
jq simulate small.swf --policy priority --schedule schedule >/dev/null
expect_eq "3 20 20 50 1" "$(sed -n 3p schedule)"
ok

test_begin "policies are compared in one table, and twice the same comes out"
jq simulate small.swf --policy fcfs,easy --policy priority >table
expect_eq "POLICY fcfs easy priority" "$(awk '{print $1}' table | paste -sd' ')"
expect_match "^easy +4 +.* 4m10s +[0-9]+$" "$(sed -n 3p table)"
expect_eq 3 "$(jq simulate small.swf --policy fcfs,easy,priority --json | wc -l)"
jq simulate small.swf --policy fcfs --schedule again >/dev/null
cmp fcfs again
ok

test_begin "a packed trace is the same trace, also from standard input"
gzip -k small.swf
jq simulate small.swf.gz --policy fcfs --schedule again >/dev/null
cmp fcfs again
jq simulate - --policy fcfs --schedule again <small.swf >/dev/null
cmp fcfs again
ok

test_begin "a schedule is checked against its trace and machine"
expect_exit 0 jq simulate small.swf --check fcfs
expect_match "a schedule of 4 jobs on 4 processors" "$(<out)"
check_fault() { # SED-EXPRESSION MESSAGE
  sed "$1" fcfs >wrong
  expect_exit 1 jq simulate small.swf --check wrong
  expect_match "$2" "$(<err)"
}
check_fault '3s/.*/3 20 120 150 1/' "at 120.000, 5 processors are in use, and there are 4"
check_fault '3s/.*/3 20 10 40 1/' "job 3 starts at 10.000, before it was submitted"
check_fault '3s/.*/3 20 150 181 1/' "job 3 ends at 181.000, 31.000 after its start; it runs 30.000"
check_fault '3s/.*/3 20 150 180 2/' "job 3 has 2 processors; it takes 1"
check_fault '3d' "has 3 jobs; the trace has 4"
echo "1 2 3" >wrong
expect_exit 2 jq simulate small.swf --check wrong
expect_match "wrong, line 1" "$(<err)"
ok

test_begin "a job runs for its limit at most and a second at least, at most as wide as the machine"
{ record 1 0 500 9 60 && record 2 0 0 1 10; } >odd.swf
jq simulate odd.swf --cpus 4 --policy fcfs --schedule schedule >/dev/null
expect_eq "1 0 0 60 4,2 0 60 61 1" "$(paste -sd, schedule)"
ok

test_begin "records that cannot run are reported and left out"
{
  record 1 0 10 1 10
  record 2 0 -1 1 10
  record 3 0 10 -1 10
  record 4 -1 10 1 10
  record 5 0 10 3 10
  record 6 0 10 3 10
  record 7 0 10 1 10 1 3
} >left.swf
jq simulate left.swf --nodes 2 --cpus-per-node 2 --json >out.json 2>err
expect_eq "1 5" "$(json -r '"\(.jobs) \(.left_out | length)"' out.json)"
expect_eq "2 5" "$(json -r '.left_out[] | select(.reason | test("wider than one node")) |
  "\(.records) \(.first_line)"' out.json)"
jq simulate left.swf --nodes 2 --cpus-per-node 2 >out 2>err
expect_match "2 records left out, the first in line 5: wider than one node of 2" "$(<err)"
expect_match "1 record left out, the first in line 2: the run time is not known" "$(<err)"
tail -1 left.swf >nothing.swf
expect_exit 1 jq simulate nothing.swf --cpus 2
expect_match "no job that could be simulated" "$(<err)"
ok

test_begin "what is no trace is refused, with its line"
{ cat small.swf && echo "5 0 -1 7"; } >short.swf
expect_exit 2 jq simulate short.swf
expect_match "short.swf, line 6: the record has 4 fields; .* has 18" "$(<err)"
sed '3s/ 10 / ten /' small.swf >word.swf
expect_exit 2 jq simulate word.swf
expect_match "line 3: field 2 \(submit time\): 'ten' is not a number" "$(<err)"
sed '3s/ 10 / 10.5 /' small.swf >fraction.swf
expect_exit 2 jq simulate fraction.swf
expect_match "line 3: field 2 .*'10.5' is not a whole number" "$(<err)"
printf 'caf\303\251\033[2J 1\n' >bytes.swf
expect_exit 2 jq simulate bytes.swf
expect_match "line 1: field 1 .job number.: '\?' is not a number" "$(<err)"
head -c 70000 /dev/zero | tr '\0' x >long.swf
expect_exit 2 jq simulate long.swf
expect_match "line 1: the line is longer than" "$(<err)"
head -c 60 small.swf.gz >cut.swf.gz
expect_exit 2 jq simulate cut.swf.gz
expect_match "cut off" "$(<err)"
expect_exit 5 jq simulate nowhere.swf
expect_match "cannot open nowhere.swf: No such file" "$(<err)"
ok

made_up=(--synthetic --jobs 500 --nodes 4 --cpus-per-node 8 --cpus-per-job "uniform:0,8"
  --run "lognormal:60,1" --arrival poisson:0.1)

test_begin "a workload is made up from a seed"
jq simulate "${made_up[@]}" --schedule one --json >out.json
expect_eq "500 32 0" "$(json -r '"\(.jobs) \(.machine.cpus) \(.lost)"' out.json)"
jq simulate "${made_up[@]}" --schedule again >/dev/null
cmp one again
expect_exit 0 jq simulate "${made_up[@]}" --check one
jq simulate "${made_up[@]}" --seed 2 --schedule again >/dev/null
! cmp -s one again || fail "another seed made the same"
ok

test_begin "starts may cost, and nodes may fail"
mean_wait() {
  jq simulate --synthetic --jobs 10 --cpus 4 --arrival burst:2,100 --run 10 --json "$@" |
    json .mean_wait_s
}
expect_eq "0 3 2" "$(mean_wait) $(mean_wait --dispatch-cost 2) $(mean_wait --dispatch-cost 2 \
  --dispatch-parallel)"
jq simulate "${made_up[@]}" --node-mtbf 1h --node-repair 1m --json >out.json
expect_eq true "$(json '.lost > 0 and .jobs == 500' out.json)"
jq simulate "${made_up[@]}" --node-mtbf 1h --node-repair 1m >/dev/null 2>err
expect_match "easy: [0-9]+ jobs ended with their node" "$(<err)"
ok

test_begin "what could not be made up"
refused() { # MESSAGE OPTIONS...
  local message=$1
  shift
  expect_exit 2 jq simulate --synthetic --jobs 5 --cpus 4 "$@"
  expect_match "$message" "$(<err)"
}
refused "--run: 'gauss:1,2' is not a distribution; expected constant" --run gauss:1,2
refused "--arrival: 'often' is not an arrival; expected poisson:RATE" --arrival often
refused "--cpus-per-job: 'x' is not a distribution" --cpus-per-job x
refused "--limit-factor: '0.5' is out of range; expected 1 to 1000000" --limit-factor 0.5
refused "--arrival: 'uniform:5,1': the first number is above the second" --arrival uniform:5,1
refused "--arrival: 'poisson:0': nothing comes at a rate of 0" --arrival poisson:0
refused "--arrival: 'burst:0,5': a burst is of 1 job at least" --arrival burst:0,5
refused "--run: 'uniform:5,1': the first number is above the second" --run uniform:5,1
refused "--run: 'pareto:1,0': the shape is 0" --run pareto:1,0
refused "--dispatch-cost: 'x' is not a number" --dispatch-cost x
refused "--jobs: 0 is out of range; expected 1 to 2000000" --jobs 0
refused "give a trace or --synthetic, not both" small.swf
expect_exit 2 jq simulate --synthetic --jobs 5
expect_match "nothing says how large the machine is" "$(<err)"
ok

test_begin "usage"
expect_exit 2 jq simulate
expect_match "expected one trace, .*, or --synthetic, or --live" "$(<err)"
expect_exit 2 jq simulate small.swf --policy esay
expect_match "did you mean 'easy'" "$(<err)"
expect_exit 2 jq simulate small.swf --cpus 4 --nodes 2 --cpus-per-node 2
expect_exit 2 jq simulate small.swf --nodes 2
expect_exit 2 jq simulate small.swf --cpus 0
expect_exit 2 jq simulate small.swf --depth 0
expect_exit 2 jq simulate small.swf --policy fcfs,easy --schedule schedule
sed 1d small.swf >headless.swf
expect_exit 2 jq simulate headless.swf
expect_match "does not say how large the machine is; give --cpus" "$(<err)"
for procs in lots -4 0 4x 4000000000; do
  sed "1s/4/$procs/" small.swf >header.swf
  expect_exit 2 jq simulate header.swf
  expect_match "header.swf, line 1: the header's MaxProcs is no number of processors" "$(<err)"
  expect_exit 0 jq simulate header.swf --cpus 4
done
for empty in /dev/null headers.swf; do
  head -1 small.swf >headers.swf
  expect_exit 1 jq simulate $empty --cpus 2
  expect_match "$empty holds no jobs" "$(<err)"
done
expect_exit 1 jq simulate small.swf --schedule nowhere/schedule
expect_match "cannot write the schedule to nowhere/schedule" "$(<err)"
ok

test_begin "numbers have bounds, and nothing is made before they are checked"
# out_of_range RANGE OPTIONS...
out_of_range() {
  local range=$1
  shift
  (ulimit -v 4000000 && expect_exit 2 jq simulate "$@") || exit
  expect_match "out of range; expected $range" "$(<err)"
}
out_of_range "1 to 100000" small.swf --nodes 1000000000 --cpus-per-node 1000000000
out_of_range "1 to 1000000" small.swf --nodes 2 --cpus-per-node 1000000000
out_of_range "1 to 100000000" small.swf --cpus 4000000000
out_of_range "1 to 2000000" --synthetic --jobs 4000000000 --cpus 4
out_of_range "0 to 1000000" --synthetic --jobs 4 --cpus 4 --shapes 1000001
out_of_range "1 to 1000" small.swf --policy conservative --depth 1001
out_of_range "1 to 1000000" --synthetic --jobs 4 --cpus 4 --limit-factor 1e9
out_of_range "0 to 1000000" small.swf --dispatch-cost 1e7
out_of_range "0 to 10000000000" small.swf --node-mtbf 1e300
out_of_range "a millisecond to 36500d" small.swf --node-mtbf 1d --node-repair 0s
out_of_range "a millisecond to 36500d" --live --estimate 0s
(ulimit -v 4000000 && expect_exit 0 jq simulate small.swf --nodes 100000 --cpus-per-node 1000000)
for how in lognormal:0,100000 lognormal:1e300,100000 pareto:0,1e-300; do
  expect_exit 0 jq simulate --synthetic --jobs 9 --cpus 4 --run $how --cpus-per-job $how
done
expect_exit 0 jq simulate --synthetic --jobs 9 --cpus 4 --arrival poisson:1e-310
ok

test_begin "an option that does not go with what is simulated is refused"
# misplaced OPTION OF WHOM OPTIONS...
misplaced() {
  local message="$1 does not go with $2; it is for $3"
  shift 3
  expect_exit 2 jq simulate "$@"
  expect_match "$message" "$(<err)"
}
misplaced --schedule --live "a trace or --synthetic" --live --schedule none
misplaced --cpus --live "a trace or --synthetic" --live --cpus 4
misplaced --jobs --live --synthetic --live --jobs 4
misplaced --synthetic --live --synthetic --live --synthetic
misplaced --drain "a trace" --live small.swf --drain vm
misplaced --jobs "a trace" --synthetic small.swf --jobs 5 --run 10m
misplaced --socket "a trace" --live small.swf --socket none
for option in "--limit 3=1m" "--estimate 5m" "--add-nodes 2"; do
  # shellcheck disable=SC2086
  misplaced "${option% *}" --synthetic --live --synthetic --jobs 5 --cpus 4 $option
done
expect_exit 2 jq simulate small.swf --check fcfs --policy easy
expect_match "--policy does not go with --check, which simulates nothing" "$(<err)"
ok

test_begin "a trace is not overwritten by its schedule"
cp small.swf kept.swf
ln -s small.swf link.swf
ln small.swf hard.swf
for schedule in small.swf ./small.swf link.swf hard.swf; do
  expect_exit 2 jq simulate small.swf --schedule "$schedule"
  expect_match "--schedule: $schedule is the trace itself" "$(<err)"
done
from_input() { jq simulate - --schedule small.swf <small.swf; }
expect_exit 2 from_input
cmp small.swf kept.swf
ok
