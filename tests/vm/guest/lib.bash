# SPDX-License-Identifier: Apache-2.0
#
# What the parts share. A part is bash with -Eeuo pipefail; whatever fails in it is a failed test.
# shellcheck shell=bash
#
#   check "what must hold" COMMAND...    ok or not ok
#   wait_for SECONDS COMMAND...          until it is so; false when it is not in time
#   state_of, reason_of, field JOB .PATH what jq show says

diag() { echo "# $*"; }

result() {
  local number=$(($(<"$TEST_COUNT") + 1))
  echo $number >"$TEST_COUNT"
  echo "$1 $number - $2"
}

journal_to_console() {
  echo "--- not ok: $1" >&2
  journalctl --no-pager --output short-monotonic --lines 150 >&2
}

check() {
  local name=$1 output
  shift
  if output=$("$@" 2>&1); then
    result ok "$name"
  else
    result "not ok" "$name"
    diag "command: $*"
    while read -r line; do diag "  $line"; done <<<"$output"
    journal_to_console "$name"
  fi
}

check_eq() {
  [[ $2 == "$3" ]] && result ok "$1" && return
  result "not ok" "$1"
  diag "want: $2"
  diag "got:  $3"
}

# wait_for SECONDS COMMAND...: three times as long, since the machine may be emulated by a busy one.
wait_for() {
  local end=$((SECONDS + 3 * $1))
  shift
  until "$@" >/dev/null 2>&1; do
    ((SECONDS < end)) || return 1
    sleep 0.2
  done
}

# Ours is first on PATH; the JSON processor is the distribution's.
json() { /usr/bin/jq "$@"; }
field() { jq show "$1" --json | json -r "$2"; }
reason_of() { field "$1" '.steps[0].attempts[-1].reason'; }
state_of() { field "$1" .state; }
is() { [[ $(state_of "$1") == "$2" ]]; }
node_is_up() { jq node list --json | json -se 'flatten | any(.state == "up")'; }
main_pid() { systemctl show --property MainPID --value "jobq-$1"; }

install_jobq() {
  install -m 755 jobq /usr/bin/jobq
  install -d /usr/local/bin
  ln -sf /usr/bin/jobq /usr/local/bin/jq
  install -m 644 units/* /usr/lib/systemd/system/
  systemctl daemon-reload
}

configure() {
  mkdir -p /etc/jobq
  cat >/etc/jobq/jobq.toml <<'END'
[controller]
listen = "127.0.0.1:7117"

[node]
name = "n1"
controller = "127.0.0.1:7117"
cpus = 40
memory = "8G"
END
}

# For parts that run alone: units that are there and up.
ready_node() {
  configure
  systemctl enable --now --quiet jobq-controller jobq-node
  wait_for 60 node_is_up
}

# --- twenty steps that run until /run/gate is there; their jobs in `twenty`
start_twenty() {
  local i
  rm -f /run/gate /run/starts
  twenty=()
  for ((i = 0; i < 20; i++)); do
    # shellcheck disable=SC2016  # for the step's own shell
    twenty+=("$(jq submit --memory 20M -- sh -c 'echo $JOBQ_JOB >>/run/starts
      until [ -e /run/gate ]; do sleep 0.5; done # of-the-twenty')")
  done
  wait_for 120 twenty_run
}
reasons_of_the_twenty() {
  local job
  for job in "${twenty[@]}"; do reason_of "$job"; done
}
# Each leads a session. A child that it has just forked looks the same, and does not.
step_pids() {
  ps -eo pid=,sid=,args= |
    awk '$1 == $2 && $3 == "sh" && /of-the-twenty/ { print $1 }' | paste -sd' '
}
running_steps() { step_pids | wc -w; }
twenty_run() { [[ $(running_steps) == 20 ]]; }
none_running() { [[ $(running_steps) == 0 ]]; }
# In the cells of all keepers that there were.
find_processes() { cat /sys/fs/cgroup/jobq.slice/jobq-steps-*.scope/jobq-*/*/cgroup.procs; }
