// SPDX-License-Identifier: Apache-2.0
// Finding and naming the circle among the parties that are left.
#include "resmgr/circle.h"

#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <iterator>
#include <map>
#include <utility>
#include <vector>

#include "resmgr/parties.h"

namespace jobq::resmgr {
namespace {

std::string edge(JobNumber from, const Parties::Wait& wait, const JobName& name) {
  if (from == wait.on) {
    return fmt::format("job {} waits for {}, which it holds itself", name(from), wait.name);
  }
  return fmt::format("job {} waits for {}, which job {} holds", name(from), wait.name,
                     name(wait.on));
}

std::vector<Parties::Wait> waits_of(const Parties& parties, JobNumber job) {
  std::vector<Parties::Wait> waits;
  for (const auto& [id, demand] : parties.at(job).waits) {
    std::ranges::copy(parties.waits_of(*demand), std::back_inserter(waits));
  }
  return waits;
}

// The shortest way from the job's request back to the job; empty where there is none.
std::string circle(const Parties& stuck, JobNumber job, const Demand& demand, const JobName& name) {
  if (!stuck.contains(job)) return {};
  std::map<JobNumber, std::string> ways{{job, ""}};
  std::deque<JobNumber> open{job};
  for (; !open.empty(); open.pop_front()) {
    const JobNumber from = open.front();
    const std::string way = ways.at(from);
    for (const Parties::Wait& wait : from == job ? stuck.waits_of(demand) : waits_of(stuck, from)) {
      std::string longer = way + (way.empty() ? "" : "; ") + edge(from, wait, name);
      if (wait.on == job) return longer;
      if (ways.try_emplace(wait.on, std::move(longer)).second) open.push_back(wait.on);
    }
  }
  return {};
}

}  // namespace

std::optional<std::string> circle_closed_by(const Ledger& ledger, const Waiting& waiting,
                                            RequestId id, const Demand& demand,
                                            const JobName& name) {
  // The common cases without a search: its job holds nothing as a whole, or it need not wait. What
  // is taken before it starts is taken by somebody who asks later.
  if (ledger.holding(RequestId{id.job, 0}) == nullptr || ledger.has_room(demand)) {
    return std::nullopt;
  }
  Parties parties(ledger, waiting, Parties::Of::kKnownNodes, {}, std::pair{id, &demand});
  parties.reduce();
  std::string found = circle(parties, id.job, demand, name);
  return found.empty() ? std::nullopt : std::optional(std::move(found));
}

}  // namespace jobq::resmgr
