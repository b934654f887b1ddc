# SPDX-License-Identifier: Apache-2.0
#
# Steps of users: their uid, their groups, their umask, their home, and nobody else's.
# shellcheck shell=bash source=tests/vm/guest/lib.bash
. ./lib.bash

ready_node
groupadd --gid 4242 simulators
useradd --create-home --uid 4711 --groups simulators alice
useradd --create-home --uid 4712 bob
home_of() { getent passwd "$1" | cut -d: -f6; }
as() { runuser --user "$1" -- env -C "$(home_of "$1")" PATH="$PATH" "${@:2}"; }
home=$(home_of alice)

# shellcheck disable=SC2016
job=$(umask 027 && as alice jq submit --memory 50M -- \
  sh -c 'id -u; id -G; umask; pwd; touch file; echo $HOME')
check "a step of a user ends" wait_for 30 is "$job" JD
check_eq "with uid, groups, umask, directory and home" \
  "4711 4711 4242 0027 $home $home" "$(as alice jq output "$job" | paste -sd' ')"
check_eq "its file is the user's" 4711:4711 "$(stat -c %u:%g "$home/file")"

chmod 700 "$(home_of bob)"
job=$(as alice jq submit --memory 50M -- cat "$(home_of bob)/.bashrc")
check "a step of one user cannot read another's" wait_for 30 is "$job" JE
check "others do not see its output" bash -c "! runuser --user bob -- jq output $job"

# shellcheck disable=SC2016
job=$(as alice jq submit --memory 50M -- sh -c 'cat /proc/self/status; ulimit -n')
wait_for 30 is "$job" JD
status=$(as alice jq output "$job")
check "a step has no capabilities" grep -q '^CapEff:.0*$' <<<"$status"
check "it may execute setuid programs" grep -q '^NoNewPrivs:.0$' <<<"$status"
check "no filter of system calls holds it" grep -q '^Seccomp:.0$' <<<"$status"
check_eq "its limit of open files is what programs expect" 1024 "$(tail -1 <<<"$status")"
job=$(as alice jq submit --memory 50M -- cat /proc/self/oom_score_adj)
wait_for 30 is "$job" JD
check "it is not protected from the out-of-memory killer" test "$(as alice jq output "$job")" -ge 0
check "while the keeper is" test "$(cat "/proc/$(main_pid keeper)/oom_score_adj")" -lt 0

job=$(as alice jq submit --memory 50M --output out/%j.txt -- echo named)
wait_for 30 is "$job" JD
check_eq "a named output is written as the user, below the home" "named 4711" \
  "$(cat "$home/out/$job.txt") $(stat -c %u "$home/out/$job.txt")"
check_eq "the sandboxed agent reads it" named "$(as alice jq output "$job")"
