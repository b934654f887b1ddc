// SPDX-License-Identifier: Apache-2.0
// Questions about jobs: one job, why, output, history; and lists of classes, nodes and resources.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "controller/requests.h"
#include "controller/translate.h"

namespace jobq::controller {
namespace {

constexpr std::size_t kJobsPerPage = 500;
constexpr std::uint32_t kMaxOutputBytes = 1U << 20U;

bool may_read_output(const sched::Actor& actor, const sched::JobDetail& detail) {
  return actor.is_operator || actor.uid == detail.uid;
}

}  // namespace

Error Requests::unknown_job(JobRef job) {
  return {ErrorCode::kNotFound,
          fmt::format("there is no job {}; `jq queue` and `jq history` list them", to_string(job))};
}

Turns::Answer Requests::answer(const To& to, std::shared_ptr<wire::Frame> frame) {
  return [this, to, frame = std::move(frame)](const Result<void>& durable) {
    if (durable) {
      respond(to, *frame);
    } else {
      respond_error(to, durable.error());
    }
  };
}

// A job that is not in the queue any more is durable in the history when this turn is.
void Requests::with_detail(JobRef job, WithDetail then) {
  turns_.ask([this, job, then = std::move(then)](const sched::EventManager& core,
                                                 Time now) -> Turns::Answer {
    auto live = std::make_shared<std::optional<sched::JobDetail>>(core.show(job, now));
    const bool known = core.was_dispensed(job.job);
    return
        [this, job, then, live, known, right = core.check_ref(job)](const Result<void>& durable) {
          if (!durable) return then(tl::unexpected(durable.error()));
          if (*live) return then(std::move(**live));
          if (!known) return then(tl::unexpected(unknown_job(job)));
          if (!right) return then(tl::unexpected(right.error()));
          history_.show(job, then);
        };
  });
}

void Requests::show(const To& to, JobRef job) {
  with_detail(job, [this, to](Result<sched::JobDetail> detail) {
    if (!detail) return respond_error(to, detail.error());
    wire::Frame frame;
    to_wire(*detail, *frame.mutable_job());
    respond(to, frame);
  });
}

void Requests::why(const To& to, JobRef job) {
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
        ref_to_wire(ended.ref(), reply);
        reply.set_state(static_cast<std::uint32_t>(ended.state));
        reply.set_summary(
            ended.reason.empty()
                ? fmt::format("it has ended: {}", phrase(ended.state))
                : fmt::format("it has ended: {}, {}", phrase(ended.state), ended.reason));
        to_wire(detail->spans, reply);
        respond(to, frame);
      });
    };
  });
}

void Requests::output(const Peer& peer, const To& to, const wire::OutputRequest& request) {
  with_detail(ref_from_wire(request),
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
                                          to_string(detail.summary.ref()), detail.summary.user)});
  }
  const auto& steps = detail.steps;
  const sched::AttemptView* attempt = nullptr;
  if (request.step() < steps.size()) {
    for (const sched::AttemptView& one : steps[request.step()].attempts) {
      if (request.attempt() == 0 || one.attempt.value == request.attempt()) attempt = &one;
    }
  }
  if (!attempt) {
    return respond_error(to, {ErrorCode::kNotFound, fmt::format("job {} has no such attempt (yet)",
                                                                to_string(detail.summary.ref()))});
  }
  wire::ReadOutput read;
  to_wire(AttemptId{detail.summary.record, StepId{request.step()}, attempt->attempt},
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
  filter.limit = std::min<std::size_t>(left, kJobsPerPage);
  history_.list(filter, [this, to, filter, left](Result<HistoryReader::Page> page) mutable {
    if (!page) return respond_error(to, page.error());
    if (!peers_.find(to.peer)) return;
    wire::Frame frame;
    for (const sched::JobSummary& job : *page) to_wire(job, *frame.mutable_jobs()->add_jobs());
    frame.mutable_jobs();
    left -= page->size();
    if (page->size() < filter.limit || left == 0) return respond(to, frame);
    respond_more(to, frame);
    filter.before = {page->back().ended, page->back().record};
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

// Nothing of the directory is on record, so there is nothing to wait for.
void Requests::list_services(const To& to, const std::string& type) {
  for (wire::NodeServices& node : nodes_.services().find(type)) {
    wire::Frame frame;
    *frame.mutable_services()->add_nodes() = std::move(node);
    respond_more(to, frame);
  }
  wire::Frame last;
  last.mutable_services();
  respond(to, last);
}

void Requests::list_resources(const To& to) {
  turns_.ask([this, to](const sched::EventManager& core, Time) -> Turns::Answer {
    auto frame = std::make_shared<wire::Frame>();
    wire::ResourceList& list = *frame->mutable_resources();
    const auto ref_of = [&core](JobNumber job) { return core.ref_of(job); };
    for (const resmgr::NamedView& view : core.resources()) {
      to_wire(view, ref_of, *list.add_resources());
    }
    return answer(to, std::move(frame));
  });
}

}  // namespace jobq::controller
