// SPDX-License-Identifier: Apache-2.0
// Questions about jobs: the queue, one job, why, waiting, output, history; and lists of classes,
// nodes and resources.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "controller/requests.h"
#include "controller/translate.h"

namespace jobq::controller {
namespace {

constexpr int kJobsPerFrame = 500;
constexpr std::uint32_t kMaxOutputBytes = 1U << 20U;

using Frames = std::vector<wire::Frame>;

Error unknown_job(JobNumber job) {
  return {ErrorCode::kNotFound,
          fmt::format("there is no job {}; `jq queue` and `jq history` list them", job.value)};
}

// All frames of a list; the last one has the total.
Frames queue_frames(const sched::EventManager& core, const sched::QueueFilter& filter,
                    std::uint32_t limit, Time now) {
  Frames frames(1);
  std::uint64_t total = 0;
  core.queue(filter, now, [&](const sched::JobSummary& job) {
    if (++total > limit && limit != 0) return true;
    if (frames.back().jobs().jobs_size() == kJobsPerFrame) frames.emplace_back();
    to_wire(job, *frames.back().mutable_jobs()->add_jobs());
    return true;
  });
  frames.back().mutable_jobs()->set_total(total);
  return frames;
}

// The end of the first range that goes beyond all numbers that were ever given.
std::optional<JobNumber> never_given(const sched::EventManager& core,
                                     const sched::Selector& selector) {
  for (const sched::Selector::Range& range : selector.ranges) {
    if (!core.was_dispensed(range.last)) return range.last;
    if (!core.was_dispensed(range.first)) return range.first;
  }
  return std::nullopt;
}

// The jobs that a selection means, among those in the queue; the numbers of ranges, which have all
// been given, count whether they are there or not.
std::vector<JobNumber> selected_jobs(const sched::EventManager& core,
                                     const sched::Selector& selector, Time now) {
  std::vector<JobNumber> jobs;
  for (const sched::Selector::Range& range : selector.ranges) {
    for (JobNumber job = range.first; job <= range.last; ++job.value) jobs.push_back(job);
  }
  if (selector.names.empty() && !selector.user && !selector.all) return jobs;
  sched::QueueFilter filter;
  filter.names = selector.names;
  filter.user = selector.user;
  core.queue(filter, now, [&jobs](const sched::JobSummary& job) {
    jobs.push_back(job.job);
    return true;
  });
  return jobs;
}

void to_ended(const sched::JobSummary& job, wire::JobEnded& out) {
  out.set_job(job.job.value);
  out.set_state(static_cast<std::uint32_t>(job.state));
  out.set_outcome(static_cast<std::uint32_t>(job.outcome));
  out.set_reason(job.reason);
  out.set_exit_code(job.exit_code);
}

// A range that a typing error made huge would cost the controller its memory.
bool too_many(const sched::Selector& selector) {
  std::uint64_t jobs = 0;
  for (const sched::Selector::Range& range : selector.ranges) {
    if (range.last < range.first) continue;
    const std::uint64_t width = range.last.value - range.first.value;
    if (width > 1'000'000) return true;
    jobs += width + 1;
  }
  return jobs > 1'000'000;
}

bool may_read_output(const sched::Actor& actor, const sched::JobDetail& detail) {
  return actor.is_operator || actor.uid == detail.uid;
}

}  // namespace

Turns::Answer Requests::answer(const To& to, std::shared_ptr<wire::Frame> frame) {
  return [this, to, frame = std::move(frame)](const Result<void>& durable) {
    if (durable) {
      respond(to, *frame);
    } else {
      respond_error(to, durable.error());
    }
  };
}

void Requests::queue(const To& to, const wire::QueueRequest& request) {
  auto filter = from_wire(request.filter());
  if (!filter) return respond_error(to, filter.error());
  turns_.ask([this, to, filter = std::move(*filter), limit = request.limit()](
                 const sched::EventManager& core, Time now) -> Turns::Answer {
    auto frames = std::make_shared<Frames>(queue_frames(core, filter, limit, now));
    return [this, to, frames](const Result<void>& durable) {
      if (!durable) return respond_error(to, durable.error());
      send_frames(to, frames, 0);
    };
  });
}

// As fast as the client reads.
void Requests::send_frames(const To& to, const std::shared_ptr<std::vector<wire::Frame>>& frames,
                           std::size_t next) {
  if (next + 1 == frames->size()) return respond(to, frames->back());
  respond_more(to, (*frames)[next]);
  peers_.when_drained(to.peer, [this, to, frames, next] { send_frames(to, frames, next + 1); });
}

// A job that is not in the queue any more is durable in the history when this turn is.
void Requests::with_detail(JobNumber job, WithDetail then) {
  turns_.ask([this, job, then = std::move(then)](const sched::EventManager& core,
                                                 Time now) -> Turns::Answer {
    auto live = std::make_shared<std::optional<sched::JobDetail>>(core.show(job, now));
    const bool known = core.was_dispensed(job);
    return [this, job, then, live, known](const Result<void>& durable) {
      if (!durable) return then(tl::unexpected(durable.error()));
      if (*live) return then(std::move(**live));
      if (!known) return then(tl::unexpected(unknown_job(job)));
      history_.show(job, then);
    };
  });
}

void Requests::show(const To& to, JobNumber job) {
  with_detail(job, [this, to](Result<sched::JobDetail> detail) {
    if (!detail) return respond_error(to, detail.error());
    wire::Frame frame;
    to_wire(*detail, *frame.mutable_job());
    respond(to, frame);
  });
}

void Requests::why(const To& to, JobNumber job) {
  turns_.ask([this, to, job](const sched::EventManager& core, Time now) -> Turns::Answer {
    if (const auto why = core.why(job, now)) {
      auto frame = std::make_shared<wire::Frame>();
      to_wire(*why, *frame->mutable_why_reply());
      return answer(to, std::move(frame));
    }
    return [this, to, job](const Result<void>&) {
      with_detail(job, [this, to](Result<sched::JobDetail> detail) {
        if (!detail) return respond_error(to, detail.error());
        const sched::JobSummary& ended = detail->summary;
        wire::Frame frame;
        wire::WhyReply& reply = *frame.mutable_why_reply();
        reply.set_job(ended.job.value);
        reply.set_state(static_cast<std::uint32_t>(ended.state));
        reply.set_summary(
            ended.reason.empty()
                ? fmt::format("it has ended: {}", phrase(ended.state))
                : fmt::format("it has ended: {}, {}", phrase(ended.state), ended.reason));
        respond(to, frame);
      });
    };
  });
}

void Requests::wait(const To& to, const wire::WaitRequest& request) {
  const sched::Selector selector = from_wire(request.jobs());
  if (too_many(selector)) {
    return respond_error(to, {ErrorCode::kUsage, "more than a million jobs to wait for"});
  }
  turns_.ask([this, to, selector, any = request.any()](const sched::EventManager& core,
                                                       Time now) -> Turns::Answer {
    if (const auto unknown = never_given(core, selector)) {
      auto frame = std::make_shared<wire::Frame>();
      to_wire(unknown_job(*unknown), *frame->mutable_error());
      return answer(to, std::move(frame));
    }
    const auto jobs = selected_jobs(core, selector, now);
    std::vector<JobNumber> ended;
    for (const JobNumber job : jobs) {
      const auto state = core.state_of(job);
      if (!state || is_final(*state)) ended.push_back(job);
    }
    if (jobs.empty()) {
      auto frame = std::make_shared<wire::Frame>();
      frame->mutable_done();
      return answer(to, std::move(frame));
    }
    waiters_.add(to, jobs, any);
    return [this, to, ended](const Result<void>&) {
      for (const JobNumber job : ended) wait_for_ended(to, job);
    };
  });
}

// Its end was durable before or with the turn of the question: the history has it.
void Requests::wait_for_ended(const To& to, JobNumber job) {
  history_.show(job, [this, to, job](Result<sched::JobDetail> detail) {
    if (!waiters_.is_open(to, job)) return;
    if (!detail) {
      waiters_.forget(to);
      return respond_error(to, detail.error());
    }
    wire::Frame frame;
    to_ended(detail->summary, *frame.mutable_ended());
    tell_waiter(to, job, frame);
  });
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

void Requests::output(const Peer& peer, const To& to, const wire::OutputRequest& request) {
  with_detail(JobNumber{request.job()},
              [this, to, actor = peer.actor, request](Result<sched::JobDetail> detail) {
                if (!detail) return respond_error(to, detail.error());
                read_output(to, actor, request, *detail);
              });
}

void Requests::read_output(const To& to, const sched::Actor& actor,
                           const wire::OutputRequest& request, const sched::JobDetail& detail) {
  if (!may_read_output(actor, detail)) {
    return respond_error(to, {ErrorCode::kDenied,
                              fmt::format("job {} belongs to {}; only its owner and operators may "
                                          "read its output",
                                          request.job(), detail.summary.user)});
  }
  const auto& steps = detail.steps;
  const sched::AttemptView* attempt = nullptr;
  if (request.step() < steps.size()) {
    for (const sched::AttemptView& one : steps[request.step()].attempts) {
      if (request.attempt() == 0 || one.attempt.value == request.attempt()) attempt = &one;
    }
  }
  if (!attempt) {
    return respond_error(
        to, {ErrorCode::kNotFound, fmt::format("job {} has no such attempt (yet)", request.job())});
  }
  wire::ReadOutput read;
  to_wire(AttemptId{JobNumber{request.job()}, StepId{request.step()}, attempt->attempt},
          *read.mutable_id());
  read.set_error_stream(request.error_stream());
  read.set_offset(request.offset());
  read.set_max_bytes(
      std::min(request.max_bytes() ? request.max_bytes() : kMaxOutputBytes, kMaxOutputBytes));
  read.set_follow(request.follow());
  read.set_path(request.error_stream() ? attempt->error : attempt->output);
  read.set_uid(detail.uid);
  read.set_gid(detail.gid);
  nodes_.read_output(attempt->node, read, [this, to](const wire::Frame& frame) {
    wire::Frame copy = frame;
    respond(to, copy);
  });
}

void Requests::list_history(const To& to, const wire::HistoryRequest& request) {
  auto jobs = from_wire(request.filter());
  if (!jobs) return respond_error(to, jobs.error());
  store::HistoryFilter filter;
  filter.jobs = std::move(*jobs);
  if (request.ended_from()) filter.ended_from = Time{request.ended_from()};
  if (request.ended_to()) filter.ended_to = Time{request.ended_to()};
  const std::size_t limit = request.limit() ? request.limit() : SIZE_MAX;
  // Behind the turn: what ended before the question was asked is in the answer.
  turns_.ask([this, to, filter = std::move(filter), limit](const sched::EventManager&,
                                                           Time) -> Turns::Answer {
    return [this, to, filter, limit](const Result<void>& durable) {
      if (!durable) return respond_error(to, durable.error());
      history_page(to, filter, limit);
    };
  });
}

void Requests::history_page(const To& to, store::HistoryFilter filter, std::size_t left) {
  filter.limit = std::min<std::size_t>(left, kJobsPerFrame);
  history_.list(filter, [this, to, filter, left](Result<HistoryReader::Page> page) mutable {
    if (!page) return respond_error(to, page.error());
    if (!peers_.find(to.peer)) return;
    wire::Frame frame;
    for (const sched::JobSummary& job : *page) to_wire(job, *frame.mutable_jobs()->add_jobs());
    frame.mutable_jobs();
    left -= page->size();
    if (page->size() < filter.limit || left == 0) return respond(to, frame);
    respond_more(to, frame);
    filter.before = {page->back().ended, page->back().job};
    peers_.when_drained(
        to.peer, [this, to, filter = std::move(filter), left] { history_page(to, filter, left); });
  });
}

void Requests::list_classes(const To& to) {
  turns_.ask([this, to](const sched::EventManager& core, Time) -> Turns::Answer {
    auto frame = std::make_shared<wire::Frame>();
    wire::ClassList& list = *frame->mutable_classes();
    for (const sched::ClassView& view : core.classes()) to_wire(view, false, *list.add_classes());
    return answer(to, std::move(frame));
  });
}

void Requests::show_class(const To& to, const wire::ClassRequest& request) {
  turns_.ask([this, to, name = request.name(), version = request.version()](
                 const sched::EventManager& core, Time) -> Turns::Answer {
    auto frame = std::make_shared<wire::Frame>();
    const Result<sched::ClassView> found = core.find_class(name, version);
    if (found) {
      to_wire(*found, true, *frame->mutable_classes()->add_classes());
    } else {
      to_wire(found.error(), *frame->mutable_error());
    }
    return answer(to, std::move(frame));
  });
}

void Requests::list_nodes(const To& to, const wire::NodeRequest& request) {
  const bool show = request.verb() == wire::NodeRequest::SHOW;
  turns_.ask([this, to, show, name = request.name()](const sched::EventManager& core,
                                                     Time) -> Turns::Answer {
    auto frame = std::make_shared<wire::Frame>();
    wire::NodeList& list = *frame->mutable_nodes();
    for (const sched::NodeView& view : core.nodes()) {
      if (show && view.resources.name != name) continue;
      wire::NodeView& out = *list.add_nodes();
      to_wire(view, out);
      if (const Peer* link = nodes_.link(view.resources.name)) {
        out.set_containment(link->containment);
        out.set_address(link->connection->peer());
      }
    }
    if (show && list.nodes().empty()) {
      to_wire(Error{ErrorCode::kNotFound,
                    fmt::format("there is no node {}; `jq node list` names them", name)},
              *frame->mutable_error());
    }
    return answer(to, std::move(frame));
  });
}

void Requests::list_resources(const To& to) {
  turns_.ask([this, to](const sched::EventManager& core, Time) -> Turns::Answer {
    auto frame = std::make_shared<wire::Frame>();
    wire::ResourceList& list = *frame->mutable_resources();
    for (const resmgr::NamedView& view : core.resources()) to_wire(view, *list.add_resources());
    return answer(to, std::move(frame));
  });
}

}  // namespace jobq::controller
