// SPDX-License-Identifier: Apache-2.0
// What one node, or one named resource, will have free, and what of that may be taken now.
//
// Holders are of two kinds: those that end at a known time, and unsure ones, which may end at any
// moment. For the question "when could it start at the earliest", unsure holders end soon. For the
// question "what may others take", none of them may be counted on: a request that waits here starts
// at the moment when enough of them have ended, and what is over at that moment depends on which of
// them are still there. What is left of the claim is taken to be the least that can be over: the
// amount beyond the claim, less the largest sum of unsure holders that can still be there. So with
// 1 of 4 cpus free beside a holder of 3, a claim of 3 leaves 1 over; beside three holders of 1 it
// leaves nothing, because what becomes free first belongs to the claim.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "resmgr/profile.h"

namespace jobq::resmgr {

class Outlook {
 public:
  struct Holder {
    std::span<const Amount> amounts;  // lives as long as the outlook
    std::optional<Time> end;          // none: unsure
  };

  // `free` is free now; the holders, in any order, end later.
  Outlook(Time now, std::span<const Amount> free, std::size_t dimensions,
          std::vector<Holder> holders);

  // May the needs be taken now until `until` (for ever, where there is no limit)? They fit what is
  // free now and what every claim leaves over that begins before then.
  bool may_take(std::span<const Amount> needs, Time until) const;
  // They are taken, by a holder that ends as it says.
  void take(const Holder& holder, Time until);

  // The first time after now at which the needs fit until their limit: with all unsure holders
  // gone, or, for `sure`, with all of them still there; none where it is after `last`.
  std::optional<Time> earliest(Time from, std::optional<Millis> limit,
                               std::span<const Amount> needs, bool sure,
                               Time last = kForever) const;
  bool all_sure() const { return unsure_.empty(); }

  // Reserves the needs from `at` on until their limit, for a request that starts on the way between
  // `at` and `last`, as holders end; at `last` at the latest, unless that is kForever.
  void claim(std::span<const Amount> needs, Time at, Time last, std::optional<Millis> limit);

 private:
  // From `from` on, no more than `spare` may be taken by those who come later. Where the claim
  // needs nothing of a dimension, it does not limit it.
  struct Spare {
    Time from;
    Amounts amounts;
  };

  void add_spare(std::span<const Amount> needs, Time start, std::optional<Millis> limit);
  bool leaves_nothing(std::span<const Amount> needs, Time from) const;
  Amount least_over(Amount beyond, std::size_t dimension) const;

  Time now_;
  Profile profile_;
  std::vector<std::span<const Amount>> unsure_;
  Amounts all_unsure_;  // their sum
  std::vector<Spare> spares_;
};

}  // namespace jobq::resmgr
