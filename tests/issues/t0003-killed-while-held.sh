#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# After a held step was killed by a signal, the next one on the node never started.
. "$(dirname "$0")/../cli/lib.sh"

start_up --cpus 1
test_begin "the node goes on after a held step was killed"
job=$(jq submit -- sleep 1000)
wait_for 5 runs "$job"
expect_exit 0 jq hold "$job"
expect_exit 0 jq cancel --signal KILL "$job"
expect_exit 1 jq wait "$job"
expect_exit 0 jq wait "$(jq submit -- true)"
ok
