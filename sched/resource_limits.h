// SPDX-License-Identifier: Apache-2.0
// Resource limits of steps: names and values as users write them.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "sched/spec.h"

namespace jobq::sched {

// The names that a limit can have: those of setrlimit(2) in lower case without RLIMIT_, and
// "processes", how many processes and threads a step may have at a time.
std::span<const std::string_view> limit_names();

// "nofile=4096", "core=unlimited", "nofile=1024:4096" (soft and hard), sizes as "8G".
Result<ResourceLimit> parse_resource_limit(std::string_view text);
// The value alone, "4096" or "1024:4096", under a name that is not looked at.
Result<ResourceLimit> parse_limit_value(std::string name, std::string_view value);
std::string to_string(const ResourceLimit& limit);  // "nofile=1024:4096"

// "022", "27": octal, 0 to 777.
Result<std::uint32_t> parse_umask(std::string_view text);
std::string umask_text(std::uint32_t umask);  // "022"

}  // namespace jobq::sched
