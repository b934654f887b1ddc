#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Submitting: commands, scripts, tickets; what is printed; what travels with a job.
. "$(dirname "$0")/lib.sh"
start_up --cpus 4

# output_of WORDS...: submits, waits for success, prints what the job wrote.
output_of() {
  local job
  job=$(jq submit "$@")
  jq wait -q "$job"
  jq output "$job"
}

test_begin "a submitted command's number is alone on its line"
expect_exit 0 jq submit -- true
expect_match '^[0-9]+$' "$(<out)"
expect_eq "" "$(<err)"
expect_exit 0 jq submit --json -- true
expect_match '^[0-9]+$' "$(json .job out)"
expect_exit 0 jq submit -q -- true
expect_eq "" "$(<out)"
ok

test_begin "a command runs as it was typed, where it was typed"
mkdir "a dir"
cd "a dir" || exit
expect_eq "$PWD" "$(output_of -- pwd)"
cd ..
# shellcheck disable=SC2016
expect_eq '${job} $HOME a  b' "$(output_of -- printf %s '${job} $HOME a  b')"
expect_eq "-- --name" "$(output_of -- echo -- --name)"
expect_eq "/" "$(output_of --workdir / -- pwd)"
ok

test_begin "the dashes may be left out; then the first word ends the options"
expect_eq "--json 17" "$(output_of echo --json 17)"
ok

test_begin "PATH, LANG and LC_* travel; the rest of the environment where it is asked for"
export LC_TIME=C MINE=1 YOURS=2
# The node puts a folder with our own jq in front.
expect_match ":$PATH\$" "$(output_of -- printenv PATH)"
expect_eq C "$(output_of -- printenv LC_TIME)"
expect_eq "unset" "$(output_of -- sh -c 'echo ${MINE-unset}')"
expect_eq "1 x=y unset" \
  "$(output_of --env MINE --env NEW=x=y -- sh -c 'echo $MINE $NEW ${YOURS-unset}')"
expect_eq "1 2" "$(output_of --export-env -- sh -c 'echo $MINE $YOURS')"
ok

test_begin "a step knows who it is"
job=$(jq submit --name who --cpus 2 --memory 64M -- printenv)
expect_exit 0 jq wait "$job"
jq output "$job" >environment
for want in JOBQ_JOB="$job" JOBQ_STEP=main JOBQ_ATTEMPT=1 JOBQ_CPUS=2; do
  grep -qx "$want" environment || fail "$want is not in the environment: $(<environment)"
done
ok

test_begin "a script's text is sent with its arguments, and its #JQ lines are options"
cat >collect.sh <<'END'
#!/bin/bash
#JQ --cpus 2 --name 'from script'
#JQ --env GREETING="good morning"
echo "$GREETING $1 $#"
echo changed >"$0" 2>/dev/null || true
END
job=$(jq submit collect.sh "an argument" more)
expect_exit 0 jq wait "$job"
expect_eq "good morning an argument 2" "$(jq output "$job")"
expect_eq "from script 2" "$(jq show "$job" --json | json -r '"\(.name) \(.needs.cpus)"')"
grep -q GREETING collect.sh || fail "the submitter's file was changed by the job"
ok

test_begin "the command line wins over #JQ lines"
job=$(jq submit --name "from here" --hold collect.sh x)
expect_eq "from here HD" "$(jq show "$job" --json | json -r '"\(.name) \(.state)"')"
expect_exit 0 jq cancel "$job"
ok

test_begin "a script comes from standard input too"
job=$(jq submit - first <<'END'
#!/bin/sh
#JQ --name piped
echo "$1"
END
)
expect_exit 0 jq wait "$job"
expect_eq first "$(jq output "$job")"
expect_eq piped "$(jq show "$job" --json | json -r .name)"
ok

test_begin "after the dashes a script is a command"
chmod +x collect.sh
job=$(jq submit -- ./collect.sh x)
expect_exit 0 jq wait "$job"
expect_eq run "$(jq show "$job" --json | json -r '.steps[0].kind')"
ok

test_begin "a ticket file in TOML or JSON, and options that change it as a whole"
cat >plan.toml <<'END'
[ticket]
name = "plan"
priority = 7
[[step]]
name = "calc"
run = "echo calc ${steps.calc.event}$JOBQ_STEP"
END
sed -i 's/\${steps.calc.event}//' plan.toml
job=$(jq submit plan.toml)
expect_exit 0 jq wait "$job"
expect_eq "calc calc" "$(jq output "$job.calc")"
expect_eq "plan 7 $PWD" "$(jq show "$job" --json | json -r '"\(.name) \(.priority) \(.workdir)"')"
cat >plan.json <<'END'
{
  "run": ["echo", "json"],
  "ticket": {"name": "in json"}
}
END
expect_eq json "$(output_of plan.json)"
expect_eq json "$(output_of - <plan.json)"
job=$(jq submit --name other --priority 9 --hold plan.toml)
expect_eq "other 9 HD" "$(jq show "$job" --json | json -r '"\(.name) \(.priority) \(.state)"')"
expect_exit 0 jq cancel "$job"
expect_exit 2 jq submit --cpus 4 plan.toml
expect_match "where the steps are said" "$(<err)"
ok

test_begin "--wait passes the outcome on"
expect_exit 0 jq submit --wait -- true
expect_exit 1 jq submit --wait -- sh -c 'exit 3'
expect_match 'exit code 3' "$(<err)"
job=$(jq submit --hold -- true)
(expect_exit 130 jq wait "$job") &
wait_for 5 jq cancel "$job"
wait $!
ok

test_begin "Ctrl-C ends the waiting and not the job"
mkfifo go
(trap - INT && exec jq submit --wait -- sh -c 'read -r x <go; echo done' >number 2>said) &
waiter=$!
wait_for 5 grep -q . number
wait_for 5 is_state BP "$(<number)"
interrupted() { kill -INT $waiter 2>/dev/null; ! running $waiter; }
wait_for 5 interrupted
code=0 && wait $waiter || code=$?
expect_eq 130 $code
expect_match "job $(<number) goes on" "$(<said)"
echo >go
expect_exit 0 jq wait "$(<number)"
ok

test_begin "the same key gives the same job"
first=$(jq submit --key nightly-1 -- true)
expect_eq "$first" "$(jq submit --key nightly-1 -- true)"
[[ $(jq submit --key nightly-2 -- true) != "$first" ]] || fail "another key gave the same job"
ok

test_begin "--dry-run checks and records nothing"
before=$(jq submit -- true)
expect_exit 0 jq submit --dry-run -- true
expect_eq "ok; would start now" "$(<out)"
expect_match "would be accepted" "$(<err)"
expect_exit 0 jq submit --dry-run --quiet -- true
expect_eq "" "$(<out)"
expect_exit 0 jq submit --dry-run --json -- true
expect_eq '[null,true,false]' "$(json -c '[.job, .accepted, .is_estimate]' out)"
expect_match '^20[0-9-]+T' "$(json -r .expected_start out)"
expect_exit 0 jq submit --dry-run --key nightly-1 -- true
expect_eq "ok; already submitted as job $first" "$(<out)"
expect_exit 0 jq submit --dry-run --key nightly-1 --json -- true
expect_eq "[$first,true,null]" "$(json -c '[.job, .accepted, .expected_start]' out)"
expect_exit 0 jq submit --dry-run --key nightly-3 --json -- true
expect_eq null "$(json .job out)"
expect_exit 1 jq submit --dry-run --cpus 4000 -- true
expect_match "4000" "$(<err)"
expect_eq $((before + 1)) "$(jq submit -- true)"
ok

test_begin "a parameter is in the environment of a command"
# shellcheck disable=SC2016
expect_eq 7 "$(output_of --param seed=7 -- sh -c 'echo $JOBQ_PARAM_SEED')"
ok

test_begin "output and error go to files where that is asked for"
job=$(jq submit --output 'o.%j' --error 'e.%j' -- sh -c 'echo out; echo err >&2')
expect_exit 0 jq wait "$job"
expect_eq out "$(<"o.$job")"
expect_eq err "$(<"e.$job")"
expect_eq out "$(jq output "$job" 2>/dev/null)"
expect_eq err "$(jq output --error "$job")"
ok

test_begin "a file that is nothing that could be submitted is not taken for a command"
echo 'run = "true"' >plan.tml
expect_exit 2 jq submit plan.tml
expect_match "plan.tml is a file that is neither a ticket .* nor a script" "$(<err)"
expect_exit 0 jq submit --hold -- plan.tml
ok
