// SPDX-License-Identifier: Apache-2.0
// Zones of the time-zone database by name (Debian: the package tzdata), as the plain data that the
// core goes by.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "sched/zone.h"

namespace jobq::conf {

// Where things stand on this machine. A command takes `database` and `tz` from the variables TZDIR
// and TZ, as the C library does.
struct ZonePlaces {
  std::string database = "/usr/share/zoneinfo";
  std::string localtime = "/etc/localtime";  // a symbolic link into the database
  std::string tz{};                          // where it is not empty, it wins over the link
};

// "Europe/Moscow", "UTC"; "local" is the machine's own, and the zone has its real name. The error
// for a name that is not there tells those that are near.
Result<sched::Zone> read_zone(const std::string& name, const ZonePlaces& places);

// The name of the machine's own zone; "UTC" where nothing says one, as in the C library.
Result<std::string> local_zone_name(const ZonePlaces& places);

}  // namespace jobq::conf
