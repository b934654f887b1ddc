#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# The spool directory: files that are moved in are submitted as their owners, once each, however
# many come and however often the controller is killed; what is hostile is refused and explained.
. "$(dirname "$0")/lib.sh"
chmod 0755 "$T"
spool=$T/spool
start_spool() {
  printf '[controller]\nspool = "%s"\n' "$spool" >"$T/controller.toml"
  start_controller
}
kill_controller() { stop controller KILL; }
accepted() { find "$spool/accepted" -type f | wc -l; }
rejected() { find "$spool/rejected" ! -type d ! -name '*.why' | wc -l; }
is_accepted() { compgen -G "$spool/accepted/[0-9]*-$1" >/dev/null; }
is_rejected() { [[ -e $spool/rejected/$1.why ]]; }
why_of() { cat "$spool/rejected/$1.why"; }
job_of() {
  local file
  file=$(compgen -G "$spool/accepted/[0-9]*-$1")
  file=${file##*/}
  echo "${file%%-*}"
}
# put NAME: standard input, moved in as a whole.
put() {
  cat >"$T/.$1"
  mv "$T/.$1" "$spool/$1"
}
jobs_named() { jq queue --json | json -r --arg name "$1" 'select(.name == $name) | .job' | wc -l; }
start_spool

test_begin "a ticket that is moved in is submitted, and lies in accepted/ with its number"
printf 'run = ["true"]\n[ticket]\nname = "moved"\n' | put moved.toml
wait_for 10 is_accepted moved.toml
expect_eq moved "$(jq show "$(job_of moved.toml)" --json | json -r .name)"
[[ ! -e $spool/moved.toml ]] || fail "it is still there"
expect_match "spool: moved.toml of .* is accepted: 1" "$(<controller.log)"
ok

test_begin "a script works in its owner's home, with nothing of the controller's surroundings"
printf '#!/bin/sh\n#JQ --name night --hold --umask 027\nenv\n' | put night.sh
printf 'pwd' | put plain.job
printf '#!/bin/sh\n#JQ --env HOME_OF_CONTROLLER\n' | put curious.sh
wait_for 10 is_accepted night.sh
wait_for 10 is_accepted plain.job
wait_for 10 is_rejected curious.sh
expect_match "HOME_OF_CONTROLLER is not set here" "$(why_of curious.sh)"
expect_eq HD "$(state_of "$(job_of night.sh)")"
ok

test_begin "a file of many tickets becomes many jobs, or none where one of them is wrong"
printf '{"run":["true"],"ticket":{"name":"line%s"}}\n' 1 2 3 | put three.jsonl
wait_for 10 is_accepted three.jsonl
expect_match '/[0-9]+-[0-9]+-three.jsonl$' "$(compgen -G "$spool/accepted/*three.jsonl")"
expect_eq 1 "$(jobs_named line2)"
printf '{"run":["true"],"ticket":{"name":"half"}}\n{"run":[1,{}]}\n' | put half.jsonl
wait_for 10 is_rejected half.jsonl
expect_match "half.jsonl:2:" "$(why_of half.jsonl)"
expect_eq 0 "$(jobs_named half)"
ok

test_begin "of many tickets those that the controller refuses are told with their lines"
printf '{"run":["true"],"ticket":{"name":"good"}}\n{"ticket":{"class":"nothing"}}\n' |
  put some.jsonl
wait_for 10 is_accepted some.jsonl
wait_for 10 is_rejected some.jsonl
expect_match "1 of 2 tickets were submitted" "$(why_of some.jsonl)"
expect_match "line 2: .*nothing" "$(why_of some.jsonl)"
ok

test_begin "a recurring ticket is added"
printf 'run = ["true"]\n[ticket]\nname = "nightly"\n[recur]\ncron = "@daily"\n' | put nightly.toml
wait_for 10 test -e "$spool/accepted/recurring-nightly.toml"
expect_eq nightly "$(jq recur list --json | json -r .name)"
ok

test_begin "what is wrong in a ticket is told with file, line and column"
printf 'run = ["true"]\n[ticket]\nnaem = "x"\n' | put wrong.toml
wait_for 10 is_rejected wrong.toml
expect_match "wrong.toml:3:1: .*naem.*name" "$(why_of wrong.toml)"
printf 'run = ["true"]\n[ticket]\nnaem = "x"\n' | put wrong.toml
wait_for 10 is_rejected wrong.toml.2
printf '[ticket]\nclass = "no-such"\n' | put noclass.toml
wait_for 10 is_rejected noclass.toml
expect_match "no-such" "$(why_of noclass.toml)"
ok

test_begin "a file is left alone as long as somebody writes it"
exec 7>"$spool/slow.toml"
printf 'run = ["true"]\n' >&7
printf 'run = ["true"]\n' | put after1.toml
wait_for 10 is_accepted after1.toml
[[ -e $spool/slow.toml ]] || fail "it was taken too early"
printf '[ticket]\nname = "slow"\n' >&7
exec 7>&-
wait_for 10 is_accepted slow.toml
expect_eq 1 "$(jobs_named slow)"
ok

test_begin "names of unfinished files are left alone, and so are directories"
mkdir "$spool/sub"
printf 'run = ["true"]\n' >"$spool/sub/inner.toml"
for name in .hidden.toml back.toml~ copy.toml.part copy.toml.tmp .x.swp; do
  printf 'run = ["true"]\n' >"$spool/$name"
done
printf 'run = ["true"]\n' | put after2.toml
wait_for 10 is_accepted after2.toml
mv "$spool/copy.toml.part" "$spool/copy.toml"
wait_for 10 is_accepted copy.toml
[[ -e $spool/.hidden.toml && -e $spool/back.toml~ && -e $spool/sub/inner.toml ]] ||
  fail "one was taken"
ok

test_begin "what is no ticket, cannot be read or is hostile is rejected, and told why"
printf 'top secret' >secret
ln -s "$T/secret" "$spool/link.toml"
mkfifo "$spool/pipe.toml"
printf 'run = ["true"]\n' >original
ln original "$spool/hard.toml"
: | put empty.toml
head -c 4096 /dev/urandom | put random.toml
head -c 4096 /dev/urandom | put random.json
head -c 4096 /dev/urandom | put random.bin
printf '#!/bin/sh\n\xff\xfe\n' | put latin.sh
printf '#!/bin/sh\n\0\n' | put nul.sh
printf 'run = ["tr\0ue"]\n' | put nul.toml
truncate -s 1G "$T/.huge" && mv "$T/.huge" "$spool/huge.toml"
printf 'run = ["true"]\n' >.open && chmod 0666 .open && mv .open "$spool/open.toml"
printf '[class]\nname = "c"\nversion = "1"\n[[step]]\nname = "a"\nrun = "true"\n' | put class.toml
printf 'words' | put words.txt
printf '\n \n' | put blank.toml
while read -r name reason; do
  wait_for 10 is_rejected "$name"
  expect_match "$reason" "$(why_of "$name")"
  [[ ! -e $spool/$name ]] || fail "$name is still there"
done <<'REASONS'
link.toml symbolic link
pipe.toml named pipe
hard.toml hard links
empty.toml it is empty
random.toml random.toml
random.json random.json
random.bin neither a ticket
latin.sh UTF-8
nul.sh NUL
nul.toml nul.toml:1:
huge.toml 1073741824 bytes
open.toml chmod o-w
class.toml jq class register
words.txt neither a ticket
blank.toml empty
REASONS
expect_eq 'top secret' "$(<secret)"
expect_eq 1 "$(grep -c 'spool: sub is a directory' controller.log)"
ok

if ((EUID == 0)); then
  test_begin "the owner of a file submits; who has no account does not"
  # Directories above are passed through only; the spool takes files of everybody, and shows none.
  expect_eq 1733 "$(stat -c %a "$spool")"
  printf 'run = ["true"]\n[ticket]\nname = "of-nobody"\n' >.n
  chown nobody .n && chmod 0600 .n && mv .n "$spool/nobody.toml"
  wait_for 10 is_accepted nobody.toml
  expect_eq nobody "$(jq show "$(job_of nobody.toml)" --json | json -r .user)"
  printf 'run = ["true"]\n' >.n
  chown 54321 .n && mv .n "$spool/stranger.toml"
  wait_for 10 is_rejected stranger.toml
  expect_match "uid 54321, has no account" "$(why_of stranger.toml)"
  ok
fi

test_begin "what lies there at the start is taken, and a file that is still written is not"
kill_controller
printf 'run = ["true"]\n[ticket]\nname = "early"\n' | put early.toml
exec 7>"$spool/held.toml"
printf 'run = ["true"]\n' >&7
start_spool 7>&- # which would have it open as well
wait_for 10 is_accepted early.toml
[[ -e $spool/held.toml ]] || fail "it was taken too early"
exec 7>&-
wait_for 10 is_accepted held.toml
ok

test_begin "a thousand files that come at once become a thousand jobs, once each, through kills"
before=$(accepted)
mkdir many
for ((i = 0; i < 1000; ++i)); do
  printf 'run = ["true"]\n[ticket]\nname = "many%d"\n' "$i" >"many/many$i.toml"
done
has_accepted() { (($(accepted) >= before + $1)); }
mv many/* "$spool/" || true # it looks again at what it has moved, which may be taken by then
for some in 50 150 300 500 800; do
  wait_for 30 has_accepted "$some"
  kill_controller
  start_spool
done
wait_for 60 has_accepted 1000
jq queue --json | json -r 'select(.name | startswith("many")) | .name' | sort >names
expect_eq 1000 "$(wc -l <names)"
expect_eq 1000 "$(sort -u names | wc -l)"
expect_eq "$((before + 1000))" "$(accepted)"
expect_eq 0 "$(find "$spool/taken" -type f | wc -l)"
for i in 0 499 999; do
  expect_eq "many$i" "$(jq show "$(job_of "many$i.toml")" --json | json -r .name)"
done
ok

test_begin "what was taken too long ago for its key is not submitted again"
kill_controller
key=0123456789abcdef0123456789abcdef
printf 'run = ["true"]\n[ticket]\nname = "old"\n' >"$spool/taken/1000000000000-$key-old.toml"
now=$((${EPOCHREALTIME/./} / 1000))
printf 'run = ["true"]\n[ticket]\nname = "fresh"\n' >"$spool/taken/$now-$key-fresh.toml"
start_spool
wait_for 10 is_rejected old.toml
expect_match "nobody knows whether it was submitted" "$(why_of old.toml)"
wait_for 10 is_accepted fresh.toml
expect_eq 0 "$(jobs_named old)"
expect_eq 1 "$(jobs_named fresh)"
ok

test_begin "a directory in which others can tamper is refused"
kill_controller
chmod 0777 "$spool"
expect_exit 2 jobq controller --config "$T/controller.toml" --state "$T/controller" \
  --socket "$T/sock" --listen "$LISTEN"
expect_match "spool is not safe: .*sticky" "$(<err)"
chmod 1777 "$spool"
chmod 0777 "$spool/accepted"
expect_exit 2 jobq controller --config "$T/controller.toml" --state "$T/controller" \
  --socket "$T/sock" --listen "$LISTEN"
expect_match "others may write there" "$(<err)"
ok
