// SPDX-License-Identifier: Apache-2.0
// Keeping the line, and the least that anybody in it needs.
#include "resmgr/lineup.h"

#include <algorithm>

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

std::vector<Lineup::Entry>::iterator Lineup::place_of(QueueKey head) {
  return std::ranges::lower_bound(line_, head, {}, &Entry::head);
}

void Lineup::insert(ShapeId shape, QueueKey head) {
  if (open_[shape]) line_.insert(place_of(head), {head, shape});
}

void Lineup::erase(ShapeId shape, QueueKey head) {
  if (!open_[shape]) return;
  const auto place = place_of(head);
  check(place != line_.end() && place->shape == shape, "a shape stands in line by its head");
  line_.erase(place);
}

bool Lineup::is_right(ShapeId shape, QueueKey head) const {
  if (!open_[shape]) return true;
  const auto place = std::ranges::lower_bound(line_, head, {}, &Entry::head);
  const Needs& needs = needs_[shape];
  return place != line_.end() && place->shape == shape && place->head == head &&
         least_memory_[step_of(needs.cpus)] <= needs.memory;
}

}  // namespace jobq::resmgr
