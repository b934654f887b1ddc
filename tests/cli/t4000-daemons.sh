#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# up, controller, node: options, places, readiness, ends.
. "$(dirname "$0")/lib.sh"

# As root it would be the machine's own jobq, which is not ours to start.
if ((UID != 0)); then
  test_begin "up needs nothing, and commands find it"
  unset JOBQ_SOCKET
  start_daemon up jobq up
  until_ready up jq queue
  [[ -S $T/run/jobq/controller.sock ]] || fail "no socket where it belongs"
  [[ -d $T/xdg-state/jobq/controller ]] || fail "no state where it belongs"
  job=$(jq submit -- echo hello)
  expect_exit 0 jq wait "$job"
  expect_eq hello "$(jq output "$job")"
  stop up
  ok
  export JOBQ_SOCKET="$T/sock"
fi

test_begin "the readiness line says where everything is"
up=(--listen "$LISTEN" --name here --cpus 3 --memory 2G --resource disk=7)
start_up "${up[@]}"
wait_for 5 grep -q 'ready: node here' up.log
expect_match "ready: node here, socket $T/sock, listening on $LISTEN, state in $T/state" \
  "$(<up.log)"
jq node list --json >node
expect_eq "here up" "$(json -r '"\(.name) \(.state)"' node)"
expect_eq "3 2147483648 7" \
  "$(json -r '.resources | "\(.cpus.total) \(.memory.total) \(.disk.total)"' node)"
ok

test_begin "up keeps its state where the configuration file says"
cat >"$T/places.toml" <<END
[controller]
state = "$T/places/c"
socket = "$T/places.sock"
[node]
state = "$T/places/n"
socket = "$T/steps.sock"
END
start_daemon places jobq up --config "$T/places.toml"
until_ready places jq queue --socket "$T/places.sock"
job=$(jq submit --socket "$T/places.sock" -- printenv JOBQ_NODE_SOCKET)
expect_exit 0 jq wait "$job" --socket "$T/places.sock"
expect_eq "$T/steps.sock" "$(jq output "$job" --socket "$T/places.sock")"
[[ -e $T/places/c/journal.db && -d $T/places/n/output ]] || fail "the state is elsewhere"
stop places
ok

test_begin "a second controller on the same state refuses, by name"
expect_exit 1 jobq controller --state "$T/state/controller" --socket "$T/other.sock"
expect_match "$T/state/controller" "$(<err)"
expect_exit 1 jobq up --state "$T/other" --socket "$T/sock"
expect_match "$T/sock" "$(<err)"
ok

test_begin "what runs goes on while up is restarted, and jobs are remembered"
mkfifo gate
job=$(jq submit -- sh -c 'read -r x <gate; echo "$x"')
wait_for 5 is_state BP "$job"
stop up INT
start_up "${up[@]}"
expect_eq BP "$(state_of "$job")"
echo after >gate
expect_exit 0 jq wait "$job"
expect_eq after "$(jq output "$job")"
stop up
ok

test_begin "--detach returns when it is ready, and logs to a file"
expect_exit 0 jobq up --state "$T/state" --socket "$T/sock" --detach
cp err detached
expect_exit 0 jq queue
wait_for 5 grep -q 'ready: ' "$T/state/log"
expect_match 'process ([0-9]+) is ready' "$(<detached)"
pid=${BASH_REMATCH[1]}
kill "$pid"
wait_for 10 gone "$pid"
expect_exit 3 jq queue
ok

test_begin "--detach tells a failure as if it had stayed"
expect_exit 2 jobq controller --state "$T/c" --socket "$T/c.sock" --listen nonsense --detach
mkdir "$T/blocked" && touch "$T/blocked/journal.db.d"
touch "$T/file"
code=0 && jobq up --state "$T/file" --socket "$T/f.sock" --detach 2>err || code=$?
((code != 0)) || fail "a state directory that is a file was accepted"
expect_match "$T/file" "$(<err)"
expect_exit 2 jobq up --log here
ok

test_begin "a daemon tells whoever set NOTIFY_SOCKET that it is ready"
if command -v python3 >/dev/null; then
  cat >listen.py <<'END'
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
open(sys.argv[1] + ".there", "w").close()
print(s.recv(100).decode().split("\n")[0], flush=True)
END
  python3 listen.py "$T/notify" >notified &
  wait_for 10 test -e "$T/notify.there"
  NOTIFY_SOCKET="$T/notify" start_up
  wait_for 10 grep -qx READY=1 notified
  stop up
fi
ok

test_begin "a controller and nodes on the network, known by the cluster's key"
start_controller
start_node n1 --cpus 1
start_node n2 --cpus 1 --resource disk=3
expect_eq "n1 n2" "$(jq node list --json | json -r .name | sort | paste -sd' ')"
job=$(jq submit --need disk=1 -- printenv JOBQ_NODE)
expect_exit 0 jq wait "$job"
expect_eq n2 "$(jq output "$job")"
ok

test_begin "commands reach it over the network with the key, and not without"
key=$T/controller/cluster.key
remotely() { env -u JOBQ_SOCKET "$@"; }
expect_exit 0 remotely jq queue --controller "$LISTEN" --cluster-key "$key"
expect_exit 0 remotely JOBQ_CONTROLLER="$LISTEN" JOBQ_KEY="$key" jq queue
expect_exit 2 remotely jq queue --controller "$LISTEN"
expect_match "needs the cluster's key" "$(<err)"
head -c 64 /dev/zero | tr '\0' a >wrong.key && chmod 600 wrong.key
code=0
remotely jq queue --controller "$LISTEN" --cluster-key wrong.key >out 2>err || code=$?
((code == 3 || code == 4)) || fail "with a wrong key: $code, $(<err)"
ok

test_begin "the configuration file says where the controller is"
mkdir -p "$T/config/jobq"
printf '[client]\nsocket = "%s"\n' "$T/sock" >"$T/config/jobq/jobq.toml"
expect_exit 0 env -u JOBQ_SOCKET jq queue
printf '[client]\nsokcet = "x"\n' >"$T/bad.toml"
expect_exit 2 env -u JOBQ_SOCKET jq queue --config "$T/bad.toml"
expect_match "bad.toml:2:" "$(<err)"
mkfifo "$T/pipe.toml"
expect_exit 2 env -u JOBQ_SOCKET jq queue --config "$T/pipe.toml"
expect_match "pipe.toml is a named pipe; expected a file" "$(<err)"
expect_exit 0 env -u JOBQ_SOCKET jq queue --config <(cat "$T/config/jobq/jobq.toml")
expect_exit 5 jq admin replay --config /dev/null --state "$T/home"
rm "$T/config/jobq/jobq.toml"
ok

test_begin "a drained node gets nothing new until it is resumed"
expect_exit 2 jq node drain n1
expect_match "say why" "$(<err)"
expect_exit 0 jq node drain n1 n2 --reason "new disk"
jq node list --json >nodes
expect_eq "drained new disk" "$(json -r 'select(.name == "n1") | "\(.state) \(.reason)"' nodes)"
job=$(jq submit -- true)
blocked() { jq why "$job" --json | json -e 'any(.blockers[]; .kind == "node_state")'; }
wait_for 5 blocked
expect_exit 0 jq node resume n1
expect_exit 0 jq wait "$job"
expect_exit 5 jq node drain nobody --reason x
expect_exit 0 jq node resume n2
ok

test_begin "a drain for a time ends by itself, and one for none is refused"
expect_exit 2 jq node drain n1 --reason "new disk" --for 0s
expect_match "--for: expected a time above 0" "$(<err)"
node_is n1 up || fail "it was drained"
expect_exit 0 jq node drain n1 --reason "new disk" --for 1s
drain_of() { jq node show n1 --json | json -r '"\(.state) \(.drain_until != null)"'; }
expect_eq "drained true" "$(drain_of)"
wait_for 10 node_is n1 up
expect_eq "up false" "$(drain_of)"
ok

test_begin "a node that is there is not forgotten; what ran on one that was counts as lost"
expect_exit 1 jq node forget n2
expect_match "n2" "$(<err)"
expect_exit 5 jq node forget nobody
expect_exit 0 jq node drain n1 --reason "n2 runs it"
job=$(jq submit -- sh -c 'echo $$ >"$0/runs"; exec sleep 300' "$T")
wait_for 10 test -s "$T/runs"
stop n2
wait_for 10 node_is n2 lost
expect_exit 0 jq node forget n2
expect_exit 1 jq wait "$job"
expect_match "node lost" "$(jq show "$job")"
expect_exit 5 jq node show n2
expect_eq n1 "$(jq node list --json | json -r .name)"
expect_exit 0 jq node resume n1
ok

test_begin "a node that was forgotten is known again when it comes back, and ends what it still ran"
running "$(<"$T/runs")" || fail "its step has ended before it came back"
start_node n2 --cpus 1
wait_for 10 gone "$(<"$T/runs")"
ok

test_begin "a node may use the controller's socket on the same machine"
start_daemon n3 jobq node --controller "$T/sock" --name n3 --state "$T/n3" --cpus 1
until_ready n3 node_is n3 up
stop_all
ok

test_begin "a node without an address or a key says what it needs"
expect_exit 2 jobq node --name n --state "$T/n"
expect_match "\-\-controller ADDR:PORT" "$(<err)"
expect_exit 5 jobq node --name n --state "$T/n" --controller 127.0.0.1:7117 --key "$T/no.key"
expect_match "no.key" "$(<err)"
expect_exit 2 jobq node --name "a b" --state "$T/n" --controller "$T/sock"
expect_match "'a b' is no name of a node" "$(<err)"
ok
