#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# The disk under a node fills: starts are refused with the reason, ends are never lost, and when
# there is room again the node goes on by itself.

# A small file system of the test's own, where the right to mount one is given.
if [[ -z ${INSIDE-} ]]; then
  INSIDE=1 unshare --mount true 2>/dev/null && INSIDE=1 exec unshare --mount bash "$0"
  echo "skipped - mounting a small file system needs more rights"
  exit 77
fi
. "$(dirname "$0")/lib.sh"
mkdir n1
mount -t tmpfs -o size=2m,mode=0755 tmpfs n1
undo() { umount "$T/n1"; }
fill() { dd if=/dev/zero of=n1/filler bs=4k 2>/dev/null || true; }

start_controller
start_node n1 --cpus 4

test_begin "what runs when the disk fills ends with its true status"
job=$(jq submit -- sh -c 'echo >ran; until [ -e go ]; do sleep 0.1; done; exit 7')
wait_for 10 test -e ran
fill
touch go
expect_exit 1 jq wait "$job"
expect_match "exit code 7" "$(jq show "$job")"
ok

test_begin "a start that cannot be recorded is refused, with the reason"
for _ in $(seq 40); do
  fill
  job=$(jq submit -- true)
  jq wait "$job" >/dev/null 2>&1 || break
done
expect_match "the node's disk is full" "$(jq show "$job")"
ok

test_begin "with room again the node goes on, and has forgotten nothing"
rm n1/filler
expect_exit 0 jq wait "$(jq submit -- true)"
stop n1
start_node n1 --cpus 4
expect_exit 0 jq wait "$(jq submit -- true)"
ok
