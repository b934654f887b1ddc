// SPDX-License-Identifier: Apache-2.0
// Waiting for the ends of jobs. A request for many is looked through piece by piece: what had ended
// before it came is told from the history, what ends from then on by the turn.
#include <fmt/format.h>

#include <utility>

#include "controller/requests.h"
#include "controller/translate.h"

namespace jobq::controller {
namespace {

constexpr std::size_t kJobsPerTurn = 2000;

// The end of the first range that goes beyond all numbers that were ever given.
std::optional<JobNumber> never_given(const sched::EventManager& core,
                                     const std::vector<JobIntervals::Range>& ranges) {
  for (const JobIntervals::Range& range : ranges) {
    if (!core.was_dispensed(range.last)) return range.last;
    if (!core.was_dispensed(range.first)) return range.first;
  }
  return std::nullopt;
}

void to_ended(const sched::JobSummary& job, wire::JobEnded& out) {
  out.set_job(job.job.value);
  out.set_state(static_cast<std::uint32_t>(job.state));
  out.set_outcome(static_cast<std::uint32_t>(job.outcome));
  out.set_reason(job.reason);
  out.set_exit_code(job.exit_code);
}

Error no_more_known(JobNumber job) {
  return {ErrorCode::kNotFound,
          fmt::format("job {} ended so long ago that the history has it no more", job.value)};
}

}  // namespace

void Requests::wait(const To& to, const wire::WaitRequest& request) {
  const sched::Selector selector = from_wire(request.jobs());
  auto wait = std::make_shared<OpenWait>();
  wait->to = to;
  wait->any = request.any();
  wait->ranges = selector.ranges;
  wait->collected = selector.names.empty() && !selector.user && !selector.all;
  wait->walk.filter.names = selector.names;
  wait->walk.filter.user = selector.user;
  go_on_waiting(wait);
}

void Requests::go_on_waiting(const std::shared_ptr<OpenWait>& wait) {
  turns_.ask([this, wait](const sched::EventManager& core, Time) -> Turns::Answer {
    if (wait->registered) return look_up(core, wait);
    return wait->collected ? register_wait(core, wait) : collect(core, wait);
  });
}

// What a name, a user or all mean, among those in the queue.
Turns::Answer Requests::collect(const sched::EventManager& core,
                                const std::shared_ptr<OpenWait>& wait) {
  wait->collected = !core.queue(wait->walk, kJobsPerTurn, [&wait](const sched::JobSummary& job) {
    wait->ranges.push_back({job.job, job.job});
  });
  return [this, wait](const Result<void>&) { go_on_waiting(wait); };
}

Turns::Answer Requests::register_wait(const sched::EventManager& core,
                                      const std::shared_ptr<OpenWait>& wait) {
  if (const auto unknown = never_given(core, wait->ranges)) {
    auto frame = std::make_shared<wire::Frame>();
    to_wire(unknown_job(*unknown), *frame->mutable_error());
    return answer(wait->to, std::move(frame));
  }
  JobIntervals jobs;
  for (const JobIntervals::Range& range : wait->ranges) jobs.add(range);
  if (jobs.empty()) {
    auto frame = std::make_shared<wire::Frame>();
    frame->mutable_done();
    return answer(wait->to, std::move(frame));
  }
  wait->ranges.clear();
  jobs.for_each_range([&wait](const auto& range) { wait->ranges.push_back(range); });
  wait->next = wait->ranges.front().first;
  wait->registered = true;
  waiters_.add(wait->to, jobs, wait->any);
  return look_up(core, wait);
}

Turns::Answer Requests::look_up(const sched::EventManager& core,
                                const std::shared_ptr<OpenWait>& wait) {
  JobIntervals ended;
  for (std::size_t i = 0; i < kJobsPerTurn && wait->range < wait->ranges.size(); ++i) {
    if (!core.state_of(wait->next)) ended.add({wait->next, wait->next});
    if (wait->next != wait->ranges[wait->range].last) {
      ++wait->next.value;
    } else if (++wait->range < wait->ranges.size()) {
      wait->next = wait->ranges[wait->range].first;
    }
  }
  return [this, wait, ended = std::move(ended)](const Result<void>&) {
    if (!ended.empty()) return tell_ended(wait, ended);
    if (wait->range < wait->ranges.size()) go_on_waiting(wait);
  };
}

// Their ends were durable before or with the turn of the question: the history has them, unless it
// was cut since.
void Requests::tell_ended(const std::shared_ptr<OpenWait>& wait, const JobIntervals& ended) {
  store::HistoryFilter filter;
  ended.for_each_range([&filter](const auto& range) { filter.jobs.ranges.push_back(range); });
  history_.list(filter, [this, wait, ended](const Result<HistoryReader::Page>& page) {
    if (page) tell_page(wait->to, *page);
    if (!waiters_.knows(wait->to)) return;
    const auto missing = page ? first_open(wait->to, ended) : std::nullopt;
    if (!page || missing) {
      waiters_.forget(wait->to);
      return respond_error(wait->to, page ? no_more_known(*missing) : page.error());
    }
    peers_.when_drained(wait->to.peer, [this, wait] {
      if (wait->range < wait->ranges.size()) go_on_waiting(wait);
    });
  });
}

void Requests::tell_page(const To& to, const HistoryReader::Page& page) {
  for (const sched::JobSummary& job : page) {
    wire::Frame frame;
    to_ended(job, *frame.mutable_ended());
    tell_waiter(to, job.job, frame);
  }
}

// The first of these jobs that is still waited for.
std::optional<JobNumber> Requests::first_open(const To& to, const JobIntervals& jobs) const {
  std::optional<JobNumber> first;
  jobs.for_each_range([&](const JobIntervals::Range& range) {
    for (JobNumber job = range.first; job <= range.last && !first; ++job.value) {
      if (waiters_.is_open(to, job)) first = job;
    }
  });
  return first;
}

void Requests::job_ended(const sched::JobEnded& ended) {
  const auto waiting = waiters_.waiting_for(ended.job);
  if (waiting.empty()) return;
  wire::Frame frame;
  wire::JobEnded& out = *frame.mutable_ended();
  out.set_job(ended.job.value);
  out.set_state(static_cast<std::uint32_t>(ended.state));
  out.set_outcome(static_cast<std::uint32_t>(ended.outcome));
  out.set_reason(ended.reason);
  out.set_exit_code(ended.exit_code);
  for (const To& to : waiting) tell_waiter(to, ended.job, frame);
}

// The same end may be told by the history and by the turn: the second finds nobody waiting for it.
void Requests::tell_waiter(const To& to, JobNumber job, wire::Frame& frame) {
  if (!waiters_.is_open(to, job)) return;
  respond_more(to, frame);
  if (!waiters_.ended(to, job)) return;
  wire::Frame last;
  last.mutable_done();
  respond(to, last);
}

}  // namespace jobq::controller
