// SPDX-License-Identifier: Apache-2.0
// Taking the copy, its messages, and how it is sent.
#include "controller/queue_copy.h"

#include <algorithm>
#include <utility>

#include "controller/requests.h"
#include "controller/translate.h"
#include "controller/wire_checks.h"
#include "sched/queue_walk.h"

namespace jobq::controller {
namespace {

using sched::IndexSet;

constexpr std::size_t kEntriesPerFrame = 2000;  // jobs and steps

// No texts, no past.
void keep_what_is_taken(sched::JobDetail& job) {
  job.params.clear();
  job.asks.clear();
  job.workdir.clear();
  job.output.clear();
  job.error.clear();
  job.history.clear();
  job.array.reset();
  job.summary.elements.clear();
  for (sched::StepView& step : job.steps) {
    step.event.reset();
    step.after.clear();
    step.after_any.clear();
    for (sched::AttemptView& attempt : step.attempts) {
      attempt.output.clear();
      attempt.error.clear();
      attempt.end = {};
    }
  }
}

class Copier {
 public:
  Copier(const sched::EventManager& core, Time now, QueueCopy& copy)
      : core_(core), now_(now), copy_(copy) {}

  void add(const sched::JobSummary& job) {
    const auto rest = job.index ? std::nullopt : core_.rest_of(job.job);
    if (room_ == 0) {
      copy_.cut_off = true;
    } else if (rest) {
      add_array(job.job, *rest);
    } else {
      --room_;
      copy_.jobs.push_back({detail(job.ref()), std::nullopt});
    }
  }

 private:
  sched::JobDetail detail(JobRef job) const {
    std::optional<sched::JobDetail> detail = core_.show(job, now_);
    keep_what_is_taken(*detail);
    return *std::move(detail);
  }

  void add_array(JobNumber array, const sched::ArrayRest& all) {
    const sched::ArrayRest rest{all.throttle, first_of(all.waiting), first_of(all.held), {}, {}};
    const bool waits = !all.waiting.empty();
    const sched::Index any = all.front.value_or((waits ? all.waiting : all.held).ranges()[0].first);
    sched::JobDetail element = detail({array, any});
    element.summary.index.reset();
    // One that is no job yet waits for what the front would wait for.
    if (!all.front && element.needs.empty()) {
      for (const StepId step : all.first) {
        element.steps[step.value].state = sched::StepState::kWaiting;
      }
    }
    copy_.jobs.push_back({std::move(element), rest});
  }

  // As much as there is room for.
  IndexSet first_of(const IndexSet& all) {
    IndexSet first;
    for (sched::IndexRange range : all.ranges()) {
      if (range.size() > room_) {
        copy_.cut_off = true;
        if (room_ == 0) break;
        range.last = range.first + static_cast<sched::Index>(room_ - 1) * range.step;
      }
      room_ -= range.size();
      first.add(range);
    }
    return first;
  }

  const sched::EventManager& core_;
  Time now_;
  QueueCopy& copy_;
  std::size_t room_ = QueueCopy::kMost;
};

Result<sched::ArrayRest> rest_from_wire(const wire::ArrayRest& in) {
  sched::ArrayRest rest;
  rest.throttle = in.throttle();
  const auto waiting = IndexSet::read_back(in.waiting());
  const auto held = IndexSet::read_back(in.held());
  if (!waiting || !held) return tl::unexpected(malformed("elements that cannot be read"));
  const std::uint64_t count = waiting->size() + held->size();
  if (count == 0 || count > QueueCopy::kMost) {
    return tl::unexpected(malformed("a rest of an array that no copy of the queue has"));
  }
  rest.waiting = *waiting;
  rest.held = *held;
  return rest;
}

void to_wire(const CopiedJob& copied, wire::JobDetail& out) {
  controller::to_wire(copied.job, out);
  if (!copied.rest) return;
  wire::ArrayRest& rest = *out.mutable_rest();
  rest.set_throttle(copied.rest->throttle);
  rest.set_waiting(to_string(copied.rest->waiting));
  rest.set_held(to_string(copied.rest->held));
}

}  // namespace

QueueCopy copy_of_queue(const sched::EventManager& core, const sched::Policy& policy, Time now) {
  QueueCopy copy;
  copy.policy = policy;
  copy.usage = core.usage();
  Copier copier(core, now, copy);
  sched::QueueWalk walk;
  walk.limit = QueueCopy::kMost;
  core.queue(walk, SIZE_MAX, [&](const sched::JobSummary& job) { copier.add(job); });
  copy.cut_off = copy.cut_off || walk.found > walk.limit;
  return copy;
}

std::vector<wire::Frame> to_frames(const QueueCopy& copy) {
  std::vector<wire::Frame> frames(1);
  frames.back().mutable_jobs();
  std::size_t entries = 0;  // of the last frame
  for (const CopiedJob& copied : copy.jobs) {
    if (entries >= kEntriesPerFrame) {
      frames.emplace_back();
      entries = 0;
    }
    entries += 1 + copied.job.steps.size();
    to_wire(copied, *frames.back().mutable_jobs()->add_details());
  }
  wire::JobList& last = *frames.back().mutable_jobs();
  last.set_total(copy.jobs.size());
  last.set_cut_off(copy.cut_off);
  to_wire(copy.policy.scheduling, *last.mutable_scheduling());
  to_wire(copy.policy, *last.mutable_policy());
  for (const sched::UsageRow& usage : copy.usage) to_wire(usage, *last.add_usage());
  return frames;
}

Result<void> add_from_wire(const wire::JobList& in, QueueCopy& copy) {
  for (const wire::JobDetail& each : in.details()) {
    auto job = from_wire(each);
    if (!job) return tl::unexpected(job.error());
    auto rest = each.has_rest() ? rest_from_wire(each.rest()) : sched::ArrayRest{};
    if (!rest) return tl::unexpected(rest.error());
    copy.jobs.push_back(
        {*std::move(job), each.has_rest() ? std::optional(*std::move(rest)) : std::nullopt});
  }
  copy.cut_off = copy.cut_off || in.cut_off();
  for (const wire::Usage& usage : in.usage()) copy.usage.push_back(from_wire(usage));
  if (in.has_scheduling()) {
    const auto scheduling = from_wire(in.scheduling());
    if (!scheduling) return tl::unexpected(scheduling.error());
    copy.policy.scheduling = *scheduling;
  }
  return in.has_policy() ? from_wire(in.policy(), copy.policy) : Result<void>{};
}

void Requests::copy_queue(const To& to) {
  turns_.ask([this, to](const sched::EventManager& core, Time now) -> Turns::Answer {
    auto frames = std::make_shared<std::vector<wire::Frame>>(
        to_frames(copy_of_queue(core, turns_.policy(), now)));
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
