// SPDX-License-Identifier: Apache-2.0
// Nominal times of recurring tickets come: each is decided once, in order.
//
// A turn looks at a bounded number of them, those of many tickets by turns, so that a long time
// without a controller does not make it slow. What is left is due at once again.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "sched/core.h"

namespace jobq::sched {
namespace {

constexpr std::size_t kTimesInATurn = 4000;
constexpr std::size_t kTimesAtOnce = 1000;

// How many of those that come too late are run.
std::size_t kept_late(const Recurrence& recur) {
  switch (recur.catchup) {
    case CatchUp::kNone: return 0;
    case CatchUp::kOnce: return 1;
    case CatchUp::kAll: return recur.catchup_max;
  }
  return 0;
}

// Several in a row are told in one row, where each has the same to tell.
bool may_join(const FiringRow& before, const FiringRow& next) {
  return next.what != FiringEnd::kFired && next.what != FiringEnd::kWaiting &&
         before.what == next.what && before.job == next.job && before.detail == next.detail &&
         before.last < next.nominal;
}

}  // namespace

void Core::set_due(Recurring& one) {
  const RecurKey key{one.row.uid, one.row.name};
  if (one.due) recur_due_.erase({one.due, key});
  one.due = Time{};
  if (one.row.paused) return;
  const bool may_go_on = one.row.waiting && one.running.empty();
  if (may_go_on || (one.scan && one.scan < now_)) {
    one.due = now_;
  } else {
    one.due = one.scan;
  }
  if (one.due) recur_due_.emplace(one.due, key);
}

void Core::fire_due() {
  std::size_t budget = kTimesInATurn;
  while (budget > 0 && !recur_due_.empty() && recur_due_.begin()->first <= now_) {
    Recurring& one = recurring_.at(recur_due_.begin()->second);
    std::size_t share = std::min(budget, kTimesAtOnce);
    budget -= std::min(share, std::size_t{1});
    const std::size_t before = share;
    go_through(one, share);
    budget -= std::min(budget, before - share);
    set_due(one);
    touch(one);
  }
}

void Core::go_through(Recurring& one, std::size_t& budget) {
  if (one.row.waiting && one.running.empty()) {
    submit_run(one, std::exchange(one.row.waiting, Time{}));
  }
  while (budget > 0 && one.scan && one.scan <= now_) {
    --budget;
    meet(one, one.scan);
    const auto next = next_firing(one.calendar, *one.row.zone, one.scan);
    one.scan = next ? next->at : Time{};
  }
  if (!one.scan || one.scan > now_) settle_late(one, false);
  one.row.next = one.late.empty() ? one.scan : one.late.front();
}

void Core::meet(Recurring& one, Time nominal) {
  if (nominal <= one.row.paused_until) return note_firing(one, FiringEnd::kPaused, nominal);
  if (now_ - nominal <= kLateFiring) {
    settle_late(one, true);
    return fire(one, nominal);
  }
  one.late.push_back(nominal);
  if (one.late.size() <= kept_late(one.recur())) return;
  note_firing(one, FiringEnd::kMissed, one.late.front());
  one.late.pop_front();
}

// The newest of those that came too late are known. Where only one is to be run, one that is not
// late will do.
void Core::settle_late(Recurring& one, bool is_newer_due) {
  const bool run = one.recur().catchup == CatchUp::kAll || !is_newer_due;
  for (const Time nominal : std::exchange(one.late, {})) {
    run ? fire(one, nominal) : note_firing(one, FiringEnd::kMissed, nominal);
  }
}

void Core::fire(Recurring& one, Time nominal) {
  if (one.running.empty()) return submit_run(one, nominal);
  switch (one.recur().overlap) {
    case Overlap::kSkip:
      return note_firing(one, FiringEnd::kSkipped, nominal, *one.running.rbegin());
    case Overlap::kQueue: return let_wait(one, nominal);
    case Overlap::kAllow: return submit_run(one, nominal);
    case Overlap::kReplace: break;
  }
  cancel_runs(one);
  submit_run(one, nominal);
}

void Core::let_wait(Recurring& one, Time nominal) {
  const JobNumber before = *one.running.rbegin();
  if (one.row.waiting) {
    note_firing(one, FiringEnd::kSkipped, one.row.waiting, before, "a newer one waits");
  }
  one.row.waiting = nominal;
  note_firing(one, FiringEnd::kWaiting, nominal, before);
}

void Core::cancel_runs(Recurring& one) {
  const Actor owner{one.row.uid, one.row.gid, one.row.user, false};
  for (const JobNumber number : std::set<JobNumber>(one.running)) {
    Job* job = jobs_.find(number);
    if (job == nullptr || job->decided() != Outcome::kNone) continue;
    note(*job, "replaced", "by the next run of its recurring ticket");
    cancel(*job, owner);
  }
}

// As by jq submit at this time: its class is that of now, and limits are those of now.
void Core::submit_run(Recurring& one, Time nominal) {
  Ticket ticket = *one.row.ticket;
  ticket.recur.reset();
  const Actor owner{one.row.uid, one.row.gid, one.row.user, false};
  CheckedSpecs checked;
  const auto spec = check_all(ticket, owner, checked);
  if (!spec) return note_firing(one, FiringEnd::kRefused, nominal, {}, spec.error().message);
  auto after = dependencies_of(ticket, owner, {});
  if (!after) return note_firing(one, FiringEnd::kRefused, nominal, {}, after.error().message);
  one.row.last_job = record(ticket, owner, **spec, {{}, {}, {}, nominal}, *std::move(after));
  note_firing(one, FiringEnd::kFired, nominal, one.row.last_job);
}

void Core::note_firing(Recurring& one, FiringEnd what, Time nominal, JobNumber job,
                       const std::string& detail) {
  one.row.decided = std::max(one.row.decided, nominal);
  touch(one);
  FiringRow row;
  row.uid = one.row.uid;
  row.name = one.row.name;
  row.nominal = nominal;
  row.last = nominal;
  row.what = what;
  row.job = job;
  row.detail = detail;
  row.at = now_;
  if (!one.firings.empty()) {
    FiringRow& newest = one.firings.rbegin()->second;
    if (may_join(newest, row)) {
      newest.last = nominal;
      newest.at = now_;
      ++newest.count;
      return touch(one, newest);
    }
  }
  touch(one, row);
  one.firings.insert_or_assign(nominal, std::move(row));
  if (one.firings.size() <= kMostFirings) return;
  touch(one, one.firings.begin()->second);
  one.firings.erase(one.firings.begin());
}

void Core::note_run(const Job& job) {
  Recurring* one = find_recurring({job.user->uid, job.name->first});
  if (one != nullptr) one->running.insert(job.number);
}

void Core::run_ended(const Job& job) {
  Recurring* one = find_recurring({job.user->uid, job.name->first});
  if (one == nullptr || one->running.erase(job.number) == 0) return;
  if (one->row.waiting) set_due(*one);
}

Result<void> Core::check_recurring() const {
  const auto broken = [](const RecurKey& key, const char* what) {
    return fail(ErrorCode::kInternal, fmt::format("recurring ticket '{}' {}", key.name, what));
  };
  std::map<RecurKey, std::set<JobNumber>> running;
  for (const JobNumber number : jobs_.numbers()) {
    const Job& job = *jobs_.find(number);
    if (job.facts().nominal) running[{job.user->uid, job.name->first}].insert(number);
  }
  std::size_t due = 0;
  for (const auto& [key, one] : recurring_) {
    if (one.running != running[key]) return broken(key, "counts its jobs wrongly");
    if (one.row.next != (one.late.empty() ? one.scan : one.late.front())) {
      return broken(key, "has a wrong next time");
    }
    if (one.row.next && one.row.next <= one.row.decided) return broken(key, "would fire twice");
    if (one.firings.size() > kMostFirings) return broken(key, "keeps too many firings");
    const bool waits = !one.row.paused && (one.scan || (one.row.waiting && one.running.empty()));
    if (waits != static_cast<bool>(one.due)) return broken(key, "is due wrongly");
    if (!one.due) continue;
    ++due;
    if (!recur_due_.contains({one.due, key})) return broken(key, "is not listed as due");
  }
  if (due != recur_due_.size()) return broken({}, "is due and not there");
  return {};
}

}  // namespace jobq::sched
