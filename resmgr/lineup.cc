// SPDX-License-Identifier: Apache-2.0
// Keeping the line, and the least that anybody in it needs.
#include "resmgr/lineup.h"

#include <algorithm>
#include <iterator>
#include <limits>

#include "base/check.h"

namespace jobq::resmgr {

std::size_t Lineup::step_of(Amount cpus) {
  return static_cast<std::size_t>(std::clamp<Amount>(cpus, 0, kMostCpus));
}

bool Lineup::nothing_fits(const Needs& free) const {
  return free.memory < least_memory_[step_of(free.cpus)];
}

void Lineup::note_least(const Needs& needs) {
  for (std::size_t step = step_of(needs.cpus); step <= kMostCpus; ++step) {
    if (least_memory_[step] <= needs.memory) return;
    least_memory_[step] = needs.memory;
  }
}

void Lineup::find_least() {
  std::ranges::fill(least_memory_, kMostAmount + 1);
  for (std::size_t shape = 0; shape < needs_.size(); ++shape) {
    if (open_[shape]) note_least(needs_[shape]);
  }
  closed_ = 0;
}

void Lineup::open(ShapeId shape, std::span<const Amount> needs) {
  if (needs_.size() <= shape) {
    needs_.resize(shape + 1);
    open_.resize(shape + 1);
  }
  needs_[shape] = {at(needs, kGpus), at(needs, kCpus), at(needs, kMemory)};
  open_[shape] = !needs.empty();
  if (open_[shape]) note_least(needs_[shape]);
}

// What closed may have been the least; looking again is worth it when many have.
void Lineup::close(ShapeId shape) {
  open_[shape] = false;
  if (++closed_ > line_.size() / 4) find_least();
}

Lineup::Gist Lineup::gist_of(const Needs& needs, ShapeId shape) {
  const auto cut = [](Amount amount) {
    return static_cast<std::uint32_t>(
        std::clamp<Amount>(amount, 0, std::numeric_limits<std::uint32_t>::max()));
  };
  return {cut(needs.gpus), cut(needs.cpus), cut(needs.memory >> 20U), shape};
}

std::ptrdiff_t Lineup::place_of(QueueKey head) const {
  return std::ranges::lower_bound(heads_, head) - heads_.begin();
}

void Lineup::insert(ShapeId shape, QueueKey head) {
  if (!open_[shape]) return;
  const std::ptrdiff_t place = place_of(head);
  heads_.insert(heads_.begin() + place, head);
  line_.insert(line_.begin() + place, gist_of(needs_[shape], shape));
}

void Lineup::erase(ShapeId shape, QueueKey head) {
  if (!open_[shape]) return;
  const std::ptrdiff_t place = place_of(head);
  check(place != std::ssize(heads_) && line_[static_cast<std::size_t>(place)].shape == shape,
        "a shape stands in line by its head");
  heads_.erase(heads_.begin() + place);
  line_.erase(line_.begin() + place);
}

void Lineup::replace(ShapeId shape, QueueKey head, QueueKey next) {
  if (!open_[shape]) return;
  const std::ptrdiff_t from = place_of(head);
  const std::ptrdiff_t to = place_of(next) - 1;
  check(heads_[static_cast<std::size_t>(from)] == head, "a shape stands in line by its head");
  std::move(heads_.begin() + from + 1, heads_.begin() + to + 1, heads_.begin() + from);
  std::move(line_.begin() + from + 1, line_.begin() + to + 1, line_.begin() + from);
  heads_[static_cast<std::size_t>(to)] = next;
  line_[static_cast<std::size_t>(to)] = gist_of(needs_[shape], shape);
}

void Lineup::clear() {
  heads_.clear();
  line_.clear();
}

void Lineup::append(ShapeId shape, QueueKey head) {
  if (!open_[shape]) return;
  heads_.push_back(head);
  line_.push_back(gist_of(needs_[shape], shape));
}

bool Lineup::is_right(ShapeId shape, QueueKey head) const {
  if (!open_[shape]) return true;
  const auto place = static_cast<std::size_t>(place_of(head));
  const Needs& needs = needs_[shape];
  return place != heads_.size() && line_[place].shape == shape && heads_[place] == head &&
         least_memory_[step_of(needs.cpus)] <= needs.memory;
}

}  // namespace jobq::resmgr
