// SPDX-License-Identifier: Apache-2.0
// Look-up and counting of specs.
#include "sched/spec_store.h"

#include <fmt/format.h>

#include "base/check.h"

namespace jobq::sched {

SpecEntry* SpecStore::find(const JobSpec& spec, std::uint64_t hash) {
  const auto [first, last] = by_hash_.equal_range(hash);
  for (auto it = first; it != last; ++it) {
    if (*it->second->spec == spec) return it->second;
  }
  return nullptr;
}

SpecEntry* SpecStore::find(SpecId id) {
  const auto it = by_id_.find(id);
  return it == by_id_.end() ? nullptr : &it->second;
}

const SpecEntry* SpecStore::find(SpecId id) const {
  const auto it = by_id_.find(id);
  return it == by_id_.end() ? nullptr : &it->second;
}

SpecEntry& SpecStore::add(SpecId id, std::shared_ptr<const JobSpec> spec) {
  const auto [it, is_new] = by_id_.try_emplace(id);
  check(is_new, "a spec id was given twice");
  SpecEntry& entry = it->second;
  entry.id = id;
  entry.flow = Flow(*spec);
  entry.times_steps = spec->warning.has_value() || has_step_limit(*spec);
  entry.hash = hash_of(*spec);
  entry.spec = std::move(spec);
  by_hash_.emplace(entry.hash, &entry);
  return entry;
}

void SpecStore::leave(SpecEntry& entry) {
  check(entry.users > 0, "a spec was left more often than taken");
  if (--entry.users == 0) remove(entry);
}

void SpecStore::remove(SpecEntry& entry) {
  const auto [first, last] = by_hash_.equal_range(entry.hash);
  for (auto it = first; it != last; ++it) {
    if (it->second != &entry) continue;
    by_hash_.erase(it);
    break;
  }
  by_id_.erase(entry.id);
}

void SpecStore::remove_unused() {
  for (auto it = by_id_.begin(); it != by_id_.end();) {
    SpecEntry& entry = (it++)->second;
    if (entry.users == 0) remove(entry);
  }
}

Result<void> SpecStore::check_invariants() const {
  if (by_hash_.size() != by_id_.size()) {
    return fail(ErrorCode::kInternal,
                fmt::format("{} specs by hash, {} by id", by_hash_.size(), by_id_.size()));
  }
  for (const auto& [id, entry] : by_id_) {
    if (entry.users > 0 && entry.id == id) continue;
    return fail(ErrorCode::kInternal, fmt::format("spec {} has no users", id.value));
  }
  return {};
}

}  // namespace jobq::sched
