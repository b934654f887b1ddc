// SPDX-License-Identifier: Apache-2.0
// What an agent is told of attempts. Most steps are short: that one runs is said when it has run
// for a moment, so that of the others nothing but the end wakes everybody on the way.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>

#include "base/time.h"
#include "exec/keeper.pb.h"
#include "net/timer.h"

struct uv_loop_s;

namespace jobq::exec {

// How long an attempt runs before that is said.
inline constexpr Millis kWorthSaying{5};

class Announcements {
 public:
  using Say = std::function<void(const pb::Attempt&)>;

  Announcements(uv_loop_s* loop, Say say);

  // An end is said at once.
  void tell(const pb::Attempt& attempt);
  // Whoever listens knows everything, or nobody does.
  void clear();

 private:
  struct Due {
    pb::Attempt attempt;
    std::int64_t at_ns;
  };

  void wait();
  void say_due();

  uv_loop_s* loop_;
  Say say_;
  std::deque<Due> running_;  // not said yet; the first is due first
  std::unique_ptr<net::Timer> timer_;
};

}  // namespace jobq::exec
