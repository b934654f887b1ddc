// SPDX-License-Identifier: Apache-2.0
// What calendar expressions have to do, worked out the slow way: a clock is watched tick by tick,
// and remembers when it last passed each local time. It shares nothing with sched/calendar.cc.
#pragma once

#include <cstddef>
#include <cstdint>
#include <ctime>
#include <functional>
#include <optional>
#include <vector>

#include "base/time.h"
#include "sched/calendar.h"

namespace jobq::sched::test {

struct Shown {
  int second, minute, hour, day, month, weekday;
};

// One local time that the clock passes.
struct Passing {
  std::int64_t at_s;
  Shown shown;
  bool again;     // it passed it within three hours before
  bool left_out;  // it does not show it
};

inline constexpr std::int64_t kThreeHours = 3 * 60 * 60;

// Ticks every `step` seconds; offsets change only at ticks, and by whole steps.
class Watcher {
 public:
  using Offset = std::function<std::int64_t(std::int64_t at_s)>;

  Watcher(Offset offset, std::int64_t begin, std::int64_t end, std::int64_t step)
      : offset_(std::move(offset)), begin_(begin), end_(end), step_(step) {
    const std::int64_t room = 2 * 86'400;
    lowest_ = begin_ + offset_(begin_) - room;
    passed_.resize(static_cast<std::size_t>((end_ - begin_ + 2 * room) / step_), -kFarAway);
  }

  std::vector<Passing> watch() {
    std::int64_t expected = begin_ + offset_(begin_);
    for (std::int64_t at = begin_; at < end_; at += step_) {
      const std::int64_t local = at + offset_(at);
      if (local - expected <= kThreeHours) {
        for (; expected < local; expected += step_) pass(at, expected, true);
      }
      pass(at, local, false);
      expected = local + step_;
    }
    return std::move(passings_);
  }

 private:
  static constexpr std::int64_t kFarAway = std::int64_t{1} << 60;

  void pass(std::int64_t at, std::int64_t local, bool left_out) {
    std::int64_t& last = passed_.at(static_cast<std::size_t>((local - lowest_) / step_));
    passings_.push_back({at, shown(local), at - last <= kThreeHours, left_out});
    last = at;
  }

  Shown shown(std::int64_t local) {
    const std::int64_t clock = (local % 86'400 + 86'400) % 86'400;
    if (local - clock != midnight_) {
      midnight_ = local - clock;
      const std::time_t seconds = midnight_;
      gmtime_r(&seconds, &day_);
    }
    const int of_day = static_cast<int>(clock);
    return {of_day % 60,  of_day / 60 % 60, of_day / 3600,
            day_.tm_mday, day_.tm_mon + 1,  day_.tm_wday};
  }

  Offset offset_;
  std::int64_t begin_;
  std::int64_t end_;
  std::int64_t step_;
  std::int64_t lowest_ = 0;
  std::vector<std::int64_t> passed_;
  std::vector<Passing> passings_;
  std::int64_t midnight_ = kFarAway;
  std::tm day_{};
};

// The firings, in seconds, from `from_s` on.
template <class Matches>
std::vector<std::int64_t> firings_of(const std::vector<Passing>& passings, std::int64_t from_s,
                                     bool wildcard, const Matches& matches) {
  std::vector<std::int64_t> firings;
  for (const Passing& passing : passings) {
    if (passing.at_s < from_s || !matches(passing.shown)) continue;
    if (wildcard ? passing.left_out : passing.again) continue;
    if (firings.empty() || firings.back() != passing.at_s) firings.push_back(passing.at_s);
  }
  return firings;
}

// What the calendar itself says, in seconds, within [from_s, until_s).
inline std::vector<std::int64_t> firings_of(const Calendar& calendar, const Zone& zone,
                                            std::int64_t from_s, std::int64_t until_s) {
  std::vector<std::int64_t> firings;
  Time after{from_s * 1000 - 1};
  while (const auto firing = next_firing(calendar, zone, after)) {
    if (firing->at.ms >= until_s * 1000) break;
    firings.push_back(firing->at.ms / 1000);
    after = firing->at;
  }
  return firings;
}

}  // namespace jobq::sched::test
