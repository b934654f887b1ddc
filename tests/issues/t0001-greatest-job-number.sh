#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Waiting for the greatest number that there is took all memory of the controller.
. "$(dirname "$0")/../cli/lib.sh"

start_up
test_begin "a number that no job has is refused, however great"
for number in 2 18446744073709551615; do
  expect_exit 5 jq wait "$number"
  expect_exit 0 jq queue "$number"
done
expect_exit 0 jq wait "$(jq submit -- true)"
ok
