// SPDX-License-Identifier: Apache-2.0
// Submission keys: what a request or a ticket that comes again stands for, until it expires.
#pragma once

#include <map>
#include <set>
#include <utility>

#include "base/time.h"
#include "sched/changes.h"
#include "sched/rows.h"

namespace jobq::sched {

class SubmissionTable {
 public:
  const SubmissionRow* find(const SubmissionKey& key) const {
    const auto it = rows_.find(key);
    return it == rows_.end() ? nullptr : &it->second;
  }

  void add(SubmissionRow row) {
    SubmissionKey key{row.uid, row.key};
    by_expiry_.emplace(row.expires, key);
    rows_.emplace(std::move(key), std::move(row));
  }

  void expire(Time now) {
    while (!by_expiry_.empty() && by_expiry_.begin()->first <= now) {
      rows_.erase(by_expiry_.begin()->second);
      by_expiry_.erase(by_expiry_.begin());
    }
  }

  bool is_consistent() const { return rows_.size() == by_expiry_.size(); }

 private:
  std::map<SubmissionKey, SubmissionRow> rows_;
  std::set<std::pair<Time, SubmissionKey>> by_expiry_;
};

}  // namespace jobq::sched
