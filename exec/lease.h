// SPDX-License-Identifier: Apache-2.0
// How long fenced attempts may live without a word of the controller: docs/nodes.md, "The lease".
//
// The clock is CLOCK_BOOTTIME, which also goes on while the machine sleeps: an alarm that passed
// meanwhile rings when it wakes up.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "base/time.h"
#include "exec/handover.pb.h"
#include "exec/keeper.pb.h"
#include "exec/readable.h"
#include "net/timer.h"

namespace jobq::exec {

// Nanoseconds since the machine was started.
std::int64_t boottime_now_ns();

class Lease {
 public:
  struct Handlers {
    std::function<void(Millis left)> on_ending;  // what is fenced should end within this time
    std::function<void()> on_over;               // and is to be ended at once
  };

  // grace: what attempts get to end by themselves, but at most half of a lease.
  Lease(uv_loop_s* loop, Millis grace, Handlers handlers);

  void set_grace(Millis grace) { grace_ = grace; }  // from the next renewal on

  // Before the first one there is none, and nothing ends.
  void renew(const pb::Lease& lease);

  // What is fenced may not begin any more: the time has passed, or is so near that what runs has
  // been told to end. Holds also before the alarm was heard, where this process was held up.
  bool is_over() const;

  void hand_over(pb::Handover& to) const;
  void take_over(const pb::Handover& from);

 private:
  enum class Stage { kNone, kGood, kEnding, kOver };

  Millis time_to_end() const;
  void wait();
  void ring(int timer);
  void look();

  uv_loop_s* loop_;
  Millis grace_;
  Handlers handlers_;
  pb::Lease lease_;
  Stage stage_ = Stage::kNone;
  Readable alarm_;
  std::unique_ptr<net::Timer> look_;
};

}  // namespace jobq::exec
