// SPDX-License-Identifier: Apache-2.0
// The book of waiting requests, indexed by request and by job.
#include "controller/waiters.h"

namespace jobq::controller {

void Waiters::add(const Key& key, const std::vector<JobNumber>& jobs, bool any) {
  Request& request = requests_[key];
  request.any = any;
  for (const JobNumber job : jobs) {
    request.open.insert(job);
    by_job_[job].insert(key);
  }
}

bool Waiters::ended(const Key& key, JobNumber job) {
  const auto at = requests_.find(key);
  if (at == requests_.end() || at->second.open.erase(job) == 0) return false;
  const auto listed = by_job_.find(job);
  listed->second.erase(key);
  if (listed->second.empty()) by_job_.erase(listed);
  const bool complete = at->second.any || at->second.open.empty();
  if (complete) forget(key);
  return complete;
}

std::vector<Waiters::Key> Waiters::waiting_for(JobNumber job) const {
  const auto at = by_job_.find(job);
  if (at == by_job_.end()) return {};
  return {at->second.begin(), at->second.end()};
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
  for (const JobNumber job : at->second.open) {
    const auto listed = by_job_.find(job);
    listed->second.erase(key);
    if (listed->second.empty()) by_job_.erase(listed);
  }
  requests_.erase(at);
}

}  // namespace jobq::controller
