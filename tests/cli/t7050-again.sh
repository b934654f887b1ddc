#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Loops: a flow that goes back until two files agree, or as often as it may; and its rounds when the
# controller is killed among them.
. "$(dirname "$0")/lib.sh"
start_up --cpus 4

# steps JOB FIELDS: of each step, in the processor's words.
steps() { jq show "$1" --json | json -r "[.steps[] | $2] | join(\" \")"; }
history_of() {
  jq show "$1" --json |
    json -r --arg what "$2" '.history[] | select(.what == $what) | .detail'
}
attempts_of_verify() {
  jq show "$job" --json | json -r --arg key "$1" '[.steps[1].attempts[][$key]] | join(" ")'
}

# calc adds a line to a file in each round; verify compares it with what is wanted.
write_flow() {
  cat >flow.toml <<TOML
[[step]]
name = "calc"
run = "echo \$JOBQ_ROUND >>found; until [ ! -e stop.\$JOBQ_ROUND ]; do sleep 0.02; done"

[[step]]
name = "verify"
after = ["calc"]
script = """
cmp -s found wanted && jq report success --event same || jq report success --event differs
"""
again = { to = "calc", when = "event=differs", max = $1 }

[[step]]
name = "publish"
after = ["verify.event=same"]
run = "echo \${steps.verify.event} \$JOBQ_ROUND >published"
TOML
  rm -f found published
}

test_begin "it goes round until the files agree, and then on"
printf '1\n2\n3\n' >wanted
write_flow 10
job=$(jq submit flow.toml)
expect_exit 0 jq wait "$job"
expect_eq "$(<wanted)" "$(<found)"
expect_eq "same 3" "$(<published)"
expect_eq "calc=3 verify=3 publish=1" "$(steps "$job" '"\(.name)=\(.attempts | length)"')"
expect_eq "1 2 3" "$(attempts_of_verify round)"
expect_eq '{"to":"calc","when":"event=differs","max":10,"went_back":2}' \
  "$(jq show "$job" --json | json -c '.steps[1].again')"
expect_eq "step verify goes back to calc, 1 of 10 times: event=differs
step verify goes back to calc, 2 of 10 times: event=differs" "$(history_of "$job" again)"
jq show "$job" >shown
expect_match "round 3 of 11" "$(<shown)"
expect_match "ROUND" "$(<shown)"
ok

test_begin "it stops when it went back as often as it may, and says so"
echo never >wanted
write_flow 2
job=$(jq submit flow.toml)
expect_exit 0 jq wait "$job"
expect_eq "calc=succeeded verify=succeeded publish=skipped" \
  "$(steps "$job" '"\(.name)=\(.state)"')"
expect_eq "calc=3 verify=3 publish=0" "$(steps "$job" '"\(.name)=\(.attempts | length)"')"
expect_match "its loop is used up: it went back to calc 2 of 2 times" \
  "$(jq show "$job" --json | json -r '.steps[1].reason')"
expect_match "step verify: its loop is used up" "$(history_of "$job" "loop used up")"
ok

test_begin "a failure is handled while rounds are left, and is one after that"
cat >flow.toml <<'TOML'
run = "echo round $JOBQ_ROUND attempt $JOBQ_ATTEMPT; exit 3"
retry = { max = 1 }
again = { to = "main", when = "failure", max = 1 }
TOML
job=$(jq submit flow.toml)
expect_exit 1 jq wait "$job"
expect_match "step main: exit code 3; its loop is used up" "$(reason_of "$job")"
for attempt in 1 2 3 4; do
  expect_eq "round $(((attempt + 1) / 2)) attempt $attempt" \
    "$(jq output "$job" --attempt "$attempt")"
done
ok

test_begin "rounds go on where they were when the controller is killed among them"
printf '1\n2\n3\n4\n' >wanted
write_flow 3
touch stop.2 stop.3
job=$(jq submit flow.toml)
in_round() {
  [[ $(jq show "$job" --json | json -r '.steps[0] | "\(.state) \(.round)"') == "running $1" ]]
}
wait_for 20 in_round 2
stop up KILL
start_up --cpus 4
wait_for 20 in_round 2
rm stop.2
wait_for 20 in_round 3
# Held, it is between two rounds for the next controller.
jq hold "$job"
stop up KILL
start_up --cpus 4
rm stop.3
expect_eq 2 "$(jq show "$job" --json | json '.steps[1].again.went_back')"
jq release "$job"
expect_exit 0 jq wait "$job"
expect_eq "$(<wanted)" "$(<found)"
expect_eq "same 4" "$(<published)"
expect_eq "1 2 3 4" "$(attempts_of_verify attempt)"
ok

test_begin "a loop that cannot be is refused, with its place"
cat >flow.toml <<'TOML'
[[step]]
name = "a"
run = "true"
again = { to = "b", when = "failure", max = 2 }

[[step]]
name = "b"
run = "true"
after = ["a"]
TOML
expect_exit 2 jq submit flow.toml
expect_match "flow.toml:4:16: 'a' does not come after 'b', so it cannot go back there" "$(<err)"
ok
