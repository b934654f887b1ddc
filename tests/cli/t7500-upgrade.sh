#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Executables are replaced under running steps: none is lost, and each ran once.
. "$(dirname "$0")/lib.sh"

# Our own copy, over which a newer one is put by renaming, as package managers do.
mkdir prog
real=$(readlink -f "$JOBQ_BIN/jobq")
install_jobq() {
  cp "$real" prog/.new
  mv prog/.new prog/jobq
  ln -sf jobq prog/jq
}
install_jobq
export PATH="$T/prog:$PATH"
keeper() { cat "$T/n1/keeper.pid"; }
program_of() { readlink "/proc/$1/exe"; }
is_replaced() { [[ $(program_of "$(keeper)") == *"(deleted)" ]]; }
is_current() { [[ $(program_of "$(keeper)") == "$T/prog/jobq" ]]; }

start_controller
start_node n1 --cpus 200

# A hundred steps that write a line each and wait for a word.
start_hundred() {
  rm -f go ran
  array=$(jq submit --array 0-99 --cpus 1 -- sh -c \
    'echo $0 >>$1/ran; until [ -e $1/go ]; do sleep 0.2; done; exit $(($0 % 7))' "{index}" "$T")
  all_ran() { [[ -e ran && $(wc -l <ran) == 100 ]]; }
  wait_for 60 all_ran
}
# All ended with their own status, and nobody ran twice.
end_hundred() {
  touch go
  jq wait "$array" >/dev/null || true
  expect_eq 100 "$(sort -u ran | wc -l)"
  expect_eq 100 "$(wc -l <ran)"
  for index in 0 1 6 7 50 99; do
    expect_eq "$((index % 7))" \
      "$(jq show "${array}[$index]" --json | json -r '[.. | .exit_code? // empty] | last // 0')"
  done
}

test_begin "a new agent has the keeper become what it is, with its steps kept"
start_hundred
pid=$(keeper)
install_jobq
stop n1
is_replaced || fail "the keeper is $(program_of "$pid")"
start_node n1 --cpus 200
wait_for 10 is_current
expect_eq "$pid" "$(keeper)"
end_hundred
ok

test_begin "SIGHUP does the same, under an agent that stays"
start_hundred
pid=$(keeper)
install_jobq
kill -HUP "$pid"
wait_for 10 is_current
expect_eq "$pid" "$(keeper)"
end_hundred
ok

test_begin "--detach does the same, and returns when it is done"
start_hundred
pid=$(keeper)
install_jobq
expect_exit 0 jobq keeper --state "$T/n1" --detach
is_current || fail "the keeper is $(program_of "$pid")"
expect_eq "$pid" "$(keeper)"
expect_exit 0 jobq keeper --state "$T/n1" --detach
end_hundred
ok

test_begin "such a keeper waits for agents; told to end, it ends when nothing runs"
start_hundred
stop n1
kill -TERM "$pid"
start_node n1 --keeper service --cpus 200
expect_eq "$pid" "$(keeper)"
end_hundred
wait_for 10 gone "$pid"
ok

test_begin "an agent with a keeper of its own kind waits for it"
wait_for 10 grep -q "waiting for a keeper" n1.log
[[ ! -e $T/n1/keeper.pid ]] || fail "it started one"
expect_exit 0 jobq keeper --state "$T/n1" --detach
expect_exit 0 jq wait "$(jq submit -- true)"
kill -TERM "$(keeper)"
ok
