// SPDX-License-Identifier: Apache-2.0
// Claims and what they leave over.
#include "resmgr/outlook.h"

#include <algorithm>
#include <limits>

namespace jobq::resmgr {
namespace {

constexpr Amount kUnlimited = std::numeric_limits<Amount>::max();

// More sums than this are not followed: then nothing counts as left over.
constexpr std::size_t kMostSums = 512;

}  // namespace

Outlook::Outlook(Time now, std::span<const Amount> free, std::size_t dimensions,
                 std::vector<Holder> holders)
    : now_(now), profile_(now, free, dimensions) {
  const Time soon = now + Millis{1};
  std::ranges::sort(holders, {}, [&](const Holder& holder) { return holder.end.value_or(soon); });
  for (const Holder& holder : holders) {
    profile_.gain(holder.end.value_or(soon), holder.amounts);
    if (holder.end) continue;
    unsure_.push_back(holder.amounts);
    add(all_unsure_, holder.amounts);
  }
}

bool Outlook::may_take(std::span<const Amount> needs, Time until) const {
  if (!profile_.fits(now_, now_ + Millis{1}, needs)) return false;
  return std::ranges::all_of(spares_, [&](const Spare& spare) {
    return spare.from >= until || fits(needs, spare.amounts);
  });
}

void Outlook::take(const Holder& holder, Time until) {
  profile_.take(now_, holder.end.value_or(now_ + Millis{1}), holder.amounts);
  for (Spare& spare : spares_) {
    if (spare.from < until) subtract(spare.amounts, holder.amounts);
  }
  if (holder.end) return;
  unsure_.push_back(holder.amounts);
  add(all_unsure_, holder.amounts);
}

std::optional<Time> Outlook::earliest(Time from, std::optional<Millis> limit,
                                      std::span<const Amount> needs, bool sure, Time last) const {
  return profile_.earliest(from, limit, needs,
                           sure ? std::span<const Amount>(all_unsure_) : std::span<const Amount>(),
                           last);
}

void Outlook::claim(std::span<const Amount> needs, Time at, Time last,
                    std::optional<Millis> limit) {
  add_spare(needs, at, limit);
  for (const Time start : profile_.starts()) {
    if (start > at && start <= last) add_spare(needs, start, limit);
  }
  profile_.take(at, end_of(at, limit), needs);
}

// What the request leaves over if it starts at `start`; nothing is noted where it cannot.
void Outlook::add_spare(std::span<const Amount> needs, Time start, std::optional<Millis> limit) {
  if (leaves_nothing(needs, start)) return;
  Amounts beyond = profile_.least(start, end_of(start, limit));
  if (!fits(needs, beyond)) return;
  subtract(beyond, needs);
  for (std::size_t d = 0; d < beyond.size(); ++d) {
    beyond[d] = at(needs, d) == 0 ? kUnlimited : least_over(beyond[d], d);
  }
  spares_.push_back({start, std::move(beyond)});
}

// An earlier claim may say already that nothing is over: the common case of a long queue.
bool Outlook::leaves_nothing(std::span<const Amount> needs, Time from) const {
  return std::ranges::any_of(spares_, [&](const Spare& spare) {
    if (spare.from > from) return false;
    for (std::size_t d = 0; d < needs.size(); ++d) {
      if (needs[d] > 0 && at(spare.amounts, d) > 0) return false;
    }
    return true;
  });
}

// `beyond` less the largest sum of unsure holders within it. Sums are kept in ascending order.
Amount Outlook::least_over(Amount beyond, std::size_t dimension) const {
  const Amount all = at(all_unsure_, dimension);
  if (all <= beyond) return beyond - all;
  Amounts sums{0};
  Amounts merged;
  for (const auto& amounts : unsure_) {
    const Amount more = at(amounts, dimension);
    if (more <= 0 || more > beyond) continue;
    Amounts larger(sums);
    for (Amount& sum : larger) sum += more;
    while (larger.back() > beyond) larger.pop_back();
    merged.clear();
    std::ranges::set_union(sums, larger, std::back_inserter(merged));
    std::swap(sums, merged);
    if (sums.back() == beyond || sums.size() > kMostSums) return 0;
  }
  return beyond - sums.back();
}

}  // namespace jobq::resmgr
