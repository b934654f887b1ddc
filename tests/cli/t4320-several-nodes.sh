#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Several nodes together: granted at once, said to the step, explained, held again, and given up
# when one of them is lost.
. "$(dirname "$0")/lib.sh"

start_controller
for name in n1 n2 n3; do start_node "$name" --cpus 2 --memory 1G; done
why_says() { jq why "$1" | grep -q "$2"; }

test_begin "a job has them all, and its step runs on the first"
job=$(jq submit --nodes 3 --cpus 2 --wait -- sh -c 'echo $JOBQ_NODE $JOBQ_NODES')
expect_eq "n1 n1,n2,n3" "$(jq output "$job")"
expect_eq "n1,n2,n3" "$(node_of "$job")"
expect_match "on n1, with n2 and n3" "$(jq show "$job")"
expect_match "2 cpus on each of 3 nodes" "$(jq show "$job")"
expect_eq "3 n2,n3" "$(jq show "$job" --json |
  json -r '"\(.needs.nodes) \(.steps[0].attempts[0].others | join(","))"')"
ok

test_begin "a ticket says it in needs, of the job or of a step"
cat >two.toml <<'END'
[ticket]
name = "two"
[[step]]
name = "alone"
run = "echo $JOBQ_NODES >>two.out"
[[step]]
name = "both"
after = ["alone"]
run = "echo $JOBQ_NODES >>two.out"
needs = { nodes = 2, cpus = 2 }
END
expect_exit 0 jq submit --wait two.toml
expect_eq "n1 n1,n2" "$(tr '\n' ' ' <two.out | sed 's/ $//')"
ok

test_begin "what cannot be is refused with the nearest miss"
expect_exit 1 jq submit --nodes 4 --cpus 1 -- true
expect_match "needs 1 cpu on each of 4 nodes; 3 nodes have that" "$(<err)"
expect_exit 1 jq submit --nodes 2 --cpus 3 -- true
expect_match "the largest node, n1, has 2" "$(<err)"
for bad in 0 -1 x 100000; do expect_exit 2 jq submit --nodes "$bad" -- true; done
sed 's/nodes = 2/nodes = 0/' two.toml >bad.toml
expect_exit 2 jq submit bad.toml
expect_match "bad.toml:10:" "$(<err)"
ok

test_begin "why names the nodes that are missing, and small ones do not keep it away"
small=$(jq submit --cpus 2 -- sleep 600)
wait_for 10 runs "$small"
large=$(jq submit --nodes 3 --cpus 2 -- sleep 600)
wait_for 10 why_says "$large" "on each of 3 nodes; 2 have room now; n1 has 0 of 2 cpus free"
later=$(jq submit --cpus 2 -- true)
wait_for 10 why_says "$later" "job $large"
jq cancel "$small" >/dev/null
wait_for 10 runs "$large"
expect_eq "n1,n2,n3" "$(node_of "$large")"
ok

test_begin "a controller that was killed holds them again"
stop controller KILL
start_controller
for name in n1 n2 n3; do wait_for 20 node_is "$name" up; done
expect_eq "0,0,0" "$(jq node list --json | json -r '.resources.cpus.free' | paste -sd,)"
jq cancel "$large" >/dev/null
expect_exit 0 jq wait "$later"
ok
