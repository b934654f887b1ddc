#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# hold, release, cancel, wait: selections, results job by job, exit codes.
. "$(dirname "$0")/lib.sh"
start_up --cpus 2

held() { jq submit --hold "$@" -- true; }
states() { for job in "$@"; do state_of "$job"; done | paste -sd' '; }

test_begin "numbers, ranges, names, users and --all select jobs"
a=$(held) b=$(held) c=$(held --name same) d=$(held --name same)
expect_exit 0 jq release "$a-$b"
expect_exit 0 jq wait "$a" "$b"
expect_eq "JD JD HD HD" "$(states "$a" "$b" "$c" "$d")"
expect_exit 0 jq cancel --name same
expect_eq "JC JC" "$(states "$c" "$d")"
e=$(held)
expect_exit 0 jq cancel --user "$(id -un)"
expect_eq JC "$(state_of "$e")"
f=$(held)
expect_exit 0 jq cancel --all
expect_eq JC "$(state_of "$f")"
ok

test_begin "nothing selected, and jobs beside filters, are usage errors"
expect_exit 2 jq hold
expect_match 'no job is named' "$(<err)"
expect_exit 2 jq hold 1 --all
expect_exit 2 jq cancel 1.a 2
expect_exit 2 jq hold 1.a
expect_exit 2 jq cancel 3-1
expect_exit 2 jq cancel seventeen
expect_match "'seventeen' is no job" "$(<err)"
ok

test_begin "each job has its own result, and the first refusal's exit code is the command's"
job=$(held)
expect_exit 5 jq cancel 999999 "$job"
expect_match 'no job 999999' "$(<err)"
expect_eq JC "$(state_of "$job")"
job=$(held)
expect_exit 5 jq cancel --json 999999 "$job"
expect_eq not_found "$(json -r 'select(.job == 999999).error.code' out)"
expect_eq null "$(json "select(.job == $job).error" out)"
ok

test_begin "a job that ended cannot be held"
job=$(jq submit -- true)
expect_exit 0 jq wait "$job"
expect_exit 1 jq hold "$job"
expect_match "job $job has ended" "$(<err)"
ok

test_begin "signals have names with and without SIG, and numbers"
mkfifo started
job=$(jq submit -- sh -c 'trap "exit 41" USR1; echo >started; sleep 300 & wait')
read -r _ <started
wait_for 10 runs "$job"
expect_exit 2 jq cancel --signal USR3 "$job"
expect_match "did you mean 'USR1'" "$(<err)"
for name in CONT SIGCONT cont 18; do expect_exit 0 jq cancel --signal "$name" "$job"; done
expect_exit 0 jq cancel --signal sigusr1 "$job"
expect_exit 1 jq wait "$job"
expect_eq 41 "$(jq show "$job" --json | json '.steps[0].attempts[0].exit_code')"
ok

test_begin "wait prints each job as it ends, and its worst outcome is the exit code"
a=$(jq submit -- true) b=$(jq submit -- false) c=$(held)
expect_exit 0 jq cancel "$c"
expect_exit 0 jq wait "$a"
expect_eq "$a JD" "$(<out)"
expect_exit 130 jq wait "$a" "$c"
expect_exit 1 jq wait "$a" "$b" "$c"
expect_exit 1 jq wait --json "$b"
expect_eq "$b JE failure 1" "$(json -r '"\(.job) \(.state) \(.outcome) \(.exit_code)"' out)"
expect_exit 1 jq wait -q "$b"
expect_eq "" "$(<out)"
ok

test_begin "wait --any is content with the first"
job=$(held) done=$(jq submit -- true)
expect_exit 0 jq wait --any "$job" "$done"
expect_eq "$done JD" "$(<out)"
expect_exit 0 jq cancel "$job"
ok

test_begin "wait for all of a user, for a name, and for nothing"
jq submit --name named -- true >job
expect_exit 0 jq wait --name named
expect_exit 0 jq wait --name named
expect_match 'no job to wait for' "$(<err)"
expect_exit 5 jq wait --name named,nobody
expect_match "no job is named 'nobody', neither in the queue nor in the history" "$(<err)"
jq submit -- true >job
expect_exit 0 jq wait --all
expect_exit 0 jq wait --user "$(id -un)"
expect_match 'no job to wait for' "$(<err)"
expect_exit 5 jq wait 999999
ok

test_begin "wait goes on when the controller is restarted"
mkfifo gate
job=$(jq submit -- sh -c 'read -r x <gate')
(expect_exit 0 jq wait "$job") &
waiter=$!
wait_for 5 is_state BP "$job"
stop up
echo >gate &
start_up --cpus 2
wait $waiter
ok

test_begin "wait gives up when patience is over"
stop up
expect_exit 3 jq wait --patience 100ms 1
ok
