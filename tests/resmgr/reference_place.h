// SPDX-License-Identifier: Apache-2.0
// One node, or one named resource, as the reference scheduler sees it: lists of holders and claims,
// and every question answered by going through them.
#pragma once

#include <limits>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "resmgr/resource_manager.h"

namespace jobq::resmgr::test {

using Row = std::map<std::string, std::int64_t>;  // "cpus", "memory", "gpus", counts

// A node, or a named resource with the one dimension "".
struct Place {
  struct Held {
    Row amounts;
    std::optional<Time> end;  // none: at any moment
  };
  struct Claim {
    Row amounts;
    Time from;
    Time until;
  };
  struct Spare {
    Time from;
    Row amounts;  // of the dimensions that the claim needs
  };

  Row total;
  std::vector<Held> held;
  std::vector<Claim> claims;
  std::vector<Spare> spares;
};

constexpr Time kNever{std::numeric_limits<std::int64_t>::max()};

inline Time end_of(Time start, std::optional<Millis> limit) {
  return limit && start != kNever ? start + *limit : kNever;
}

inline std::int64_t signed_of(std::uint64_t n) { return static_cast<std::int64_t>(n); }

template <class Has>  // Needs or Capacity
Row row_of(const Has& has) {
  Row row{{"cpus", has.cpus}, {"memory", signed_of(has.memory.count)}, {"gpus", has.gpus}};
  for (const Count& count : has.counts) row[count.name] = signed_of(count.amount);
  return row;
}

Row asked_of(const Needs& needs);  // without zeros
std::int64_t in(const Row& row, const std::string& name);
bool fits(const Row& asked, const Row& free);
void add(Row& row, const Row& what, std::int64_t sign);

// Are unsure holders gone right after now, or do they stay for ever?
enum class Unsure { kGone, kStay };

Row free_at(const Place& place, Time t, Time now, Unsure unsure);
// Every time after now at which something changes.
std::set<Time> changes(const Place& place, Time now);
// What is free at every time from `from` until `until`.
Row least(const Place& place, Time from, Time until, Time now, Unsure unsure);

void claim(Place& place, const Row& asked, Time might, Time last, std::optional<Millis> limit,
           Time now);
bool may_take(const Place& place, const Row& asked, Time until, Time now);
void take(Place& place, const Row& asked, std::optional<Time> end, Time until);

}  // namespace jobq::resmgr::test
