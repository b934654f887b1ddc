#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# The watch of docs/examples.md, at each second instead of each minute.
. "$(dirname "$0")/examples.sh"
begin_example watch
start_controller
start_node n1 --cpus 2
sed -i 's/^cron = .*/cron = "* * * * * *"\nseconds = true/' watch.toml
loaded() { [[ $(cat loaded.txt 2>/dev/null) == "$1" && ! -e prices.new ]]; }
runs_of() {
  jq recur firings watch-prices --json | json -s 'map(select(.what == "fired")) | length'
}
more_runs_than() { (($(runs_of) > $1)); }

test_begin "what is there at first, and each change, is loaded once, however often it is looked at"
echo one >prices.csv
name=
type_all name "A watch"
expect_eq watch-prices "$name"
wait_for 20 loaded one
before=$(runs_of)
wait_for 20 more_runs_than $((before + 1))
kill_controller
echo two >prices.csv
wait_for 20 loaded $'one\ntwo'
before=$(runs_of)
wait_for 20 more_runs_than $((before + 1))
expect_eq "one two" "$(xargs <loaded.txt)"
ok

test_begin "paused, it looks no more"
jq recur pause watch-prices
expect_match "paused" "$(jq recur list)"
ok
