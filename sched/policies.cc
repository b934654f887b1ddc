// SPDX-License-Identifier: Apache-2.0
// What the operators' policy counts of jobs: who waits and runs under which cap, who holds which
// share, and when what is held should end.
#include <fmt/format.h>

#include <algorithm>

#include "base/check.h"
#include "sched/core.h"
#include "sched/elements.h"
#include "sched/feasible.h"
#include "sched/rank.h"
#include "sched/warning.h"

namespace jobq::sched {
namespace {

std::optional<Millis> limit_of(const Ticket& ticket, const JobSpec& spec) {
  return ticket.time_limit ? ticket.time_limit : spec.time_limit;
}

std::uint64_t size_of(const Ticket& ticket) {
  return ticket.array ? ticket.array->elements.size() : 1;
}

// What is asked for first: the job's own needs, or those of the first step that need not wait for
// another.
resmgr::Needs first_needs(const JobSpec& spec) {
  if (!spec.needs.empty()) return job_needs(spec);
  for (const StepSpec& step : spec.steps) {
    if (step.after.empty() && step.after_any.empty()) return asked_by(spec, step);
  }
  return {};
}

}  // namespace

std::uint64_t waiting_of(const Job& job) {
  if (job.array) return job.array->unstarted_count();
  return job.whole == nullptr && !job.started() && !job.ended() ? 1 : 0;
}

// --- at submission

Result<void> Core::check_policy(const Ticket& ticket, const Actor& actor, const JobSpec& spec) {
  const ElementPolicy* element = element_of(policy_, spec);
  const std::optional<Millis> limit = limit_of(ticket, spec);
  if (element != nullptr && element->max_limit && limit && *limit > *element->max_limit) {
    return fail(ErrorCode::kRefused,
                fmt::format("element {} allows a time limit of at most {}, not {}", element->name,
                            format_duration(*element->max_limit), format_duration(*limit)));
  }
  const bool has_end = time_limit_of(ticket, spec) || has_step_limit(spec) || ticket.deadline;
  if (spec.warning && !has_end) {
    return fail(ErrorCode::kRefused,
                fmt::format("the signal {} is sent before a time limit or deadline, and the job "
                            "has none; give it one (--time, time_limit, or --deadline)",
                            to_string(*spec.warning)));
  }
  return quotas_.admit(kind_for(actor.user, spec), size_of(ticket));
}

std::optional<Millis> Core::time_limit_of(const Ticket& ticket, const JobSpec& spec) const {
  const std::optional<Millis> own = limit_of(ticket, spec);
  const ElementPolicy* element = element_of(policy_, spec);
  if (own || element == nullptr) return own;
  return element->default_limit ? element->default_limit : element->max_limit;
}

// A job that takes nothing starts as soon as there is a node for it, and a place under its caps.
std::optional<Submitted::Expected> Core::expected_without_needs(const Actor& actor,
                                                                const JobSpec& spec) {
  if (!nodes_.least_loaded(spec.needs.element)) return Submitted::Expected{};
  if (kind_for(actor.user, spec).counts_running()) return std::nullopt;
  return Submitted::Expected{now_, false, true};
}

// What others do until a later begin is not known: it is asked for as if it were to start now.
Submitted::Expected Core::expected_of(const Ticket& ticket, const Actor& actor, const JobSpec& spec,
                                      Foresight& foresight) {
  if (ticket.hold) return {};
  const Time begin = ticket.begin ? std::max(time_of(*ticket.begin, now_), now_) : now_;
  const auto [known, is_new] =
      foresight.known.try_emplace({&spec, ticket.priority, ticket.time_limit, begin});
  if (!is_new) return known->second;
  known->second = expected_at_once(ticket, actor, spec, begin, foresight);
  const bool is_later = known->second.start && *known->second.start < begin;
  return is_later ? known->second = {begin, false, false} : known->second;
}

Submitted::Expected Core::expected_at_once(const Ticket& ticket, const Actor& actor,
                                           const JobSpec& spec, Time begin, Foresight& foresight) {
  const resmgr::Needs needs = first_needs(spec);
  if (needs.empty()) {
    if (const auto expected = expected_without_needs(actor, spec)) return *expected;
  }
  // The offset of who is not known yet stands in no limit class.
  const std::int64_t offset = fair_.find(actor.user) ? 0 : fair_.offset_of_newcomer(actor.user);
  const resmgr::Request request{
      .id = request_of(JobNumber{next_job_}),
      .rank = rank_of(policy_, ticket.priority.value_or(spec.priority), spec, begin) + offset,
      .needs = needs,
      .limit = time_limit_of(ticket, spec),
      .place = JobNumber{next_job_},
      .limit_class = kind_for(actor.user, spec).fresh};
  const auto start = rm_.would_start(request, now_, foresight.spent, followers());
  const bool now = start && *start <= now_;
  return {start, start && !now && !estimates_.empty(), now};
}

// --- caps

const Quotas::Kind& Core::kind_of(const Job& job) {
  const FairShare::LineId line = fair_.line(job.user->name);
  return quotas_.kind_of(job.user->name, job.what(), line, fair_.offset(line));
}

const Quotas::Kind& Core::kind_for(const std::string& user, const JobSpec& spec) {
  const FairShare::LineId line = fair_.find(user);
  return quotas_.kind_of(user, spec, line, fair_.offset(line));
}

resmgr::Request Core::request_for(const Job& job, resmgr::RequestId id, resmgr::Needs needs) {
  const Quotas::Kind& kind = kind_of(job);
  const Wish wish = wish_of(job, id);
  return {.id = id,
          .rank = job.rank,
          .needs = std::move(needs),
          .limit = job.time_limit,
          .place = job.place(),
          .limit_class = job.started() ? kind.started : kind.fresh,
          .avoid = wish.avoid,
          .rather_not = wish.rather_not};
}

void Core::count_waiting(const Job& job, std::int64_t more) {
  quotas_.count_waiting(kind_of(job), more);
}

// It counts once, however many of its requests were granted at once; those that still wait are
// asked for again as what they are now, parts of a job that runs.
void Core::count_start(Job& job) {
  if (job.whole == nullptr) count_waiting(job, -1);
  const Quotas::Kind& kind = kind_of(job);
  if (!kind.counts_running()) return;
  int counted = rm_.is_held(request_of(job.number)) ? 1 : 0;
  for (std::uint32_t i = 0; i < job.what().steps.size(); ++i) {
    if (job.steps[i].state != StepState::kWaiting) continue;
    const resmgr::RequestId id = request_of(job.number, StepId{i});
    if (rm_.is_held(id)) ++counted;
    if (!rm_.withdraw(id)) continue;
    wishes_.erase(id);
    const bool again = ask(job, StepId{i});
    check(again, "what waited may wait on");
  }
  if (counted == 0) rm_.enter(kind.fresh);
  if (counted != 1) schedule_due_ = true;  // others may start, or the head of the queue is another
  for (; counted > 1; --counted) rm_.leave(kind.fresh);
}

void Core::count_end(const Job& job) {
  if (job.array) return;
  if (!job.started()) {
    if (job.whole == nullptr) count_waiting(job, -1);
    return;
  }
  const Quotas::Kind& kind = kind_of(job);
  if (!kind.counts_running()) return;
  rm_.leave(kind.fresh);
  schedule_due_ = true;
}

// --- shares

std::int64_t Core::cpus_of(const Job& job, resmgr::RequestId id) const {
  if (id.part == 0) return is_between_nodes(job) ? 0 : all_cpus(job.what().needs);
  const std::optional<resmgr::Needs> needs = own_needs(job, StepId{id.part - 1});
  return needs ? all_cpus(*needs) : 0;
}

void Core::hold_share(const Job& job, resmgr::RequestId id, std::int64_t sign) {
  if (fair_.is_on()) fair_.hold(fair_.line(job.user->name), sign * cpus_of(job, id), now_);
}

bool Core::give_back(const Job& job, resmgr::RequestId id) {
  if (!rm_.release(id)) return false;
  hold_share(job, id, -1);
  schedule_due_ = true;
  return true;
}

void Core::share_fairly() {
  if (!fair_.is_due(now_)) return;
  const std::vector<FairShare::LineId> moved = fair_.update(now_);
  if (moved.empty()) return;
  quotas_.set_offsets(moved, fair_);
  schedule_due_ = true;
}

void Core::touch_shares() {
  for (std::string& user : fair_.take_changed()) changes_.add(UsageKey{std::move(user)});
}

// --- ends

// By its limit, or by an estimate where it has none.
std::optional<Time> Core::usual_end_of(const Job& job) const {
  if (job.array || job.time_limit) return end_of(job);
  const JobRun& run = job.facts();
  if (!run.started || run.ended || run.suspended) return std::nullopt;
  const std::optional<Millis> estimate = run_times_.estimate(job.what().class_name);
  return estimate ? std::optional(run.started + *estimate + run.suspended_for) : std::nullopt;
}

std::optional<Time> Core::known_end_of(const Job& job) const {
  const std::optional<Time> usual = usual_end_of(job);
  const std::optional<Time> deadline = job.started() ? deadline_of(job) : std::nullopt;
  if (job.array || !deadline) return usual;
  return usual ? std::min(*usual, *deadline) : deadline;
}

// The resource manager learns the end of what the job holds; past it there is no promise.
void Core::refresh_known_end(Job& job) {
  const Time end = known_end_of(job).value_or(Time{});
  JobRun& run = job.more();
  if (run.known_end == end) return;
  estimates_.erase({run.known_end, job.number});
  const bool is_firm = job.time_limit || deadline_of(job) == end;
  if (!is_firm && end > now_) estimates_.emplace(end, job.number);
  run.known_end = end;
  const auto known = end ? std::optional(end) : std::nullopt;
  if (run.has_grant) set_end(request_of(job.number), known);
  for (std::uint32_t i = 0; i < job.what().steps.size(); ++i) {
    const resmgr::RequestId id = request_of(job.number, StepId{i});
    if (!is_final(job.steps[i].state) && rm_.is_held(id)) set_end(id, known);
  }
}

// Past its estimate a job may end at any moment, which another reservation may follow from.
void Core::pass_estimates() {
  while (!estimates_.empty() && estimates_.begin()->first <= now_) {
    estimates_.erase(estimates_.begin());
    schedule_due_ = true;
  }
}

void Core::learn_run_time(const Job& job) {
  const JobRun& run = job.facts();
  const std::string& class_name = job.what().class_name;
  const bool tells =
      !class_name.empty() && !job.array && run.started && run.decided == Outcome::kSuccess;
  if (!tells) return;
  run_times_.add(class_name, now_ - run.started - run.suspended_for);
  changes_.add(RunTimeKey{class_name});
}

// --- recount

Result<void> Core::check_policies() const {
  std::vector<std::uint64_t> waiting(quotas_.waiting().size());
  std::size_t estimates = 0;
  for (const JobNumber number : jobs_.numbers()) {
    const Job& job = *jobs_.find(number);
    const Time end = job.facts().known_end;
    if (!job.time_limit && estimates_.contains({end, number})) ++estimates;
    const std::string& user = job.user->name;
    const Quotas::Kind* kind = quotas_.find_kind(user, job.what(), fair_.find(user));
    if (kind == nullptr) continue;
    for (const std::size_t group : kind->groups) waiting[group] += waiting_of(job);
  }
  if (waiting != quotas_.waiting()) {
    return fail(ErrorCode::kInternal, "jobs that wait under a cap are miscounted");
  }
  if (estimates != estimates_.size())
    return fail(ErrorCode::kInternal, "estimated ends are miscounted");
  return {};
}

}  // namespace jobq::sched
