#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Features of nodes: configured or said, shown, asked for, explained, known while a node is away.
. "$(dirname "$0")/lib.sh"

start_controller
printf '[node]\nkey = "%s"\nfeatures = ["ssd", "avx512"]\n' "$T/controller/cluster.key" >n1.toml
start_node n1 --cpus 2
start_node n2 --cpus 4 --features ssd,big --features old
why_says() { jq why "$1" | grep -q "$2"; }

test_begin "what a node has is shown"
expect_eq "avx512,ssd" "$(jq node show n1 --json | json -r '.features | join(",")')"
expect_match "features +big, old, ssd" "$(jq node show n2)"
expect_exit 2 jobq node --features a/b --state "$T/x" --controller "$LISTEN"
expect_match "'a/b' is no name of a feature" "$(<err)"
ok

test_begin "a step runs where all that it asks for is"
for _ in 1 2 3; do
  expect_eq n1 "$(node_of "$(jq submit --features avx512,ssd --wait -- true)")"
  expect_eq n2 "$(node_of "$(jq submit --features big --wait -- true)")"
done
printf 'run = "true"\n[needs]\nfeatures = "old"\n' >old.toml
expect_eq n2 "$(node_of "$(jq submit --wait old.toml)")"
printf '#!/bin/sh\n#JQ --features avx512\ntrue\n' >script.sh
job=$(jq submit --wait script.sh)
expect_eq n1 "$(node_of "$job")"
expect_match "feature avx512" "$(jq show "$job")"
expect_eq avx512 "$(jq show "$job" --json | json -r '.needs.features | join(",")')"
ok

test_begin "what no node has is refused with the nearest miss"
expect_exit 1 jq submit --features avx51 -- true
expect_match "no node has avx51; did you mean 'avx512'" "$(<err)"
expect_exit 1 jq submit --features avx512,big -- true
expect_match "the nearest node, n[12], lacks" "$(<err)"
expect_exit 1 jq submit --features avx512 --cpus 3 -- true
expect_match "the largest node with feature avx512, n1, has 2" "$(<err)"
expect_exit 1 jq submit --features ssd --nodes 3 -- true
expect_match "on each of 3 nodes; 2 nodes have that" "$(<err)"
printf 'run = "true"\n[needs]\nfeatures = "a/b"\n' >bad.toml
expect_exit 2 jq submit bad.toml
expect_match "'a/b' is not a name" "$(<err)"
ok

test_begin "one whose node is away waits, also after the controller was restarted"
stop n1
wait_for 20 node_is n1 lost
job=$(jq submit --features avx512 -- true)
wait_for 10 why_says "$job" "node n1 could serve it but is not connected"
stop controller KILL
start_controller
wait_for 20 node_is n2 up
wait_for 10 why_says "$job" "node n1 could serve it but is not connected"
start_node n1 --cpus 2
expect_exit 0 jq wait "$job"
expect_eq n1 "$(node_of "$job")"
ok
