#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# The plan of a day of docs/examples.md: three nodes, one of which dies while it calculates, and the
# controller is killed as well.
. "$(dirname "$0")/examples.sh"
begin_example daily-plan
mkdir -p plans/proposals plans/published
printf 'wheat\n' >plans/proposals/b.dat
printf 'barley\n' >plans/proposals/a.dat
{
  printf '[controller]\nnode_timeout = "1s"\nlease = "3s"\n'
  printf '[area.proposals]\npath = "%s"\n' "$T/plans/proposals"
  printf '[area.published]\npath = "%s"\n' "$T/plans/published"
} >controller.toml
start_controller
for n in n1 n2 n3; do
  printf '[node]\nkey = "%s"\n[service.planner]\nttl = "1m"\n' \
    "$T/controller/cluster.key" >"$n.toml"
  start_node "$n" --cpus 2
done

# The second round waits until its node has died; a file tells where it runs.
cat >planner <<'SH'
#!/bin/sh
[ "$1" = 2 ] || exit 0
echo "$JOBQ_NODE" >>second.txt
[ "$(wc -l <second.txt)" -gt 1 ] || exec sleep 1000
SH
chmod +x planner

test_begin "a node that dies costs one attempt, and the plan is published and printed"
job=
type_all job "The plan of a day"
wait_for 60 test -s second.txt
victim=$(<second.txt)
kill_controller
stop "$victim" KILL
expect_exit 0 jq wait "$job"
expect_eq "barley wheat" "$(xargs <plans/published/plan-monday.txt)"
expect_eq "barley wheat" "$(xargs <printed.txt)"
[[ $(tail -1 second.txt) != "$victim" ]] || fail "it was made on $victim again"
expect_eq 2 "$(jq show "$job" --json | json '[.steps[1].attempts[] | .round] | max')"
[[ ! -e proposals ]] || fail "no cleanup"
ok
