// SPDX-License-Identifier: Apache-2.0
// The loop over instants, and what follows from the core's actions.
#include "sim/simulation.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "sched/event_manager.h"
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

Time first_submission(const Workload& workload) {
  return workload.jobs.empty() ? kTraceStart : workload.jobs.front().submit;
}

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
  VirtualNodes nodes_;
  Specs specs_;
  Simulated simulated_;

  Time now_;
  Time wake_;  // when the core wants to be woken; 0: not at all
  std::size_t submitted_ = 0;
  std::size_t ended_ = 0;
  std::size_t changes_ = 0;  // since the rows were taken
  std::vector<sched::Action> actions_;
  std::int64_t lap_began_ns_ = 0;
};

Simulation::Simulation(const Workload& workload, const Options& options, const Progress& progress)
    : workload_(&workload),
      by_priority_(options.by_priority),
      progress_(&progress),
      core_(sched::policy_of(options.scheduling)),
      nodes_(workload.machine, options.dispatch, options.failures, workload.jobs.size(),
             first_submission(workload)) {
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
  now_ = first_submission(*workload_);
  for (sched::NodeJoined& joined : nodes_.joins()) {
    core_.accept(std::move(joined), now_, actions_);
  }
  core_.decide(now_, actions_);
  actions_.clear();
  core_.take_rows();
}

std::optional<Time> Simulation::next_instant() {
  std::optional<Time> next;
  const auto consider = [&](Time at) { next = next ? std::min(*next, at) : at; };
  if (submitted_ < workload_->jobs.size()) consider(workload_->jobs[submitted_].submit);
  if (const auto at = nodes_.next()) consider(*at);
  if (wake_) consider(wake_);
  return next;
}

Result<void> Simulation::turn(Time now) {
  now_ = now;
  lap_began_ns_ = steady_now_ns();
  if (auto submitted = submit_due(); !submitted) return submitted;
  nodes_.report(now_,
                [this](sched::Event event) { core_.accept(std::move(event), now_, actions_); });
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

// Of the others, none asks for anything that would be seen here.
Result<void> Simulation::act(const sched::Action& action) {
  if (const auto* launch = std::get_if<sched::Launch>(&action)) launched(*launch);
  if (const auto* kill = std::get_if<sched::Kill>(&action)) nodes_.kill(*kill, now_);
  if (const auto* end = std::get_if<sched::JobEnded>(&action)) ended(*end);
  if (const auto* wake = std::get_if<sched::WakeAt>(&action)) wake_ = wake->at;
  if (const auto* reply = std::get_if<sched::Reply>(&action)) return check(*reply);
  return {};
}

void Simulation::launched(const sched::Launch& launch) {
  span(launch.id.job).start = nodes_.launch(launch, now_, job(launch.id.job).length());
  ++simulated_.pace.decisions;
}

// A job may be ended by its limit, which counts from the decision, before it was dispatched.
void Simulation::ended(const sched::JobEnded& ended) {
  const std::optional<Time> lost = nodes_.lost_at(ended.job.job);
  if (lost) ++simulated_.lost;
  Span& of_job = span(ended.job.job);
  of_job.end = lost.value_or(now_);
  of_job.start = std::min(of_job.start, of_job.end);
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
