// SPDX-License-Identifier: Apache-2.0
// Specs in memory: equal ones once, each as long as a job or a class needs it.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <unordered_map>

#include "base/ids.h"
#include "base/result.h"
#include "sched/flow.h"
#include "sched/spec.h"

namespace jobq::sched {

struct SpecEntry {
  SpecId id;
  std::shared_ptr<const JobSpec> spec;
  Flow flow;
  bool times_steps = false;  // some step has a time limit of its own, or steps are warned
  std::uint64_t hash = 0;
  std::uint64_t users = 0;  // jobs in memory and classes
};

class SpecStore {
 public:
  // The entry of an equal spec, or nothing.
  SpecEntry* find(const JobSpec& spec, std::uint64_t hash);
  SpecEntry* find(SpecId id);
  const SpecEntry* find(SpecId id) const;
  // A spec that is not there yet; nobody uses it so far.
  SpecEntry& add(SpecId id, std::shared_ptr<const JobSpec> spec);

  static void take(SpecEntry& entry) { ++entry.users; }
  // The last user's leave removes the entry.
  void leave(SpecEntry& entry);
  void remove_unused();

  const std::map<SpecId, SpecEntry>& all() const { return by_id_; }
  Result<void> check_invariants() const;

 private:
  void remove(SpecEntry& entry);

  std::map<SpecId, SpecEntry> by_id_;
  std::unordered_multimap<std::uint64_t, SpecEntry*> by_hash_;  // for look-up only
};

}  // namespace jobq::sched
