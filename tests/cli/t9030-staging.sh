#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Files of client: where this machine is no node: they are carried to a storage area when the ticket
# is submitted, and jobs on nodes read them there.
. "$(dirname "$0")/lib.sh"

mkdir stage small
cat >controller.toml <<END
[area.stage]
path = "$T/stage"
node = "n1"
[area.small]
path = "$T/small"
node = "n1"
quota = "1M"
END
start_controller
start_node n1
start_node n2
jq node drain n1 --reason "jobs run elsewhere" # jobs run on the other one
unset JOBQ_SOCKET
export JOBQ_CONTROLLER=$LISTEN JOBQ_KEY=$T/controller/cluster.key

mkdir -p client far/bulk
cd "$T/client" || exit
head -c 1500000 /dev/urandom >a.bin
mkdir -p in/sub other
echo 1 >in/1.dat
echo 2 >in/2.dat
echo h >in/.hidden.dat
echo s >in/sub/s.dat
echo o >other/1.dat

# submit TICKET [OPTIONS...]
submit() { printf '%s\n' "$1" >"$T/ticket.toml" && jq submit "${@:2}" "$T/ticket.toml"; }
# bring FROM TO: by a job on n2, done when it returns.
bring() {
  expect_exit 0 submit "
[ticket]
workdir = '$T/far'
[[step]]
name = 'bring'
give = { from = $1, to = '$2' }
"
  expect_exit 0 jq wait "$(cat "$T/out")"
}
nothing_staged() { [[ -z $(ls -A "$T/stage") ]]; }
staged_count() { find "$T/stage" -mindepth 1 -maxdepth 1 | wc -l; }

test_begin "a file comes to a job on another node as it was when it was submitted"
bring '"client:a.bin"' b.bin
cmp a.bin ../far/b.bin
expect_eq 700 "$(stat -c %a "$T"/stage/*)"
expect_match '^[^/]+-[0-9a-f]{32}$' "$(ls "$T/stage")"
ok

test_begin "patterns, directories and hidden names mean what they mean in a copy"
bring '["client:in/*.dat", "client:in/.*.dat"]' flat/
expect_eq '.hidden.dat 1.dat 2.dat' "$(cd ../far/flat && echo .h* *)"
bring '"client:in/"' tree/
diff -r in ../far/tree/in
bring '"client:i*/sub/s.dat"' deep/
expect_eq s "$(cat ../far/deep/s.dat)"
bring '"client:in/./"' all/
diff -r in ../far/all
ok

test_begin "what a copy would refuse is refused when it is submitted, and nothing is left"
rm -rf "$T"/stage/*
give() { submit "give = { from = $1, to = 'x/' }" "${@:2}"; }
expect_exit 5 give '["client:a.bin", "client:none"]'
expect_match 'client:none: .*no such file or directory' "$(cat ../err)"
expect_exit 5 give '"client:none*"'
expect_match 'no file fits' "$(cat ../err)"
expect_exit 2 give '"client:in"'
expect_match 'client:in: .*is a directory' "$(cat ../err)"
expect_exit 2 give '"client:[io]*/1.dat"'
expect_match 'would both become area:stage/.*/1.dat' "$(cat ../err)"
# shellcheck disable=SC2016
expect_exit 1 give '"client:${job}.dat"'
expect_match 'the value of \$\{job\} is not known before the job runs' "$(cat ../err)"
nothing_staged || fail "there is $(find "$T/stage")"
ok

test_begin "of a ticket that is refused and of a dry run nothing is left"
expect_exit 1 submit '
give = { from = "client:a.bin", to = "x" }
[needs]
cpus = 100000'
nothing_staged || fail "there is $(find "$T/stage")"
expect_exit 0 give '"client:a.bin"' --dry-run
expect_exit 5 give '"client:none"' --dry-run
nothing_staged || fail "there is $(find "$T/stage")"
ok

test_begin "another area is named, and its quota holds"
expect_exit 1 give '"client:a.bin"' --stage small
expect_match 'the storage area may hold 1M' "$(cat ../err)"
expect_eq '' "$(ls -A "$T/small")"
expect_exit 0 give '"client:in/1.dat"' --stage small
expect_eq 1 "$(find "$T/small" -name 1.dat | wc -l)"
expect_exit 5 give '"client:in/1.dat"' --stage smal
expect_match 'there is no storage area smal; there are: small, stage' "$(cat ../err)"
expect_exit 2 give '"client:in/1.dat"' --stage a/b
nothing_staged || fail "there is $(find "$T/stage")"
ok

test_begin "what is written to the client, or looked at there, is refused with what to do"
expect_exit 1 submit 'dispose = { from = "x", to = "client:y" }'
expect_match 'client:y: .*is no node of the cluster.*jq give area:NAME/PATH' "$(cat ../err)"
expect_exit 1 submit 'inquire = "client:y"'
expect_match 'client:y: .*is no node of the cluster' "$(cat ../err)"
ok

test_begin "each line of a stream stages its own; equal ones that follow each other share it"
line() { echo "{\"give\": {\"from\": \"client:$1\", \"to\": \"$T/far/bulk/\${job}\"}}"; }
{
  line in/1.dat
  line in/1.dat
  line in/2.dat
  line none
} >lines
bulk=0
jq submit - <lines >../out 2>../err || bulk=$?
expect_eq 1 "$bulk"
expect_match 'line 4: client:none: .*no such file' "$(cat ../err)"
expect_eq 3 "$(wc -l <../out)"
expect_eq 2 "$(staged_count)"
mapfile -t jobs <../out
expect_exit 0 jq wait "${jobs[@]}"
expect_eq '1 1 2' "$(cat "${jobs[@]/#/../far/bulk/}" | xargs)"
ok

test_begin "on a node files are staged where that is asked for, as they are at that time"
jq node drain n2 --reason later
export JOBQ_SOCKET=$T/sock
unset JOBQ_CONTROLLER JOBQ_KEY
rm -rf "$T"/stage/*
echo first >in/now
job=$(submit "give = { from = 'client:in/now', to = '$T/far/now' }" --stage stage)
echo later >in/now
jq node resume n2
expect_exit 0 jq wait "$job"
expect_eq first "$(cat ../far/now)"
ok

test_begin "without an area of that name the ticket is refused with what to do"
stop controller
: >"$T/controller.toml"
start_controller
export JOBQ_CONTROLLER=$LISTEN JOBQ_KEY=$T/controller/cluster.key
unset JOBQ_SOCKET
expect_exit 1 give '"client:a.bin"'
expect_match 'jq dispose FILE area:NAME/.*--stage NAME.*\[area.stage\]' "$(cat ../err)"
ok
