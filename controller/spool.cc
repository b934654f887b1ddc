// SPDX-License-Identifier: Apache-2.0
// From files to requests, and from answers to ends.
#include "controller/spool.h"

#include <fmt/format.h>

#include <algorithm>
#include <csignal>
#include <iterator>
#include <utility>

#include "base/log.h"

namespace jobq::controller {
namespace {

// mv(1) of several files looks at each once more after it has moved it, and complains where it is
// not there: it stays for so long, at least.
constexpr Millis kSettle{100};

// Who opens a file for writing in the moment in which we have a lease on it makes the kernel send
// this; without a handler it would end the process. It is not ignored: that would go on to
// children.
void outlive_broken_leases() {
  struct sigaction action {};
  action.sa_handler = [](int) {};
  action.sa_flags = SA_RESTART;
  ::sigaction(SIGIO, &action, nullptr);
}

std::string label_of(JobNumber first, JobNumber last) {
  if (first == last) return fmt::format("{}", first.value);
  return fmt::format("{}-{}", first.value, last.value);
}

// Each ticket has its own answer.
SpoolEnd end_of(const SpoolClaim& claim, const std::vector<std::uint32_t>& lines,
                const sched::Submitted& submitted) {
  std::vector<JobNumber> jobs;
  std::string refused;
  for (std::size_t i = 0; i < submitted.tickets.size(); ++i) {
    const Result<JobNumber>& ticket = submitted.tickets[i];
    if (ticket) {
      jobs.push_back(*ticket);
    } else if (lines.size() == 1) {
      refused = ticket.error().message;
    } else {
      refused += fmt::format("line {}: {}\n", lines[i], ticket.error().message);
    }
  }
  if (jobs.empty()) return {claim, SpoolEnd::What::kRejected, "", refused};
  const auto [first, last] = std::minmax_element(jobs.begin(), jobs.end());
  const std::string label = label_of(*first, *last);
  if (!refused.empty()) {
    refused = fmt::format(
        "{} of {} tickets were submitted (accepted/{}-{}), the others were "
        "refused:\n{}",
        jobs.size(), lines.size(), label, claim.name, refused);
  }
  return {claim, SpoolEnd::What::kAccepted, label, refused};
}

void tell(const SpoolEnd& end, const std::string& user) {
  const std::string why = in_one_line(end.why);
  switch (end.what) {
    case SpoolEnd::What::kAccepted:
      log::info("spool: {} of {} is accepted: {}{}", end.claim.name, user, end.label,
                why.empty() ? "" : "; " + why);
      return;
    case SpoolEnd::What::kRejected:
      log::notice("spool: {} of {} is rejected: {}", end.claim.name, user, why);
      return;
    case SpoolEnd::What::kLater:
      log::warning("spool: {} of {} waits: {}", end.claim.name, user, why);
      return;
  }
}

}  // namespace

SpoolEnd spool_end(const SpoolClaim& claim, const std::vector<std::uint32_t>& lines,
                   const sched::Reply& reply) {
  if (const auto* submitted = std::get_if<sched::Submitted>(&reply.body)) {
    return end_of(claim, lines, *submitted);
  }
  const auto* error = std::get_if<Error>(&reply.body);
  if (error == nullptr) return {claim, SpoolEnd::What::kAccepted, "recurring", ""};
  const bool is_for_now = error->code == ErrorCode::kUnavailable;
  return {claim, is_for_now ? SpoolEnd::What::kLater : SpoolEnd::What::kRejected, "",
          error->message};
}

void Spool::begin(uv_loop_s* loop, SpoolFolder folder, SpoolWorker::Settings settings) {
  worker_ =
      std::make_unique<SpoolWorker>(loop, std::move(folder), std::move(settings),
                                    [this](SpoolRequest request) { submit(std::move(request)); });
  settle_ = std::make_unique<Timer>(loop, [this] { hand_over(); });
  timer_ = std::make_unique<Timer>(loop, [this] { worker_->tick(); });
  timer_->repeat(SpoolWorker::kTick);
}

Result<std::unique_ptr<Spool>> Spool::start(uv_loop_s* loop, const SpoolOptions& options,
                                            Millis keys_last, Peers& peers, Requests& requests) {
  auto folder = SpoolFolder::open(options.path);
  if (!folder) return tl::unexpected(folder.error());
  outlive_broken_leases();
  // Watched before it is looked at: nothing comes between.
  std::unique_ptr<Spool> spool(new Spool(peers, requests));
  auto watch =
      SpoolWatch::start(loop, options.path,
                        {.seen = [it = spool.get()](auto names) { it->seen(std::move(names)); },
                         .lost_some = [it = spool.get()] { it->worker_->scan(); }});
  if (!watch) return tl::unexpected(watch.error());
  spool->watch_.emplace(*std::move(watch));
  spool->begin(loop, *std::move(folder), {options.reader, options.keep, keys_last});
  return spool;
}

void Spool::seen(std::vector<SpoolWatch::Sighting> names) {
  if (fresh_.empty() && settled_.empty()) settle_->start(kSettle);
  std::move(names.begin(), names.end(), std::back_inserter(fresh_));
}

void Spool::hand_over() {
  if (!settled_.empty()) worker_->see(std::move(settled_));
  settled_ = std::exchange(fresh_, {});
  if (!settled_.empty()) settle_->start(kSettle);
}

void Spool::submit(SpoolRequest request) {
  if (stopping_) return;
  const SpoolFile& file = request.file;
  const sched::Actor actor = peers_.local_actor(file.uid, file.gid, file.user);
  std::vector<std::uint32_t> lines;
  std::vector<sched::Ticket> tickets;
  for (SpoolTicket& one : request.tickets) {
    lines.push_back(one.line);
    tickets.push_back(std::move(one.ticket));
  }
  const auto answered = [this, claim = request.claim, user = actor.user,
                         lines = std::move(lines)](const sched::Reply& reply) {
    SpoolEnd end = spool_end(claim, lines, reply);
    tell(end, user);
    worker_->end(std::move(end));
  };
  if (tickets.size() == 1 && tickets.front().recur) {
    return requests_.add_recur(
        actor, std::make_shared<const sched::Ticket>(std::move(tickets.front())), answered);
  }
  requests_.submit({{}, actor, request.claim.key, std::move(tickets)}, answered);
}

}  // namespace jobq::controller
