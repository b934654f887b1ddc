// SPDX-License-Identifier: Apache-2.0
// Looking caps and limit classes up.
#include "resmgr/limits.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/check.h"

namespace jobq::resmgr {

Cap& Limits::cap(CapId id) {
  const auto [place, is_new] = caps_.try_emplace(id);
  if (is_new) place->second.id = id;
  return place->second;
}

void Limits::add(LimitClassId id, std::vector<CapId> caps) {
  check(bool{id}, "class 0 is for none");
  const auto [place, is_new] = classes_.try_emplace(id);
  check(is_new, "a limit class is given once");
  // Their order stays as it is given: which of several full ones is told follows from that, and not
  // from which came to be known first.
  for (auto cap = caps.begin(); cap != caps.end(); ++cap) {
    caps.erase(std::remove(cap + 1, caps.end(), *cap), caps.end());
  }
  for (const CapId cap : caps) {
    const auto known = caps_.find(cap);
    check(known != caps_.end(), "the caps of a limit class are known");
    place->second.caps.push_back(&known->second);
    known->second.classes.push_back(&place->second);
    if (known->second.full()) ++place->second.full;
  }
}

LimitClass* Limits::find(LimitClassId id) {
  if (!id) return nullptr;
  const auto found = classes_.find(id);
  check(found != classes_.end(), "the limit class is known");
  return &found->second;
}

const LimitClass* Limits::find(LimitClassId id) const {
  if (!id) return nullptr;
  const auto found = classes_.find(id);
  check(found != classes_.end(), "the limit class is known");
  return &found->second;
}

Result<void> Limits::check_invariants() const {
  for (const auto& [id, of] : classes_) {
    if (std::ranges::count_if(of.caps, &Cap::full) == static_cast<std::ptrdiff_t>(of.full))
      continue;
    return fail(ErrorCode::kInternal, fmt::format("limit class {} miscounts full caps", id.value));
  }
  return {};
}

bool Foreseen::open(const LimitClass* of) const {
  if (of == nullptr) return true;
  return std::ranges::all_of(of->caps, [&](const Cap* cap) {
    const auto taken = taken_.find(cap->id);
    return cap->taken + (taken == taken_.end() ? 0 : taken->second) < cap->most;
  });
}

void Foreseen::start(const LimitClass* of) {
  if (of == nullptr) return;
  for (const Cap* cap : of->caps) ++taken_[cap->id];
}

}  // namespace jobq::resmgr
