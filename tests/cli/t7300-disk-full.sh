#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# The disk under the journal fills: nothing that was acknowledged is lost, new work is refused with
# a reason, and when there is room again the controller goes on by itself.

# A small file system of the test's own, where the right to mount one is given.
if [[ -z ${INSIDE-} ]]; then
  INSIDE=1 unshare --mount true 2>/dev/null && INSIDE=1 exec unshare --mount bash "$0"
  echo "skipped - mounting a small file system needs more rights"
  exit 77
fi
. "$(dirname "$0")/lib.sh"
mkdir small
mount -t tmpfs -o size=4m tmpfs small
undo() { umount "$T/small"; }

test_begin "a full disk refuses new work, loses none, and is survived"
start_daemon controller jobq controller --state "$T/small/controller" --socket "$T/sock" \
  --listen "$LISTEN"
until_ready controller jq queue
for _ in 1 2 3; do jq submit --hold -- true; done >acknowledged
refused=false
for ((i = 0; i < 3000; i++)); do
  if ! number=$(jq submit --hold -- echo "$(seq 600)$i" 2>err); then
    refused=true
    break
  fi
  echo "$number" >>acknowledged
done
$refused || fail "4 MiB were never full"
expect_match "disk|space|full" "$(<err)"
expect_match "nothing of the request was recorded" "$(<err)"
expect_eq "$(wc -l <acknowledged)" "$(jq queue --json | wc -l)"
expect_match "disk|space|full" "$(<controller.log)"

mount -o remount,size=16m "$T/small"
accepted() { jq submit --hold -- true >>acknowledged; }
wait_for 20 accepted
expect_eq "$(wc -l <acknowledged)" "$(jq queue --json | wc -l)"
ok

test_begin "what was acknowledged is there after a restart"
stop controller KILL
start_daemon controller jobq controller --state "$T/small/controller" --socket "$T/sock" \
  --listen "$LISTEN"
until_ready controller jq queue
expect_eq "$(sort -n acknowledged)" "$(jq queue --json | json .job | sort -n)"
stop controller
ok
