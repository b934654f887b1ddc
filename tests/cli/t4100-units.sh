#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# The service units: systemd takes them as they are, and a broken one does not pass.
top=$(cd "$(dirname "$0")/../.." && pwd)
. "$(dirname "$0")/lib.sh"

# refused SED-SCRIPT REGEX: a unit that was changed so does not pass, and is told why.
refused() {
  rm -rf units && cp -r "$top/conf/systemd" units
  sed -i "$1" units/jobq-node.service
  expect_exit 1 "$top/scripts/verify-units" units
  expect_match "$2" "$(<err)"
}

test_begin "systemd has nothing to say about the units as they are shipped"
expect_exit 0 "$top/scripts/verify-units"
expect_eq "" "$(<err)"
ok

test_begin "a broken unit is refused"
refused 's/^Restart=/Rstart=/' "Unknown key 'Rstart'"
refused 's/^WatchdogSec=.*/WatchdogSec=often/' "jobq-node.service:[0-9]+: .*often"
refused '/^ExecStart=/d' "no ExecStart="
refused 's:/usr/bin/jobq:/usr/bin/job:' "/usr/bin/job is not executable"
refused 's/jobq-keeper.service/jobq-kepper.service/' "no such unit"
refused 's/man:jobq-node(1)/man:jobq-nod(1)/' "no such page"
ok
