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
  std::map<std::string, Job> jobs;    // by name, without elements of arrays
  std::set<JobNumber> open_elements;  // without an end
  std::string repeated;               // a name that two jobs have; empty: none
  std::set<std::string> draining;     // nodes
  std::set<std::string> resources;
  std::set<std::string> classes;
  std::map<AttemptId, sched::TaskEnd> ends;  // of attempts that have ended
};

// With attempts and SQLite's own check of the whole file, or without.
enum class HowMuch { kWhatIsLive, kEverything };
Result<JournalFacts> read_facts(const Disk& disk, HowMuch how_much);

}  // namespace jobq::sim
