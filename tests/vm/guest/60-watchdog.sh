# SPDX-License-Identifier: Apache-2.0
#
# A daemon whose loop stands still is ended by the watchdog and comes back; its steps do not notice.
# shellcheck shell=bash source=tests/vm/guest/lib.bash
. ./lib.bash

ready_node
for unit in controller node; do
  mkdir -p "/run/systemd/system/jobq-$unit.service.d"
  printf '[Service]\nWatchdogSec=20s\n' >"/run/systemd/system/jobq-$unit.service.d/test.conf"
done
systemctl daemon-reload
systemctl restart jobq-controller jobq-node
wait_for 60 node_is_up
job=$(jq submit --memory 50M -- sleep 1000)
wait_for 30 is "$job" BP

sleep 45  # for a watchdog that is not satisfied
restarts() { systemctl show --property NRestarts --value "jobq-$1"; }
for unit in controller node; do
  check_eq "jobq-$unit satisfies its watchdog" 0 "$(restarts "$unit")"
  kill -STOP "$(main_pid "$unit")"
  again() { (($(restarts "$unit") > 0)); }
  check "when it stands still it is started again" wait_for 60 again
  check "and the node is up" wait_for 60 node_is_up
  check_eq "and the step runs" BP "$(state_of "$job")"
done
jq cancel "$job" >/dev/null
rm -r /run/systemd/system/jobq-*.service.d
systemctl daemon-reload
systemctl restart jobq-controller jobq-node
