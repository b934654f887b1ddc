#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Found by the fault simulator: where a step of a job that still waited for its own needs was
# cancelled, the step after it ran without them.
. "$(dirname "$0")/../cli/lib.sh"

start_controller
start_node n1 --cpus 1
test_begin "a step that takes nothing waits for what its job needs"
mkfifo gate
first=$(jq submit -- sh -c 'read -r x <gate')
wait_for 5 is_state BP "$first"
cat >two.toml <<'EOF'
[needs]
cpus = 1
[[step]]
name = "a"
run = "true"
[[step]]
name = "b"
run = "touch b-ran"
after = ["a.cancel"]
needs = {}
EOF
second=$(jq submit two.toml)
expect_exit 0 jq cancel "$second.a"
expect_eq WR "$(state_of "$second")"
[[ ! -e b-ran ]] || fail "it ran while another job had the only cpu"
echo >gate
expect_exit 0 jq wait "$second"
[[ -e b-ran ]] || fail "it never ran"
ok
