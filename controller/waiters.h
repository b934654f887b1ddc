// SPDX-License-Identifier: Apache-2.0
// Who waits for the end of which jobs.
//
// A request is complete when all of its jobs have ended, or the first one where any is enough.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/ids.h"
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

  void add(const Key& key, const std::vector<JobNumber>& jobs, bool any);
  // One job ended for one request; true when that completes the request, which is then forgotten.
  bool ended(const Key& key, JobNumber job);
  // All that wait for the job.
  std::vector<Key> waiting_for(JobNumber job) const;
  bool is_open(const Key& key, JobNumber job) const;
  void forget(const Key& key);
  void forget_peer(PeerId peer);

 private:
  struct Request {
    std::set<JobNumber> open;
    bool any = false;
  };

  std::map<Key, Request> requests_;
  std::unordered_map<JobNumber, std::set<Key>> by_job_;
};

}  // namespace jobq::controller
