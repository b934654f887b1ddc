// SPDX-License-Identifier: Apache-2.0
// What waits for other jobs: tickets with `after`, wait steps, spawn steps.
//
// Who waits for a job stands beside its number and is told, before the turn is over, that it
// started or ended. A job that has ended is not in memory: what a ticket needs to know of one comes
// with the request, and a wait step asks the history. What is final stays so: it does not matter
// when it is asked for.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "sched/core.h"
#include "sched/launch.h"

namespace jobq::sched {
namespace {

using State = Dependency::State;

constexpr std::size_t kMostWaitedFor = 1000;
constexpr std::size_t kMostMet = 10000;  // of a search for a circle

bool is_met(const Dependency& it) { return it.state == State::kHolds; }
bool is_never(const Dependency& it) { return it.state == State::kNever; }

}  // namespace

// --- tickets

Result<Dependency> Core::dependency_on(const JobCondition& condition, const User& user,
                                       const std::vector<JobFact>& known) const {
  Dependency it{number_in(condition.job), condition.on, condition.delay, State::kOpen, {}, ""};
  const Job* job = it.job ? jobs_.find_any(it.job) : jobs_.newest_named(condition.job, user);
  if (job != nullptr && job->whole == nullptr) {
    it.job = job->number;
    learn(it, fact_of(*job), now_);
    return it;
  }
  const auto fact = std::find_if(known.begin(), known.end(),
                                 [&](const JobFact& one) { return one.job == it.job; });
  if (it.job && fact != known.end() && fact->ended) {
    learn(it, *fact, now_);
    return it;
  }
  if (!it.job) {
    return fail(ErrorCode::kNotFound,
                fmt::format("after '{}': no job of yours of that name is in the queue; name one "
                            "that has ended by its number",
                            condition.job));
  }
  return fail(
      ErrorCode::kNotFound,
      was_dispensed(it.job)
          ? fmt::format("after {}: the history does not have that job any more", condition.job)
          : fmt::format("after {}: there is no such job", condition.job));
}

std::vector<JobNumber> Core::ended_among(const NewJobNotice& notice) const {
  std::set<JobNumber> ended;
  for (const Ticket& ticket : notice.tickets) {
    for (const JobCondition& condition : ticket.after) {
      const JobNumber number = number_in(condition.job);
      if (was_dispensed(number) && jobs_.find(number) == nullptr) ended.insert(number);
    }
  }
  for (const JobFact& fact : notice.known) ended.erase(fact.job);
  return {ended.begin(), ended.end()};
}

Result<std::vector<Dependency>> Core::dependencies_of(const Ticket& ticket, const Actor& actor,
                                                      const std::vector<JobFact>& known) const {
  std::vector<Dependency> all;
  const User user{actor.uid, actor.gid, actor.user};
  for (const JobCondition& condition : ticket.after) {
    auto it = dependency_on(condition, user, known);
    if (!it) return tl::unexpected(it.error());
    all.push_back(*std::move(it));
  }
  return all;
}

void Core::follow(Job& job, std::vector<Dependency> after, bool keeps_never) {
  if (after.empty()) return;
  JobRun& run = job.more();
  run.after = std::move(after);
  run.keeps_never = keeps_never;
  run.to_follow = !std::all_of(run.after.begin(), run.after.end(), is_met);
  index_followed(job);
}

void Core::index_followed(const Job& job) {
  for (const Dependency& it : job.facts().after) {
    if (it.state == State::kOpen) watchers_[it.job].insert({job.number, {}});
  }
}

// Where a condition can never hold, the job is cancelled, or stays for somebody to look at.
void Core::look_at_conditions(Job& job) {
  JobRun& run = job.more();
  const auto never = std::find_if(run.after.begin(), run.after.end(), is_never);
  if (never != run.after.end() && !run.keeps_never) {
    cancel_whole(job, "dependency: " + never->why);
    return;
  }
  refresh_deadline(job);
  if (!std::all_of(run.after.begin(), run.after.end(), is_met)) return;
  run.to_follow = false;
  note(job, "free to start", "what it was to come after has come");
  go_on(job);
}

void Core::cancel_whole(Job& job, const std::string& reason) {
  wake(job);
  if (job.array) return end_whole_array(job, Outcome::kCancel, reason);
  decide(job, Outcome::kCancel, reason, 0);
  order_all_ends(job, Outcome::kCancel, reason);
  advance(job);
}

// A delay of one of its conditions is over.
void Core::pass_delays(Job& job) {
  bool changed = false;
  for (Dependency& it : job.more().after) changed = pass_time(it, now_) || changed;
  if (!changed) return;
  touch(job);
  look_at_conditions(job);
}

std::optional<Time> Core::next_delay_of(const Job& job) const {
  std::optional<Time> first;
  if (!job.is_to_follow() || job.ended()) return first;
  for (const Dependency& it : job.facts().after) {
    const auto at = holds_at(it);
    if (at && (!first || *at < *first)) first = at;
  }
  return first;
}

// --- wait steps

// Jobs in the queue that a word of the step means, but the step's own and those above it; or, by
// number, one that has ended.
Result<void> Core::find_waited_for(const Job& job, const std::string& word,
                                   std::set<JobNumber>& found) const {
  if (auto right = check_waited_for(word); !right) return right;
  if (const JobNumber number = number_in(word)) {
    const Job* named = jobs_.find(number);
    const bool is_own = number == job.place() || number == job.number;
    if (!was_dispensed(number) || is_own || (named != nullptr && named->whole != nullptr)) {
      return fail(ErrorCode::kNotFound, is_own ? fmt::format("job {} cannot wait for itself", word)
                                               : fmt::format("there is no job {}", word));
    }
    found.insert(number);
    return {};
  }
  const std::vector<JobNumber> above = jobs_above(job);
  const auto named = jobs_.named(word);
  for (const JobNumber number : *named) {
    const Job* other = jobs_.find(number);
    const bool is_meant = other->user == job.user && number != job.number &&
                          std::find(above.begin(), above.end(), number) == above.end();
    if (is_meant) found.insert(number);
  }
  return {};
}

Result<std::set<JobNumber>> Core::waited_for(const Job& job, StepId id) const {
  std::set<JobNumber> found;
  for (const std::string& text : job.what().steps[id.value].wait_for) {
    const auto word = fill_text(job, text);
    if (!word) return tl::unexpected(word.error());
    if (auto right = find_waited_for(job, *word, found); !right)
      return tl::unexpected(right.error());
  }
  if (found.size() <= kMostWaitedFor) return found;
  return fail(ErrorCode::kRefused, fmt::format("that are {} jobs; a step waits for {} at most",
                                               found.size(), kMostWaitedFor));
}

// What it waits for is settled when it begins; names mean the jobs that were in the queue then.
void Core::wait_for_jobs(Job& job, StepId id) {
  AttemptRow& attempt = *job.step(id).attempt();
  if (attempt.waits_for.empty()) {
    const auto found = waited_for(job, id);
    if (!found) return end_built_in(job, id, Outcome::kFailure, found.error().message);
    attempt.waits_for.assign(found->begin(), found->end());
    touch_attempt(job, id);
  }
  WaitStep& wait = waits_[attempt.id];
  LookUp ask{attempt.id, {}};
  for (const JobNumber number : attempt.waits_for) {
    const Job* other = jobs_.find_any(number);
    if (other != nullptr && other->ended()) {
      wait.ended.push_back(fact_of(*other));
    } else if (other != nullptr) {
      wait.open.insert(number);
      watchers_[number].insert({job.number, id});
    } else {
      wait.open.insert(number);
      ask.jobs.push_back(number);
    }
  }
  if (!ask.jobs.empty()) emit(std::move(ask));
  end_wait_if_over(job, id);
}

// Does the first wait, perhaps over others, for the end of the second? Jobs that wait for each
// other in a circle never end by themselves.
bool Core::waits_for(JobNumber first, JobNumber second) const {
  std::set<JobNumber> met{first};
  std::vector<JobNumber> ahead{first};
  const auto look_at = [&](JobNumber number) {
    if (met.size() < kMostMet && met.insert(number).second) ahead.push_back(number);
  };
  while (!ahead.empty()) {
    const Job* job = jobs_.find(ahead.back());
    ahead.pop_back();
    if (job == nullptr) continue;
    if (job->number == second) return true;
    for (const Dependency& it : job->facts().after) {
      if (it.state == State::kOpen) look_at(it.job);
    }
    if (job->array) {
      for (const auto& [index, element] : job->array->running) look_at(element->number);
      continue;
    }
    for (std::uint32_t i = 0; i < job->steps.size(); ++i) {
      const AttemptRow* attempt = job->step(StepId{i}).attempt();
      if (attempt == nullptr || attempt->ended || attempt->node) continue;
      if (const Job* child = spawned_by(attempt->id)) look_at(child->number);
      const auto wait = waits_.find(attempt->id);
      if (wait == waits_.end()) continue;
      for (const JobNumber number : wait->second.open) look_at(number);
    }
  }
  return false;
}

void Core::on(LookedUp& event) {
  const auto wait = waits_.find(event.id);
  if (wait == waits_.end()) return;
  for (JobFact& fact : event.known) {
    if (wait->second.open.erase(fact.job) > 0) wait->second.ended.push_back(std::move(fact));
  }
  // What the history does not have any more has ended, nobody knows how.
  std::erase_if(wait->second.open, [&](JobNumber number) {
    const bool is_gone = jobs_.find_any(number) == nullptr;
    if (is_gone) wait->second.ended.push_back({number, {}, {}, Outcome::kNone, ""});
    return is_gone;
  });
  Job& job = *jobs_.find(event.id.job);
  end_wait_if_over(job, event.id.step);
}

void Core::end_wait_if_over(Job& job, StepId id) {
  const auto it = waits_.find(job.step(id).attempt()->id);
  if (!it->second.open.empty()) return;
  WaitStep wait = std::move(it->second);
  waits_.erase(it);
  std::sort(wait.ended.begin(), wait.ended.end(),
            [](const JobFact& a, const JobFact& b) { return a.job < b.job; });
  const auto bad = std::find_if(wait.ended.begin(), wait.ended.end(), [](const JobFact& fact) {
    return fact.outcome != Outcome::kSuccess;
  });
  if (bad == wait.ended.end()) {
    const char* why = wait.ended.empty() ? "no job of that name was in the queue" : "";
    return end_built_in(job, id, Outcome::kSuccess, why, "success");
  }
  const bool failed = std::any_of(wait.ended.begin(), wait.ended.end(), [](const JobFact& fact) {
    return fact.outcome != Outcome::kCancel && fact.outcome != Outcome::kSuccess;
  });
  end_built_in(job, id, Outcome::kFailure, ended_text(*bad), failed ? "failure" : "cancel");
}

// --- news of jobs

// It started or ended.
void Core::tell_of(const Job& job) {
  const bool has_parent = job.ended() && job.facts().parent.job;
  if (has_parent || watchers_.contains(job.number)) news_.push_back(job.number);
}

void Core::pass_news() {
  for (const JobNumber number : std::exchange(news_, {})) {
    const Job& job = *jobs_.find_any(number);
    const auto watchers = watchers_.find(number);
    std::set<Watcher> told = watchers == watchers_.end() ? std::set<Watcher>{} : watchers->second;
    if (job.ended()) watchers_.erase(number);
    for (const Watcher& watcher : told) pass_news(job, watcher);
    if (job.ended()) tell_parent(job);
  }
}

void Core::pass_news(const Job& job, const Watcher& watcher) {
  Job* const other = jobs_.find(watcher.job);
  if (other == nullptr) return;
  if (watcher.step) {
    const AttemptRow* attempt = other->step(*watcher.step).attempt();
    const auto wait = waits_.find(attempt->id);
    if (!job.ended() || wait == waits_.end() || wait->second.open.erase(job.number) == 0) return;
    wait->second.ended.push_back(fact_of(job));
    return end_wait_if_over(*other, *watcher.step);
  }
  bool changed = false;
  for (Dependency& it : other->more().after) {
    if (it.job == job.number) changed = learn(it, fact_of(job), now_) || changed;
  }
  if (!changed || other->decided() != Outcome::kNone) return;
  touch(*other);
  look_at_conditions(*other);
}

}  // namespace jobq::sched
