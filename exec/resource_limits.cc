// SPDX-License-Identifier: Apache-2.0
// The table of resource limits.
#include "exec/resource_limits.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>
#include <utility>

#include "base/check.h"

namespace jobq::exec {
namespace {

struct Known {
  const char* name;
  int resource;
};

constexpr std::array<Known, 16> kKnown{{{"as", RLIMIT_AS},
                                        {"core", RLIMIT_CORE},
                                        {"cpu", RLIMIT_CPU},
                                        {"data", RLIMIT_DATA},
                                        {"fsize", RLIMIT_FSIZE},
                                        {"locks", RLIMIT_LOCKS},
                                        {"memlock", RLIMIT_MEMLOCK},
                                        {"msgqueue", RLIMIT_MSGQUEUE},
                                        {"nice", RLIMIT_NICE},
                                        {"nofile", RLIMIT_NOFILE},
                                        {"nproc", RLIMIT_NPROC},
                                        {"rss", RLIMIT_RSS},
                                        {"rtprio", RLIMIT_RTPRIO},
                                        {"rttime", RLIMIT_RTTIME},
                                        {"sigpending", RLIMIT_SIGPENDING},
                                        {"stack", RLIMIT_STACK}}};

const Known* find(std::string_view name) {
  const auto* const found = std::find_if(kKnown.begin(), kKnown.end(),
                                         [&](const Known& known) { return known.name == name; });
  return found == kKnown.end() ? nullptr : found;
}

std::string text_of(rlim_t value) {
  return value == RLIM_INFINITY ? "unlimited" : std::to_string(value);
}

}  // namespace

ChildLimit own_limit(const char* name) {
  const Known* const known = find(name);
  check(known != nullptr, "a limit of this system");
  ChildLimit limit{known->name, known->resource, {}};
  check(prlimit(0, static_cast<__rlimit_resource>(known->resource), nullptr, &limit.value) == 0,
        "a limit can be read");
  return limit;
}

Result<void> check_limits(const pb::Start& start) {
  for (const pb::ResourceLimit& limit : start.limits()) {
    if (find(limit.name()) != nullptr) continue;
    return fail(ErrorCode::kUsage, fmt::format("limit {}: there is no such limit", limit.name()));
  }
  return {};
}

std::vector<ChildLimit> limits_of(const pb::Start& start, std::vector<ChildLimit> usual) {
  for (const pb::ResourceLimit& asked : start.limits()) {
    const Known* const known = find(asked.name());
    if (known == nullptr) continue;
    const ChildLimit limit{known->name, known->resource, {asked.soft(), asked.hard()}};
    const auto same = std::find_if(usual.begin(), usual.end(), [&](const ChildLimit& one) {
      return one.resource == limit.resource;
    });
    if (same == usual.end()) {
      usual.push_back(limit);
    } else {
      *same = limit;
    }
  }
  return usual;
}

std::string text_of(const ChildLimit& limit) {
  const auto [soft, hard] = std::pair(limit.value.rlim_cur, limit.value.rlim_max);
  return soft == hard ? fmt::format("{} {}", limit.name, text_of(soft))
                      : fmt::format("{} {}:{}", limit.name, text_of(soft), text_of(hard));
}

}  // namespace jobq::exec
