# SPDX-License-Identifier: Apache-2.0
#
# Twenty steps run; every unit is restarted, and the daemons are killed. None of the steps is lost.
# shellcheck shell=bash source=tests/vm/guest/lib.bash
. ./lib.bash

ready_node
start_twenty
queued() { jq queue --json | json -rs --arg state "$1" 'map(select(.state == $state)) | length'; }
check_eq "twenty steps run" 20 "$(running_steps)"
pids=$(step_pids)

# after WHAT: the same processes run, the node is there, and all know it.
after() {
  check "after $1: the node is up" wait_for 90 node_is_up
  check_eq "after $1: the same steps run" "$pids" "$(step_pids)"
  check_eq "after $1: the queue says so" 20 "$(queued BP)"
}

for unit in controller node keeper; do
  check "jobq-$unit is restarted" systemctl restart "jobq-$unit"
  after "a restart of jobq-$unit"
done
check "the keeper is reloaded" systemctl reload jobq-keeper
after "a reload of the keeper"
cp /usr/bin/jobq /usr/bin/jobq.new && mv /usr/bin/jobq.new /usr/bin/jobq
check "with a new executable all are restarted" \
  systemctl restart jobq-controller jobq-keeper jobq-node
after "an upgrade"
for unit in controller node keeper; do
  check_eq "jobq-$unit is the new one" /usr/bin/jobq "$(readlink "/proc/$(main_pid "$unit")/exe")"
done

for unit in controller node; do
  before=$(main_pid "$unit")
  kill -KILL "$before"
  comes_back() { local now; now=$(main_pid "$unit") && ((now != 0 && now != before)); }
  check "jobq-$unit is killed and comes back" wait_for 60 comes_back
  after "the death of jobq-$unit"
done

check "everything is stopped but the steps" systemctl stop jobq-node jobq-controller jobq-keeper
check_eq "they run on" "$pids" "$(step_pids)"
check "all are started again" systemctl start jobq-controller jobq-keeper jobq-node
after "a stop and a start of everything"

touch /run/gate
check "they end when they should" wait_for 60 none_running
check "all of them with success" jq wait --all
check_eq "each was started once, under its own number" 20 "$(sort -u /run/starts | wc -l)"
check_eq "and not again" 20 "$(wc -l </run/starts)"
