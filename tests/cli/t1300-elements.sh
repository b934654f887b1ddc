#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Elements: named groups of nodes, who asks for them, and their limits.
. "$(dirname "$0")/lib.sh"

cat >controller.toml <<'END'
[element.fast]
nodes = ["n1"]
default_limit = "1h"
max_limit = "2h"

[element.slow]
nodes = ["n2", "x*"]

[element.late]
nodes = "late*"
END
start_controller
start_node n1 --cpus 2
start_node n2 --cpus 2

element_of() { jq show "$1" --json | json -r .element; }

test_begin "a job runs on the nodes of the element that it names"
for element in fast slow fast slow; do
  job=$(jq submit --element "$element" --wait -- true)
  expect_eq "$([[ $element == fast ]] && echo n1 || echo n2)" "$(node_of "$job")"
done
ok

test_begin "queue, show and history say the element, and null where there is none"
held=$(jq submit --hold -E slow -- true)
free=$(jq submit --hold -- true)
expect_eq slow "$(jq queue "$held" --json | json -r .element)"
expect_eq slow "$(element_of "$held")"
expect_eq null "$(jq queue "$free" --json | json -r .element)"
expect_match $'\n''element +slow'$'\n' "$(jq show "$held")"
[[ $(jq show "$free") != *element* ]] || fail "an element is shown where there is none"
expect_eq slow "$(jq history "$job" --json | json -r .element)"
expect_eq "$held" "$(jq queue --element slow,nowhere --json | json .job)"
expect_eq "" "$(jq queue --element fast --json)"
expect_eq "slow slow" "$(jq history --element slow --json | json -r .element | xargs)"
jq cancel "$held" "$free" >/dev/null
ok

test_begin "a node says which elements it belongs to"
expect_eq "n1: fast n2: slow" "$(jq node list --json |
  json -r '.name + ": " + (.elements | join(","))' | sort | xargs)"
expect_match $'\n''elements +slow'$'\n' "$(jq node show n2)"
expect_eq slow "$(jq show node n2 --json | json -r '.elements[]')"
ok

test_begin "scripts and tickets name elements, too"
printf '#!/bin/sh\n#JQ --element slow\ntrue\n' >job.sh
expect_eq n2 "$(node_of "$(jq submit --wait job.sh)")"
expect_eq n1 "$(node_of "$(jq submit --wait -E fast job.sh)")"
job=$(echo '{"run": ["true"], "ticket": {"element": "slow"}}' | jq submit --wait -)
expect_eq n2 "$(node_of "$job")"
ok

test_begin "a step goes to the element that it names, and else to that of its job"
cat >two.toml <<'END'
[needs]
element = "slow"
[[step]]
name = "a"
run = "true"
needs = { cpus = 1 }
[[step]]
name = "b"
run = "true"
needs = { cpus = 1, element = "fast" }
END
job=$(jq submit --wait two.toml)
expect_eq n2,n1 "$(jq show "$job" --json | json -r '[.steps[].attempts[0].node] | join(",")')"
expect_eq slow "$(element_of "$job")"
ok

test_begin "a ticket's element wins over that of its class"
cat >class.toml <<'END'
[class]
name = "plan"
version = "1"
[needs]
cpus = 1
element = "slow"
[[step]]
name = "a"
run = "true"
END
jq class register class.toml >/dev/null
sed -e 's/^version.*/version = "2"\nelement = "slow"/' -e '/^cpus/,/^element/d' class.toml \
  >other.toml
jq class register other.toml >/dev/null
for class in plan@1 plan@2; do
  job=$(jq submit --wait --class $class)
  expect_eq "n2 slow" "$(node_of "$job") $(element_of "$job")"
  job=$(jq submit --wait --class $class --element fast)
  expect_eq "n1 fast" "$(node_of "$job") $(element_of "$job")"
done
ok

test_begin "an element that there is not is refused"
expect_exit 1 jq submit --element nowhere -- true
expect_match nowhere "$(<err)"
expect_exit 1 jq submit --element slo --cpus 0 -- true
expect_match "there is no such element; did you mean 'slow'\?" "$(<err)"
expect_exit 2 jq submit --element "a b" -- true
expect_match "'a b' is no name of an element" "$(<err)"
ok

test_begin "an element has a time limit of its own, and refuses a longer one"
job=$(jq submit --hold --element fast -- true)
expect_eq 3600 "$(jq show "$job" --json | json .time_limit)"
jq cancel "$job" >/dev/null
expect_exit 1 jq submit --element fast --time 3h -- true
expect_match "at most 2h" "$(<err)"
ok

test_begin "a job waits for an element whose nodes have not come yet"
job=$(jq submit --element late -- true)
expect_eq element "$(jq why "$job" --json | json -r '.blockers[].kind')"
expect_match "element late has no node yet" "$(jq why "$job")"
start_node late1 --cpus 1
expect_exit 0 jq wait "$job"
expect_eq late1 "$(node_of "$job")"
ok

test_begin "a list of an element that there is not is refused"
expect_exit 5 jq queue --element slo
expect_match "there is no element slo; did you mean 'slow'\?" "$(<err)"
expect_exit 0 jq queue --element slow
ok

test_begin "an element that was taken out of the configuration is named as what is missing"
stop late1
waits=$(jq submit --element late -- true)
stop controller
sed -i '/late/,$d' controller.toml
start_controller
expect_eq "the configuration has no element late any more" \
  "$(jq why "$waits" --json | json -r '.blockers[].text')"
expect_eq "$waits" "$(jq queue --element late --json | json .job)"
jq cancel "$waits" >/dev/null
expect_exit 5 jq queue --element late
ok

stop_all
