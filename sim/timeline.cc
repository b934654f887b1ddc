// SPDX-License-Identifier: Apache-2.0
// Plans and the processes that make them.
#include "sim/timeline.h"

#include <algorithm>
#include <utility>

namespace jobq::sim {

void Timeline::after_us(std::int64_t delay_us, What what) {
  plans_.push_back({now_us_ + std::max<std::int64_t>(delay_us, 0), ++last_order_, std::move(what)});
  std::push_heap(plans_.begin(), plans_.end(), is_later);
}

bool Timeline::step() {
  if (plans_.empty()) return false;
  std::pop_heap(plans_.begin(), plans_.end(), is_later);
  const Plan plan = std::move(plans_.back());
  plans_.pop_back();
  now_us_ = plan.at_us;
  ++steps_;
  plan.what();
  return true;
}

void Process::after_us(std::int64_t delay_us, Timeline::What what) {
  timeline_.after_us(delay_us, [&timeline = timeline_, life = life_, what = std::move(what)] {
    run(timeline, life, what);
  });
}

void Process::run(Timeline& timeline, const std::shared_ptr<Life>& life, Timeline::What what) {
  if (life->dead) return;
  const bool goes_on_later = !life->waiting.empty();
  life->waiting.push_back(std::move(what));
  if (!goes_on_later) go_on(timeline, life);
}

// A pause may have become longer since it began; what came first still goes first.
void Process::go_on(Timeline& timeline, const std::shared_ptr<Life>& life) {
  while (!life->waiting.empty()) {
    const std::int64_t wait_us = life->paused_until_us - timeline.now_us();
    if (wait_us > 0)
      return timeline.after_us(wait_us, [&timeline, life] { go_on(timeline, life); });
    const Timeline::What what = std::move(life->waiting.front());
    life->waiting.pop_front();
    what();
  }
}

void Process::kill() {
  life_->dead = true;
  life_->waiting.clear();
}

void Process::pause(Millis span) {
  life_->paused_until_us = std::max(life_->paused_until_us, timeline_.now_us() + span.count * 1000);
}

}  // namespace jobq::sim
