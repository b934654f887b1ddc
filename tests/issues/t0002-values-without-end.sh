#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# A small ticket whose values make a huge script ended the controller, or cut its node off, again
# and again.
. "$(dirname "$0")/../cli/lib.sh"

start_up --cpus 1
# register NAME TIMES BYTES: a class whose script names a parameter of so many bytes so many times.
register() {
  printf '{"class": {"name": "%s", "version": "1", "params": {"p": {"default": "%s"}}},
           "script": "true # %s"}\n' \
    "$1" "$(head -c "$3" /dev/zero | tr '\0' x)" "$(repeated '${p}' "$2")" >"$1.json"
  expect_exit 0 jq class register "$1.json"
}
repeated() { awk -v text="$1" -v times="$2" 'BEGIN { while (times-- > 0) printf "%s", text }'; }

test_begin "what grows beyond all limits fails as a step, and nothing else"
register endless 500000 8000
register large 5 3000000
for class in endless large; do
  job=$(jq submit --class "$class")
  expect_exit 1 jq wait "$job"
  expect_match "take more than 12M with their values put in" "$(reason_of "$job")"
done
register fits 20 100000
expect_exit 0 jq wait "$(jq submit --class fits)"
! grep -q "is gone" up.log || fail "the node was cut off"
ok
