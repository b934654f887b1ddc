// SPDX-License-Identifier: Apache-2.0
// The queue as a list: a slice of it a turn, as fast as the client reads, so that a long list never
// keeps the others waiting.
#include <utility>

#include "controller/requests.h"
#include "controller/translate.h"

namespace jobq::controller {
namespace {

// So many jobs are looked at in a turn, and at most so many are in a frame.
constexpr std::size_t kJobsPerTurn = 1000;

}  // namespace

void Requests::queue(const To& to, const wire::QueueRequest& request) {
  if (request.details()) return copy_queue(to);
  auto filter = from_wire(request.filter());
  if (!filter) return respond_error(to, filter.error());
  auto walk = std::make_shared<sched::QueueWalk>();
  walk->filter = std::move(*filter);
  walk->limit = request.limit();
  go_on_listing(to, walk);
}

void Requests::go_on_listing(const To& to, const std::shared_ptr<sched::QueueWalk>& walk) {
  turns_.ask([this, to, walk](const sched::EventManager& core, Time) -> Turns::Answer {
    auto frame = std::make_shared<wire::Frame>();
    wire::JobList& list = *frame->mutable_jobs();
    const bool more = core.queue(
        *walk, kJobsPerTurn, [&](const sched::JobSummary& job) { to_wire(job, *list.add_jobs()); });
    if (!more) {
      // Jobs may still ask for an element that the configuration has no more.
      const Result<void> known =
          walk->found == 0 ? core.check_filter(walk->filter) : Result<void>();
      list.set_total(walk->found);
      if (!known) to_wire(known.error(), *frame->mutable_error());
      return answer(to, std::move(frame));
    }
    return [this, to, walk, frame](const Result<void>& durable) {
      if (!durable) return respond_error(to, durable.error());
      if (!frame->jobs().jobs().empty()) respond_more(to, *frame);
      peers_.when_drained(to.peer, [this, to, walk] { go_on_listing(to, walk); });
    };
  });
}

}  // namespace jobq::controller
