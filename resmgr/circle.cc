// SPDX-License-Identifier: Apache-2.0
// Reducing the jobs that hold and wait, and naming the circle that is left.
#include "resmgr/circle.h"

#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <map>
#include <vector>

namespace jobq::resmgr {
namespace {

using Rest = std::map<Ledger::NamedKey, Amount>;

Ledger::NamedKey key_of(const NamedNeed& need) {
  return {need.of->resource.name, need.of->resource.kind};
}

// A job that holds named resources until its waiting steps have ended.
struct Party {
  const Holding* whole = nullptr;
  std::vector<const Demand*> waits;
};

class Reduction {
 public:
  Reduction(const Ledger& ledger, const Waiting& waiting, RequestId asking, const Demand& asked) {
    for (const auto& [key, named] : ledger.all_named()) {
      rest_[key] = named.total();
      for (const auto& [serial, share] : named.shares) {
        if (share.holder.part == 0) enter(ledger, waiting, share.holder);
      }
    }
    if (const auto found = stuck_.find(asking.job); found != stuck_.end()) {
      found->second.waits.push_back(&asked);
    }
    std::erase_if(stuck_, [](const auto& entry) { return entry.second.waits.empty(); });
    for (const auto& [job, party] : stuck_) change_rest(party, -1);
  }

  // Lets every job end that can; who is left is stuck.
  void reduce() {
    for (bool again = true; again;) {
      const auto ends = [&](const auto& entry) { return can_end(entry.second); };
      again = false;
      for (auto it = stuck_.begin(); it != stuck_.end();) {
        if (!ends(*it)) {
          ++it;
          continue;
        }
        change_rest(it->second, 1);
        it = stuck_.erase(it);
        again = true;
      }
    }
  }

  // The shortest way from the job back to itself; empty where there is none.
  std::string circle(JobNumber job) const {
    std::map<JobNumber, std::string> way{};
    std::deque<JobNumber> reached{job};
    while (!reached.empty() && stuck_.contains(job)) {
      const JobNumber from = reached.front();
      reached.pop_front();
      for (const auto& [name, to] : waits_of(from)) {
        std::string text = way[from] + (way[from].empty() ? "" : "; ") + edge(from, name, to);
        if (to == job) return text;
        if (way.try_emplace(to, std::move(text)).second) reached.push_back(to);
      }
    }
    return {};
  }

 private:
  void enter(const Ledger& ledger, const Waiting& waiting, RequestId holder) {
    const auto [place, is_new] = stuck_.try_emplace(holder.job);
    if (!is_new) return;
    place->second.whole = ledger.holding(holder);
    for (const RequestId part : waiting.parts_of(holder.job)) {
      const Demand& demand = *waiting.demand_of(part);
      if (!demand.named.empty()) place->second.waits.push_back(&demand);
    }
  }

  void change_rest(const Party& party, Amount sign) {
    for (const NamedNeed& need : party.whole->demand->named) {
      rest_[key_of(need)] += sign * need.amount;
    }
  }

  bool lacks(const NamedNeed& need) const { return need.amount > rest_.at(key_of(need)); }

  // Each request by itself: steps of one job can run one after the other.
  bool can_end(const Party& party) const {
    return std::ranges::none_of(party.waits, [&](const Demand* demand) {
      return std::ranges::any_of(demand->named, [&](const NamedNeed& n) { return lacks(n); });
    });
  }

  struct Wait {
    std::string name;
    JobNumber on;
  };
  std::vector<Wait> waits_of(JobNumber job) const {
    std::vector<Wait> waits;
    for (const Demand* demand : stuck_.at(job).waits) {
      for (const NamedNeed& need : demand->named) {
        if (!lacks(need)) continue;
        for (const auto& [serial, share] : need.of->shares) {
          const bool holds = share.holder.part == 0 && stuck_.contains(share.holder.job);
          if (holds) waits.push_back({need.of->resource.name, share.holder.job});
        }
      }
    }
    return waits;
  }

  static std::string edge(JobNumber from, const std::string& name, JobNumber to) {
    if (from == to)
      return fmt::format("job {} waits for {}, which it holds itself", from.value, name);
    return fmt::format("job {} waits for {}, which job {} holds", from.value, name, to.value);
  }

  Rest rest_;
  std::map<JobNumber, Party> stuck_;
};

}  // namespace

std::optional<std::string> circle_closed_by(const Ledger& ledger, const Waiting& waiting,
                                            RequestId id, const Demand& demand) {
  // The common cases without a search: it waits for nothing named, or nobody waits for its job.
  if (ledger.named_free(demand)) return std::nullopt;
  const Holding* whole = ledger.holding(RequestId{id.job, 0});
  if (whole == nullptr || whole->demand->named.empty()) return std::nullopt;
  Reduction reduction(ledger, waiting, id, demand);
  reduction.reduce();
  const std::string circle = reduction.circle(id.job);
  return circle.empty() ? std::nullopt : std::optional(circle);
}

}  // namespace jobq::resmgr
