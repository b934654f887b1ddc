// SPDX-License-Identifier: Apache-2.0
// Which rows changed since they were last taken, each once, in the order of their first change.
//
// Keys only: a row is made from what is in memory when it is taken. Jobs, steps and attempts, of
// which there are many, know by a mark of their own that they are listed; the others are told apart
// here.
#pragma once

#include <compare>
#include <cstdint>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/ids.h"
#include "base/time.h"
#include "sched/mailbox.h"

namespace jobq::sched {

struct StepKey {
  JobNumber job;
  StepId step;
  auto operator<=>(const StepKey&) const = default;
};
struct AttemptKey {
  JobNumber job;
  StepId step;
  Attempt attempt;
  auto operator<=>(const AttemptKey&) const = default;
};
struct TransitionKey {
  JobNumber job;
  std::uint32_t sequence = 0;
  auto operator<=>(const TransitionKey&) const = default;
};
struct ArrayKey {
  JobNumber job;
  auto operator<=>(const ArrayKey&) const = default;
};
struct ClassKey {
  std::string name;
  std::uint64_t order = 0;
  auto operator<=>(const ClassKey&) const = default;
};
struct ResourceKey {
  std::string name;
  auto operator<=>(const ResourceKey&) const = default;
};
struct SubmissionKey {
  std::uint32_t uid = 0;
  std::string key;
  auto operator<=>(const SubmissionKey&) const = default;
};
struct UsageKey {
  std::string user;
  auto operator<=>(const UsageKey&) const = default;
};
struct RunTimeKey {
  std::string class_name;
  auto operator<=>(const RunTimeKey&) const = default;
};
struct RecurKey {
  std::uint32_t uid = 0;
  std::string name;
  auto operator<=>(const RecurKey&) const = default;
};
struct FiringKey {
  RecurKey recur;
  Time nominal;
  auto operator<=>(const FiringKey&) const = default;
};
enum class Counter : std::uint8_t { kJob, kSpec, kNode, kClass, kEvent };

using RowKey = std::variant<SpecId, JobNumber, StepKey, AttemptKey, TransitionKey, ClassKey, NodeId,
                            ResourceKey, SubmissionKey, Counter, ArrayKey, UsageKey, RunTimeKey,
                            RecurKey, FiringKey, EventId>;

class Changes {
 public:
  // The caller's own mark says that the key is not listed yet.
  void add_marked(RowKey key) { keys_.push_back(std::move(key)); }
  void add(const RowKey& key) {
    if (rare_.insert(key).second) keys_.push_back(key);
  }
  std::vector<RowKey> take() {
    rare_.clear();
    return std::exchange(keys_, {});
  }

 private:
  std::vector<RowKey> keys_;
  std::set<RowKey> rare_;
};

}  // namespace jobq::sched
