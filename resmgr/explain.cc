// SPDX-License-Identifier: Apache-2.0
// The reasons in words.
#include "resmgr/explain.h"

#include <fmt/format.h>

#include <algorithm>

#include "resmgr/feasible.h"
#include "resmgr/shortage.h"

namespace jobq::resmgr {
namespace {

constexpr std::size_t kMostNamed = 3;  // nodes or jobs that a text names one by one

std::string jobs_text(const std::vector<JobNumber>& jobs, const JobName& name) {
  const std::size_t more = jobs.size() > kMostNamed ? jobs.size() - kMostNamed : 0;
  std::vector<std::string> shown;
  for (std::size_t i = 0; i < jobs.size() - more; ++i) shown.push_back(name(jobs[i]));
  return fmt::format("job{} {}{}", jobs.size() == 1 ? "" : "s", fmt::join(shown, ", "),
                     more ? fmt::format(" and {} more", more) : "");
}

std::vector<JobNumber> distinct(std::vector<JobNumber> jobs) {
  std::ranges::sort(jobs);
  jobs.erase(std::unique(jobs.begin(), jobs.end()), jobs.end());
  return jobs;
}

std::vector<JobNumber> holders(const Named& named) {
  std::vector<JobNumber> jobs;
  for (const auto& [serial, share] : named.shares) jobs.push_back(share.holder.job);
  return distinct(std::move(jobs));
}

std::vector<JobNumber> holders(const Node& node) {
  std::vector<JobNumber> jobs;
  for (const Node::Held& held : node.holdings) jobs.push_back(held.id.job);
  return distinct(std::move(jobs));
}

Blocker exclusive_blocker(const Named& named, JobNumber asking, const JobName& job_name) {
  const std::string& name = named.resource.name;
  if (!named.exists) {
    return {BlockerKind::kExclusive, fmt::format("there is no exclusive resource {}", name),
            fmt::format("create it: jq resource create {}", name)};
  }
  const std::vector<JobNumber> jobs = holders(named);
  if (jobs == std::vector{asking}) {
    return {BlockerKind::kExclusive,
            fmt::format("exclusive {} is held by another step of this job", name),
            "wait for that step to end"};
  }
  const std::string holder = jobs_text(jobs, job_name);
  return {BlockerKind::kExclusive, fmt::format("exclusive {} is held by {}", name, holder),
          fmt::format("wait for {} to end, or cancel it", holder)};
}

Blocker tokens_blocker(const NamedNeed& need, const JobName& job_name) {
  const Named& named = *need.of;
  const std::string& name = named.resource.name;
  if (!named.exists || need.amount > named.total()) {
    return {BlockerKind::kTokens,
            fmt::format("needs {} of {}; there are {}", need.amount, name, named.total()),
            fmt::format("create them: jq resource create {} --tokens {}", name, need.amount)};
  }
  const std::string jobs = jobs_text(holders(named), job_name);
  return {BlockerKind::kTokens,
          fmt::format("needs {} of {}; {} of {} are free, the others are held by {}", need.amount,
                      name, std::max<Amount>(named.free, 0), named.total(), jobs),
          fmt::format("wait for {} to end, or cancel some", jobs)};
}

void add_limits(const LimitClass* of, std::vector<Blocker>& blockers) {
  if (of == nullptr) return;
  for (const Cap* cap : of->caps) {
    if (!cap->full()) continue;
    const bool none = cap->taken == 0;
    blockers.push_back(
        {BlockerKind::kLimit,
         none ? cap->text : fmt::format("{}, and runs {}", cap->text, cap->taken),
         none ? "ask for a higher limit"
              : fmt::format("wait for {} to end", cap->taken == 1 ? "it" : "one of these")});
  }
}

void add_named(const Demand& demand, JobNumber asking, const JobName& name,
               std::vector<Blocker>& blockers) {
  for (const NamedNeed& need : demand.named) {
    if (need.amount <= need.of->free) continue;
    blockers.push_back(need.of->exclusive() ? exclusive_blocker(*need.of, asking, name)
                                            : tokens_blocker(need, name));
  }
}

// One node that could serve the needs if more of it were free.
struct NearMiss {
  const Node* node = nullptr;
  std::vector<Line> free;
};

std::vector<NearMiss> near_misses(const Ledger& ledger, const Demand& demand) {
  std::vector<NearMiss> misses;
  for (const auto& [id, node] : ledger.nodes()) {
    if (!node.usable() || !could_serve(node, demand)) continue;
    misses.push_back({&node, lines(demand.needs, free_of(ledger, node))});
  }
  std::ranges::stable_sort(
      misses, [](const NearMiss& a, const NearMiss& b) { return nearer(a.free, b.free); });
  return misses;
}

std::string near_miss_text(const NearMiss& miss, const Needs& needs) {
  const std::vector<Line> total = lines(needs, miss.node->capacity);
  std::vector<std::string> parts;
  for (std::size_t i = 0; i < total.size(); ++i) {
    if (!miss.free[i].lacks()) continue;
    parts.push_back(fmt::format("{} of {} {} free", number_text(total[i], miss.free[i].present),
                                number_text(total[i], total[i].present), total[i].name));
  }
  return fmt::format("{} has {}", miss.node->name, fmt::join(parts, ", "));
}

Blocker busy_blocker(const std::vector<NearMiss>& misses, const Needs& needs, const JobName& name) {
  std::vector<std::string> needed;
  for (const Line& line : misses.front().free) {
    if (line.lacks()) needed.push_back(amount_text(line));
  }
  if (!needs.element.empty() && !needed.empty()) needed.back() += " of element " + needs.element;
  std::vector<std::string> nodes;
  for (const NearMiss& miss : misses) {
    if (nodes.size() < kMostNamed) nodes.push_back(near_miss_text(miss, needs));
  }
  if (misses.size() > kMostNamed) {
    nodes.push_back(fmt::format("{} more nodes have less", misses.size() - kMostNamed));
  }
  const std::vector<JobNumber> jobs = holders(*misses.front().node);
  return {
      BlockerKind::kResources,
      fmt::format("needs {}; {}", fmt::join(needed, ", "), fmt::join(nodes, "; ")),
      fmt::format("wait for {} on {} to end", jobs_text(jobs, name), misses.front().node->name)};
}

// Of several nodes together: `misses` are all that could serve, those that have room first.
Blocker several_blocker(const std::vector<NearMiss>& misses, const Needs& needs,
                        const JobName& name) {
  const std::string needed = "needs " + to_string(of_node(needs));
  if (misses.size() < needs.nodes) {
    return {BlockerKind::kNodeState,
            fmt::format("{}; of those that are up {} could serve it", needed, misses.size()),
            "start more nodes, or take drained ones back"};
  }
  const auto lacks = [](const NearMiss& miss) {
    return std::ranges::any_of(miss.free, &Line::lacks);
  };
  const auto first = std::ranges::find_if(misses, lacks);
  const auto have = first - misses.begin();
  std::vector<std::string> nodes;
  for (auto miss = first; miss != misses.end() && nodes.size() < kMostNamed; ++miss) {
    nodes.push_back(near_miss_text(*miss, needs));
  }
  const std::vector<JobNumber> jobs = holders(*first->node);
  return {BlockerKind::kResources,
          fmt::format("{}; {} {} room now; {}", needed, have, have == 1 ? "has" : "have",
                      fmt::join(nodes, "; ")),
          fmt::format("wait for {} on {} to end", jobs_text(jobs, name), first->node->name)};
}

std::string state_text(const Node& node) {
  switch (node.state()) {
    case NodeState::kLost: return "is not connected";
    case NodeState::kDraining: return "is draining";
    case NodeState::kDrained: return "is drained";
    case NodeState::kUp: break;
  }
  return "is up";
}

Blocker state_blocker(const Node& node) {
  if (node.state() == NodeState::kUp) return node_is_clearing(node.name);
  std::string remedy = node.connected ? fmt::format("take it back: jq node resume {}", node.name)
                                      : fmt::format("start its node daemon, or mend its network");
  return {BlockerKind::kNodeState,
          fmt::format("node {} could serve it but {}", node.name, state_text(node)),
          std::move(remedy)};
}

// The one that the demand avoids, where it would do otherwise.
void add_avoided(const Ledger& ledger, const Demand& demand, std::vector<Blocker>& blockers) {
  const Node* node = demand.avoid ? ledger.node(demand.avoid) : nullptr;
  const bool would_do = node != nullptr && node->usable() && node->is_of(demand.element) &&
                        node->offers(demand.service) && fits(demand.node, node->free);
  if (!would_do) return;
  blockers.push_back(
      {BlockerKind::kNodeState,
       fmt::format("node {} has room, but the last attempt failed there and the next "
                   "one is to be made elsewhere",
                   node->name),
       "wait for another node; without one it goes back there"});
}

bool is_unknown_element(const Ledger& ledger, const std::string& name) {
  return !name.empty() && !ledger.elements().contains(name);
}

// Of an element that has no node, or none that is up.
void add_element(const Ledger& ledger, const Demand& demand, std::vector<Blocker>& blockers) {
  if (demand.element == 0) return;
  bool has_nodes = false;
  for (const auto& [id, node] : ledger.nodes()) {
    if (node.gone || !node.is_of(demand.element)) continue;
    if (node.state() == NodeState::kUp) return;
    has_nodes = true;
  }
  const std::string& name = demand.needs.element;
  if (has_nodes) {
    blockers.push_back({BlockerKind::kElement, fmt::format("no node of element {} is up", name),
                        "take one of its nodes back, or start its node daemon"});
  } else {
    blockers.push_back({BlockerKind::kElement, fmt::format("element {} has no node yet", name),
                        fmt::format("start a node that belongs to {}", name)});
  }
}

// Of a service that no node offers, or none of those that the demand may be met on.
bool add_service(const Ledger& ledger, const Demand& demand, std::vector<Blocker>& blockers) {
  const auto serves = [&](const auto& entry) { return could_serve(entry.second, demand); };
  if (demand.service == 0 || std::ranges::any_of(ledger.nodes(), serves)) return false;
  const auto offers = [&](const auto& entry) { return suits(entry.second, demand); };
  const bool too_small = std::ranges::any_of(ledger.nodes(), offers);
  const Needs& needs = demand.needs;
  const std::string of = needs.element.empty() ? "" : " of element " + needs.element;
  blockers.push_back({BlockerKind::kService,
                      fmt::format("no node{}{} offers the service {} now", of,
                                  too_small ? " that is large enough" : "", needs.service),
                      fmt::format("offer it on a node: jq node offer --type {}", needs.service)});
  return true;
}

void add_nodes(const Ledger& ledger, const Demand& demand, const JobName& name,
               std::vector<Blocker>& blockers) {
  if (!demand.takes_from_node()) return;
  if (is_unknown_element(ledger, demand.needs.element)) {
    blockers.push_back(element_is_gone(demand.needs.element));
    return;
  }
  const auto is_gone = [](const auto& entry) { return entry.second.gone; };
  if (std::ranges::all_of(ledger.nodes(), is_gone)) {
    blockers.push_back({BlockerKind::kNodeState, "there is no node", "start a node: jobq node"});
    return;
  }
  if (ledger.place(demand, [](const Node&) { return true; })) return;
  add_element(ledger, demand, blockers);
  if (add_service(ledger, demand, blockers)) return;
  const std::size_t before = blockers.size();
  const std::vector<NearMiss> misses = near_misses(ledger, demand);
  if (demand.takes_several_nodes()) {
    blockers.push_back(several_blocker(misses, demand.needs, name));
  } else if (!misses.empty()) {
    blockers.push_back(busy_blocker(misses, demand.needs, name));
  }
  for (const auto& [id, node] : ledger.nodes()) {
    const bool could = !node.gone && !node.usable() && could_serve(node, demand);
    if (could && blockers.size() < before + kMostNamed) blockers.push_back(state_blocker(node));
  }
  if (blockers.size() != before) return add_avoided(ledger, demand, blockers);
  if (const Result<void> met = check_nodes_feasible(ledger, demand.needs); !met) {
    blockers.push_back(
        {BlockerKind::kResources, met.error().message, "ask for less, or add a larger node"});
  }
}

// `a_limit_helps`: it has none, and with one it might go before the other.
void add_priority(const Forecast& forecast, bool a_limit_helps, const JobName& name,
                  std::vector<Blocker>& blockers) {
  if (forecast.stopped_by) {
    const std::string job = name(forecast.stopped_by->job);
    blockers.push_back(
        {BlockerKind::kPriority,
         fmt::format("it has room now, but job {} goes first and needs it", job),
         fmt::format("wait for job {} to start, or raise this job's priority above "
                     "it{}",
                     job, a_limit_helps ? "; a time limit may let it start in between" : "")});
  } else if (forecast.passed_over) {
    blockers.push_back({BlockerKind::kPriority,
                        "too many requests above it wait for a pass to look at all of them",
                        "wait for those above it to start, or raise this job's priority"});
  } else if (!forecast.starts) {
    blockers.push_back({BlockerKind::kPriority,
                        "it has room now, but together those above it need that soon",
                        "wait for those above it to start, or raise this job's priority"});
  }
}

}  // namespace

// It was there when the request was made.
Blocker element_is_gone(const std::string& element) {
  return {BlockerKind::kElement,
          fmt::format("the configuration has no element {} any more", element),
          fmt::format("put element {} back into the configuration, or cancel this job", element)};
}

Blocker node_is_clearing(const std::string& node) {
  return {BlockerKind::kNodeState,
          fmt::format("node {} came back with steps that are not to run any more, and takes new "
                      "ones when these have ended",
                      node),
          "wait for that: they were told to end"};
}

std::vector<Blocker> explain_waiting(const Ledger& ledger, const Waiting& waiting,
                                     const Scheduling& scheduling, const JobName& name,
                                     RequestId id, Time now) {
  const Demand& demand = *waiting.demand_of(id);
  std::vector<Blocker> blockers;
  add_limits(waiting.limit_class(demand.limit_class), blockers);
  add_named(demand, id.job, name, blockers);
  add_nodes(ledger, demand, name, blockers);
  if (!blockers.empty()) return blockers;
  const bool a_limit_helps = !demand.limit && scheduling.backfill != Backfill::kNone;
  if (scheduling.backfill == Backfill::kConservative) {
    Work work;
    const Pass::Rules rules{.purpose = Pass::Purpose::kRehearsal, .depth = scheduling.depth};
    add_priority(foresee(ledger, waiting, rules, id, now, {}, work), a_limit_helps, name, blockers);
    return blockers;
  }
  // It has room, so the head of the queue stands in its way.
  Forecast behind_head;
  behind_head.stopped_by = waiting.first()->key.id();
  if (*behind_head.stopped_by != id) add_priority(behind_head, a_limit_helps, name, blockers);
  return blockers;
}

}  // namespace jobq::resmgr
