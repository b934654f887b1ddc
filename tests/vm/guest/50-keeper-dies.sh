# SPDX-License-Identifier: Apache-2.0
#
# The keeper is killed: what it kept is ended, seen to be empty and reported lost; systemd starts
# another one, which takes new steps.
# shellcheck shell=bash source=tests/vm/guest/lib.bash
. ./lib.bash

ready_node
start_twenty
check_eq "twenty steps run" 20 "$(running_steps)"
before=$(main_pid keeper)
kill -KILL "$before"
comes_back() { local now; now=$(main_pid keeper) && ((now != 0 && now != before)); }
check "another keeper is there" wait_for 60 comes_back
check "none of its steps is" wait_for 60 none_running
check_eq "nothing is left in their place" "" "$(find_processes)"
check "the node is up" wait_for 60 node_is_up
ended() { ! jq queue --json | json -se 'length > 0'; }
check "the jobs are final" wait_for 60 ended
check_eq "all are lost, for this reason" "20 the keeper died" \
  "$(reasons_of_the_twenty | grep -o 'the keeper died' | uniq -c | sed 's/^ *//')"
job=$(jq submit --memory 50M -- true)
check "new steps run" wait_for 60 is "$job" JD
