// SPDX-License-Identifier: Apache-2.0
// The format of the compiled time-zone database, TZif (RFC 8536), versions 1 to 4, and the rule in
// its last line, which is written as POSIX.1 has it for the variable TZ.
//
// The `date` library reads these files, too, and not their last line: with it times would end in
// 2037. Debian has it as a shared library only, which every command would load at its start. So the
// tests have it, to compare with.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "sched/zone.h"

namespace jobq::conf {

// The errors say what is wrong with the bytes; the caller knows whose they are.
Result<sched::Zone> parse_zone_file(std::string_view bytes, std::string name);

// "CET-1CEST,M3.5.0,M10.5.0/3"
Result<sched::ZoneRule> parse_zone_rule(std::string_view text);

}  // namespace jobq::conf
