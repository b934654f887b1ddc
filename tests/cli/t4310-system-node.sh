#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# A machine whose node is a service of the system: who is not root offers services there, without
# saying where it is.

# /var/lib and users of the test's own, where the right to mount is given.
if [[ -z ${INSIDE-} ]]; then
  INSIDE=1 unshare --mount true 2>/dev/null && INSIDE=1 exec unshare --mount bash "$0"
  echo "skipped - a node in /var/lib of the test's own needs more rights"
  exit 77
fi
. "$(dirname "$0")/lib.sh"
mount -t tmpfs -o mode=0755 tmpfs /var/lib
undo() { umount -R /var/lib; }
mkdir /var/lib/{bin,home}
touch /var/lib/bin/{jobq,jq}
for name in jobq jq; do mount --bind "$(realpath "$JOBQ_BIN/jobq")" "/var/lib/bin/$name"; done

# Somebody who owns a home and nothing else; $T is closed to them.
user=(setpriv --reuid 65534 --regid 65534 --clear-groups
  env -u XDG_RUNTIME_DIR -u XDG_CONFIG_HOME -u XDG_STATE_HOME -u JOBQ_SOCKET
  PATH="/var/lib/bin:$PATH" HOME=/var/lib/home JOBQ_CONFIG=/dev/null)
offered() { jq node services --json | json -r '"\(.node) \(.type)"' | sort | paste -sd,; }
is_offered() { [[ $(offered) == "$1" ]]; }

start_controller
install -o 65534 -m 0600 controller/cluster.key /var/lib/home/key
chown 65534 /var/lib/home
cd /var/lib/home || exit

test_begin "without any node, the places that were tried are named"
expect_exit 3 "${user[@]}" jq node offer --type planner
for place in /var/lib/home/.local/state/jobq/node/node.sock /var/lib/jobq/node/node.sock; do
  expect_match "$place" "$(<"$T/err")"
done
ok

test_begin "an offer of an ordinary user reaches the node of the system"
start_daemon system jobq node --config /dev/null --controller "$T/sock" --name system --cpus 1
until_ready system node_is system up
expect_exit 0 "${user[@]}" jq node offer --type planner
wait_for 10 is_offered "system planner"
expect_exit 0 "${user[@]}" jq node offer --type planner --withdraw
wait_for 10 is_offered ""
ok

test_begin "an offer of root, who has no other node, does so too"
expect_exit 0 jq node offer --config /dev/null --type cache
wait_for 10 is_offered "system cache"
expect_exit 0 jq node offer --config /dev/null --type cache --withdraw
wait_for 10 is_offered ""
ok

test_begin "a node of their own goes before that of the system"
start_daemon own "${user[@]}" jobq node --controller "$LISTEN" --key key --name own --cpus 1
until_ready own node_is own up
expect_exit 0 "${user[@]}" jq node offer --type planner
wait_for 10 is_offered "own planner"
ok
