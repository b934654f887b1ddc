// SPDX-License-Identifier: Apache-2.0
// Questions about jobs that ended, answered from the journal's file by a connection that only
// reads, never checkpoints, and gives up rather than keep a read open: commits are not stalled by
// it.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "sched/view.h"
#include "store/journal.h"

namespace jobq::store {

struct HistoryFilter {
  sched::QueueFilter jobs;         // states: final ones only
  std::optional<Time> ended_from;  // inclusive
  std::optional<Time> ended_to;    // exclusive
  bool by_record = false;          // ranges mean the numbers of records: no array's elements
  std::size_t limit = 0;           // newest first, at most so many; 0: all
  // Where an earlier page stopped: only what comes after this record in the order of the list.
  std::optional<std::pair<Time, JobNumber>> before;
};

// One thread at a time may use it. Reads in pages, each a short transaction of its own.
class History {
 public:
  static Result<std::unique_ptr<History>> open(const std::string& directory, SpecCodec codec);
  ~History();
  History(const History&) = delete;
  History& operator=(const History&) = delete;

  // Newest end first; `each` returns false to stop.
  Result<void> list(const HistoryFilter& filter,
                    const std::function<bool(const sched::JobSummary&)>& each);
  // A job or an element that ended, or that was cancelled before it started in an array that ended;
  // kNotFound when the journal has none of that name (any more).
  Result<sched::JobDetail> show(JobRef job);

 private:
  History();
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace jobq::store
