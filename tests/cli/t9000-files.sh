#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Files from place to place: `jq give`, `jq dispose` and `jq inquire`, as commands and as steps.
. "$(dirname "$0")/lib.sh"

mkdir "$T/store" "$T/shared"
cat >"$T/controller.toml" <<END
[area.store]
path = "$T/store"
node = "n1"
quota = "1M"
[area.shared]
path = "$T/shared"
END
start_controller
start_node n1
start_node n2

no_parts() { [[ -z $(find "$T" -name '*.jobq-*') ]]; }
mode_of() { stat -c %a "$1"; }

test_begin "a file goes to a node and comes back, with its mode and its time"
mkdir far
head -c 1500000 /dev/urandom >a.bin
chmod 0751 a.bin
touch -d '2020-02-02 02:02:02.5' a.bin
expect_exit 0 jq give a.bin "n1:$T/far/b.bin"
expect_match '^1 file, 1.4M in ' "$(cat out)"
cmp a.bin far/b.bin
expect_eq 751 "$(mode_of far/b.bin)"
expect_eq "$(stat -c %y a.bin)" "$(stat -c %y far/b.bin)"
expect_exit 0 jq dispose --json "node:n1:$T/far/b.bin" back.bin
cmp a.bin back.bin
expect_eq '1 1500000' "$(json -r '"\(.files) \(.bytes)"' out)"
no_parts || fail "a part is left"
ok

test_begin "from node to node; a path that is not absolute begins at the user's home"
expect_exit 0 jq give "n1:$T/far/b.bin" "n2:$T/far/c.bin"
cmp a.bin far/c.bin
expect_exit 0 jq inquire --json n2:.
expect_eq directory "$(json -r .kind out)"
ok

test_begin "an empty file is a file"
: >empty
expect_exit 0 jq give empty "n1:$T/far/"
[[ -e far/empty && ! -s far/empty ]]
ok

test_begin "patterns are looked up where the files are; the directory is made"
mkdir -p far/in/x far/in/y
for f in x/1.dat x/2.dat y/3.dat y/.hidden.dat y/4.txt; do echo "$f" >"far/in/$f"; done
expect_exit 0 jq give "n1:$T/far/in/*/*.dat" new/dir/
expect_eq '1.dat 2.dat 3.dat' "$(cd new/dir && echo *)"
expect_exit 5 jq give "n1:$T/far/in/*.dat" new/
expect_match 'no file fits n1:.*/far/in/\*\.dat' "$(cat err)"
expect_exit 2 jq give "n1:$T/far/in/x/*.dat" new/one
expect_match 'several files go into a directory' "$(cat err)"
ok

test_begin "a directory is copied when that is said, links as links"
ln -s x/1.dat far/in/link
expect_exit 2 jq give "n1:$T/far/in" there
expect_match 'is a directory; give --recursive' "$(cat err)"
expect_exit 0 jq give -r "n1:$T/far/in" there
diff -r far/in there
expect_eq x/1.dat "$(readlink there/link)"
expect_exit 0 jq give there/ "n2:$T/again/"
diff -r far/in again/there
ok

test_begin "an area on a node, and one that is everywhere"
expect_exit 5 jq dispose a.bin area:shared/deep/a.bin
mkdir shared/deep
expect_exit 0 jq dispose a.bin area:shared/deep/a.bin
cmp a.bin shared/deep/a.bin
head -c 600000 a.bin >half.bin
expect_exit 0 jq dispose half.bin area:store/made/here/
cmp half.bin store/made/here/half.bin
expect_exit 0 jq give area:store/made/here/half.bin "n2:$T/far/half.bin"
cmp half.bin far/half.bin
expect_exit 5 jq give area:stoer/x .
expect_match 'there is no storage area stoer; there are: shared, store' "$(cat err)"
ok

test_begin "an area holds no more than its quota, and says so before anything is written"
expect_exit 1 jq dispose half.bin area:store/second.bin
expect_match 'area:store/: second.bin: the storage area may hold 1M, and has 600000 already' \
  "$(cat err)"
[[ ! -e store/second.bin ]]
rm store/made/here/half.bin
expect_exit 0 jq dispose half.bin area:store/second.bin
cmp half.bin store/second.bin
ok

test_begin "nothing leads out of an area"
ln -s "$T/far" store/out
expect_exit 4 jq give area:store/out/half.bin stolen
expect_match 'leads out of the storage area' "$(cat err)"
expect_exit 4 jq give area:store/../far/half.bin stolen
expect_exit 4 jq dispose half.bin area:store/out/written
[[ ! -e stolen && ! -e far/written ]]
ok

test_begin "a link at the final name is replaced, not followed; one in the part's place is refused"
echo mine >precious
ln -s "$T/precious" far/target
expect_exit 0 jq give half.bin "n1:$T/far/target"
[[ ! -L far/target ]]
expect_eq mine "$(cat precious)"
ln -s "$T/precious" far/.trap.jobq-part
expect_exit 4 jq give half.bin "n1:$T/far/trap"
expect_match 'a link lies where its part would be' "$(cat err)"
expect_eq mine "$(cat precious)"
rm far/.trap.jobq-part
ok

test_begin "what lies where, with sizes, times and checksums"
expect_exit 0 jq inquire "n1:$T/far/half.bin" area:store/second.bin half.bin
sum=$(sha256sum <half.bin | cut -d' ' -f1)
expect_eq 3 "$(grep -c "^$sum  600000  20.*Z  .*$" out)"
expect_match "  n1:$T/far/half.bin"$'\n' "$(cat out)"
expect_exit 1 jq inquire --json half.bin area:shared/nothing
expect_eq 'true false' "$(json -r .present out | xargs)"
expect_eq "$sum" "$(json -r 'select(.present) | .sha256' out)"
expect_exit 0 jq inquire --no-checksum "n1:$T/far"
expect_match '^directory ' "$(cat out)"
ok

# in_job TICKET: submits it from where we are; its number.
in_job() { printf '%s\n' "$1" >ticket.toml && jq submit ticket.toml; }

test_begin "steps bring files, look at them and carry them away, in the job's directory"
rm -rf store/* shared/* work
echo 1 >shared/1.dat
echo 2 >shared/2.dat
job=$(in_job '
[[step]]
name = "bring"
give = { from = "area:shared/*.dat", to = "work/" }
[[step]]
name = "sum"
after = ["bring"]
run = "cat work/*.dat >work/sum-$JOBQ_JOB"
[[step]]
name = "look"
after = ["sum"]
inquire = { files = ["work/sum-${job}", "area:store/nothing"] }
[[step]]
name = "carry"
after = ["look.event=absent"]
dispose = { from = "work", to = "area:store/made/${job}/", recursive = true }
[[step]]
name = "again"
after = ["carry"]
inquire = "area:store/made/${job}/work/sum-${job}"
[[step]]
name = "never"
after = ["again.event=absent"]
run = "touch never"
')
expect_exit 0 jq wait "$job"
expect_eq '1 2' "$(xargs <"store/made/$job/work/sum-$job")"
[[ ! -e never ]]
kinds=$(jq show "$job" --json | json -r '.steps[].kind' | xargs)
expect_eq 'give run inquire dispose inquire run' "$kinds"
expect_match '^2 files, 4 in ' "$(jq output "$job.bring")"
expect_match "absent  area:store/nothing" "$(jq output "$job.look")"
ok

test_begin "a step that finds nothing fails as the command does, and can be tried again"
job=$(in_job 'give = { from = "area:shared/late", to = "." }
retry = { max = 1000, delay = "100ms" }')
tried() { (($(jq show "$job" --json | json '.steps[0].attempts | length') > 1)); }
wait_for 10 tried
expect_match 'area:shared/late: no such file' "$(jq output --error --attempt 1 "$job" 2>&1)"
echo now >shared/late
expect_exit 0 jq wait "$job"
expect_eq now "$(cat late)"
ok

test_begin "what only the client has is refused where it is no node"
expect_exit 1 in_job 'give = { from = "client:a.bin", to = "x" }'
expect_match "is no node of the cluster.*jq dispose FILE area:NAME/" "$(xargs -0 echo <err)"
ok

test_begin "refusals say what to do"
expect_exit 5 jq give n1:/no/such/file x
expect_match 'n1:/no/such/file: no such file' "$(cat err)"
expect_exit 5 jq give nx:/etc/passwd x
expect_match 'there is no node nx; `jq node list` names them' "$(cat err)"
expect_exit 2 jq give a.bin
expect_exit 2 jq give a.bin device:printer
expect_match 'a device stands in' "$(cat err)"
expect_exit 2 jq give --streams 0 a.bin b
stop n2
expect_exit 1 jq give --patience 1s a.bin "n2:$T/x"
expect_match 'node n2 is not connected now' "$(cat err)"
ok

test_begin "a node gives and takes with the rights of who asks"
if ((EUID == 0)) && id -u nobody >/dev/null 2>&1; then
  chmod 0711 "$T"
  mkdir -m 0700 secret
  echo s >secret/s
  install -m 0600 half.bin own
  mkdir -m 1777 open
  as_nobody() { setpriv --reuid nobody --regid "$(id -g nobody)" --clear-groups "$@"; }
  expect_exit 4 as_nobody "$JOBQ_BIN/jq" give "n1:$T/secret/s" "n1:$T/open/s"
  expect_exit 4 as_nobody "$JOBQ_BIN/jq" give "n1:$T/own" "n1:$T/open/s"
  expect_exit 4 as_nobody "$JOBQ_BIN/jq" give n1:/etc/hostname "n1:$T/secret/s"
  expect_exit 0 as_nobody "$JOBQ_BIN/jq" give n1:/etc/passwd "n1:$T/open/s"
  expect_eq nobody "$(stat -c %U open/s)"
  # Another one's part is not written to, whatever its mode.
  as_nobody sh -c "umask 0; echo bait >$T/open/.t.jobq-part"
  expect_exit 4 jq give half.bin "n1:$T/open/t"
  expect_match 'is not one of yours that is being copied' "$(cat err)"
fi
ok
