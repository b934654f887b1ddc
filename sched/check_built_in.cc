// SPDX-License-Identifier: Apache-2.0
// The checks of steps that the controller carries out itself.
#include <fmt/format.h>

#include "resmgr/needs.h"
#include "sched/check_parts.h"

namespace jobq::sched {
namespace {

constexpr std::size_t kMostWords = 1000;

void check_name(const std::string& path, std::string_view what, const std::string& text,
                FaultList& faults) {
  if (!value_refs(text).empty() || resmgr::valid_name(text)) return;
  faults.add(path,
             fmt::format("'{}' is not a {} of a class; expected letters, digits, '.', '_' and "
                         "'-', a letter or digit first, at most 64",
                         text, what));
}

}  // namespace

void check_spawn(const PathOfKey& path, const StepSpec& step, const ValueScope& scope,
                 FaultList& faults) {
  if (step.kind != StepKind::kSpawn) return;
  const Spawn spawn = step.spawn.value_or(Spawn{});
  check_name(path("spawn.class"), "name", spawn.class_name, faults);
  if (!spawn.class_version.empty()) {
    check_name(path("spawn.version"), "version", spawn.class_version, faults);
  }
  const auto check_one = [&](std::string_view key, const std::string& text) {
    check_text([&] { return path(key); }, text, scope, faults);
  };
  check_one("spawn.class", spawn.class_name);
  check_one("spawn.version", spawn.class_version);
  check_one("spawn.name", spawn.name);
  for (const auto& [name, value] : spawn.params) check_one("spawn.params." + name, value);
  if (spawn.priority) {
    check_priority([&] { return path("spawn.priority"); }, *spawn.priority, faults);
  }
}

void check_waits(const PathOfKey& path, const StepSpec& step, const ValueScope& scope,
                 FaultList& faults) {
  if (step.kind != StepKind::kWait) return;
  const std::size_t count = step.wait_for.size();
  if (count == 0 || count > kMostWords) {
    faults.add(path("wait"), fmt::format("expected numbers or names of 1 to {} jobs, found {}",
                                         kMostWords, count));
  }
  for (std::size_t i = 0; i < count; ++i) {
    const std::string key = fmt::format("wait[{}]", i);
    if (step.wait_for[i].empty()) faults.add(path(key), "expected the number or name of a job");
    check_text([&] { return path(key); }, step.wait_for[i], scope, faults);
  }
}

}  // namespace jobq::sched
