// SPDX-License-Identifier: Apache-2.0
// What is free of one node, or of one named resource, from now on: a step function of time.
//
// Each row holds from its time until the next row's time, the last one for ever. Built from what is
// free now and the ends of what is held; then reservations are taken out of it.
#pragma once

#include <limits>
#include <optional>
#include <span>
#include <vector>

#include "base/time.h"
#include "resmgr/amounts.h"

namespace jobq::resmgr {

inline constexpr Time kForever{std::numeric_limits<std::int64_t>::max()};

// The end of what starts at `start`; for ever where there is no limit. A limit of zero counts as
// the shortest time there is.
Time end_of(Time start, std::optional<Millis> limit);

class Profile {
 public:
  // From `start` on, `free` is free. `dimensions` is at least the length of every row given later.
  Profile(Time start, std::span<const Amount> free, std::size_t dimensions);

  // From `at` on, `what` is free as well. Cheap where calls come in the order of time.
  void gain(Time at, std::span<const Amount> what);
  // From `from` until `until`, `what` is taken. May leave less than nothing.
  void take(Time from, Time until, std::span<const Amount> what);

  bool fits(Time from, Time until, std::span<const Amount> needs) const;
  // The least that is free of each dimension at any time from `from` until `until`.
  Amounts least(Time from, Time until) const;
  // When rows begin, ascending.
  std::span<const Time> starts() const { return starts_; }
  // The first time not before `from` at which the needs fit, beside `beside`, until their limit;
  // none where that is after `last`.
  std::optional<Time> earliest(Time from, std::optional<Millis> limit,
                               std::span<const Amount> needs, std::span<const Amount> beside = {},
                               Time last = kForever) const;

 private:
  std::span<const Amount> row(std::size_t i) const;
  std::size_t row_at(Time t) const;  // the row that holds at t
  std::size_t split(Time t);         // makes a row start at t
  void change(Time from, Time until, std::span<const Amount> what, Amount sign);

  std::size_t dimensions_;
  std::vector<Time> starts_;
  std::vector<Amount> free_;  // rows of dimensions_ amounts, one after the other
};

}  // namespace jobq::resmgr
