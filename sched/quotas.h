// SPDX-License-Identifier: Apache-2.0
// Caps as they concern one job: whose they are, how many jobs wait under each, and the limit class
// in which the resource manager counts those that run.
//
// A job counts as running from its first grant to its end. So what it asks for before its start is
// asked for in a class with its caps, and what it asks for after that in a class without.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "base/result.h"
#include "resmgr/resource_manager.h"
#include "sched/fair_share.h"
#include "sched/policy.h"
#include "sched/spec.h"

namespace jobq::sched {

class Quotas {
 public:
  // Both must outlive this.
  Quotas(const Policy& policy, resmgr::ResourceManager& rm);

  // Jobs of one user, class and element, as far as these matter.
  struct Kind {
    std::vector<std::size_t> groups;  // under whose caps they are
    resmgr::LimitClassId fresh;       // of jobs that have not started
    resmgr::LimitClassId started;
    bool counts_running() const { return fresh != started; }
  };
  // `line` is the user's, with its offset.
  const Kind& kind_of(const std::string& user, const JobSpec& spec, FairShare::LineId line,
                      std::int64_t offset);
  // The same where it was made before, else null.
  const Kind* find_kind(const std::string& user, const JobSpec& spec, FairShare::LineId line) const;
  void set_offsets(const std::vector<FairShare::LineId>& lines, const FairShare& fair);

  // May only so many of some jobs run at a time?
  bool caps_running() const { return caps_running_; }
  // "user ann runs 2 of 2 jobs"
  std::string text_of(const resmgr::FullCap& cap) const;

  // kRefused where so many more jobs would be too many to wait, with the cap.
  Result<void> admit(const Kind& kind, std::uint64_t count) const;
  void count_waiting(const Kind& kind, std::int64_t more);
  // How many wait under each cap, for a recount.
  std::vector<std::uint64_t> waiting() const;

 private:
  struct Group {
    std::string who;  // "user ann"
    Caps caps;
    resmgr::CapId cap;  // 0: as many as like may run
    std::uint64_t waiting = 0;
  };
  // Names that have no caps of their own are left out.
  using KindKey = std::tuple<FairShare::LineId, std::string, std::string, std::string>;
  static Error refusal(const Group& group, std::uint64_t count);
  std::optional<std::size_t> group(const std::string& who, const Caps& caps);
  KindKey key_of(const std::string& user, const JobSpec& spec, FairShare::LineId line) const;
  const Caps& caps_of_user(const std::string& user) const;
  Kind make_kind(const std::string& user, const JobSpec& spec, FairShare::LineId line,
                 std::int64_t offset);
  resmgr::LimitClassId limit_class(FairShare::LineId line, std::int64_t offset,
                                   const std::vector<resmgr::CapId>& caps);

  const Policy* policy_;
  resmgr::ResourceManager* rm_;
  bool caps_running_ = false;
  std::vector<Group> groups_;  // that with cap N stands at N - 1
  std::map<std::string, std::size_t> by_who_;
  std::map<KindKey, Kind> kinds_;
  std::map<std::pair<FairShare::LineId, std::vector<resmgr::CapId>>, resmgr::LimitClassId> classes_;
};

}  // namespace jobq::sched
