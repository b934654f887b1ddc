#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# The harness of the black-box tests. A test sources it first and then owns a world: a fresh
# directory $T (also the working directory), its own HOME, XDG directories and controller socket,
# the jobq and jq under test first on PATH. Whatever the test leaves running is ended with it.
#
#   . "$(dirname "$0")/lib.sh"
#   test_begin "a job that succeeds is done"
#   start_up
#   job=$(jq submit -- true)
#   expect_exit 0 jq wait "$job"
#   expect_eq JD "$(state_of "$job")"
#   ok
#
# JOBQ_BIN       the folder of jobq and jq
# JOBQ_PATIENCE  a factor on every time limit, for slow builds (default 1)
# JOBQ_KEEP      set: the directory of a failed test stays

set -Eeuo pipefail
: "${JOBQ_BIN:?set JOBQ_BIN to the folder of the binaries under test, such as build/debug/bin}"

T=$(mktemp -d)
mkdir -m 0700 "$T"/{home,run,config,data,xdg-state,tmp}
while read -r variable; do
  [[ $variable == JOBQ_BIN || $variable == JOBQ_PATIENCE ]] || unset "$variable"
done < <(compgen -v JOBQ_)
export PATH="$JOBQ_BIN:$PATH" HOME="$T/home" TMPDIR="$T/tmp" LC_ALL=C TZ=UTC
export XDG_RUNTIME_DIR="$T/run" XDG_CONFIG_HOME="$T/config" XDG_DATA_HOME="$T/data"
export XDG_STATE_HOME="$T/xdg-state" JOBQ_SOCKET="$T/sock"
cd "$T"

declare -A daemons=()  # name -> pid of every daemon that was started and not yet stopped
rule="(before test_begin)"
# A loopback address of this test's own: tests run side by side and never race for a port.
LISTEN="127.$(($$ >> 16 & 255)).$(($$ >> 8 & 255)).$(($$ & 255)):7117"

# --- saying what is tested ----------------------------------------------------------------------

test_begin() { rule=$1; }

ok() { echo "ok - $rule"; }

# Ends the test. The logs and the last command's output are printed on the way out.
fail() {
  echo "FAIL - $rule" >&2
  echo "  $*" >&2
  echo "  at ${BASH_SOURCE[-1]##*/}:${BASH_LINENO[-2]}" >&2
  exit 1
}

# expect_eq WANT GOT
expect_eq() { [[ $1 == "$2" ]] || fail "want '$1', got '$2'"; }

# expect_match REGEX TEXT
expect_match() { [[ $2 =~ $1 ]] || fail "want a match of '$1', got '$2'"; }

# expect_exit CODE COMMAND...: standard output and error go to $T/out and $T/err.
expect_exit() {
  local want=$1 got=0
  shift
  "$@" >"$T/out" 2>"$T/err" </dev/null || got=$?
  [[ $got == "$want" ]] || fail "'$*': want exit code $want, got $got"
}

# poll SECONDS COMMAND...: until the command succeeds; false when it does not in time.
poll() {
  local end=$((${EPOCHREALTIME/./} + $1 * ${JOBQ_PATIENCE:-1} * 1000000))
  shift
  until "$@" >/dev/null 2>&1; do
    ((${EPOCHREALTIME/./} < end)) || return 1
    sleep 0.03
  done
}

# wait_for SECONDS COMMAND...: as poll, and the test fails when it is false.
wait_for() { poll "$@" || fail "waited $1 s for: ${*:2}"; }

# The JSON processor, which our own jq stands in front of.
json() { command -p jq "$@"; }

state_of() { jq show "$1" --json | json -r .state; }
# is_state STATE JOB
is_state() { [[ $(state_of "$2") == "$1" ]]; }
reason_of() { jq show "$1" --json | json -r .reason; }
# Where it runs, or ran.
node_of() { jq show "$1" --json | json -r '.nodes | join(",")'; }
# The state of its first step.
step_state() { jq show "$1" --json | json -r '.steps[0].state'; }
# The controller knows that its first step runs: that is told a moment after it does.
runs() { [[ $(step_state "$1") == running ]]; }

# --- daemons ------------------------------------------------------------------------------------

# A process that ended and waits to be reaped, by whomever, does not run any more.
running() {
  local stat
  stat=$(cat "/proc/$1/stat" 2>/dev/null) || return 1
  [[ ${stat##*) } != [ZX]* ]]
}
gone() { ! running "$1"; }

# start_daemon NAME COMMAND...: in the background, its log in $T/NAME.log.
start_daemon() {
  local name=$1
  shift
  (trap - ERR && exec "$@") >>"$T/$name.log" 2>&1 </dev/null &
  daemons[$name]=$!
}

pid_of() { echo "${daemons[$1]}"; }

# until_ready NAME COMMAND...: until the command succeeds, as long as the daemon lives.
until_ready() {
  local name=$1
  shift
  ready_or_dead() { "$@" || ! running "${daemons[$name]}"; }
  wait_for 10 ready_or_dead "$@"
  running "${daemons[$name]}" || fail "$name ended while it was started"
}

# A controller and a node in one.
start_up() {
  start_daemon up jobq up --state "$T/state" --socket "$T/sock" "$@"
  until_ready up any_node_up
}

# A controller that listens on $LISTEN. A test may write $T/controller.toml before.
start_controller() {
  touch "$T/controller.toml"
  start_daemon controller jobq controller --config "$T/controller.toml" \
    --state "$T/controller" --socket "$T/sock" --listen "$LISTEN" "$@"
  until_ready controller jq queue
}

# start_node NAME [ARGUMENTS...]. A test may write $T/NAME.toml before; it names the cluster key.
start_node() {
  local name=$1
  shift
  [[ -e $T/$name.toml ]] ||
    printf '[node]\nkey = "%s"\n' "$T/controller/cluster.key" >"$T/$name.toml"
  start_daemon "$name" jobq node --config "$T/$name.toml" --state "$T/$name" \
    --socket "$T/$name.sock" --controller "$LISTEN" --name "$name" "$@"
  until_ready "$name" node_is "$name" up
}

# node_is NAME STATE
node_is() {
  jq node list --json |
    json -se --arg name "$1" --arg state "$2" 'flatten | any(.name == $name and .state == $state)'
}
# For those who start one node and do not name it.
any_node_up() { jq node list --json | json -se 'flatten | any(.state == "up")'; }

# end_daemon NAME SIGNAL: ends one daemon and waits until it is gone. By TERM it must end cleanly.
# False when it did not, with the reason in $why.
end_daemon() {
  local name=$1 signal=$2 pid=${daemons[$1]} code=0
  kill "-$signal" "$pid" 2>/dev/null || true
  why="$name is still there after SIG$signal"
  poll 10 gone "$pid" || return 1
  unset "daemons[$name]"
  wait "$pid" || code=$?
  why="$name ended with code $code on SIGTERM"
  [[ $signal != TERM || $code == 0 ]]
}

# stop NAME [SIGNAL]
stop() { end_daemon "$1" "${2:-TERM}" || fail "$why"; }

stop_all() {
  local name
  for name in "${!daemons[@]}"; do stop "$name"; done
}

# --- steps --------------------------------------------------------------------------------------

# Makes defiant.sh, a step that does not want to end: it and all that it starts ignore TERM, and
# flee its session. Each process leaves its number in the working directory.
make_defiant() {
  cat >"$T/defiant.sh" <<'SH'
trap '' TERM
(setsid sh -c 'setsid sh -c "echo \$\$ >fled.1; exec sleep 1000" & exit 0' &)
setsid sh -c 'echo $$ >fled.2; while :; do (sleep 0.05) & sleep 0.02; done' &
echo $$ >fled.3
while :; do sleep 0.1; done
SH
}

# have_fled: all of them run. none_fled: none is left, and another such step may begin.
have_fled() { [[ -s fled.1 && -s fled.2 && -s fled.3 ]]; }
none_fled() {
  local file
  for file in fled.{1,2,3}; do
    ! running "$(<"$file")" || fail "the process of $file has outlived its step"
  done
  rm fled.{1,2,3}
}

# is_suspended PID: it is there and does not run, by its cgroup or by a signal.
is_suspended() {
  local stat group
  stat=$(cat "/proc/$1/stat" 2>/dev/null) || return 1
  [[ ${stat##*) } == T* ]] && return 0
  group=$(sed -n 's/^0:://p' "/proc/$1/cgroup" 2>/dev/null) || return 1
  grep -qsx "frozen 1" /sys/fs/cgroup{,/unified}"$group/cgroup.events"
}

# follow NAME ARGUMENTS... of jq output -f: in the background, to NAME.out and NAME.err.
follow() {
  local name=$1
  shift
  rm -f "$name.out" "$name.err"
  (trap - INT && exec jq output -f "$@" >"$name.out" 2>"$name.err") &
  follower=$!
}

# follower_ends CODE: the last one, or that of $follower.
follower_ends() {
  local code=0
  wait_for 30 gone "$follower"
  wait "$follower" || code=$?
  expect_eq "$1" $code
}

# --- the end ------------------------------------------------------------------------------------

# Every process that this test brought to life: the daemons, its background jobs (one that has only
# just been forked has our own environment), the keepers by their files, and all who carry the
# test's directory in their environment.
left_over() {
  local file pid
  # Nothing else may run in this pipeline: it would find itself.
  for file in $(env -i grep -lszF "$T" /proc/[0-9]*/environ); do echo "${file//[^0-9]/}"; done
  for pid in "${daemons[@]}" $(jobs -p); do ! running "$pid" || echo "$pid"; done
  while read -r file; do
    pid=$(<"$file")
    ! grep -qs jobq "/proc/$pid/cmdline" || echo "$pid"
  done < <(find "$T" -name keeper.pid)
}

none_left() {
  local pids
  pids=$(left_over)
  [[ -z $pids ]] && return 0  # a bare return means the status before the trap
  # shellcheck disable=SC2086
  kill -KILL $pids 2>/dev/null || true
  return 1
}

dump() {
  local log
  for log in "$T"/*.log "$T/out" "$T/err"; do
    [[ -s $log ]] || continue
    echo "--- ${log#"$T/"}"
    tail -n 60 "$log"
  done >&2
}

# A test that sets up what outlives its processes, such as a mount, says here how that is undone. It
# is called when none of them is left. A trap of its own would hide how the test ended.
undo() { :; }

finish() {
  local code=$? name
  trap - ERR
  set +e
  for name in "${!daemons[@]}"; do
    end_daemon "$name" TERM && continue
    ((code != 0)) || echo "FAIL - at the end: $why" >&2
    code=1
  done
  poll 10 none_left || { echo "FAIL - at the end: still there: $(left_over)" >&2 && code=1; }
  cd /
  if ! undo; then echo "FAIL - at the end: what the test set up cannot be undone" >&2 && code=1; fi
  ((code == 0)) || dump
  if ((code == 0)) || [[ -z ${JOBQ_KEEP-} ]]; then rm -rf "$T"; else echo "kept: $T" >&2; fi
  exit "$code"
}
trap finish EXIT
trap 'exit 130' INT TERM
trap 'echo "FAIL - $rule: \"$BASH_COMMAND\" failed at ${BASH_SOURCE##*/}:$LINENO" >&2' ERR
