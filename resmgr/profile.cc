// SPDX-License-Identifier: Apache-2.0
// Changing and searching a profile.
#include "resmgr/profile.h"

#include <algorithm>

#include "base/check.h"

namespace jobq::resmgr {

Time end_of(Time start, std::optional<Millis> limit) {
  if (!limit) return kForever;
  const std::int64_t length = std::max<std::int64_t>(limit->count, 1);
  return length > kForever.ms - start.ms ? kForever : start + Millis{length};
}

Profile::Profile(Time start, std::span<const Amount> free, std::size_t dimensions)
    : dimensions_(dimensions), starts_{start}, free_(free.begin(), free.end()) {
  check(free.size() <= dimensions, "a profile has all dimensions of its rows");
  free_.resize(dimensions);
}

void Profile::gain(Time at, std::span<const Amount> what) { change(at, kForever, what, 1); }

void Profile::take(Time from, Time until, std::span<const Amount> what) {
  change(from, until, what, -1);
}

bool Profile::fits(Time from, Time until, std::span<const Amount> needs) const {
  for (std::size_t i = row_at(from); i < starts_.size() && starts_[i] < until; ++i) {
    if (!resmgr::fits(needs, row(i))) return false;
  }
  return true;
}

Amounts Profile::least(Time from, Time until) const {
  std::size_t i = row_at(from);
  Amounts least(row(i).begin(), row(i).end());
  for (++i; i < starts_.size() && starts_[i] < until; ++i) {
    for (std::size_t d = 0; d < dimensions_; ++d) least[d] = std::min(least[d], row(i)[d]);
  }
  return least;
}

std::optional<Time> Profile::earliest(Time from, std::optional<Millis> limit,
                                      std::span<const Amount> needs, std::span<const Amount> beside,
                                      Time last) const {
  Time start = from;
  for (std::size_t i = row_at(from); i < starts_.size(); ++i) {
    if (starts_[i] >= end_of(start, limit)) break;
    if (resmgr::fits(needs, row(i), beside)) continue;
    if (i + 1 == starts_.size()) return std::nullopt;
    start = starts_[i + 1];
    if (start > last) return std::nullopt;
  }
  return start;
}

std::span<const Amount> Profile::row(std::size_t i) const {
  return {free_.data() + i * dimensions_, dimensions_};
}

std::size_t Profile::row_at(Time t) const {
  const auto after = std::ranges::upper_bound(starts_, t);
  check(after != starts_.begin(), "a profile is asked about the past");
  return static_cast<std::size_t>(after - starts_.begin()) - 1;
}

std::size_t Profile::split(Time t) {
  if (t == kForever) return starts_.size();
  const std::size_t before = row_at(t);
  if (starts_[before] == t) return before;
  starts_.insert(starts_.begin() + static_cast<std::ptrdiff_t>(before) + 1, t);
  const Amounts copy(row(before).begin(), row(before).end());
  const auto place = static_cast<std::ptrdiff_t>((before + 1) * dimensions_);
  free_.insert(free_.begin() + place, copy.begin(), copy.end());
  return before + 1;
}

void Profile::change(Time from, Time until, std::span<const Amount> what, Amount sign) {
  if (from >= until) return;
  const std::size_t first = split(from);
  const std::size_t last = split(until);
  for (std::size_t i = first; i < last; ++i) {
    for (std::size_t d = 0; d < what.size(); ++d) free_[i * dimensions_ + d] += sign * what[d];
  }
}

}  // namespace jobq::resmgr
