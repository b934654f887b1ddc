#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Two flows meet at ten points: whoever comes first, and through kill -9 of the controller.
. "$(dirname "$0")/lib.sh"
start_up

# flow NAME OTHER: at each point it sends to the other, and waits for what the other sends.
flow() {
  printf '[ticket]\nname = "%s"\n' "$1"
  for n in 0 1 2 3 4 5 6 7 8 9; do
    printf '[[step]]\nname = "put%s"\n' "$n"
    printf 'send = { to = "%s", event = "point%s", payload = "%s" }\n' "$2" "$n" "$1-$n"
    ((n == 0)) || printf 'after = ["get%s"]\n' "$((n - 1))"
    printf '[[step]]\nname = "get%s"\nafter = ["put%s"]\n' "$n" "$n"
    printf 'recv = { event = "point%s", from = "%s" }\ntime_limit = "60s"\n' "$n" "$2"
  done
}
flow left right >left.toml
flow right left >right.toml

# met JOB OTHER: it received each event of the other once, in order.
met() {
  expect_eq "$2-0 $2-1 $2-2 $2-3 $2-4 $2-5 $2-6 $2-7 $2-8 $2-9" \
    "$(jq show "$1" --json | json -r '[.steps[] | select(.kind == "recv") | .event] | join(" ")')"
  expect_eq 10 "$(jq show "$1" --json |
    json '[.steps[] | select(.kind == "recv") | .attempts[]] | length')"
  expect_eq "" "$(jq event list --json)"
}
is_waiting() { [[ $(jq event list --json | grep -c '"kind":"receiver"') == "$1" ]]; }

test_begin "two flows meet at ten points, whichever comes first"
for first in left right; do
  second=$([[ $first == left ]] && echo right || echo left)
  one=$(jq submit "$first.toml")
  wait_for 10 is_waiting 1
  other=$(jq submit "$second.toml")
  expect_exit 0 jq wait "$one" "$other"
  met "$one" "$second"
  met "$other" "$first"
done
ok

# slow NAME OTHER: with a process at each point, so that a kill comes between.
slow() {
  printf '[ticket]\nname = "%s"\n' "$1"
  for n in 0 1 2 3 4 5 6 7 8 9; do
    printf '[[step]]\nname = "work%s"\nrun = "echo %s >>%s.log"\n' "$n" "$n" "$T/$1"
    ((n == 0)) || printf 'after = ["get%s"]\n' "$((n - 1))"
    printf '[[step]]\nname = "put%s"\nafter = ["work%s"]\n' "$n" "$n"
    printf 'send = { to = "%s", event = "point%s", payload = "%s" }\n' "$2" "$n" "$1-$n"
    printf '[[step]]\nname = "get%s"\nafter = ["put%s"]\n' "$n" "$n"
    printf 'recv = { event = "point%s", from = "%s" }\n' "$n" "$2"
  done
}
slow left right >left.toml
slow right left >right.toml

test_begin "no event is lost or repeated where the controller is killed in between"
one=$(jq submit left.toml)
wait_for 10 is_waiting 1
other=$(jq submit right.toml)
at_least() { (($(wc -l <"$T/left.log") >= $1)); }
for lines in 2 5 8; do
  wait_for 20 at_least "$lines"
  stop up KILL
  start_up
done
expect_exit 0 jq wait "$one" "$other"
met "$one" right
met "$other" left
expect_eq "0 1 2 3 4 5 6 7 8 9" "$(paste -sd' ' left.log)"
expect_eq "0 1 2 3 4 5 6 7 8 9" "$(paste -sd' ' right.log)"
ok

test_begin "jq why says what a flow waits for, and what can never be met"
over=$(jq submit -- true)
expect_exit 0 jq wait "$over"
cat >never.toml <<END
[[step]]
name = "get"
recv = { event = "ready", from = "$over" }
END
job=$(jq submit never.toml)
wait_for 10 is_waiting 1
jq why "$job" --json >why.json
expect_eq event "$(json -r '.blockers[0].kind' <why.json)"
expect_match "can never be met: job $over.*has ended" "$(json -r '.blockers[0].text' <why.json)"
expect_match "jq event send $job ready" "$(json -r '.blockers[0].remedy' <why.json)"
jq event send "$job" ready now
expect_exit 0 jq wait "$job"
expect_eq now "$(jq show "$job" --json | json -r '.steps[0].event')"
ok
