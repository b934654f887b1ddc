// SPDX-License-Identifier: Apache-2.0
// Who waits for the end of which jobs.
//
// A request is complete when all of its jobs have ended, or the first one where any is enough. Few
// jobs are found by their numbers; a request for many is asked at every end, and costs no more
// memory than its jobs have gaps. Elements of arrays are few, and listed one by one.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/ids.h"
#include "controller/job_intervals.h"
#include "controller/peers.h"

namespace jobq::controller {

class Waiters {
 public:
  // A request of a peer, by the id of its frame.
  struct Key {
    PeerId peer = 0;
    std::uint64_t request = 0;
    auto operator<=>(const Key&) const = default;
  };

  void add(const Key& key, const JobIntervals& jobs, bool any,
           const std::vector<JobRef>& elements = {});
  // One job ended for one request; true when that completes the request, which is then forgotten.
  bool ended(const Key& key, JobRef job);
  // One of its jobs goes by another name: it is an element.
  void rename(const Key& key, JobNumber job, JobRef element);
  // All that wait for the job.
  std::vector<Key> waiting_for(JobRef job) const;
  // The elements of an array that anybody waits for.
  std::vector<JobRef> awaited_elements(JobNumber array) const;
  bool is_open(const Key& key, JobRef job) const;
  bool knows(const Key& key) const { return requests_.contains(key); }
  void forget(const Key& key);
  void forget_peer(PeerId peer);

 private:
  struct Request {
    JobIntervals open;
    bool any = false;
    std::set<JobRef> elements;  // open, too
  };
  void unlist(const Key& key, JobNumber job);
  void unlist_element(const Key& key, JobRef element);

  std::map<Key, Request> requests_;
  std::unordered_map<JobNumber, std::set<Key>> by_job_;  // of requests for few
  std::set<Key> wide_;                                   // requests for many
  std::map<JobRef, std::set<Key>> by_element_;
};

}  // namespace jobq::controller
