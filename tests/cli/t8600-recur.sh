#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# recur next: the times to come of calendar expressions. No controller runs here.
. "$(dirname "$0")/lib.sh"

# times [OPTIONS...]: local time, offset and note of each, joined by commas.
times() { jq recur next "$@" | tail -n +2 | sed 's/  .*[0-9]  /|/; s/  [^|]*$//' | paste -sd,; }

test_begin "a table: local time, UTC and a note"
jq recur next '30 2 * * *' --zone America/New_York --from 2027-03-13 -n 3 >out
expect_eq "LOCAL (America/New_York)        UTC                  NOTE" "$(sed -n 1p out)"
expect_match "^Sat 2027-03-13 02:30:00 -05:00  2027-03-13 07:30:00" "$(sed -n 2p out)"
expect_eq "Sun 2027-03-14 03:00:00 -04:00  2027-03-14 07:00:00  \
for 02:30:00, which the clock leaves out" "$(sed -n 3p out)"
expect_match "^Mon 2027-03-15 02:30:00 -04:00  2027-03-15 06:30:00" "$(sed -n 4p out)"
expect_eq 4 "$(wc -l <out)"
ok

test_begin "ten from now on in the machine's zone, where nothing else is said"
jq recur next '* * * * *' >out
expect_eq 11 "$(wc -l <out)"
expect_match "^LOCAL \(UTC\) " "$(head -1 out)"
TZ=Asia/Tokyo jq recur next @daily -n 1 >out
expect_match "^LOCAL \(Asia/Tokyo\)" "$(head -1 out)"
expect_match " 00:00:00 \+09:00 .* 15:00:00" "$(tail -1 out)"
TZ='' jq recur next @daily -n 1 --zone local >out
expect_match "^LOCAL \(UTC\) " "$(head -1 out)"
TZ=Mars jq recur next @daily -n 1 --zone UTC >out
ok

test_begin "a repeated hour: fixed times once, wildcards twice"
expect_eq "Sun 2027-11-07 01:30:00 -04:00|comes twice: runs once,Mon 2027-11-08 01:30:00 -05:00" \
  "$(times '30 1 * * *' --zone America/New_York --from 2027-11-07 -n 2)"
expect_eq "Sun 2027-11-07 01:00:00 -04:00|comes twice: the first time,\
Sun 2027-11-07 01:00:00 -05:00|comes twice: the second time,Sun 2027-11-07 02:00:00 -05:00" \
  "$(times @hourly --zone America/New_York --from 2027-11-07T05:00:00Z -n 3)"
ok

test_begin "clocks of the world"
expect_eq "Fri 2027-04-30 01:00:00 +03:00|for 00:00:00, which the clock leaves out" \
  "$(times @daily --zone Africa/Cairo --from 2027-04-29T12:00:00Z -n 1)"
expect_eq "Sun 2027-10-03 02:30:00 +11:00|for 02:15:00, which the clock leaves out" \
  "$(times '15 2 * * *' --zone Australia/Lord_Howe --from 2027-10-02T12:00:00Z -n 1)"
expect_eq "Thu 2011-12-29 09:00:00 -10:00,Sat 2011-12-31 09:00:00 +14:00" \
  "$(times '0 9 * * *' --zone Pacific/Apia --from 2011-12-29 -n 2)"
expect_eq "Sun 2014-10-26 01:30:00 +04:00|comes twice: runs once,Mon 2014-10-27 01:30:00 +03:00" \
  "$(times '30 1 * * *' --zone Europe/Moscow --from 2014-10-25T12:00:00Z -n 2)"
expect_match "2099-07-01 12:00:00 -04:00" \
  "$(times '0 12 1 7 *' --zone America/New_York --from 2099-01-01 -n 1)"
ok

test_begin "a line of JSON for each time"
jq recur next '0,30 2 * * *' --zone America/New_York --from 2027-03-14 -n 2 --json >out
expect_eq '{"at":"2027-03-14T07:00:00.000Z","local":"2027-03-14T03:00:00-04:00",'\
'"zone":"America/New_York","left_out":"2027-03-14T02:00:00","repeated":null}' "$(sed -n 1p out)"
expect_eq 2 "$(wc -l <out)"
jq recur next @hourly --zone America/New_York --from 2027-11-07T05:00:00Z -n 3 --json >out
expect_eq "first second null" "$(json -r .repeated out | paste -sd' ')"
ok

test_begin "an expression may be several words, and have seconds"
expect_eq "Fri 2027-01-01 12:00:10 +00:00,Fri 2027-01-01 12:00:20 +00:00" \
  "$(times '10,20' 0 12 1 jan '*' --from 2027-01-01 -n 2)"
ok

test_begin "faults of expressions name field, place, what was found and what was expected"
expect_exit 2 jq recur next '30 25 * * *'
expect_eq "jq recur: calendar expression '30 25 * * *': column 4, hour: found '25'; \
expected 0 to 23, or '*'" "$(<err)"
expect_eq "" "$(<out)"
expect_exit 2 jq recur next '30 25 * * *' --json
expect_eq usage "$(json -r .error.code out)"
expect_exit 2 jq recur next '0 0 30 2 *'
expect_match "it would never fire" "$(<err)"
expect_exit 2 jq recur next '* * *'
expect_match "found 3 fields; expected 5 .minute, hour" "$(<err)"
expect_exit 2 jq recur next @dayly
expect_match "did you mean '@daily'" "$(<err)"
ok

test_begin "an expression that the zone's clocks never show is refused"
expect_exit 1 jq recur next '*/20 2 8-14 3 */7' --zone America/New_York --from 2027-01-01
expect_match "does not come in America/New_York in the 41 years from 2027-01-01T00" "$(<err)"
ok

test_begin "a zone that is not there names those that are near"
expect_exit 2 jq recur next @daily --zone Europe/Moskow
expect_match "'Europe/Moskow' is no zone .*; did you mean Europe/Moscow\?" "$(<err)"
expect_exit 2 jq recur next @daily --zone ../../../etc/passwd
expect_match "is no zone of the time-zone database" "$(<err)"
expect_exit 2 env TZ=CET-1CEST,M3.5.0,M10.5.0 jq recur next @daily
expect_match "TZ is 'CET-1CEST,.*', which is no name of a zone; name one" "$(<err)"
mkdir empty
expect_exit 1 env TZDIR="$T/empty" jq recur next @daily
expect_match "install the package tzdata" "$(<err)"
ok

test_begin "usage"
expect_exit 2 jq recur next
expect_match "no calendar expression is given" "$(<err)"
expect_exit 2 jq recur
expect_match "expected one of add, list" "$(<err)"
expect_exit 2 jq recur netx @daily
expect_match "did you mean 'next'" "$(<err)"
for count in 0 10001; do
  expect_exit 2 jq recur next @daily -n $count
  expect_match "--count: $count is out of range; expected 1 to 10000" "$(<err)"
done
expect_exit 2 jq recur next @daily --from tomorrow
expect_match "'tomorrow' is not a time" "$(<err)"
ok
