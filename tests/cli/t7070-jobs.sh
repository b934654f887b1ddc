#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Jobs that come after other jobs, that steps submit, and that steps wait for; and the same when the
# controller is killed in between.
. "$(dirname "$0")/lib.sh"
patience=${JOBQ_PATIENCE:-1}
start_controller
start_node n1 --cpus 8

field() { jq show "$1" --json | json -r ".$2"; }
detail_of() {
  jq show "$1" --json |
    json -r --arg what "$2" '.history[] | select(.what == $what) | .detail'
}
restart_controller() {
  stop controller KILL
  start_controller
  wait_for 10 node_is n1 up
}
# until_there FILE: as the command of a step, which ends when the file is there.
until_there() { printf 'until [ -e %s ]; do sleep 0.02; done' "$1"; }

test_begin "a job starts when the one before it is done, also over a restart"
first=$(jq submit -- sh -c "$(until_there go)")
second=$(jq submit --after "$first" -- touch second)
expect_eq QU "$(state_of "$second")"
expect_eq "waits for job $first to be done" "$(reason_of "$second")"
expect_eq '["dependency"]' "$(jq why "$second" --json | json -c '[.blockers[].kind]')"
expect_match "jq why $first" "$(jq why "$second")"
restart_controller
expect_eq QU "$(state_of "$second")"
[[ ! -e second ]] || fail "it ran before"
touch go
expect_exit 0 jq wait "$second"
[[ ! $(field "$second" started) < $(field "$first" ended) ]] || fail "it started too early"
expect_eq holds "$(field "$second" 'depends[0].state')"
ok

test_begin "error, ended and started are conditions, and so is a delay; a job that has ended counts"
bad=$(jq submit -- sh -c 'exit 3')
expect_exit 1 jq wait "$bad"
repair=$(jq submit --after "$bad.error" -- true)
either=$(jq submit --after "$bad.ended,$first.started" -- true)
late=$(jq submit --after "$bad.ended+$((2 * patience))s" -- true)
expect_exit 0 jq wait "$repair" "$either" "$late"
from=$(date -d "$(field "$bad" ended)" +%s%3N)
to=$(date -d "$(field "$late" started)" +%s%3N)
((to - from >= 2000 * patience)) || fail "started $((to - from)) ms after"
ok

test_begin "what can never be is cancelled with its reason, or kept"
never=$(jq submit --after "$bad" -- true)
expect_exit 130 jq wait "$never"
expect_eq "dependency: $bad.done can never hold: job $bad ended in error (step main: exit code 3)" \
  "$(reason_of "$never")"
kept=$(jq submit --after "$bad" --after-never keep -- true)
expect_eq QU "$(state_of "$kept")"
expect_match "can never hold" "$(jq why "$kept")"
expect_match "jq cancel $kept" "$(jq why "$kept")"
jq cancel "$kept"
ok

test_begin "a condition that cannot be read, or on no job, is refused"
expect_exit 2 jq submit --after "$bad.finished" -- true
expect_match "'finished' is nothing that becomes of a job" "$(<err)"
expect_exit 5 jq submit --after 999999 -- true
expect_match "after 999999: there is no such job" "$(<err)"
expect_exit 5 jq submit --after nobody -- true
expect_match "no job of yours of that name" "$(<err)"
expect_exit 2 jq submit --after-never maybe -- true
ok

cat >part.toml <<TOML
[class]
name = "part"
version = "1"
[class.params]
day = { required = true }
[[step]]
name = "calc"
script = """
echo "\$JOBQ_PARAM_DAY in \$(pwd)" >>calculated
$(until_there "go.\${day}")
[ "\${day}" != friday ] || exit 5
jq report --event "sum of \${day}"
"""
TOML
jq class register part.toml >/dev/null

test_begin "a spawn step hands parameters down and the event value up, and waits over a restart"
cat >whole.toml <<'TOML'
[[step]]
name = "go"
spawn = { class = "part", params = { day = "monday" }, wait = true }
[[step]]
name = "tell"
after = ["go"]
run = "echo '${steps.go.event}' >told"
TOML
job=$(jq submit whole.toml)
wait_for 10 test -s calculated
child=$((job + 1))
expect_eq "$job" "$(field "$child" parent)"
expect_eq "job $child by step go" "$(detail_of "$job" spawned)"
expect_match "waits for the end of job $child" "$(jq why "$job")"
restart_controller
expect_eq running "$(step_state "$job")"
touch go.monday
expect_exit 0 jq wait "$job"
expect_eq "sum of monday" "$(<told)"
expect_eq "monday in $T" "$(<calculated)"
expect_eq $((job + 1)) "$child"
ok

test_begin "the failure of the child is that of the step, and its end by order ends the child"
touch go.friday
sed 's/monday/friday/' whole.toml >friday.toml
job=$(jq submit friday.toml)
expect_exit 1 jq wait "$job"
expect_match "job $((job + 1)) ended in error .step calc: exit code 5" "$(reason_of "$job")"
sed 's/monday/sunday/' whole.toml >sunday.toml
job=$(jq submit sunday.toml)
wait_for 10 grep -q sunday calculated
jq cancel "$job"
expect_exit 130 jq wait "$job" $((job + 1))
ok

test_begin "a spawned job may have steps of its own, and is whole over a restart"
cat >own.toml <<TOML
[ticket]
params = { day = "monday" }
[[step]]
name = "mend"
[step.spawn]
wait = true
params = { day = "\${day}" }
[[step.spawn.step]]
name = "look"
run = "$(until_there go.own); echo looked at \${day}; jq report success --event torn"
[[step.spawn.step]]
name = "sew"
after = ["look.event=torn"]
run = "pwd >sewn; jq report success --event whole"
[[step]]
name = "tell"
after = ["mend.event=whole"]
run = "echo told"
TOML
job=$(jq submit own.toml)
child=$((job + 1))
wait_for 10 runs "$child"
expect_eq mend "$(field "$child" name)"
expect_eq "$job" "$(field "$child" parent)"
restart_controller
touch go.own
expect_exit 0 jq wait "$job" "$child"
expect_eq "$T" "$(<sewn)"
expect_eq "looked at monday" "$(jq output "$child")"
expect_eq told "$(jq output "$job")"
expect_match "step mend: done" "$(detail_of "$job" "step ended")"
ok

test_begin "what the controller itself carries out has no output, which is said"
expect_exit 0 jq output "$job.mend"
expect_match "step mend of job $job has no output: the controller itself" "$(<err)"
job=$(jq submit own.toml)
expect_exit 0 jq wait "$job"
expect_exit 0 jq output -f "$job"
expect_eq told "$(<out)"
ok

test_begin "what is wrong within a spawned job is found where it stands, and when it is submitted"
sed 's/look.event=torn/lok/' own.toml >faulty.toml
expect_exit 2 jq submit faulty.toml
expect_match "faulty.toml:13:10: no step is named 'lok'; did you mean 'look'" "$(<err)"
printf '[[step]]\nname = "go"\nspawn = { run = "true", needs = { cpus = 99 } }\n' >large.toml
expect_exit 1 jq submit large.toml
expect_match "step go: needs 99 cpus; the largest node, n1, has 8" "$(<err)"
ok

test_begin "a wait step waits for jobs by number, name and value, and for those that have ended"
cat >gather.toml <<TOML
[[step]]
name = "go"
spawn = { class = "part", name = "background", params = { day = "tuesday" } }
[[step]]
name = "gather"
after = ["go"]
wait = [$first, "\${steps.go.event}", "background"]
[[step]]
name = "failed"
after = ["go"]
wait = $bad
[[step]]
name = "repair"
after = ["failed.event=failure"]
run = "true"
TOML
job=$(jq submit gather.toml)
wait_for 10 grep -q tuesday calculated
expect_match "waits for the end of job $((job + 1))" "$(jq why "$job")"
touch go.tuesday
expect_exit 0 jq wait "$job"
expect_eq "success failure" "$(jq show "$job" --json | json -r '[.steps[1,2].event] | join(" ")')"
ok

test_begin "what a process submits is a child, and a cancel takes the family"
job=$(jq submit -- \
  sh -c 'jq submit --name child -- sleep 1000; jq submit -- sleep 1000; sleep 1000')
wait_for 10 runs $((job + 2))
expect_eq "$job" "$(field $((job + 1)) parent)"
expect_match "job $((job + 1)) by step main" "$(detail_of "$job" "submitted jobs")"
stranger=$(jq submit -- sleep 1000)
jq cancel --family "$job"
expect_exit 130 jq wait "$job" $((job + 1)) $((job + 2))
wait_for 10 runs "$stranger"
jq cancel "$stranger"
ok

test_begin "the family of a job that has ended can be cancelled as well"
job=$(jq submit -- jq submit -- sleep 1000)
expect_exit 0 jq wait "$job"
wait_for 10 runs $((job + 1))
jq cancel --family "$job"
expect_exit 130 jq wait $((job + 1))
expect_exit 1 jq cancel --family "$job"
ok

test_begin "a class that submits itself comes to an end, and one that is not there is refused"
cat >endless.toml <<'TOML'
[class]
name = "endless"
version = "1"
[[step]]
name = "again"
spawn = { class = "endless", wait = true }
TOML
jq class register endless.toml >/dev/null
printf '[ticket]\nclass = "endless"\n' >ticket.toml
job=$(jq submit ticket.toml)
expect_exit 1 jq wait "$job"
expect_match "does a class submit itself" "$(reason_of $((job + 20)))"
printf '[[step]]\nname = "a"\nspawn = { class = "prat" }\n' >typo.toml
expect_exit 5 jq submit typo.toml
expect_match "step a: .*prat" "$(<err)"
ok
