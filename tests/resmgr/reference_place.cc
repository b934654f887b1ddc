// SPDX-License-Identifier: Apache-2.0
// Holders, claims and what they leave over.
#include "tests/resmgr/reference_place.h"

#include <algorithm>

namespace jobq::resmgr::test {

Row asked_of(const Needs& needs) {
  Row row = row_of(needs);
  std::erase_if(row, [](const auto& entry) { return entry.second == 0; });
  return row;
}

std::int64_t in(const Row& row, const std::string& name) {
  const auto found = row.find(name);
  return found == row.end() ? 0 : found->second;
}

bool fits(const Row& asked, const Row& free) {
  return std::ranges::all_of(asked, [&](const auto& a) { return a.second <= in(free, a.first); });
}

void add(Row& row, const Row& what, std::int64_t sign) {
  for (const auto& [name, amount] : what) row[name] += sign * amount;
}

Row free_at(const Place& place, Time t, Time now, Unsure unsure) {
  Row free = place.total;
  for (const auto& held : place.held) {
    const bool there = held.end ? t < *held.end : t <= now || unsure == Unsure::kStay;
    if (there) add(free, held.amounts, -1);
  }
  for (const auto& claim : place.claims) {
    if (claim.from <= t && t < claim.until) add(free, claim.amounts, -1);
  }
  return free;
}

std::set<Time> changes(const Place& place, Time now) {
  std::set<Time> times{now + Millis{1}};
  for (const auto& held : place.held) {
    if (held.end) times.insert(*held.end);
  }
  for (const auto& claim : place.claims) {
    times.insert(claim.from);
    times.insert(claim.until);
  }
  times.erase(kNever);
  times.erase(times.begin(), times.upper_bound(now));
  return times;
}

Row least(const Place& place, Time from, Time until, Time now, Unsure unsure) {
  Row least = free_at(place, from, now, unsure);
  for (const Time t : changes(place, now)) {
    if (t <= from || t >= until) continue;
    const Row free = free_at(place, t, now, unsure);
    for (auto& [name, amount] : least) amount = std::min(amount, in(free, name));
  }
  return least;
}

namespace {

// Of one dimension: the least that can be over when enough unsure holders have ended. All subsets
// of those that may still be there.
std::int64_t least_over(const Place& place, const std::string& name, std::int64_t beyond) {
  std::vector<std::int64_t> unsure;
  for (const auto& held : place.held) {
    if (!held.end && in(held.amounts, name) > 0) unsure.push_back(in(held.amounts, name));
  }
  std::int64_t least = beyond;
  for (std::uint64_t subset = 0; subset < (std::uint64_t{1} << unsure.size()); ++subset) {
    std::int64_t sum = 0;
    for (std::size_t i = 0; i < unsure.size(); ++i) sum += (subset >> i & 1U) ? unsure[i] : 0;
    if (sum <= beyond) least = std::min(least, beyond - sum);
  }
  return least;
}

}  // namespace

void claim(Place& place, const Row& asked, Time might, Time last, std::optional<Millis> limit,
           Time now) {
  std::set<Time> starts = changes(place, now);
  starts.insert(might);
  for (const Time start : starts) {
    if (start < might || start > last) continue;
    const Row beyond = least(place, start, end_of(start, limit), now, Unsure::kGone);
    if (!fits(asked, beyond)) continue;
    Place::Spare spare{start, {}};
    for (const auto& [name, amount] : asked) {
      spare.amounts[name] = least_over(place, name, in(beyond, name) - amount);
    }
    place.spares.push_back(spare);
  }
  place.claims.push_back({asked, might, end_of(might, limit)});
}

bool may_take(const Place& place, const Row& asked, Time until, Time now) {
  if (!fits(asked, free_at(place, now, now, Unsure::kStay))) return false;
  return std::ranges::all_of(place.spares, [&](const Place::Spare& spare) {
    return spare.from >= until || std::ranges::all_of(spare.amounts, [&](const auto& entry) {
             return in(asked, entry.first) == 0 || in(asked, entry.first) <= entry.second;
           });
  });
}

void take(Place& place, const Row& asked, std::optional<Time> end, Time until) {
  place.held.push_back({asked, end});
  for (auto& spare : place.spares) {
    if (spare.from >= until) continue;
    for (auto& [name, amount] : spare.amounts) amount -= in(asked, name);
  }
}

}  // namespace jobq::resmgr::test
