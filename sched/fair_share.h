// SPDX-License-Identifier: Apache-2.0
// Fair share: who has used less of late than his share goes before who has used more.
//
// Use is processor time, from the grant to its end, and counts half after each half-life. From it
// follows a factor for each user, 2^(-use / share) with both as parts of the whole, and the use
// of a user being his own and, for his part, that of his account: Slurm's classic formula
// (slurm.schedmd.com/classic_fair_share.html). The factor moves all of a user's requests alike, so
// it is an offset for a user, and no job is looked at.
//
// Time goes by periods of a 2048th of the half-life; factors are found anew in each in which
// somebody holds processors. Integers throughout: the same calls give the same offsets.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/time.h"
#include "sched/policy.h"
#include "sched/rows.h"
#include "sched/view.h"

namespace jobq::sched {

// 2^(-x / 2048), of 2^32 for 1.
std::uint64_t exp2_of_minus(std::uint64_t x);

class FairShare {
 public:
  using LineId = StrongId<struct LineIdTag, std::uint32_t>;  // of a user; 0: fair share is off

  explicit FairShare(const Policy& policy);

  bool is_on() const { return points_ != 0; }
  void restore(const UsageRow& row);
  LineId line(const std::string& user);        // made when it is new
  LineId find(const std::string& user) const;  // 0: it has none yet

  // From now on the user holds so many processors more, or less.
  void hold(LineId id, std::int64_t cpus, Time now);

  // The same for what is held since an earlier life of the controller, from that time on.
  void hold_again(LineId id, std::int64_t cpus, Time since, Time now);

  // When the factors should be found anew; none while nobody holds processors.
  std::optional<Time> due(Time now) const;
  bool is_due(Time now) const;
  // Finds them anew; gives the lines whose offset is another now.
  std::vector<LineId> update(Time now);
  std::int64_t offset(LineId line) const;  // in the unit of ranks, see rank.h
  // The offset that a user without a line would have.
  std::int64_t offset_of_newcomer(const std::string& user) const;
  // The users whose rows changed since this was last asked, by name.
  std::vector<std::string> take_changed();
  UsageRow row(const std::string& user) const;
  std::vector<UsageRow> rows() const;                               // by user
  std::optional<PriorityTerm> term(const std::string& user) const;  // none: fair share is off

 private:
  struct Line {
    std::string user;
    std::size_t account = 0;
    std::uint64_t used = 0;  // processor-milliseconds as of `counted`
    std::int64_t held = 0;   // processors
    Time counted;
    Time written;  // of its row, when that was restored
    std::int64_t offset = 0;
    double part = 0;   // of all use
    double share = 0;  // of the whole
  };
  struct Account {
    std::string name;
    std::uint32_t shares = 1;
    std::uint64_t users = 0;
    std::uint64_t used = 0;
  };

  std::int64_t period_of(Time time) const { return time.ms / period_.count; }
  void count(Line& line, Time now);
  void weigh(Line& line, const Account& account, std::uint64_t all_shares) const;
  std::uint64_t all_shares() const;
  std::size_t account_of(const std::string& user) const;

  std::int64_t points_;
  Millis period_;
  std::vector<Account> accounts_;  // the last one is of those whom no account names
  std::map<std::string, std::size_t> account_by_user_;
  std::vector<Line> lines_;
  std::map<std::string, LineId> by_user_;
  std::set<std::string> changed_;
  std::uint64_t all_used_ = 0;  // when the factors were found
  std::int64_t held_ = 0;       // processors, by all
  bool is_stale_ = false;       // there are others since the factors were found
  std::int64_t updated_ = 0;    // the period in which they were
};

}  // namespace jobq::sched
