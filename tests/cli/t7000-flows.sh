#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Flows: branches, joins, failures that are handled and that are not, a cancel by a step, a time
# limit; and cleanup after each of them.
. "$(dirname "$0")/lib.sh"
start_up --cpus 4

# outcomes JOB: the steps as name=outcome, skipped ones without.
outcomes() {
  jq show "$1" --json | json -r '[.steps[] | "\(.name)=\(.outcome // "")"] | join(" ")'
}
run_flow() { jq submit flow.toml; }

test_begin "branches run side by side, the event value chooses, a join waits for both"
cat >flow.toml <<'TOML'
[[step]]
name = "split"
run = "true"

# Each waits for the other: they end only when they run at the same time.
[[step]]
name = "left"
after = ["split"]
run = "touch left; until [ -e right ]; do sleep 0.02; done"

[[step]]
name = "right"
after = ["split"]
run = "touch right; until [ -e left ]; do sleep 0.02; done"

[[step]]
name = "check"
after = ["left", "right"]
script = """
jq report success --event green
"""

[[step]]
name = "go"
after = ["check.event=green"]
run = "echo ${steps.check.event} $JOBQ_EVENT_CHECK >went"

[[step]]
name = "stay"
after = ["check.event=red"]
run = "touch stayed"

[cleanup]
run = "echo cleaned >cleanup"
TOML
job=$(run_flow)
expect_exit 0 jq wait "$job"
expect_eq JD "$(state_of "$job")"
expect_eq "split=success left=success right=success check=success go=success stay=" \
  "$(outcomes "$job" | sed 's/ cleanup=success$//')"
expect_eq "green green" "$(<went)"
[[ ! -e stayed ]] || fail "the branch that was not chosen ran"
expect_eq cleaned "$(<cleanup)"
ok

test_begin "the flow can be drawn: for a terminal, for Graphviz, as JSON; also when it has ended"
jq show "$job" --graph >graph
want="*   split
+-+
| * left
| |
* | right
+-+
*   check
+-+
| * go
|
.   stay
*   cleanup"
expect_eq "$want" "$(sed -E 's/  +(succeeded|skipped).*//' graph)"
expect_match 'stay +skipped  .*after check.event=red' "$(<graph)"
jq show "$job" --dot >flow.dot
expect_match '"check" -> "go" \[label="event=green", style=solid\];' "$(<flow.dot)"
expect_eq "left right" "$(jq show "$job" --json | json -r '.steps[3].after | join(" ")')"
array=$(jq submit --hold --array 0-1 -- true)
expect_exit 2 jq show "$array" --graph
expect_match "show '$array\[INDEX\]' --graph" "$(<err)"
expect_eq "o main" "$(jq show "${array}[1]" --graph | cut -d' ' -f1,2)"
expect_exit 2 jq show node n1 --graph
expect_match "'node' is no job number" "$(<err)"
expect_exit 2 jq show "$job" --graph --json
ok

test_begin "a failure that a step names is handled: the job goes on and is done"
rm cleanup
cat >flow.toml <<'TOML'
[[step]]
name = "calc"
run = "exit 3"

[[step]]
name = "use"
after = ["calc"]
run = "touch used"

[[step]]
name = "repair"
after = ["calc.failure"]
run = "touch repaired"

[[step]]
name = "publish"
after_any = ["use", "repair"]
run = "touch published"

[cleanup]
run = "echo cleaned >cleanup"
TOML
job=$(run_flow)
expect_exit 0 jq wait "$job"
expect_eq "calc=failure use= repair=success publish=success cleanup=success" "$(outcomes "$job")"
[[ -e repaired && -e published && ! -e used && -e cleanup ]] || fail "$(ls)"
ok

test_begin "an unhandled failure ends the job as JE, after its cleanup"
rm cleanup
cat >flow.toml <<'TOML'
[[step]]
name = "calc"
run = "exit 3"

[[step]]
name = "later"
after = ["calc"]
run = "touch later"

[cleanup]
run = "echo cleaned >cleanup"
TOML
job=$(run_flow)
expect_exit 1 jq wait "$job"
expect_eq JE "$(state_of "$job")"
expect_match "calc.*exit code 3" "$(reason_of "$job")"
[[ ! -e later && -e cleanup ]] || fail "$(ls)"
ok

test_begin "with on_failure = continue independent branches go on, and the job is still JE"
cat >flow.toml <<'TOML'
[ticket]
on_failure = "continue"

[[step]]
name = "bad"
run = "exit 1"

[[step]]
name = "good"
run = "until [ -e bad-ended ]; do sleep 0.02; done"

[[step]]
name = "more"
after = ["good"]
run = "touch more"
TOML
job=$(run_flow)
bad_ended() { jq show "$job" --json | json -e '.steps[0].outcome == "failure"'; }
wait_for 10 bad_ended
touch bad-ended
expect_exit 1 jq wait "$job"
[[ -e more ]] || fail "the good branch stopped"
ok

test_begin "a step that cancels ends the job as JC, after its cleanup"
rm cleanup
cat >flow.toml <<'TOML'
[[step]]
name = "decide"
run = "exit 77"
exit = { cancel = [77] }

[[step]]
name = "later"
after = ["decide"]
run = "touch later"

[cleanup]
run = "echo cleaned >cleanup"
TOML
job=$(run_flow)
expect_exit 130 jq wait "$job"
expect_eq JC "$(state_of "$job")"
[[ ! -e later && -e cleanup ]] || fail "$(ls)"
ok

test_begin "a time limit ends the steps, the reason is the limit, cleanup runs"
rm cleanup
cat >flow.toml <<'TOML'
[ticket]
time_limit = "300ms"

[[step]]
name = "long"
run = "sleep 1000"

[cleanup]
run = "echo cleaned >cleanup"
TOML
job=$(run_flow)
expect_exit 1 jq wait "$job"
expect_eq JE "$(state_of "$job")"
expect_match "time limit" "$(reason_of "$job")"
[[ -e cleanup ]] || fail "no cleanup"
ok

test_begin "exit codes mean what the step says they mean"
cat >flow.toml <<'TOML'
[[step]]
name = "odd"
run = "exit 1"
exit = { success = [1], failure = [0] }
TOML
job=$(run_flow)
expect_exit 0 jq wait "$job"
ok

test_begin "parameters reach steps as values and as environment"
cat >class.toml <<'TOML'
[class]
name = "greet"
version = "1"
[class.params]
who = { required = true }
how = { default = "hello" }
[[step]]
name = "say"
run = ["printf", "%s %s %s\n", "${how}", "${who}", "$${who}"]
[[step]]
name = "tell"
after = ["say"]
script = "echo $JOBQ_PARAM_HOW $JOBQ_PARAM_WHO $JOBQ_CLASS"
TOML
jq class register class.toml
job=$(jq submit --class greet --param who="the world")
expect_exit 0 jq wait "$job"
expect_eq 'hello the world ${who}' "$(jq output "$job.say")"
expect_eq "hello the world greet" "$(jq output "$job.tell")"
expect_exit 2 jq submit --class greet
expect_match "who" "$(<err)"
ok

test_begin "a step may report an event alone: its exit code decides the outcome"
cat >flow.toml <<'TOML'
[[step]]
name = "verify"
script = """
jq report --event differs
exit 3
"""

[[step]]
name = "again"
after = ["verify.event=differs"]
run = "touch again"
TOML
job=$(run_flow)
expect_exit 0 jq wait "$job"
expect_eq "verify=failure again=success" "$(outcomes "$job")"
ok
