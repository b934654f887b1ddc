// SPDX-License-Identifier: Apache-2.0
// All jobs in memory, and the orders in which they are looked for: by number, by place in the
// queue, by name. The only owner of jobs; a job stays where it is until erase().
#pragma once

#include <compare>
#include <cstddef>
#include <functional>
#include <limits>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "resmgr/run_set.h"
#include "sched/job.h"

namespace jobq::sched {

// Higher rank first, then the lower place, then the lower number.
struct QueueKey {
  std::int64_t rank = 0;
  JobNumber place;
  JobNumber number;
  bool operator==(const QueueKey&) const = default;
  std::strong_ordering operator<=>(const QueueKey& other) const {
    if (rank != other.rank) return other.rank <=> rank;
    if (place != other.place) return place <=> other.place;
    return number <=> other.number;
  }
};
inline QueueKey key_of(const Job& job) { return {job.rank, job.place(), job.number}; }

// Where a walk through the queue stands, while the queue may change. Keys stay what they are when
// a job starts, so each job that is in the queue from the first call to the last is met once: first
// those that had started when the walk began, then all others, by their keys.
struct QueuePlace {
  bool begun = false;
  bool met_started = false;
  std::uint64_t starts = 0;  // as many jobs had started when it began
  QueueKey last{std::numeric_limits<std::int64_t>::max(), JobNumber{},
                JobNumber{}};  // before all keys
};

class JobTable {
 public:
  // A job that is not in the queue yet; its number must be new.
  Job& add(JobNumber number, const std::string& name);
  // The same for an element, which goes by its array's name and is not listed under it.
  Job& add_element(JobNumber number, Job& array, Index index);
  // Puts a job with its rank into the queue: among those that started, or those that wait.
  void enter_queue(Job& job);
  // It started: from those that wait to those that started. Call before it is marked as started.
  void move_to_started(Job& job);
  // It ended. It can still be found with find_any() until it is erased.
  void leave_queue(Job& job);
  void erase(JobNumber number);

  Job* find(JobNumber number);  // in the queue
  const Job* find(JobNumber number) const;
  Job* find_any(JobNumber number);  // also one that has ended
  const Job* find_any(JobNumber number) const;

  std::size_t live() const { return started_.size() + waiting_.size(); }
  std::size_t in_memory() const { return jobs_.size(); }

  // Goes on in queue order by at most `most` jobs; false at the end, or when `each` returned it.
  bool walk(QueuePlace& place, std::size_t most, const std::function<bool(const Job&)>& each) const;
  // Likewise among those that wait, behind `last`.
  bool walk_waiting(QueueKey& last, std::size_t most,
                    const std::function<bool(const Job&)>& each) const;
  // Numbers of jobs in the queue, ascending; nothing where more than `most` have had the name.
  std::optional<std::vector<JobNumber>> named(const std::string& name,
                                              std::size_t most = SIZE_MAX) const;
  // The user's in the queue with the highest number; none where there is none.
  const Job* newest_named(const std::string& name, const User& user) const;
  std::vector<JobNumber> numbers() const;
  std::vector<JobNumber> started() const;  // those in the queue that have started, ascending

  const User& intern(const User& user) { return *users_.insert(user).first; }

  Result<void> check_invariants() const;

 private:
  void link_name(Job& job, const std::string& name);
  void unlink_name(Job& job);

  using Queue = resmgr::RunSet<QueueKey>;
  static void add_numbers(const Queue& queue, std::vector<JobNumber>& to);

  std::unordered_map<JobNumber, Job> jobs_;           // for look-up only
  std::unordered_map<std::string, NameEntry> names_;  // for look-up only
  Queue started_;
  Queue waiting_;
  std::uint64_t starts_ = 0;
  std::set<User> users_;  // as many as the machine has
};

}  // namespace jobq::sched
