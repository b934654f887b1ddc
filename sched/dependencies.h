// SPDX-License-Identifier: Apache-2.0
// How far a job's conditions on other jobs are.
//
// A condition is open until its job starts or ends, and then holds from so long after it on, or
// never will. What holds once stays so, also where the clock is set back.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/time.h"
#include "sched/job_condition.h"

namespace jobq::sched {

struct Dependency {
  enum class State : std::uint8_t {
    kOpen,   // its job has not come so far
    kDelay,  // it has, at `at`; the delay runs
    kHolds,
    kNever,  // `why` says for what reason
  };
  JobNumber job;
  JobCondition::On on = JobCondition::On::kDone;
  Millis delay;
  State state = State::kOpen;
  Time at;
  std::string why;
  bool operator==(const Dependency&) const = default;
};

// "job 41 ended in error (step main: exit code 3)", of one that has ended.
std::string ended_text(const JobFact& fact);
std::string to_string(const Dependency& it);  // "41.ended+5m"

// Takes what is known of its job into account, at this time; true where that changes it. Only what
// is open or delayed changes.
bool learn(Dependency& it, const JobFact& fact, Time now);
// A delay that is over; true where that changes it.
bool pass_time(Dependency& it, Time now);
// When it holds, where that is known and to come.
std::optional<Time> holds_at(const Dependency& it);
// "waits for job 41 to be done", for users.
std::string open_text(const Dependency& it);

// For the journal. Read back, they are equal; nothing where the text is not one that was written.
std::string to_text(const std::vector<Dependency>& all);
std::optional<std::vector<Dependency>> dependencies_in(std::string_view text);

}  // namespace jobq::sched
