// SPDX-License-Identifier: Apache-2.0
// Keeping the accounts of jobs: what may have changed where a job stands is marked, and looked at
// once at the end of the turn.
//
// A job that has only waited has no account: all its time was waiting behind others. What the
// resource manager refused by name is told of those that stand first; the others wait behind them.
#include <algorithm>

#include "base/check.h"
#include "sched/core.h"

namespace jobq::sched {
namespace {

using Kind = Standing::Kind;

Kind kind_by(resmgr::BlockerKind kind) {
  switch (kind) {
    case resmgr::BlockerKind::kExclusive: return Kind::kExclusive;
    case resmgr::BlockerKind::kTokens: return Kind::kTokens;
    case resmgr::BlockerKind::kPriority: return Kind::kPriority;
    case resmgr::BlockerKind::kNodeState: return Kind::kNodeState;
    case resmgr::BlockerKind::kLimit: return Kind::kLimit;
    case resmgr::BlockerKind::kResources:
    case resmgr::BlockerKind::kElement:
    case resmgr::BlockerKind::kService: return Kind::kResources;
  }
  unreachable("kind of blocker out of range");
}

// The first of the jobs that it is to come after.
std::string followed_by(const JobRun& run) {
  for (const Dependency& it : run.after) {
    if (it.state != Dependency::State::kHolds) return std::to_string(it.job.value);
  }
  return {};
}

Standing standing_in_line(const Job& job) {
  const Job& of = job.array && job.array->front != nullptr ? *job.array->front : job;
  return of.run && of.run->refused ? of.run->refused->standing : Standing{};
}

Standing standing_at_work(const Job& job) {
  const std::size_t active = active_steps(job.counts);
  const JobRun& run = job.facts();
  if (active == 0 && is_between_nodes(job)) return standing_in_line(job);
  if (active == 0 && open_steps(job.counts) > 0) return {Kind::kRetryDelay, ""};
  if (active == 0 || run.carried_out < active) return {Kind::kProcessing, ""};
  return {run.receiving == active ? Kind::kEvent : Kind::kDependency, ""};
}

}  // namespace

Standing standing_of(const Job& job) {
  switch (job.state()) {
    case JobState::kHeld: return {job.started() ? Kind::kSuspended : Kind::kHeld, ""};
    case JobState::kCleaningUp: return {Kind::kCleanup, ""};
    case JobState::kWaitingResources:
    case JobState::kProcessingWaits: return standing_in_line(job);
    case JobState::kProcessing:
      return job.array ? Standing{Kind::kProcessing, ""} : standing_at_work(job);
    case JobState::kQueued:
      if (job.is_to_begin()) return {Kind::kBegin, ""};
      if (job.is_to_follow()) return {Kind::kDependency, followed_by(job.facts())};
      return standing_in_line(job);
    case JobState::kDone:
    case JobState::kError:
    case JobState::kCancelled: break;
  }
  unreachable("a job that ended stands nowhere");
}

void Core::mark(Job& job) {
  if (!std::exchange(job.marked, true)) marked_.push_back(job.number);
}

Account& Core::account_of(Job& job) {
  JobRun& run = job.more();
  if (!run.account) run.account = std::make_unique<Account>(job.submitted);
  return *run.account;
}

void Core::settle_accounts() {
  for (const JobNumber number : std::exchange(marked_, {})) {
    Job* job = jobs_.find(number);
    if (job == nullptr) continue;
    job->marked = false;
    if (job->ended() || (!job->run && !job->array)) continue;
    Standing standing = standing_of(*job);
    const bool has = job->run && job->run->account;
    if (has || standing != Standing{}) account_of(*job).turn_to(std::move(standing), now_);
  }
}

void Core::close_account(Job& job) {
  Account& account = account_of(job);
  account.close(now_);
}

// What has become new of those that stand first.
void Core::note_refusals() {
  for (const resmgr::Refusal& refusal : rm_.take_refusals()) {
    Job* job = jobs_.find(refusal.id.job);
    if (job != nullptr) note_refusal(*job, {refusal.id, {kind_by(refusal.kind), refusal.name}});
  }
}

void Core::note_refusal(Job& job, Refused refused) {
  const bool is_new = !job.run || !job.run->refused;
  if (is_new && refused.standing == Standing{}) return;
  job.more().refused = std::move(refused);
  mark(job);
  if (job.whole != nullptr) mark(*job.whole);
}

void Core::forget_refusal(resmgr::RequestId id) {
  Job* job = jobs_.find(id.job);
  if (job == nullptr || !job->run || !job->run->refused || job->run->refused->id != id) return;
  job->run->refused.reset();
  mark(*job);
  if (job->whole != nullptr) mark(*job->whole);
}

// Before an element was made it stood where its array did; while others of the array went on, it
// waited for these.
void Core::open_account_of_element(Job& element) {
  const Job& array = *element.whole;
  if (!array.run || !array.run->account) return;
  Account account(std::max(now_, element.submitted));  // the clock may have been set back
  Millis rest = account.since() - element.submitted;
  for (const Span& span : array.run->account->spans(now_)) {
    const Kind kind = span.standing.kind;
    const bool is_its_own =
        kind == Kind::kHeld || kind == Kind::kBegin || kind == Kind::kDependency;
    if (!is_its_own || span.time > rest) continue;
    account.add(span.standing, span.time);
    rest = rest - span.time;
  }
  const bool throttled = array.array->spec.throttle != 0;
  account.add({throttled ? Kind::kThrottle : Kind::kPriority, ""}, rest);
  element.more().account = std::make_unique<Account>(std::move(account));
}

}  // namespace jobq::sched
