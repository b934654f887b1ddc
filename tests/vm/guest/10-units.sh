# SPDX-License-Identifier: Apache-2.0
#
# The units as they are shipped: enabled, started, ready, in their places, logging with levels.
# shellcheck shell=bash source=tests/vm/guest/lib.bash
. ./lib.bash

configure
check "systemd takes the units" systemd-analyze verify --man=no \
  /usr/lib/systemd/system/jobq-{controller,node,keeper}.service
check "they are enabled and started" systemctl enable --now jobq-controller jobq-node
for unit in controller node keeper; do
  check "jobq-$unit is active" systemctl is-active "jobq-$unit"
done
check "the node joins" wait_for 60 node_is_up

property() { systemctl show --property "$1" --value "jobq-$2"; }
status_says() { property StatusText "$1" | grep -q "$2"; }
check "the controller says what it does" status_says controller 'listening on'
check "the node says that it has joined" wait_for 30 status_says node 'has joined'
for unit in controller node; do
  check "the watchdog of jobq-$unit is on" test "$(property WatchdogUSec "$unit")" = 2min
  check "and has heard of it" test "$(property WatchdogTimestampMonotonic "$unit")" -gt 0
done

entries() { journalctl --identifier "jobq-$1" --output json; }
ready_entries() { entries "$1" | json -r 'select(.MESSAGE | test("ready: ")).PRIORITY'; }
check_eq "journal entries of jobq-controller have levels" 5 "$(ready_entries controller | tail -1)"
check_eq "and those of jobq-node" 5 "$(ready_entries node | tail -1)"
keeper_entries() { entries keeper | json -r 'select(.MESSAGE | test("steps are")).PRIORITY'; }
check_eq "and those of jobq-keeper" 6 "$(keeper_entries | tail -1)"
times() { entries "$1" | json -r .MESSAGE | grep -cE '^[0-9]{4}-' || true; }
for unit in controller node keeper; do
  check_eq "no times of our own are in those of jobq-$unit" 0 "$(times "$unit")"
done


cgroup_of() { sed -n 's/^0:://p' "/proc/$1/cgroup"; }
for unit in controller node; do
  check_eq "jobq-$unit is in its own cgroup" "/jobq.slice/jobq-$unit.service" \
    "$(cgroup_of "$(main_pid "$unit")")"
done
scope='^/jobq.slice/jobq-steps-[0-9a-f]*[.]scope/'
check "the keeper is in the scope of the steps" grep -q "${scope%/}" \
  <(cgroup_of "$(main_pid keeper)")
job=$(jq submit -- sed -n 's/^0:://p' /proc/self/cgroup)
check "a step runs" wait_for 60 is "$job" JD
check "and in a cgroup of its own there" grep -q "${scope}jobq-" <(jq output "$job")
