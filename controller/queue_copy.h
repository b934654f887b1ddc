// SPDX-License-Identifier: Apache-2.0
// A copy of the queue at one moment, for those who simulate what becomes of it: who takes what, and
// until when, and the policy that decides who is next.
//
// It is taken in one turn, or it would show jobs side by side that never were; so it has a bound.
// What of a longer queue is left out stands so far behind that it changes little for the others.
#pragma once

#include <optional>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "net/jobq.pb.h"
#include "sched/event_manager.h"

namespace jobq::controller {

// An array stands for what has not started of it, and `job` is as any of these.
struct CopiedJob {
  sched::JobDetail job;
  std::optional<sched::ArrayRest> rest;
};

struct QueueCopy {
  static constexpr std::size_t kMost = 10'000;  // jobs and elements

  std::vector<CopiedJob> jobs;  // in queue order
  bool cut_off = false;         // there are more
  sched::Policy policy;
  std::vector<sched::UsageRow> usage;
};

// The first jobs in queue order, without texts and past.
QueueCopy copy_of_queue(const sched::EventManager& core, const sched::Policy& policy, Time now);

// Into one frame or more, of which the last has what is not about single jobs.
std::vector<wire::Frame> to_frames(const QueueCopy& copy);
// Adds what one of these has. A controller that does not tell its policy has the default.
Result<void> add_from_wire(const wire::JobList& in, QueueCopy& copy);

}  // namespace jobq::controller
