#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# The two flows of docs/examples.md, whichever comes first.
. "$(dirname "$0")/examples.sh"
begin_example two-flows
start_controller
start_node n1 --cpus 2
# How the two of them ended: both jobs are the newest of their names.
ended_well() {
  expect_exit 0 jq wait "$@"
  expect_eq "bought at 42" "$(<trader.txt)"
  expect_eq "settled 7" "$(<market.txt)"
  expect_eq "" "$(jq event list --json)"
}

test_begin "the trader comes first, and the controller is killed on the way"
second=
type_all second "Two flows"
kill_controller
ended_well $((second - 1)) "$second"
ok

test_begin "the market comes first"
rm trader.txt market.txt
first=$(jq submit market.toml)
second=$(jq submit trader.toml)
ended_well "$first" "$second"
ok
