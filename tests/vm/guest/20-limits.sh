# SPDX-License-Identifier: Apache-2.0
#
# Limits by cgroup controllers: memory, cpus, processes; and an end that leaves nothing.
# shellcheck shell=bash source=tests/vm/guest/lib.bash
. ./lib.bash

ready_node

shown=$(jq node show n1)
for way in 'cgroup v2' 'memory: controller' 'cpus: quota' 'processes: controller'; do
  check "jq node show says $way" grep -q "$way" <<<"$shown"
done

# --- memory
neighbour=$(jq submit --memory 200M -- sleep 1000)
hungry=$(jq submit --memory 100M -- perl -e '$x = "a" x (1 << 30); sleep 1000')
check "a step that takes 1 GiB of 100 MB ends" wait_for 60 is "$hungry" JE
reason=$(reason_of "$hungry")
check "its reason is memory, and says how much ($reason)" grep -q '^memory: .*100' <<<"$reason"
check_eq "it takes nothing else with it" BP "$(state_of "$neighbour")"
for unit in controller node keeper; do
  check "nor jobq-$unit" systemctl is-active "jobq-$unit"
done
# shellcheck disable=SC2016
child=$(jq submit --memory 100M -- \
  sh -c 'perl -e "\$x = q(a) x (1 << 30); sleep 1000" & wait; sleep 1000')
check "a child of a step that takes too much ends the step" wait_for 60 is "$child" JE
check "for the same reason" grep -q '^memory: ' <<<"$(reason_of "$child")"
jq cancel "$neighbour" >/dev/null

# --- cpus: two busy loops on one cpu get what one cpu is
# shellcheck disable=SC2016  # for the step's own shell
busy=$(jq submit --cpus 1 --memory 50M -- bash -c '
  cell=/sys/fs/cgroup$(sed -n "s/^0:://p" /proc/self/cgroup)
  used() { sed -n "s/^usage_usec //p" "$cell/cpu.stat"; }
  began=${EPOCHREALTIME/./} before=$(used)
  for i in 1 2; do while ((${EPOCHREALTIME/./} < began + 5000000)); do :; done & done
  wait
  echo $(($(used) - before)) $((${EPOCHREALTIME/./} - began)) \
    $(sed -n "s/^nr_throttled //p" "$cell/cpu.stat")')
check "a step with two loops on one cpu ends" wait_for 90 is "$busy" JD
read -r used passed throttled < <(jq output "$busy")
check "it used $used us of cpu in $passed us" test $((used * 100)) -le $((passed * 115))
check "it was held back $throttled times" test "$throttled" -gt 0

# --- processes
# shellcheck disable=SC2016
many=$(jq submit --memory 100M --limit processes=20 -- perl -e '
  for (1 .. 60) { my $pid = fork; last unless defined $pid; $pid or sleep(60), exit; $made++ }
  print "$made\n"; exit 7')
check "a step that makes too many processes ends" wait_for 90 is "$many" JE
check_eq "itself and 19 others were all" 19 "$(jq output "$many")"

# --- what escapes nothing
# shellcheck disable=SC2016
away=$(jq submit --memory 50M -- bash -c '
  trap "" TERM
  (setsid bash -c "trap \"\" TERM; (env -i setsid sleep 7777 &) ; exec sleep 7776" &)
  sleep 1; echo there; sleep 1000')
there() { jq output "$away" | grep -q there; }
check "a step forks twice and leaves its session" wait_for 30 there
check_eq "and is there" 2 "$(pgrep -cf '^sleep 777[67]')"
check "it is cancelled" jq cancel "$away"
check "it ends" wait_for 60 is "$away" JC
check_eq "and is gone, whatever it ignored" 0 "$(pgrep -cf '^sleep 777[67]' || true)"
