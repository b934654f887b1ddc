#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# The disk under the journal fills: nothing that was acknowledged is lost, new work is refused with a
# reason, and when there is room again the controller goes on by itself.
. "$(dirname "$0")/lib.sh"

# A small file system of the test's own, where the right to mount is given.
if [[ -z ${INSIDE-} ]]; then
  if unshare --mount true 2>/dev/null; then
    trap - EXIT ERR && rm -rf "$T"
    INSIDE=1 exec unshare --mount bash "$0"
  fi
  echo "skipped - mounting a small file system needs more rights"
  exit 0
fi
mkdir small
mount -t tmpfs -o size=4m tmpfs small
trap 'umount "$T/small" 2>/dev/null || true; finish' EXIT

test_begin "a full disk refuses new work, loses none, and is survived"
start_daemon controller jobq controller --state "$T/small/controller" --socket "$T/sock" \
  --listen "$LISTEN"
until_ready controller jq queue
for _ in 1 2 3; do jq submit --hold -- true; done >acknowledged
refused=false
for ((i = 0; i < 3000; i++)); do
  if number=$(jq submit --hold --name "$(printf 'x%.0s' {1..60})" -- echo "$(seq 600)$i" 2>err); then
    echo "$number" >>acknowledged
  else
    refused=true
    break
  fi
done
$refused || fail "4 MiB were never full"
expect_match "disk|space|full" "$(<err)"
expect_match "not recorded|nothing.*recorded|refused" "$(<err)"
expect_eq "$(wc -l <acknowledged)" "$(jq queue --json | wc -l)"
expect_match "disk|space|full" "$(<controller.log)"

mount -o remount,size=16m "$T/small"
accepted() { jq submit --hold -- true >>acknowledged; }
wait_for 20 accepted
expect_eq "$(wc -l <acknowledged)" "$(jq queue --json | wc -l)"

test_begin "what was acknowledged is there after a restart"
stop controller KILL
start_daemon controller jobq controller --state "$T/small/controller" --socket "$T/sock" \
  --listen "$LISTEN"
until_ready controller jq queue
expect_eq "$(sort -n acknowledged)" "$(jq queue --json | json .job | sort -n)"
stop controller
ok
