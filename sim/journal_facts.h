// SPDX-License-Identifier: Apache-2.0
// What stands in a journal, read from a copy of its disk by SQL of its own: a checker does not ask
// the code that it checks.
#pragma once

#include <map>
#include <set>
#include <string>

#include "base/ids.h"
#include "base/result.h"
#include "sched/event.h"
#include "sim/disk.h"

namespace jobq::sim {

struct JournalFacts {
  struct Job {
    JobNumber number;
    bool held = false;
    bool decided = false;
    bool ended = false;
  };
  // By name: those that clients submitted, without elements of arrays.
  std::map<std::string, Job> jobs;
  std::set<JobNumber> others;         // that steps and recurring tickets submitted; without an end
  std::set<JobNumber> open_elements;  // without an end
  std::string repeated;               // a name that two jobs have; empty: none
  std::string twice;                  // what came about once and stands there twice; empty: none
  std::set<std::string> draining;     // nodes
  std::set<std::string> resources;
  std::set<std::string> classes;
  std::map<AttemptId, sched::TaskEnd> ends;     // of attempts that have ended
  std::map<std::string, std::uint64_t> counts;  // of what came about, for the report
};

// With attempts and SQLite's own check of the whole file, or without.
enum class HowMuch { kWhatIsLive, kEverything };
Result<JournalFacts> read_facts(const Disk& disk, HowMuch how_much);

}  // namespace jobq::sim
