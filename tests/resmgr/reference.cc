// SPDX-License-Identifier: Apache-2.0
// The reference scheduler.
#include "tests/resmgr/reference.h"

#include <algorithm>
#include <tuple>

namespace jobq::resmgr::test {

std::set<std::string> Reference::shared(const Request& request) const {
  std::set<std::string> names;
  const auto whole = held.find(RequestId{request.id.job, 0});
  if (request.id.part == 0 || whole == held.end()) return names;
  for (const std::string& name : request.needs.exclusive) {
    if (std::ranges::count(whole->second.request.needs.exclusive, name) != 0) names.insert(name);
  }
  return names;
}

bool Reference::open(const Request& request) const {
  return std::ranges::none_of(classes.at(request.limit_class).caps,
                              [&](CapId id) { return caps.at(id).taken >= caps.at(id).most; });
}

std::int64_t Reference::rank(const Request& request) const {
  return request.rank + classes.at(request.limit_class).offset;
}

bool Reference::is_asked(const Known& node, const Needs& needs) {
  return std::ranges::includes(node.capacity.features, needs.features) &&
         (needs.element.empty() || node.elements.contains(needs.element));
}

bool Reference::could_serve(NodeId id, const Needs& needs) const {
  const Known& node = nodes.at(id);
  return node.up && is_asked(node, needs) && fits(asked_of(needs), row_of(node.capacity));
}

struct Reference::Pass {
  Reference& reference;
  Time now;
  std::map<NodeId, Place> nodes;
  std::map<std::string, Place> named;

  Pass(Reference& of, Time at) : reference(of), now(at) {
    for (const auto& [id, node] : of.nodes) nodes[id].total = row_of(node.capacity);
    for (const auto& [name, resource] : of.named) {
      named[name].total = {{"", signed_of(resource.total)}};
    }
    for (const auto& [id, had] : of.held) {
      const bool sure = had.end && *had.end > now;
      for (const NodeId node : nodes_of(had.grant)) {
        nodes[node].held.push_back({asked_of(had.request.needs), sure ? had.end : std::nullopt});
      }
      for (const auto& [name, asked] : named_of(had.request, {})) hold_named(name, asked, id.job);
    }
  }

  static std::vector<NodeId> nodes_of(const Grant& grant) {
    std::vector<NodeId> nodes;
    if (grant.node) nodes.push_back(grant.node);
    for (const NodeShare& other : grant.others) nodes.push_back(other.node);
    return nodes;
  }

  // Parts of one job hold an exclusive resource once.
  std::map<std::string, std::set<JobNumber>> jobs;
  void hold_named(const std::string& name, const Row& asked, JobNumber job) {
    const bool again = !jobs[name].insert(job).second;
    if (again && reference.named.at(name).kind == NamedKind::kExclusive) return;
    named[name].held.push_back({asked, std::nullopt});
  }

  static std::map<std::string, Row> named_of(const Request& request,
                                             const std::set<std::string>& without) {
    std::map<std::string, Row> rows;
    for (const std::string& name : request.needs.exclusive) {
      if (!without.contains(name)) rows[name] = {{"", 1}};
    }
    for (const Count& count : request.needs.tokens) {
      rows[count.name] = {{"", signed_of(count.amount)}};
    }
    return rows;
  }

  bool may_take_named(const Request& request) {
    return std::ranges::all_of(named_of(request, reference.shared(request)), [&](const auto& n) {
      return may_take(named[n.first], n.second, end_of(now, request.limit), now);
    });
  }

  // What is left over after the request, or still missing for it: less is better.
  auto rank(NodeId id, const Row& asked) {
    const Row left = free_at(nodes[id], now, now, Unsure::kStay);
    std::vector<std::int64_t> missing;
    std::vector<std::int64_t> over;
    for (const char* name : {"gpus", "cpus", "memory", "scratch"}) {
      const std::int64_t rest = in(left, name) - in(asked, name);
      missing.push_back(std::max<std::int64_t>(-rest, 0));
      // A site's own counts say nothing about how well a node is filled.
      if (name != std::string("scratch")) over.push_back(std::max<std::int64_t>(rest, 0));
    }
    return std::tuple(missing, over, id);
  }

  // gpus, cpus and memory decide, then the id.
  auto fullness(NodeId id) {
    const Row free = free_at(nodes[id], now, now, Unsure::kStay);
    return std::tuple(in(free, "gpus"), in(free, "cpus"), in(free, "memory"), id);
  }

  // As many as it takes together, the fullest first; none where there are not so many.
  template <class Accepts>
  std::vector<NodeId> fullest(const Request& request, const Accepts& accepts) {
    std::vector<NodeId> found;
    for (auto& [id, place] : nodes) {
      if (reference.could_serve(id, request.needs) && accepts(place)) found.push_back(id);
    }
    std::ranges::sort(found, [&](NodeId a, NodeId b) { return fullness(a) < fullness(b); });
    if (found.size() < request.needs.nodes) return {};
    found.resize(request.needs.nodes);
    return found;
  }

  std::vector<NodeId> nodes_now(const Request& request) {
    const Row asked = asked_of(request.needs);
    return fullest(request, [&](const Place& place) {
      return may_take(place, asked, end_of(now, request.limit), now);
    });
  }

  std::optional<Grant> start(const Request& request) {
    if (!reference.open(request)) return std::nullopt;
    if (!may_take_named(request)) return std::nullopt;
    Grant grant{request.id, {}, {}};
    const Time until = end_of(now, request.limit);
    const auto end = request.limit ? std::optional(until) : std::nullopt;
    if (request.needs.takes_from_node()) {
      const std::vector<NodeId> on = nodes_now(request);
      if (on.empty()) return std::nullopt;
      grant.node = on.front();
      grant.gpus = free_gpus(on.front(), request.needs.gpus);
      for (std::size_t i = 1; i < on.size(); ++i) {
        grant.others.push_back({on[i], free_gpus(on[i], request.needs.gpus)});
      }
      for (const NodeId node : on) take(nodes[node], asked_of(request.needs), end, until);
    }
    for (const auto& [name, asked] : named_of(request, reference.shared(request))) {
      take(named[name], asked, std::nullopt, until);
    }
    for (const CapId cap : reference.classes.at(request.limit_class).caps) {
      ++reference.caps.at(cap).taken;
    }
    reference.held[request.id] = {request, grant, end};
    return grant;
  }

  std::vector<std::uint32_t> free_gpus(NodeId node, std::uint32_t wanted) const {
    std::set<std::uint32_t> taken;
    for (const auto& [id, had] : reference.held) {
      if (had.grant.node == node) taken.insert(had.grant.gpus.begin(), had.grant.gpus.end());
      for (const NodeShare& other : had.grant.others) {
        if (other.node == node) taken.insert(other.gpus.begin(), other.gpus.end());
      }
    }
    std::vector<std::uint32_t> gpus;
    for (std::uint32_t i = 0; gpus.size() < wanted; ++i) {
      if (!taken.contains(i)) gpus.push_back(i);
    }
    return gpus;
  }

  static bool fits_from(const Place& place, const Row& asked, Time t, std::optional<Millis> limit,
                        Time now, Unsure unsure) {
    return fits(asked, least(place, t, end_of(t, limit), now, unsure));
  }

  bool named_fit_from(const Request& request, Time t) {
    return std::ranges::all_of(named_of(request, reference.shared(request)), [&](const auto& n) {
      return fits_from(named[n.first], n.second, t, request.limit, now, Unsure::kGone);
    });
  }

  // The first time after now at which the place, where there is one, and all names fit.
  Time earliest(const Request& request, const Place* place, Unsure unsure) {
    std::set<Time> times{now + Millis{1}};
    if (place) times.merge(changes(*place, now));
    for (const auto& [name, asked] : named_of(request, reference.shared(request))) {
      times.merge(changes(named[name], now));
    }
    for (const Time t : times) {
      const bool on_node =
          !place || fits_from(*place, asked_of(request.needs), t, request.limit, now, unsure);
      if (on_node && named_fit_from(request, t)) return t;
    }
    return kNever;
  }

  void claim_named(const Request& request, Time at) {
    for (const auto& [name, asked] : named_of(request, reference.shared(request))) {
      claim(named[name], asked, at, kNever, request.limit, now);
    }
  }

  // The one with the most free of those without idle gpus that it does not need; else the least.
  std::optional<NodeId> roomiest(const Request& request) {
    const Row asked = asked_of(request.needs);
    std::optional<NodeId> best;
    const auto key = [&](NodeId id) {
      const Row free = free_at(nodes[id], now, now, Unsure::kStay);
      const bool idle = in(free, "gpus") > in(asked, "gpus");
      const std::int64_t sign = idle ? -1 : 1;
      return std::tuple(!idle, sign * in(free, "gpus"), sign * in(free, "cpus"),
                        sign * in(free, "memory"), sign * static_cast<std::int64_t>(id.value));
    };
    for (auto& [id, place] : nodes) {
      if (!reference.could_serve(id, request.needs)) continue;
      if (!best || key(id) > key(*best)) best = id;
    }
    return best;
  }

  // Where there is room now, the least left over.
  std::vector<NodeId> fitting(const Request& request) {
    const Row asked = asked_of(request.needs);
    return fullest(request, [&](const Place& place) {
      return fits(asked, free_at(place, now, now, Unsure::kStay));
    });
  }

  // When it fits there by known ends alone.
  Time known_fit(const Place& place, const Row& asked) const {
    if (fits(asked, free_at(place, now, now, Unsure::kStay))) return now;
    for (const Time t : changes(place, now)) {
      if (fits(asked, free_at(place, t, now, Unsure::kStay))) return t;
    }
    return kNever;
  }

  // On those with room, else those that have it first, else those that lack least.
  void keep_several(const Request& request) {
    const Row asked = asked_of(request.needs);
    std::vector<NodeId> on = fitting(request);
    Time sure = on.empty() ? kNever : now + Millis{1};
    if (on.empty()) {
      for (auto& [id, place] : nodes) {
        if (reference.could_serve(id, request.needs)) on.push_back(id);
      }
      if (on.size() < request.needs.nodes) return;
      const auto key = [&](NodeId id) {
        return std::tuple(known_fit(nodes[id], asked), rank(id, asked));
      };
      std::ranges::sort(on, [&](NodeId a, NodeId b) { return key(a) < key(b); });
      on.resize(request.needs.nodes);
      sure = known_fit(nodes[on.back()], asked);
    }
    const Time from = sure == kNever ? now + Millis{1} : sure;
    for (const NodeId id : on) {
      Time might = from;
      std::set<Time> times = changes(nodes[id], now);
      times.insert(from);
      for (auto t = times.find(from); t != times.end(); ++t) {
        might = *t;
        if (fits(asked, free_at(nodes[id], *t, now, Unsure::kGone))) break;
      }
      claim(nodes[id], asked, might, sure, request.limit, now);
    }
    claim_named(request, from);
  }

  // On one node: with room, else the first on which it fits by known ends, else the roomiest.
  void keep(const Request& request) {
    const Row asked = asked_of(request.needs);
    if (!request.needs.takes_from_node()) return claim_named(request, now + Millis{1});
    if (request.needs.takes_several_nodes()) return keep_several(request);
    const std::vector<NodeId> fit = fitting(request);
    std::optional<NodeId> on = fit.empty() ? std::nullopt : std::optional(fit.front());
    const bool has_room = on.has_value();
    Time sure = on ? now + Millis{1} : kNever;
    for (auto& [id, place] : nodes) {
      if (has_room || !reference.could_serve(id, request.needs)) continue;
      for (const Time t : changes(place, now)) {
        if (!fits(asked, free_at(place, t, now, Unsure::kStay))) continue;
        if (t < sure) on = id;
        sure = std::min(sure, t);
        break;
      }
    }
    if (!on) on = roomiest(request);
    if (!on) return;
    Place& place = nodes[*on];
    const Time soon = now + Millis{1};
    Time might = soon;
    std::set<Time> times{soon};
    times.merge(changes(place, now));
    for (const Time t : times) {
      might = t;
      if (fits(asked, free_at(place, t, now, Unsure::kGone))) break;
    }
    claim(place, asked, might, sure, request.limit, now);
    claim_named(request, sure == kNever ? soon : sure);
  }

  // The first time not before `from` at which it fits on the node alone.
  Time fits_on_from(const Request& request, const Place& place, Time from, Unsure unsure) {
    std::set<Time> times = changes(place, now);
    times.insert(from);
    for (auto t = times.find(from); t != times.end(); ++t) {
      if (fits_from(place, asked_of(request.needs), *t, request.limit, now, unsure)) return *t;
    }
    return kNever;
  }

  // The nodes on which it fits from then on.
  std::vector<NodeId> fitting_from(const Request& request, Time t, Unsure unsure) {
    const Row asked = asked_of(request.needs);
    std::vector<NodeId> found;
    for (auto& [id, place] : nodes) {
      if (!reference.could_serve(id, request.needs)) continue;
      if (fits_from(place, asked, t, request.limit, now, unsure)) found.push_back(id);
    }
    return found;
  }

  // The first time at which enough nodes have room at once, and all names are there.
  Time together(const Request& request, Unsure unsure) {
    std::set<Time> times{now + Millis{1}};
    for (auto& [id, place] : nodes) times.merge(changes(place, now));
    for (const auto& named_one : named) times.merge(changes(named_one.second, now));
    for (const Time t : times) {
      const bool enough = fitting_from(request, t, unsure).size() >= request.needs.nodes;
      if (enough && named_fit_from(request, t)) return t;
    }
    return kNever;
  }

  // Where it is sure to start, and where there might be room from when it might start until then.
  Time reserve_several(const Request& request) {
    const Row asked = asked_of(request.needs);
    const Time might = together(request, Unsure::kGone);
    if (might == kNever) return kNever;
    const Time sure = together(request, Unsure::kStay);
    std::set<NodeId> on;
    if (sure != kNever) {
      std::vector<NodeId> best = fitting_from(request, sure, Unsure::kStay);
      std::ranges::sort(best, [&](NodeId a, NodeId b) { return rank(a, asked) < rank(b, asked); });
      on.insert(best.begin(), best.begin() + request.needs.nodes);
    }
    for (auto& [id, place] : nodes) {
      if (!reference.could_serve(id, request.needs)) continue;
      if (fits_on_from(request, place, might, Unsure::kGone) < sure && might < sure) on.insert(id);
    }
    for (const NodeId id : on) {
      const Time from = fits_on_from(request, nodes[id], might, Unsure::kGone);
      claim(nodes[id], asked, from, sure, request.limit, now);
    }
    claim_named(request, might);
    return might;
  }

  // Where the request is reserved; kNever where it cannot be.
  Time reserve(const Request& request) {
    if (request.needs.takes_several_nodes()) return reserve_several(request);
    if (!request.needs.takes_from_node()) {
      const Time at = earliest(request, nullptr, Unsure::kGone);
      if (at != kNever) claim_named(request, at);
      return at;
    }
    const Row asked = asked_of(request.needs);
    Time at = kNever;
    Time last = kNever;
    std::optional<NodeId> last_node;
    for (auto& [id, place] : nodes) {
      if (!reference.could_serve(id, request.needs)) continue;
      at = std::min(at, earliest(request, &place, Unsure::kGone));
      const Time sure = earliest(request, &place, Unsure::kStay);
      if (sure == kNever) continue;
      if (!last_node ||
          std::tuple(sure, rank(id, asked)) < std::tuple(last, rank(*last_node, asked))) {
        last = sure;
        last_node = id;
      }
    }
    std::map<NodeId, Time> mights;
    for (auto& [id, place] : nodes) {
      if (!reference.could_serve(id, request.needs)) continue;
      const Time might = earliest(request, &place, Unsure::kGone);
      if (might < last || (last_node == id && might != kNever)) mights[id] = might;
    }
    for (const auto& [id, might] : mights) {
      claim(nodes[id], asked, might, last, request.limit, now);
    }
    if (at != kNever) claim_named(request, at);
    return at;
  }
};

std::vector<Request> Reference::queue() const {
  std::vector<Request> queue;
  for (const auto& [id, request] : waiting) queue.push_back(request);
  std::ranges::stable_sort(queue, [&](const Request& a, const Request& b) {
    return std::tuple(-rank(a), a.id) < std::tuple(-rank(b), b.id);
  });
  return queue;
}

std::vector<Grant> Reference::schedule(Time now) {
  std::vector<Grant> all;
  while (true) {
    const bool conservative = backfill == Backfill::kConservative;
    const std::vector<Grant> more = conservative ? pass(now) : round(now);
    if (more.empty()) return all;
    all.insert(all.end(), more.begin(), more.end());
  }
}

std::vector<Grant> Reference::pass(Time now) {
  struct Shape {
    std::optional<Time> generation_end;
    bool passed_over = false;
  };
  std::map<std::tuple<Needs, std::optional<Millis>, LimitClassId, std::set<std::string>>, Shape>
      shapes;
  std::vector<Grant> grants;
  Pass pass(*this, now);
  std::optional<Parties> parties_then;
  std::set<RequestId> ahead;
  for (const Request& request : queue()) {
    if (ahead.contains(request.id) || !open(request)) continue;
    Shape& shape = shapes[{request.needs, request.limit, request.limit_class, shared(request)}];
    if (shape.passed_over) continue;
    const auto grant = shape.generation_end ? std::nullopt : pass.start(request);
    if (grant) {
      grants.push_back(*grant);
      waiting.erase(request.id);
      continue;
    }
    // Those whose starts it needs go before it.
    if (!parties_then) parties_then = parties(waiting);
    for (const RequestId id : before(request, *parties_then)) {
      if (id == request.id || !waiting.contains(id) || !ahead.insert(id).second) continue;
      const Request first = waiting.at(id);
      if (const auto early = pass.start(first)) {
        grants.push_back(*early);
        waiting.erase(id);
      } else {
        pass.reserve(first);
      }
    }
    const Time at = pass.reserve(request);
    shape.passed_over = at == kNever || (shape.generation_end && at >= *shape.generation_end);
    if (!shape.generation_end) shape.generation_end = end_of(at, request.limit);
  }
  return grants;
}

// --- with at most one reservation

std::optional<Grant> Reference::start_one(Pass& pass, const Request& request) {
  auto grant = pass.start(request);
  if (grant) waiting.erase(request.id);
  return grant;
}

// The first of the queue start while they can; then those whose starts the next one needs; then
// whoever can around what is kept for it.
std::vector<Grant> Reference::round(Time now) {
  std::vector<Grant> grants;
  const auto start = [&](Pass& pass, const Request& request) {
    const auto grant = start_one(pass, request);
    if (grant) grants.push_back(*grant);
    return grant.has_value();
  };
  Pass free(*this, now);
  for (const Request& request : queue()) {
    if (open(request) && !start(free, request)) break;
  }
  const std::vector<Request> left = queue();
  const auto first = std::ranges::find_if(left, [&](const Request& r) { return open(r); });
  if (first == left.end()) return grants;
  const Request& head = *first;
  for (const RequestId id : before(head, parties(waiting))) {
    if (id != head.id && waiting.contains(id)) start(free, waiting.at(id));
  }
  if (backfill == Backfill::kNone) return grants;
  Pass around(*this, now);
  around.keep(head);
  for (const Request& request : queue()) {
    if (request.id != head.id) start(around, request);
  }
  return grants;
}

// --- who waits for whom

Reference::Parties Reference::parties(const std::map<RequestId, Request>& asks) const {
  Parties all;
  for (const auto& [id, ask] : asks) {
    const auto whole = held.find(RequestId{id.job, 0});
    if (whole == held.end()) continue;
    all[id.job].whole = whole->second;
    all[id.job].waits.push_back(ask);
  }
  return all;
}

std::set<JobNumber> Reference::needed_by(const Request& request, const Parties& parties,
                                         Nodes which) const {
  std::set<JobNumber> needed;
  for (const auto& [name, asked] : Pass::named_of(request, shared(request))) {
    std::int64_t rest = signed_of(named.at(name).total);
    std::set<JobNumber> holders;
    for (const auto& [job, party] : parties) {
      const auto rows = Pass::named_of(party.whole.request, {});
      if (!rows.contains(name)) continue;
      holders.insert(job);
      rest -= in(rows.at(name), "");
    }
    if (in(asked, "") > rest) needed.merge(holders);
  }
  if (!request.needs.takes_from_node()) return needed;
  const Row asked = asked_of(request.needs);
  std::set<JobNumber> holders;
  std::uint32_t serving = 0;
  for (const auto& [id, node] : nodes) {
    if (which == Nodes::kUp && !node.up) continue;
    if (!is_asked(node, request.needs)) continue;
    if (!fits(asked, row_of(node.capacity))) continue;
    Row rest = row_of(node.capacity);
    for (const auto& [job, party] : parties) {
      const std::vector<NodeId> on = Pass::nodes_of(party.whole.grant);
      if (std::ranges::find(on, id) == on.end()) continue;
      holders.insert(job);
      add(rest, asked_of(party.whole.request.needs), -1);
    }
    if (fits(asked, rest) && ++serving == request.needs.nodes) return needed;
  }
  needed.merge(holders);
  return needed;
}

// In rounds, by number: whoever needs nobody's end ends.
std::vector<JobNumber> Reference::reduce(Parties& parties, Nodes which) const {
  std::vector<JobNumber> order;
  for (bool again = true; again;) {
    again = false;
    std::vector<JobNumber> round;
    for (const auto& [job, party] : parties) round.push_back(job);
    for (const JobNumber job : round) {
      const auto met = [&](const Request& r) { return needed_by(r, parties, which).empty(); };
      if (!std::ranges::all_of(parties.at(job).waits, met)) continue;
      parties.erase(job);
      order.push_back(job);
      again = true;
    }
  }
  return order;
}

std::vector<RequestId> Reference::before(const Request& request, const Parties& parties) const {
  std::set<JobNumber> reached = needed_by(request, parties, Nodes::kUp);
  for (std::size_t size = 0; size != reached.size();) {
    size = reached.size();
    for (const JobNumber job : std::set(reached)) {
      for (const Request& wait : parties.at(job).waits) {
        reached.merge(needed_by(wait, parties, Nodes::kUp));
      }
    }
  }
  Parties rest = parties;
  std::vector<JobNumber> order = reduce(rest, Nodes::kUp);
  for (const auto& [job, party] : rest) order.push_back(job);
  std::vector<RequestId> requests;
  for (const JobNumber job : order) {
    if (!reached.contains(job)) continue;
    for (const Request& wait : parties.at(job).waits) requests.push_back(wait.id);
  }
  return requests;
}

bool Reference::closes_circle(const Request& request) const {
  std::map<RequestId, Request> asks = waiting;
  asks[request.id] = request;
  Parties stuck = parties(asks);
  reduce(stuck, Nodes::kKnown);
  if (!stuck.contains(request.id.job)) return false;
  std::set<JobNumber> reached = needed_by(request, stuck, Nodes::kKnown);
  for (std::size_t size = 0; size != reached.size();) {
    size = reached.size();
    for (const JobNumber job : std::set(reached)) {
      if (job == request.id.job) return true;
      for (const Request& wait : stuck.at(job).waits) {
        reached.merge(needed_by(wait, stuck, Nodes::kKnown));
      }
    }
  }
  return reached.contains(request.id.job);
}

}  // namespace jobq::resmgr::test
