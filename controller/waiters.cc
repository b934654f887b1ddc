// SPDX-License-Identifier: Apache-2.0
// The book of waiting requests, indexed by request and by job.
#include "controller/waiters.h"

namespace jobq::controller {

namespace {

constexpr std::uint64_t kFewJobs = 64;

template <class Each>
void for_each_job(const JobIntervals& jobs, const Each& each) {
  jobs.for_each_range([&each](const JobIntervals::Range& range) {
    for (JobNumber job = range.first; job <= range.last; ++job.value) each(job);
  });
}

}  // namespace

void Waiters::add(const Key& key, const JobIntervals& jobs, bool any) {
  requests_[key] = {jobs, any};
  if (jobs.at_most(kFewJobs)) {
    for_each_job(jobs, [&](JobNumber job) { by_job_[job].insert(key); });
  } else {
    wide_.insert(key);
  }
}

void Waiters::unlist(const Key& key, JobNumber job) {
  const auto listed = by_job_.find(job);
  if (listed == by_job_.end()) return;
  listed->second.erase(key);
  if (listed->second.empty()) by_job_.erase(listed);
}

bool Waiters::ended(const Key& key, JobNumber job) {
  const auto at = requests_.find(key);
  if (at == requests_.end() || !at->second.open.remove(job)) return false;
  unlist(key, job);
  const bool complete = at->second.any || at->second.open.empty();
  if (complete) forget(key);
  return complete;
}

std::vector<Waiters::Key> Waiters::waiting_for(JobNumber job) const {
  std::vector<Key> found;
  const auto at = by_job_.find(job);
  if (at != by_job_.end()) found.assign(at->second.begin(), at->second.end());
  for (const Key& key : wide_) {
    if (is_open(key, job)) found.push_back(key);
  }
  return found;
}

bool Waiters::is_open(const Key& key, JobNumber job) const {
  const auto at = requests_.find(key);
  return at != requests_.end() && at->second.open.contains(job);
}

void Waiters::forget_peer(PeerId peer) {
  for (auto at = requests_.lower_bound({peer, 0}); at != requests_.end() && at->first.peer == peer;
       at = requests_.lower_bound({peer, 0})) {
    forget(Key(at->first));
  }
}

void Waiters::forget(const Key& key) {
  const auto at = requests_.find(key);
  if (at == requests_.end()) return;
  if (wide_.erase(key) == 0) {
    for_each_job(at->second.open, [&](JobNumber job) { unlist(key, job); });
  }
  requests_.erase(at);
}

}  // namespace jobq::controller
