// SPDX-License-Identifier: Apache-2.0
// The loop over instants, and what follows from the core's actions.
#include "sim/simulation.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <queue>
#include <utility>

#include "sim/specs.h"

namespace jobq::sim {
namespace {

// Submissions of one instant go to the core by so many, as they come to a controller by messages of
// a limited size. A piece counts as a turn of its own where turns are timed.
constexpr std::size_t kTicketsPerNotice = 1000;
// After so many submissions and ends the rows are taken, which lets ended jobs go.
constexpr std::size_t kChangesPerTaking = 1000;
constexpr std::size_t kEndsPerProgress = 1000;
constexpr ReplyId kReply{1};

// An attempt that will end. Those of one instant end in the order of their jobs.
struct End {
  Time at;
  NodeId node;
  AttemptId id;
  friend bool operator>(const End& a, const End& b) {
    return std::pair(a.at, a.id.job) > std::pair(b.at, b.id.job);
  }
};

class Simulation {
 public:
  Simulation(const Workload& workload, const Options& options, const Progress& progress);
  Result<Simulated> run();

 private:
  // The turn.
  void join_nodes();
  Result<void> turn(Time now);
  std::optional<Time> next_instant();
  Result<void> submit_due();
  sched::Ticket ticket_of(const SimJob& job);
  void end_due();
  Result<void> decide();
  void lap();

  // What the core asks for.
  Result<void> carry_out();
  Result<void> act(const sched::Action& action);
  void launched(const sched::Launch& launch);
  void ended(const sched::JobEnded& ended);
  Result<void> check(const sched::Reply& reply) const;
  void take_rows();

  Span& span(JobNumber job) { return simulated_.spans[job.value - 1]; }
  const SimJob& job(JobNumber number) const { return workload_->jobs[number.value - 1]; }

  const Workload* workload_;
  bool by_priority_;
  const Progress* progress_;
  sched::EventManager core_;
  Specs specs_;
  Simulated simulated_;

  Time now_;
  Time wake_;  // when the core wants to be woken; 0: not at all
  std::size_t submitted_ = 0;
  std::size_t ended_ = 0;
  std::size_t changes_ = 0;  // since the rows were taken
  std::priority_queue<End, std::vector<End>, std::greater<>> ends_;
  std::vector<sched::Action> actions_;
  std::int64_t lap_began_ns_ = 0;
};

Simulation::Simulation(const Workload& workload, const Options& options, const Progress& progress)
    : workload_(&workload),
      by_priority_(options.by_priority),
      progress_(&progress),
      core_(sched::Policy{.scheduling = options.scheduling}) {
  simulated_.spans.resize(workload.jobs.size());
}

Result<Simulated> Simulation::run() {
  const std::int64_t began = steady_now_ns();
  join_nodes();
  while (ended_ < workload_->jobs.size()) {
    const std::optional<Time> due = next_instant();
    if (!due) {
      return fail(ErrorCode::kInternal,
                  fmt::format("{} jobs wait, and nothing is to happen any more",
                              workload_->jobs.size() - ended_));
    }
    if (auto turned = turn(*due); !turned) return tl::unexpected(turned.error());
  }
  simulated_.pace.elapsed_ns = steady_now_ns() - began;
  return std::move(simulated_);
}

// --- the turn

void Simulation::join_nodes() {
  now_ = workload_->jobs.empty() ? kTraceStart : workload_->jobs.front().submit;
  resmgr::Capacity capacity;
  capacity.cpus = workload_->machine.cpus_per_node;
  for (std::uint32_t i = 1; i <= workload_->machine.nodes; ++i) {
    core_.accept(sched::NodeJoined{fmt::format("n{}", i), "1", capacity, {}}, now_, actions_);
  }
  core_.decide(now_, actions_);
  actions_.clear();
  core_.take_rows();
}

std::optional<Time> Simulation::next_instant() {
  std::optional<Time> next;
  const auto consider = [&](Time at) { next = next ? std::min(*next, at) : at; };
  if (submitted_ < workload_->jobs.size()) consider(workload_->jobs[submitted_].submit);
  if (!ends_.empty()) consider(ends_.top().at);
  if (wake_) consider(wake_);
  return next;
}

Result<void> Simulation::turn(Time now) {
  now_ = now;
  lap_began_ns_ = steady_now_ns();
  if (auto submitted = submit_due(); !submitted) return submitted;
  end_due();
  return decide();
}

Result<void> Simulation::submit_due() {
  const std::vector<SimJob>& jobs = workload_->jobs;
  while (submitted_ < jobs.size() && jobs[submitted_].submit <= now_) {
    sched::NewJobNotice notice{kReply, kSimulatedUser, "", {}, false};
    const std::size_t last = std::min(jobs.size(), submitted_ + kTicketsPerNotice);
    for (; submitted_ < last && jobs[submitted_].submit <= now_; ++submitted_) {
      notice.tickets.push_back(ticket_of(jobs[submitted_]));
    }
    const bool is_full = notice.tickets.size() == kTicketsPerNotice;
    changes_ += notice.tickets.size();
    core_.accept(std::move(notice), now_, actions_);
    if (!is_full) return {};
    if (auto done = carry_out(); !done) return done;
    lap();
  }
  return {};
}

sched::Ticket Simulation::ticket_of(const SimJob& job) {
  sched::Ticket ticket;
  ticket.spec = specs_.of(job.processors);
  ticket.name = "job";
  ticket.time_limit = job.limit;
  if (by_priority_) ticket.priority = job.priority;
  return ticket;
}

void Simulation::end_due() {
  for (; !ends_.empty() && ends_.top().at <= now_; ends_.pop()) {
    const End& end = ends_.top();
    core_.accept(sched::TaskComplete{end.node, end.id, {}}, now_, actions_);
  }
}

Result<void> Simulation::decide() {
  if (wake_ <= now_) wake_ = Time{};
  core_.decide(now_, actions_);
  auto done = carry_out();
  lap();
  return done;
}

void Simulation::lap() {
  const std::int64_t now = steady_now_ns();
  std::int64_t& worst = simulated_.pace.worst_turn_ns;
  worst = std::max(worst, now - lap_began_ns_);
  lap_began_ns_ = now;
}

// --- what the core asks for

Result<void> Simulation::carry_out() {
  for (const sched::Action& action : actions_) {
    if (auto done = act(action); !done) return done;
  }
  actions_.clear();
  if (changes_ >= kChangesPerTaking) take_rows();
  return {};
}

// Of the others, none asks for anything: what is to be killed ends at this instant by itself.
Result<void> Simulation::act(const sched::Action& action) {
  if (const auto* launch = std::get_if<sched::Launch>(&action)) launched(*launch);
  if (const auto* end = std::get_if<sched::JobEnded>(&action)) ended(*end);
  if (const auto* wake = std::get_if<sched::WakeAt>(&action)) wake_ = wake->at;
  if (const auto* reply = std::get_if<sched::Reply>(&action)) return check(*reply);
  return {};
}

void Simulation::launched(const sched::Launch& launch) {
  span(launch.id.job).start = now_;
  ends_.push({now_ + job(launch.id.job).length(), launch.node, launch.id});
  ++simulated_.pace.decisions;
}

void Simulation::ended(const sched::JobEnded& ended) {
  span(ended.job).end = now_;
  ++changes_;
  if (++ended_ % kEndsPerProgress == 0 && *progress_) (*progress_)(ended_);
}

// Job numbers are places in the workload as long as every ticket is taken.
Result<void> Simulation::check(const sched::Reply& reply) const {
  const auto* submitted = std::get_if<sched::Submitted>(&reply.body);
  if (submitted == nullptr) return fail(ErrorCode::kInternal, "a submission was not answered");
  for (const Result<JobNumber>& ticket : submitted->tickets) {
    if (!ticket) {
      return fail(ErrorCode::kInternal, "the core refused a job: " + ticket.error().message);
    }
  }
  return {};
}

void Simulation::take_rows() {
  core_.take_rows();
  changes_ = 0;
}

}  // namespace

Result<Simulated> simulate(const Workload& workload, const Options& options,
                           const Progress& progress) {
  return Simulation(workload, options, progress).run();
}

}  // namespace jobq::sim
