// SPDX-License-Identifier: Apache-2.0
// A job in memory. What every job has is small; what comes with being held, started or decided is
// apart, so that a job that only waits costs little.
#pragma once

#include <algorithm>
#include <compare>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/ids.h"
#include "base/time.h"
#include "resmgr/resource_manager.h"
#include "sched/account.h"
#include "sched/array.h"
#include "sched/dependencies.h"
#include "sched/lifecycle.h"
#include "sched/rows.h"
#include "sched/spec_store.h"
#include "sched/state.h"

namespace jobq::sched {

struct User {
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  std::string name;
  auto operator<=>(const User&) const = default;
};

// What a step has from its first attempt, or from a reason on.
struct StepRun {
  std::string reason;
  std::optional<std::string> event;
  std::vector<AttemptRow> attempts;  // oldest first; the last one is current
  Time not_before;                   // of the next one; 0: at once
  std::uint32_t rounds = 0;          // that are behind it: so often a loop sent it back
  std::uint32_t went_back = 0;       // so often its own loop did, in this round of those around
};

struct Step {
  StepState state = StepState::kPending;  // assigned by Core::enter alone
  Outcome outcome = Outcome::kNone;       // while ending: what the end was ordered as
  bool touched = false;                   // its row waits to be taken
  bool attempt_touched = false;
  std::unique_ptr<StepRun> run;

  StepRun& more();  // made where it is missing
  const AttemptRow* attempt() const { return has_attempt() ? &run->attempts.back() : nullptr; }
  AttemptRow* attempt() { return has_attempt() ? &run->attempts.back() : nullptr; }
  // The newest, where it is of the round that the step is in.
  const AttemptRow* attempt_of_round() const;
  std::uint32_t tries() const;  // attempts in this round
  const std::string* event() const { return run && run->event ? &*run->event : nullptr; }

 private:
  bool has_attempt() const { return run && !run->attempts.empty(); }
};

// What the resource manager said last of a request of the job that waits.
struct Refused {
  resmgr::RequestId id;
  Standing standing;
};

// What a job has once it was held, started or decided, and where it has times of its own.
struct JobRun {
  std::string held_by;
  bool has_grant = false;  // of its own needs
  NodeId node;
  std::vector<std::uint32_t> gpus;
  std::vector<OtherNode> others;  // where it holds several nodes
  Outcome decided = Outcome::kNone;
  std::string reason;
  int exit_code = 0;
  std::string cancelled_by;
  Time started;
  std::uint64_t start_order = 0;  // among all starts since this controller's own; see QueueWalk
  Time suspended;
  Millis suspended_for;
  Time ended;
  Time begin;                        // as its ticket says; 0: at once
  bool to_begin = false;             // that is to come
  Time deadline;                     // as its ticket says; 0: none
  Time nominal;                      // that it was fired for; 0: by no recurring ticket
  AttemptId parent;                  // that submitted it; job 0: no step did
  std::vector<JobNumber> ancestors;  // the parent's job is the last of them
  std::vector<Dependency> after;     // conditions on other jobs, as its ticket says
  bool keeps_never = false;          // likewise
  bool to_follow = false;            // one of them does not hold yet
  Time due;                          // as it stands in the index of deadlines; 0: none
  Time known_end;  // as the resource manager knows it, by limit or estimate; 0: none
  std::vector<TransitionRow> transitions;
  std::optional<Refused> refused;
  std::uint16_t carried_out = 0;     // active steps that the controller carries out itself
  std::uint16_t receiving = 0;       // of these, those that wait for an event
  std::unique_ptr<Account> account;  // null: it has only waited behind others
};

struct Job;

// All jobs of one name, as a list through the jobs.
struct NameEntry {
  Job* first = nullptr;
};
using NamedJobs = std::pair<const std::string, NameEntry>;

struct Job {
  JobNumber number;
  SpecEntry* spec = nullptr;
  const User* user = nullptr;
  NamedJobs* name = nullptr;
  Job* name_previous = nullptr;
  Job* name_next = nullptr;
  std::int64_t rank = 0;  // settled at its submission, see rank.h
  int priority = kDefaultPriority;
  bool held = false;
  bool touched = false;  // its row waits to be taken
  bool marked = false;   // where it stands may have changed in this turn
  StepCounts counts{};   // of its steps by state, without cleanup
  std::vector<NameValue> params;
  std::optional<Millis> time_limit;
  Time submitted;
  std::vector<Step> steps;  // in file order, then cleanup; of an array: none
  std::unique_ptr<JobRun> run;
  std::unique_ptr<ArrayRun> array;  // of an array
  Job* whole = nullptr;             // of an element: its array
  Index index = 0;                  // likewise

  const JobSpec& what() const { return *spec->spec; }
  JobRun& more();               // made where it is missing
  const JobRun& facts() const;  // empty where there is none

  bool started() const { return run && run->started; }
  bool ended() const { return run && run->ended; }
  bool is_to_begin() const { return run && run->to_begin; }
  bool is_to_follow() const { return run && run->to_follow; }
  // From when on it could have run: its age counts from then.
  Time since() const { return std::max(submitted, facts().begin); }
  bool is_front() const { return whole != nullptr && !started() && !ended(); }
  // What users call it: an element goes by its array's number.
  JobRef ref() const;
  // Where it stands among jobs of its priority: an element where its array does.
  JobNumber place() const { return whole == nullptr ? number : whole->number; }
  Outcome decided() const { return run ? run->decided : Outcome::kNone; }
  bool is_cleanup(StepId step) const { return step.value == what().steps.size(); }
  Step& step(StepId id) { return steps.at(id.value); }
  const Step& step(StepId id) const { return steps.at(id.value); }
  Step* cleanup() { return what().cleanup && !steps.empty() ? &steps.back() : nullptr; }
  const Step* cleanup() const { return what().cleanup && !steps.empty() ? &steps.back() : nullptr; }
  JobState state() const;
};

// The round that a step is in, from 1; 0: it is in no loop.
std::uint32_t round_of(const Job& job, StepId id);

// How a condition sees a step of this job.
FactsOf facts_of(const Job& job);

// Of an array: the state of what has not started.
JobState state_of_rest(const Job& array);

// The row of a job as it is now, and of a step.
JobRow to_row(const Job& job);
StepRow to_row(const Job& job, StepId id);

// Where it stands, for its account. It has not ended.
Standing standing_of(const Job& job);

// How long it stood where so far.
std::vector<Span> spans_of(const Job& job, Time now);

// What others may wait to know of it.
JobFact fact_of(const Job& job);

// "begins at 2026-11-22T03:00:00.000Z".
std::string begin_text(const Job& job);
// "waits for job 41 to be done, and 2 more".
std::string follow_text(const Job& job);
// "deadline 2026-11-22T03:00:00.000Z passed".
std::string deadline_text(const Job& job);

// The short reason for where the job stands, as the queue shows it; may be empty.
std::string standing_reason(const Job& job);

}  // namespace jobq::sched
