#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Classes: registered, listed, shown, run with parameters, retired. Named resources beside them.
. "$(dirname "$0")/lib.sh"
start_up --cpus 2

plan() { # plan VERSION WORD
  cat <<END
# a comment that is kept
[class]
name = "daily-plan"
version = "$1"
priority = 60
[class.params]
day = { required = true }
region = { default = "all" }

[[step]]
name = "calc"
run = "echo $2 \${day} \${region}"
END
}

test_begin "a class is registered from a file, and its name and version are printed"
plan 1 first >plan.toml
expect_exit 0 jq class register plan.toml
expect_eq "daily-plan@1" "$(<out)"
expect_exit 0 jq class register --json plan.toml
expect_eq '{"name":"daily-plan","version":"1"}' "$(<out)"
ok

test_begin "the same text again changes nothing, another one needs a new version"
plan 1 changed >changed.toml
expect_exit 1 jq class register changed.toml
expect_match "version" "$(<err)"
plan 2 second | jq class register - >out
expect_eq "daily-plan@2" "$(<out)"
ok

test_begin "list and show give versions and the text as it was written"
jq class list --json >list
expect_eq "daily-plan 1 daily-plan 2" \
  "$(json -r '"\(.name) \(.version)"' list | sort | paste -sd' ')"
expect_eq '["file","name","registered","retired","user","version"]' "$(head -1 list | json -c keys)"
expect_eq "CLASS VERSION USER REGISTERED RETIRED" "$(jq class list | sed -n 1p | xargs)"
jq class show daily-plan@1 >shown
cmp plan.toml shown
expect_eq "$(plan 2 second)" "$(jq show class daily-plan)"
expect_eq "2" "$(jq show daily-plan --json | json -r .version)"
ok

test_begin "a class runs with parameters; the newest version unless one is named"
job=$(jq submit --class daily-plan --param day=monday)
expect_exit 0 jq wait "$job"
expect_eq "second monday all" "$(jq output "$job")"
expect_eq "daily-plan 2 60" \
  "$(jq show "$job" --json | json -r '"\(.class) \(.class_version) \(.priority)"')"
job=$(jq submit --class daily-plan@1 --param day=monday --param region=north --priority 3)
expect_exit 0 jq wait "$job"
expect_eq "first monday north" "$(jq output "$job")"
expect_eq "$job" "$(jq history --json --class daily-plan --limit 1 | json .job)"
job=$(echo '{"ticket": {"class": "daily-plan", "params": {"day": "sunday"}}}' | jq submit -)
expect_exit 0 jq wait "$job"
expect_eq "second sunday all" "$(jq output "$job")"
ok

test_begin "missing and unknown parameters are refused"
expect_exit 2 jq submit --class daily-plan --param day
expect_exit 2 jq submit --class daily-plan
expect_match "requires the parameter 'day'" "$(<err)"
expect_exit 2 jq submit --class daily-plan --param day=x --param regoin=y
expect_match "did you mean 'region'" "$(<err)"
expect_exit 2 jq submit --class daily-plan --param day=x -- echo
ok

test_begin "a retired version is not run, and the one before it is the newest"
expect_exit 0 jq class retire daily-plan@2
job=$(jq submit --class daily-plan --param day=monday)
expect_exit 0 jq wait "$job"
expect_eq "first monday all" "$(jq output "$job")"
expect_exit 0 jq class retire daily-plan
code=0 && jq submit --class daily-plan --param day=x 2>err || code=$?
((code == 1 || code == 5)) || fail "a retired class was run: $code"
expect_match 'T' "$(jq class list --json | json -r 'select(.version == "1").retired')"
expect_eq 2 "$(jq class show daily-plan --json | json -r .version)"
expect_eq 1 "$(jq class show daily-plan@1 --json | json -r .version)"
ok

test_begin "what does not exist is said with exit code 5"
expect_exit 5 jq class show no-such-class
expect_exit 5 jq class retire no-such-class
expect_exit 5 jq submit --class no-such-class
expect_match "no-such-class" "$(<err)"
expect_exit 2 jq class
expect_exit 2 jq class regsiter plan.toml
expect_match "did you mean 'register'" "$(<err)"
ok

test_begin "resources are created, listed and removed"
expect_exit 0 jq resource create db
expect_exit 0 jq resource create solver --tokens 4
expect_exit 0 jq resource create db
expect_exit 1 jq resource create db --tokens 2
jq resource list --json >list
expect_eq "db exclusive 1 1 [] solver tokens 4 4 []" \
  "$(json -r '"\(.name) \(.kind) \(.total) \(.free) \(.holders)"' list | sort | paste -sd' ')"
mkfifo gate
job=$(jq submit --exclusive db --tokens solver=3 -- sh -c 'read -r x <gate')
holds() { jq resource list --json | json -e "select(.name == \"solver\") | .free == 1"; }
wait_for 5 holds
expect_eq "[{\"job\":$job,\"index\":null,\"amount\":3}]" \
  "$(jq show resource solver --json | json -c .holders)"
expect_match "solver +tokens +4 +1 +$job \(3\)" "$(jq resource list | tail -1)"
expect_exit 1 jq resource remove db
echo >gate
expect_exit 0 jq wait "$job"
expect_exit 0 jq resource remove db solver
expect_eq "" "$(jq resource list --json)"
expect_exit 5 jq resource remove db
expect_exit 2 jq resource create x --tokens 0
ok
