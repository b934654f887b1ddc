#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# A large file comes to a node while its connections are cut five times: by a controller that is
# killed, and by a node daemon that is. It is complete, its checksum right, and memory stays flat.
# JOBQ_FILE_MIB: its size (200).
mib=${JOBQ_FILE_MIB:-200} # the harness forgets what is ours
. "$(dirname "$0")/lib.sh"

start_controller
start_node n1
mkdir far

part=far/.big.jobq-part
# What is on disk of it: the rest are holes.
there() { echo $(($(stat -c %b "$part" 2>/dev/null || echo 0) * 512)); }
has_grown_past() { (($(there) > $1)) || [[ -e far/big ]]; }
peak_kib() { sed -n 's/^VmHWM:[^0-9]*\([0-9]*\).*/\1/p' "/proc/$1/status"; }

# give ARGUMENTS...: jq in the background.
copier=
give() {
  (trap - ERR && exec jq "$@") >give.out 2>give.err </dev/null &
  copier=$!
}

test_begin "a file is complete and right though the connection is cut five times"
head -c $((mib << 20)) /dev/urandom >big
touch -d '2021-01-01' big
sum=$(sha256sum <big)
before=$(peak_kib "$(pid_of n1)")
give give --json --streams 2 big "n1:$T/far/big"
for ((cut = 1; cut <= 5; cut++)); do
  wait_for 60 has_grown_past $((cut * (mib << 20) / 8))
  kill -STOP $copier # so that it does not end before it is cut
  [[ ! -e far/big ]] || fail "it had come before cut $cut"
  if ((cut % 2)); then
    stop controller KILL
    kill -CONT $copier
    start_controller
  else
    stop n1 KILL
    kill -CONT $copier
    start_node n1
  fi
  [[ ! -e far/big || $cut == 5 ]] || fail "it has its name after cut $cut already"
done
most=$(peak_kib $copier || true)
wait $copier || fail "the copy failed: $(cat give.err)"
expect_eq "$sum" "$(sha256sum <far/big)"
[[ ! -e $part ]] || fail "the part is left"
# Two streams may find one cut at different times.
(($(json .reconnects give.out) >= 3)) || fail "it was not cut: $(cat give.out)"
echo "# $(cat give.out)"
ok

test_begin "memory does not grow with the file: neither of the copier nor of the node daemon"
after=$(peak_kib "$(pid_of n1)")
echo "# KiB at most: node daemon $before before, $after after; copier ${most:-gone}"
((after < before + 30000)) || fail "the node daemon grew from $before to $after KiB"
[[ -z $most ]] || ((most < 60000)) || fail "the copier has $most KiB"
ok

test_begin "a copier that was killed is gone on with by the next one"
rm far/big
give give --streams 1 big "n1:$T/far/big"
wait_for 60 has_grown_past $(((mib << 20) / 4))
kill -KILL $copier
wait $copier || true
[[ ! -e far/big ]] || fail "it had come before the copier was killed"
expect_exit 0 jq give --json big "n1:$T/far/big"
(($(json .resumed_bytes out) >= (mib << 20) / 8)) || fail "little was gone on with: $(cat out)"
expect_eq "$sum" "$(sha256sum <far/big)"
ok

test_begin "of a source that was changed nothing is gone on with"
give give --streams 1 big "n1:$T/far/other"
part=far/.other.jobq-part
wait_for 60 has_grown_past 10000000
kill -KILL $copier
wait $copier || true
touch big
expect_exit 0 jq give --json big "n1:$T/far/other"
expect_eq 0 "$(json .resumed_bytes out)"
cmp big far/other
ok

test_begin "what was spoiled meanwhile is found by its checksum, and comes again"
rm far/big
part=far/.big.jobq-part
give give --streams 1 big "n1:$T/far/big"
wait_for 60 has_grown_past 10000000
kill -KILL $copier
wait $copier || true
head -c 4096 /dev/zero | dd of="$part" bs=4096 seek=100 conv=notrunc status=none
expect_exit 0 jq give --json big "n1:$T/far/big"
(($(json .resumed_bytes out) > 0)) || fail "nothing was gone on with"
expect_eq "$sum" "$(sha256sum <far/big)"
ok
