// SPDX-License-Identifier: Apache-2.0
// The virtual clock: what is to happen, in the order of its time, and of its planning where times
// are equal. And processes: what a process planned dies with it, and waits while it stands still.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <vector>

#include "base/time.h"

namespace jobq::sim {

class Timeline {
 public:
  using What = std::function<void()>;

  std::int64_t now_us() const { return now_us_; }
  void after_us(std::int64_t delay_us, What what);
  void after(Millis delay, What what) { after_us(delay.count * 1000, std::move(what)); }
  // Runs what is next; false: nothing is planned.
  bool step();
  std::uint64_t steps() const { return steps_; }

 private:
  struct Plan {
    std::int64_t at_us = 0;
    std::uint64_t order = 0;
    What what;
  };
  static bool is_later(const Plan& a, const Plan& b) {
    return a.at_us != b.at_us ? a.at_us > b.at_us : a.order > b.order;
  }

  std::int64_t now_us_ = 0;
  std::uint64_t last_order_ = 0;
  std::uint64_t steps_ = 0;
  std::vector<Plan> plans_;  // a heap, the next one first
};

// A process of the simulated world. It dies with the object.
class Process {
 public:
  explicit Process(Timeline& timeline) : timeline_(timeline), life_(std::make_shared<Life>()) {}
  ~Process() { kill(); }
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  void after_us(std::int64_t delay_us, Timeline::What what);
  void after(Millis delay, Timeline::What what) { after_us(delay.count * 1000, std::move(what)); }
  // Nothing of it happens for so long; what was due happens then, in its order.
  void pause(Millis span);
  // From now on nothing of it happens any more.
  void kill();
  bool is_dead() const { return life_->dead; }

 private:
  struct Life {
    bool dead = false;
    std::int64_t paused_until_us = 0;
    std::deque<Timeline::What> waiting;  // for the end of the pause, in the order of their times
  };
  static void run(Timeline& timeline, const std::shared_ptr<Life>& life, Timeline::What what);
  static void go_on(Timeline& timeline, const std::shared_ptr<Life>& life);

  Timeline& timeline_;
  std::shared_ptr<Life> life_;
};

}  // namespace jobq::sim
