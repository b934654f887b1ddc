// SPDX-License-Identifier: Apache-2.0
// A copy of the queue at one moment, for those who simulate what becomes of it: who takes what, and
// until when.
//
// It is taken in one turn, or it would show jobs side by side that never were; so it has a bound.
// What of a longer queue is left out stands so far behind that it changes nothing for the others.
#include <utility>

#include "controller/requests.h"
#include "controller/translate.h"

namespace jobq::controller {
namespace {

constexpr std::size_t kMostJobs = 10'000;
constexpr std::size_t kEntriesPerFrame = 2000;  // jobs and steps

// No texts, no past.
void keep_what_is_taken(sched::JobDetail& job) {
  job.params.clear();
  job.workdir.clear();
  job.output.clear();
  job.error.clear();
  job.history.clear();
  for (sched::StepView& step : job.steps) {
    step.event.reset();
    for (sched::AttemptView& attempt : step.attempts) {
      attempt.output.clear();
      attempt.error.clear();
      attempt.end = {};
    }
  }
}

// The first jobs in queue order; the last frame has how many there are, and who may overtake.
std::vector<wire::Frame> copy_frames(const sched::EventManager& core,
                                     const resmgr::Scheduling& scheduling, Time now) {
  std::vector<wire::Frame> frames(1);
  frames.back().mutable_jobs();
  std::size_t entries = 0;  // of the last frame
  sched::QueueWalk walk;
  core.queue(walk, kMostJobs, [&](const sched::JobSummary& job) {
    std::optional<sched::JobDetail> detail = core.show(job.job, now);
    keep_what_is_taken(*detail);
    if (entries >= kEntriesPerFrame) {
      frames.emplace_back();
      entries = 0;
    }
    entries += 1 + detail->steps.size();
    to_wire(*detail, *frames.back().mutable_jobs()->add_details());
  });
  frames.back().mutable_jobs()->set_total(core.live_count());
  to_wire(scheduling, *frames.back().mutable_jobs()->mutable_scheduling());
  return frames;
}

}  // namespace

void Requests::copy_queue(const To& to) {
  turns_.ask([this, to](const sched::EventManager& core, Time now) -> Turns::Answer {
    auto frames = std::make_shared<std::vector<wire::Frame>>(
        copy_frames(core, turns_.policy().scheduling, now));
    return [this, to, frames](const Result<void>& durable) {
      if (!durable) return respond_error(to, durable.error());
      send_copy(to, frames, 0);
    };
  });
}

// As fast as the client reads.
void Requests::send_copy(const To& to, const std::shared_ptr<std::vector<wire::Frame>>& frames,
                         std::size_t next) {
  if (next + 1 == frames->size()) return respond(to, frames->back());
  respond_more(to, (*frames)[next]);
  peers_.when_drained(to.peer, [this, to, frames, next] { send_copy(to, frames, next + 1); });
}

}  // namespace jobq::controller
