#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Arrays: one job whatever the size; elements that start in order, are throttled, named, held,
# cancelled and waited for; and that go on after the controller was killed.
. "$(dirname "$0")/lib.sh"
start_up --cpus 4

elements_of() { jq history --json "$1" | json -r 'select(.index != null) | "\(.index) \(.state)"'; }

test_begin "an array runs its command once for each index"
array=$(jq submit --array 0-10:5,3 --output 'out.%j.%a' -- \
  sh -c 'echo "$0 $JOBQ_ARRAY_INDEX of $JOBQ_JOB"' 'x{index}')
expect_exit 0 jq wait "$array"
for index in 0 3 5 10; do
  expect_eq "x$index $index of $array" "$(<"out.$array.$index")"
done
expect_eq "0 JD 10 JD 3 JD 5 JD" "$(elements_of "$array" | sort | xargs)"
expect_eq JD "$(state_of "$array")"
ok

test_begin "{index} is a text without an array, and a shell's own variable stays one"
job=$(jq submit --wait -- echo '{index}')
expect_eq "{index}" "$(jq output "$job")"
array=$(jq submit --array 7 --env 'SEED=s{index}' -- sh -c 'index=5; echo ${index} $SEED')
expect_exit 0 jq wait "$array"
expect_eq "5 s7" "$(jq output "${array}[7]")"
ok

test_begin "a million elements are one job that is submitted, shown and cancelled at once"
blocker=$(jq submit --cpus 4 -- sleep 1000)
expect_eq '{"job":'$((blocker + 1))'}' "$(jq submit --json --array '0-999999%50' -- true)"
array=$((blocker + 1))
expect_eq "0-999999 null WR" \
  "$(jq queue --json "$array" | json -r '"\(.elements) \(.index) \(.state)"')"
expect_eq 1000000 "$(jq show --json "$array" | json .array.total)"
expect_match "0-999999%50 \(1000000 elements\)" "$(jq show "$array")"
expect_match "has not started" "$(jq why "${array}[777]")"
expect_exit 5 jq show "${array}[1000000]"
expect_match "there is no ${array}\[1000000\]; the elements of job $array are 0-999999" \
  "$(<"$T/err")"
jq cancel "$array"
expect_exit 130 jq wait "$array"
expect_exit 130 jq wait "${array}[5]"
expect_eq JC "$(state_of "${array}[5]")"
jq cancel "$blocker"
ok

test_begin "the throttle limits how many run together, and says so"
array=$(jq submit --array '1-6%2' -- sh -c 'until [ -e go.'"'{index}'"' ]; do sleep 0.02; done')
now_running() { jq show --json "$array" | json -c .array.elements_running; }
two_run() { [[ $(now_running) == "[$1]" ]]; }
wait_for 10 two_run 1,2
expect_eq "3-6 QU" "$(jq queue --json "$array" |
  json -r 'select(.index == null) | "\(.elements) \(.state)"')"
expect_eq array_throttle "$(jq why --json "$array" | json -r '.blockers[0].kind')"
touch go.2
wait_for 10 two_run 1,3
ok

test_begin "elements are held and cancelled alone, before and after their start"
jq hold "${array}[4]"
jq cancel "${array}[5]"
jq cancel "${array}[1]"
expect_exit 130 jq wait "${array}[1]"
wait_for 10 two_run 3,6
expect_eq HD "$(state_of "${array}[4]")"
touch go.3 go.6 go.4
expect_exit 0 jq wait "${array}[6]"
jq release "${array}[4]"
expect_exit 130 jq wait "$array"
expect_eq "2 of 6 elements were cancelled" "$(reason_of "$array")"
ok

test_begin "elements go by their names in what holds others up"
array=$(jq submit --array 3-4 --cpus 2 -- sleep 1000)
other=$(jq submit -- true)
node=$(jq node list --json | json -r .name)
expect_eq "wait for jobs ${array}[3], ${array}[4] on $node to end" \
  "$(jq why --json "$other" | json -r '.blockers[0].remedy')"
jq cancel "${array}[3]"
expect_exit 0 jq wait "$other"
jq cancel "$array"
expect_exit 130 jq wait "$array"
ok

test_begin "an index that means nothing is refused: of a job that ended, and of no array"
array=$(jq submit --array 0-1 -- true)
expect_exit 0 jq wait "$array"
expect_exit 1 jq cancel "${array}[1]"
expect_match "job $array has ended: there is no ${array}\[1\] to cancel" "$(<err)"
expect_exit 1 jq hold "${array}[1]"
expect_match "there is no ${array}\[1\] to hold" "$(<err)"
inner=$((array + 1)) # the number under which its first element ran
for verb in show why output; do
  expect_exit 5 jq $verb "${inner}[0]"
  expect_match "job $inner is no array: there is no ${inner}\[0\]" "$(<err)"
  expect_exit 5 jq $verb "${array}[2]"
  expect_match "there is no ${array}\[2\]; the elements of job $array are 0-1" "$(<err)"
done
ok

test_begin "a directory with {index} is shown as it was given"
array=$(jq submit --hold --array 1-2 --workdir "$T/d{index}" --output 'o{index}' -- true)
expect_match "directory +$T/d\{index\}" "$(jq show "$array")"
expect_eq "$T/d{index} o{index}" "$(jq show --json "$array" | json -r '"\(.workdir) \(.output)"')"
jq cancel "$array"
ok

test_begin "a failure of an element is that of the array"
array=$(jq submit --array 0-3 -- sh -c 'exit $((JOBQ_ARRAY_INDEX == 2 ? 9 : 0))')
expect_exit 1 jq wait "$array"
expect_match "^1 of 4 elements failed; the first: ${array}\[2\]" "$(reason_of "$array")"
expect_exit 1 jq wait "${array}[2]"
expect_exit 0 jq wait "${array}[3]"
expect_eq 9 "$(jq show --json "${array}[2]" | json .exit_code)"
ok

test_begin "the same key gives the same array"
first=$(jq submit --key k1 --array 0-9 -- true)
expect_eq "$first" "$(jq submit --key k1 --array 0-9 -- true)"
expect_exit 0 jq wait "$first"
ok

test_begin "a script and a ticket ask for an array as well; a bad text is refused with its reason"
printf '#!/bin/sh\n#JQ --array 1-2\necho "i$JOBQ_ARRAY_INDEX"\n' >array.sh
array=$(jq submit array.sh)
expect_exit 0 jq wait "$array"
expect_eq i2 "$(jq output "${array}[2]")"
array=$(jq submit - <<<'{"run": ["echo", "v${index}"], "ticket": {"array": "3-4"}}')
expect_exit 0 jq wait "$array"
expect_eq v4 "$(jq output "${array}[4]")"
expect_exit 2 jq submit --array 9-0 -- true
expect_match "'9-0' goes down; expected the lower index first" "$(<"$T/err")"
ok

test_begin "an array goes on after the controller was killed: no index twice, none lost"
array=$(jq submit --array '0-199%4' -- sh -c 'echo {index} >>ran; sleep 0.02')
some_ran() { [[ -e ran && $(wc -l <ran) -ge 40 ]]; }
wait_for 20 some_ran
stop up KILL
start_up --cpus 4
expect_exit 0 jq wait "$array"
expect_eq "$(seq 0 199)" "$(sort -n ran)"
expect_eq 200 "$(jq show --json "$array" | json .array.done)"
ok
