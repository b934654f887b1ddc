#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Refusals: exit codes, messages with a way out, errors as JSON, faulty tickets.
. "$(dirname "$0")/lib.sh"

test_begin "no controller: exit code 3, with what was tried and what to do"
for command in "queue" "submit -- true" "show 1" "why 1" "wait 1" "output 1" "history" "hold 1" \
  "release 1" "cancel 1" "class list" "node list" "resource list"; do
  # shellcheck disable=SC2086
  expect_exit 3 jq $command
  expect_match "$T/sock \(JOBQ_SOCKET\)" "$(<err)"
  expect_match "jobq up" "$(<err)"
  expect_eq "" "$(<out)"
done
# The machine may have a jobq of its own, which would answer.
if [[ ! -S /run/jobq/controller.sock ]]; then
  expect_exit 3 env -u JOBQ_SOCKET jq queue
  expect_match "$T/run/jobq/controller.sock \(your own\)" "$(<err)"
  expect_match "/run/jobq/controller.sock \(the system's\)" "$(<err)"
fi
expect_exit 2 jq queue --socket "$T/a" --controller b:1
ok

test_begin "bad usage: exit code 2, before anything is asked"
while read -r line; do
  # shellcheck disable=SC2086
  expect_exit 2 jq $line
  [[ -s err ]] || fail "no message for: jq $line"
  expect_eq "" "$(<out)"
done <<'END'
queue --nonsense
queue --limit many
queue --limit
queue --state NOPE
history --since never
submit
submit --cpus four -- true
submit --memory lots -- true
submit --time soon -- true
submit --param novalue -- true
submit --env =x -- true
submit --need disk=x -- true
submit --class c -- true
submit --priority 5000 -- true
submit missing.toml
show
why
why x
wait
wait 5-3
output
output 1 2
hold
cancel --signal NOPE 1
class
class register
class register missing.toml
class list x
node drain
resource create
resource create x --tokens none
report
report maybe
report success
version x
help no-such-verb
END
ok

test_begin "a number out of range is told the range"
expect_exit 2 jq submit --cpus 99999999999 -- true
expect_match "--cpus: 99999999999 is out of range; expected a number of 0 to 4294967295" "$(<err)"
for priority in -1 1001 99999999999 high; do
  expect_exit 2 jq submit --priority "$priority" -- true
  expect_match "'$priority' is no priority; expected a number of 0 to 1000" "$(<err)"
done
ok

test_begin "with --json every error is a document on standard output too"
expect_exit 3 jq queue --json
expect_eq unreachable "$(json -r .error.code out)"
expect_match "no controller answers" "$(json -r .error.message out)"
expect_match "no controller answers" "$(<err)"
expect_exit 2 jq queue --json --nonsense
expect_eq usage "$(json -r .error.code out)"
ok

start_up --cpus 1
expect_exit 5 jq show 999999 --json
expect_eq not_found "$(json -r .error.code out)"
job=$(jq submit -- true)

# refused PLACE EXPECTATION: the ticket on standard input is refused by a message with both.
refused() {
  cat >bad.toml
  expect_exit 2 jq submit bad.toml
  expect_match "bad.toml:$1" "$(<err)"
  expect_match "$2" "$(<err)"
}

test_begin "faulty tickets are refused whole, with place and expectation"
refused 1:1 'expected' <<'END'
[[stop]]
name = "a"
END
refused 3:1 "did you mean 'after'" <<'END'
[[step]]
name = "a"
aftre = ["b"]
run = "true"
END
refused 4: "no step is named 'aa'" <<'END'
[[step]]
name = "a"
run = "true"
after = ["aa"]
END
refused '[0-9]+:' 'a -> b -> a|b -> a -> b' <<'END'
[[step]]
name = "a"
run = "true"
after = ["b"]
[[step]]
name = "b"
run = "true"
after = ["a"]
END
refused 3: 'day' <<'END'
[[step]]
name = "a"
run = "echo ${day}"
END
refused '[0-9]+:' 'run' <<'END'
[[step]]
name = "a"
END
refused 4: 'memory|size|8G' <<'END'
[[step]]
name = "a"
run = "true"
needs = { memory = "lots" }
END
refused 2: '1000' <<'END'
[ticket]
priority = 100000
[[step]]
name = "a"
run = "true"
END
refused '[0-9]+:' 'a' <<'END'
[[step]]
name = "a"
run = "true"
[[step]]
name = "a"
run = "true"
END
refused 3: '255' <<'END'
[[step]]
name = "a"
exit = { success = [256] }
run = "true"
END
refused 2: 'string' <<'END'
[[step]]
name = "a
run = "true"
END
ok

test_begin "all errors of a file are told, not the first alone"
refused 2: 'has 2 errors' <<'END'
[[step]]
name = 7
aftre = ["b"]
run = "true"
END
expect_match "bad.toml:3:" "$(<err)"
ok

test_begin "nothing was recorded of what was refused"
expect_eq $((job + 1)) "$(jq submit -- true)"
ok

test_begin "needs that nothing could ever meet are refused with the nearest miss"
expect_exit 1 jq submit --cpus 64 -- true
expect_match "64" "$(<err)"
expect_exit 1 jq submit --exclusive no-such-thing -- true
expect_match "no-such-thing" "$(<err)"
ok

test_begin "a class file is no ticket"
printf '[class]\nname = "c"\nversion = "1"\n[[step]]\nname = "a"\nrun = "true"\n' >class.toml
expect_exit 2 jq submit class.toml
expect_match "jq class register class.toml" "$(<err)"
ok

test_begin "slips of the command line are named, with what was meant"
expect_exit 2 jq submit --need cpus=1 -- true
expect_match "'cpus' has an option of its own: --cpus 1" "$(<err)"
printf '#!/bin/bash\r\ntrue\r\n' >windows.sh
expect_exit 2 jq submit windows.sh
expect_match "line ends of Windows" "$(<err)"
code=0 && jq submit no-such.sh 2>err || code=$?
((code != 0)) || fail "a script that is not there was submitted"
expect_match "jq submit -- no-such.sh" "$(<err)"
expect_exit 2 jq history --since 10:00
expect_match "'10:00' is not a time" "$(<err)"
ok

test_begin "an output that cannot be written is an error"
if [[ -w /dev/full ]]; then
  code=0 && jq queue >/dev/full 2>err || code=$?
  expect_eq 1 "$code"
  expect_match "cannot write to standard output" "$(<err)"
fi
ok

test_begin "report is for steps"
expect_exit 2 jq report success
expect_match "no step of a job" "$(<err)"
cat >steps.toml <<'END'
[[step]]
name = "fails"
run = "jq report failure --event red"
[[step]]
name = "next"
after = ["fails.event=red"]
run = "jq report cancel; exit 0"
END
job=$(jq submit steps.toml)
expect_exit 130 jq wait "$job"
expect_eq "failure red cancel" \
  "$(jq show "$job" --json | json -r '.steps | "\(.[0].outcome) \(.[0].event) \(.[1].outcome)"')"
ok
