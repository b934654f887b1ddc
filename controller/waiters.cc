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

void Waiters::add(const Key& key, const JobIntervals& jobs, bool any,
                  const std::vector<JobRef>& elements) {
  requests_[key] = {jobs, any, {elements.begin(), elements.end()}};
  for (const JobRef& element : elements) by_element_[element].insert(key);
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

void Waiters::unlist_element(const Key& key, JobRef element) {
  const auto listed = by_element_.find(element);
  if (listed == by_element_.end()) return;
  listed->second.erase(key);
  if (listed->second.empty()) by_element_.erase(listed);
}

bool Waiters::ended(const Key& key, JobRef job) {
  if (!is_open(key, job)) return false;
  const auto at = requests_.find(key);
  Request& request = at->second;
  if (job.index) {
    request.elements.erase(job);
    unlist_element(key, job);
  } else {
    request.open.remove(job.job);
    unlist(key, job.job);
  }
  const bool complete = request.any || (request.open.empty() && request.elements.empty());
  if (complete) forget(key);
  return complete;
}

void Waiters::rename(const Key& key, JobNumber job, JobRef element) {
  const auto at = requests_.find(key);
  if (at == requests_.end() || !at->second.open.remove(job)) return;
  unlist(key, job);
  at->second.elements.insert(element);
  by_element_[element].insert(key);
}

std::vector<Waiters::Key> Waiters::waiting_for(JobRef job) const {
  std::vector<Key> found;
  if (job.index) {
    const auto listed = by_element_.find(job);
    if (listed != by_element_.end()) found.assign(listed->second.begin(), listed->second.end());
    return found;
  }
  const auto at = by_job_.find(job.job);
  if (at != by_job_.end()) found.assign(at->second.begin(), at->second.end());
  for (const Key& key : wide_) {
    if (is_open(key, job)) found.push_back(key);
  }
  return found;
}

std::vector<JobRef> Waiters::awaited_elements(JobNumber array) const {
  std::vector<JobRef> found;
  for (auto at = by_element_.lower_bound({array, 0}); at != by_element_.end(); ++at) {
    if (at->first.job != array) break;
    found.push_back(at->first);
  }
  return found;
}

bool Waiters::is_open(const Key& key, JobRef job) const {
  const auto at = requests_.find(key);
  if (at == requests_.end()) return false;
  return job.index ? at->second.elements.contains(job) : at->second.open.contains(job.job);
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
  for (const JobRef& element : at->second.elements) unlist_element(key, element);
  if (wide_.erase(key) == 0) {
    for_each_job(at->second.open, [&](JobNumber job) { unlist(key, job); });
  }
  requests_.erase(at);
}

}  // namespace jobq::controller
