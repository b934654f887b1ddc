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
constexpr std::size_t kMostElements = 10'000;

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
  ref_to_wire(job.ref(), out);
  out.set_state(static_cast<std::uint32_t>(job.state));
  out.set_outcome(static_cast<std::uint32_t>(job.outcome));
  out.set_reason(job.reason);
  out.set_exit_code(job.exit_code);
}

// The elements of a selection, one by one.
Result<std::vector<JobRef>> elements_of(const sched::Selector& selector) {
  std::vector<JobRef> all;
  for (const sched::Selector::Elements& some : selector.elements) {
    if (all.size() + some.indexes.size() > kMostElements) {
      return fail(ErrorCode::kUsage, fmt::format("more than {} elements to wait for one by one; "
                                                 "wait for their array: jq wait {}",
                                                 kMostElements, some.array.value));
    }
    for (auto index = some.indexes.next(0); index; index = some.indexes.next(*index + 1U)) {
      all.emplace_back(some.array, *index);
    }
  }
  return all;
}

// An element of no array, or one that its array does not have.
std::optional<Error> unknown_element(const sched::EventManager& core,
                                     const std::vector<JobRef>& elements) {
  for (const JobRef& element : elements) {
    if (!core.was_dispensed(element.job)) {
      return Error{ErrorCode::kNotFound, fmt::format("there is no job {}", element.job.value)};
    }
    if (const auto right = core.check_ref(element); !right) return right.error();
  }
  return std::nullopt;
}

Error no_more_known(JobNumber job) {
  return {ErrorCode::kNotFound,
          fmt::format("job {} ended so long ago that the history has it no more", job.value)};
}

}  // namespace

void Requests::wait(const To& to, const wire::WaitRequest& request) {
  const auto selected = from_wire(request.jobs());
  if (!selected) return respond_error(to, selected.error());
  const sched::Selector& selector = *selected;
  auto elements = elements_of(selector);
  if (!elements) return respond_error(to, elements.error());
  auto wait = std::make_shared<OpenWait>();
  wait->to = to;
  wait->any = request.any();
  wait->ranges = selector.ranges;
  wait->elements = *std::move(elements);
  for (const JobIntervals::Range& range : wait->ranges) {
    if (range.first == range.last) wait->named.insert(range.first);
  }
  wait->collected = selector.names.empty() && !selector.user && !selector.all;
  wait->walk.filter.names = selector.names;
  wait->walk.filter.user = selector.user;
  go_on_waiting(wait);
}

void Requests::go_on_waiting(const std::shared_ptr<OpenWait>& wait) {
  turns_.ask([this, wait](const sched::EventManager& core, Time now) -> Turns::Answer {
    if (wait->registered) return look_up(core, wait);
    return wait->collected ? register_wait(core, wait, now) : collect(core, wait);
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
                                      const std::shared_ptr<OpenWait>& wait, Time now) {
  if (const auto unknown = unknown_element(core, wait->elements)) {
    auto frame = std::make_shared<wire::Frame>();
    to_wire(*unknown, *frame->mutable_error());
    return answer(wait->to, std::move(frame));
  }
  if (const auto unknown = never_given(core, wait->ranges)) {
    auto frame = std::make_shared<wire::Frame>();
    to_wire(unknown_job(*unknown), *frame->mutable_error());
    return answer(wait->to, std::move(frame));
  }
  JobIntervals jobs;
  for (const JobIntervals::Range& range : wait->ranges) jobs.add(range);
  if (jobs.empty() && wait->elements.empty()) {
    auto frame = std::make_shared<wire::Frame>();
    frame->mutable_done();
    return answer(wait->to, std::move(frame));
  }
  wait->ranges.clear();
  jobs.for_each_range([&wait](const auto& range) { wait->ranges.push_back(range); });
  if (!jobs.empty()) wait->next = wait->ranges.front().first;
  wait->registered = true;
  waiters_.add(wait->to, jobs, wait->any, wait->elements);
  return look_up_elements(core, wait, now);
}

// Those that were cancelled before they started, in an array that goes on, are told by the core.
Turns::Answer Requests::look_up_elements(const sched::EventManager& core,
                                         const std::shared_ptr<OpenWait>& wait, Time now) {
  std::vector<JobRef> ended;
  std::vector<sched::JobSummary> dropped;
  for (const JobRef& element : wait->elements) {
    if (!core.has_ended(element)) continue;
    if (auto shown = core.show(element, now)) {
      dropped.push_back(std::move(shown->summary));
    } else {
      ended.push_back(element);
    }
  }
  return [this, wait, ended, dropped, then = look_up(core, wait)](const Result<void>& durable) {
    for (const JobRef& element : ended) tell_element(wait->to, element);
    for (const sched::JobSummary& element : dropped) {
      wire::Frame frame;
      to_ended(element, *frame.mutable_ended());
      tell_waiter(wait->to, element.ref(), frame);
    }
    then(durable);
  };
}

void Requests::tell_element(const To& to, JobRef element) {
  history_.show(element, [this, to, element](Result<sched::JobDetail> detail) {
    if (!waiters_.is_open(to, element)) return;
    if (!detail) {
      waiters_.forget(to);
      return respond_error(to, detail.error());
    }
    wire::Frame frame;
    to_ended(detail->summary, *frame.mutable_ended());
    tell_waiter(to, element, frame);
  });
}

void Requests::elements_dropped(const sched::ElementsDropped& dropped) {
  for (const JobRef& job : waiters_.awaited_elements(dropped.array)) {
    if (!dropped.elements.contains(*job.index)) continue;
    wire::Frame frame;
    wire::JobEnded& out = *frame.mutable_ended();
    ref_to_wire(job, out);
    const bool failed = dropped.outcome == sched::Outcome::kFailure;
    const auto state = failed ? sched::JobState::kError : sched::JobState::kCancelled;
    out.set_state(static_cast<std::uint32_t>(state));
    out.set_outcome(static_cast<std::uint32_t>(dropped.outcome));
    out.set_reason(dropped.reason);
    for (const To& to : waiters_.waiting_for(job)) tell_waiter(to, job, frame);
  }
}

Turns::Answer Requests::look_up(const sched::EventManager& core,
                                const std::shared_ptr<OpenWait>& wait) {
  JobIntervals ended;
  for (std::size_t i = 0; i < kJobsPerTurn && wait->range < wait->ranges.size(); ++i) {
    const JobRef ref = core.ref_of(wait->next);
    if (ref.index) {
      waiters_.rename(wait->to, wait->next, ref);
    } else if (!core.state_of(wait->next)) {
      ended.add({wait->next, wait->next});
    }
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
  filter.by_record = true;
  ended.for_each_range([&filter](const auto& range) { filter.jobs.ranges.push_back(range); });
  history_.list(filter, [this, wait, ended](const Result<HistoryReader::Page>& page) {
    if (page) tell_page(wait->to, *page);
    if (!waiters_.knows(wait->to)) return;
    const auto missing = page ? first_missing(*wait, ended) : std::nullopt;
    if (!page || missing) {
      waiters_.forget(wait->to);
      return respond_error(wait->to, page ? no_more_known(*missing) : page.error());
    }
    if (!waiters_.knows(wait->to)) {
      wire::Frame last;
      last.mutable_done();
      return respond(wait->to, last);
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
    tell_waiter(to, job.record, frame);
  }
}

// The first of these jobs that is still waited for, and was named. A number in a range that the
// history does not know may never have been a job: one was given to an element that did not start.
std::optional<JobNumber> Requests::first_missing(const OpenWait& wait, const JobIntervals& jobs) {
  std::optional<JobNumber> first;
  jobs.for_each_range([&](const JobIntervals::Range& range) {
    for (JobNumber job = range.first; job <= range.last && !first; ++job.value) {
      if (!waiters_.is_open(wait.to, job)) continue;
      if (wait.named.contains(job)) {
        first = job;
      } else {
        waiters_.ended(wait.to, job);
      }
    }
  });
  return first;
}

void Requests::job_ended(const sched::JobEnded& ended) {
  const auto waiting = waiters_.waiting_for(ended.job);
  if (waiting.empty()) return;
  wire::Frame frame;
  wire::JobEnded& out = *frame.mutable_ended();
  ref_to_wire(ended.job, out);
  out.set_state(static_cast<std::uint32_t>(ended.state));
  out.set_outcome(static_cast<std::uint32_t>(ended.outcome));
  out.set_reason(ended.reason);
  out.set_exit_code(ended.exit_code);
  for (const To& to : waiting) tell_waiter(to, ended.job, frame);
}

// The same end may be told by the history and by the turn: the second finds nobody waiting for it.
void Requests::tell_waiter(const To& to, JobRef job, wire::Frame& frame) {
  if (!waiters_.is_open(to, job)) return;
  respond_more(to, frame);
  if (!waiters_.ended(to, job)) return;
  wire::Frame last;
  last.mutable_done();
  respond(to, last);
}

}  // namespace jobq::controller
