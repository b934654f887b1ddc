// SPDX-License-Identifier: Apache-2.0
// Rounds of scheduling with at most one reservation.
#include "resmgr/easy.h"

#include <algorithm>
#include <iterator>
#include <set>
#include <tuple>
#include <utility>

#include "resmgr/parties.h"
#include "resmgr/pass.h"

namespace jobq::resmgr {

bool Easy::Kept::stands_on(const Node& node) const {
  return std::ranges::find(nodes, &node) != nodes.end();
}

class Easy::Round {
 public:
  Round(Easy& easy, Ledger& ledger, Waiting& waiting, Time now, Work& work)
      : easy_(easy), ledger_(ledger), waiting_(waiting), now_(now), work_(work) {
    ++work_.passes;
    Ledger::Changes changes = ledger_.take_changes();
    changed_ = std::move(changes.nodes);
    named_changed_ = changes.named;
  }

  std::vector<Grant> run(Backfill backfill);

 private:
  // Somebody who might start: the first to fit on a node, the first of a shape, or the first of the
  // lines that opened with a limit class, behind which the next of these is looked at.
  struct Candidate {
    QueueKey key;
    const Node* node = nullptr;
    const LimitClass* opened = nullptr;
    ShapeId shape = 0;
    std::size_t starts = 0;  // made when this was found
    bool operator<(const Candidate& other) const {
      return std::tuple(key, position()) < std::tuple(other.key, other.position());
    }
    std::size_t position() const {
      return node != nullptr ? node->position + 2 : opened != nullptr ? 1 : 0;
    }
  };

  void start_heads();
  void start_those_before();
  void review_reservation();
  void backfill();
  std::optional<Place> room_for(const Demand& demand) const;
  bool may_go(RequestId id, const std::shared_ptr<const Demand>& demand);
  void start(RequestId id, const std::shared_ptr<const Demand>& demand, const Place& place);
  void offer(const Node& node);
  void offer(const Head& shape);
  void offer(const LimitClass& opened, const std::optional<Head>& line);
  void consider(const Candidate& candidate);
  bool try_to_start(const Candidate& candidate, const Head& head);
  std::optional<Head> first_on(const Node& node);
  bool accepts(const Demand& demand, const Node& node);
  bool enough_accept(const Demand& demand);
  bool may_take_named(const Demand& demand);
  void drop_reservation();
  Place kept_of(const Place& place) const;
  void reserve(const Head& head);
  void choose_node(Kept& kept);
  void choose_several(Kept& kept) const;
  bool is_in_doubt() const;
  void look_for_earlier();
  void renew();
  Kept& kept();
  Plan& plan();

  Easy& easy_;
  Ledger& ledger_;
  Waiting& waiting_;
  Time now_;
  Work& work_;
  std::vector<const Node*> changed_;
  bool named_changed_ = false;
  std::optional<Plan> plan_;  // with the reservation in it; made when somebody asks
  std::set<Candidate> candidates_;
  std::vector<Grant> grants_;
};

// What started may move the reservation, where nobody knows when the head will start, may close the
// line of the head by filling a cap, and may wait for what others hold; so it goes on until nobody
// starts.
std::vector<Grant> Easy::schedule(Ledger& ledger, Waiting& waiting, Backfill backfill, Time now,
                                  Work& work) {
  std::vector<Grant> grants;
  for (bool again = true; again;) {
    Round round(*this, ledger, waiting, now, work);
    const std::vector<Grant> more = round.run(backfill);
    const auto head = waiting.first();
    const bool stepped_back = kept_ && (!head || head->key.id() != kept_->id);
    const bool may_move = (kept_ && !kept_->at) || !waiting.of_parties().empty();
    again = (stepped_back || may_move) && !more.empty();
    std::ranges::copy(more, std::back_inserter(grants));
  }
  return grants;
}

std::vector<Grant> Easy::Round::run(Backfill backfill) {
  start_heads();
  start_those_before();
  if (backfill == Backfill::kNone) {
    waiting_.take_new_shapes();
    waiting_.take_opened();
  } else {
    review_reservation();
    this->backfill();
  }
  return std::move(grants_);
}

// --- the head of the queue, and those whose starts it needs

void Easy::Round::start_heads() {
  while (const auto head = waiting_.first()) {
    if (!may_go(head->key.id(), waiting_.demand_of(*head))) return;
  }
}

std::optional<Place> Easy::Round::room_for(const Demand& demand) const {
  return ledger_.place(demand, [](const Node&) { return true; });
}

// Lets a request start where there is room, whatever is kept for others.
bool Easy::Round::may_go(RequestId id, const std::shared_ptr<const Demand>& demand) {
  ++work_.placements;
  if (!ledger_.named_free(*demand)) return false;
  const std::optional<Place> place = room_for(*demand);
  if (!place) return false;
  if (kept_of(*place).node != nullptr) drop_reservation();
  start(id, std::shared_ptr<const Demand>(demand), *place);
  return true;
}

void Easy::Round::start_those_before() {
  const auto head = waiting_.first();
  if (!head || waiting_.of_parties().empty()) return;
  const std::shared_ptr<const Demand> demand = waiting_.demand_of(*head);
  for (const RequestId id : Precedence(ledger_, waiting_, {}).before(*demand)) {
    if (id != head->key.id()) may_go(id, waiting_.demand_of(id));
  }
}

// Of the nodes of the place those where something is kept in reach.
Place Easy::Round::kept_of(const Place& place) const {
  Place kept;
  if (!easy_.kept_) return kept;
  place.each([&](const Node& node) {
    if (!easy_.kept_->stands_on(node)) return;
    if (kept.node == nullptr) {
      kept.node = &node;
    } else {
      kept.others.push_back(&node);
    }
  });
  return kept;
}

void Easy::Round::start(RequestId id, const std::shared_ptr<const Demand>& demand,
                        const Place& place) {
  const Place kept = kept_of(place);
  if (plan_) plan_->begin(*demand, kept);
  grants_.push_back(grant(ledger_, waiting_, {id, demand, place}, now_));
  if (kept.node != nullptr) easy_.kept_->holds_for = first_end_after(*kept.node, now_);
}

// --- the reservation

void Easy::Round::drop_reservation() {
  if (easy_.kept_->stood_in_the_way) {
    std::ranges::copy(easy_.kept_->nodes, std::back_inserter(changed_));
    named_changed_ = true;
  }
  easy_.kept_.reset();
  plan_.reset();
}

// Does the reservation of the last round still hold? It is made anew when somebody asks for it.
void Easy::Round::review_reservation() {
  if (!easy_.kept_) return;
  const auto head = waiting_.first();
  const bool same = head && head->key.id() == easy_.kept_->id;
  if (!same || is_in_doubt()) {
    drop_reservation();
  } else {
    look_for_earlier();
    if (easy_.kept_) renew();
  }
}

// Where nothing is known of the ends that count, it stands; but one that is overdue may leave room
// for others.
void Easy::Round::renew() {
  Kept& kept = *easy_.kept_;
  if (!kept.holds_for || *kept.holds_for > now_ + Millis{1}) return;
  kept.holds_for = first_end_after(*kept.nodes.front(), now_);
  if (kept.stood_in_the_way) changed_.push_back(kept.nodes.front());
}

// One on several nodes is made anew in each round.
bool Easy::Round::is_in_doubt() const {
  const Kept& kept = *easy_.kept_;
  if (kept.demand->takes_several_nodes()) return true;
  if (kept.at && kept.holds_for <= now_) return true;
  if (!kept.demand->takes_from_node()) return false;
  const Node* node = kept.nodes.empty() ? nullptr : kept.nodes.front();
  const std::optional<Place> room = room_for(*kept.demand);
  if (room || kept.has_room) return !room || !kept.has_room || room->node != node;
  if (!kept.at && ledger_.roomiest(*kept.demand) != node) return true;
  return std::ranges::find(changed_, node) != changed_.end();
}

void Easy::Round::look_for_earlier() {
  const Kept& kept = *easy_.kept_;
  if (!kept.demand->takes_from_node() || kept.has_room) return;
  for (const Node* node : changed_) {
    ++work_.visits;
    const auto at = sure_fit_on(*node, *kept.demand, now_, kept.at.value_or(kForever));
    const bool is_earlier =
        at && (!kept.at || std::pair(*at, node->id) < std::pair(*kept.at, kept.nodes.front()->id));
    if (is_earlier) return drop_reservation();
  }
}

Easy::Kept& Easy::Round::kept() {
  if (!easy_.kept_) reserve(*waiting_.first());
  return *easy_.kept_;
}

void Easy::Round::reserve(const Head& head) {
  ++work_.reservations;
  Kept kept{head.key.id(), waiting_.demand_of(head), {}, false, {}, {}, false};
  if (const auto room = room_for(*kept.demand)) {
    room->each([&](const Node& node) { kept.nodes.push_back(&node); });
    kept.has_room = !kept.nodes.empty();
  } else if (kept.demand->takes_several_nodes()) {
    choose_several(kept);
  } else {
    choose_node(kept);
  }
  if (!kept.nodes.empty()) kept.holds_for = first_end_after(*kept.nodes.front(), now_);
  easy_.kept_ = std::move(kept);
}

void Easy::Round::choose_node(Kept& kept) {
  const auto first = easy_.ends_.first_fit(ledger_, *kept.demand, now_, work_);
  const Node* node = first ? first->node : ledger_.roomiest(*kept.demand);
  if (node != nullptr) kept.nodes.push_back(node);
  if (first) kept.at = first->at;
}

// Those that have room, then those that will by the known ends, then those that lack least.
void Easy::Round::choose_several(Kept& kept) const {
  const Demand& demand = *kept.demand;
  std::vector<std::pair<Time, const Node*>> able;
  for (const auto& [id, node] : ledger_.nodes()) {
    ++work_.glances;
    if (!node.usable() || !could_serve(node, demand)) continue;
    const bool has_room = fits(demand.node, node.free);
    const auto at = has_room ? std::optional(now_) : sure_fit_on(node, demand, now_, kForever);
    able.emplace_back(at.value_or(kForever), &node);
  }
  if (able.size() < demand.needs.nodes) return;
  const auto enough = able.begin() + static_cast<std::ptrdiff_t>(demand.needs.nodes);
  std::ranges::partial_sort(able, enough, [&](const auto& a, const auto& b) {
    return a.first != b.first ? a.first < b.first : suits_better(demand, *a.second, *b.second);
  });
  able.resize(demand.needs.nodes);
  for (const auto& [at, node] : able) kept.nodes.push_back(node);
  if (able.back().first != kForever) kept.at = able.back().first;
}

Plan& Easy::Round::plan() {
  if (!plan_) {
    const Kept& it = kept();
    plan_.emplace(ledger_, now_, work_);
    if (!it.nodes.empty() || !it.demand->takes_from_node()) {
      plan_->keep(*it.demand, it.nodes, it.has_room ? std::optional(now_ + Millis{1}) : it.at);
    }
  }
  return *plan_;
}

// --- backfilling

void Easy::Round::backfill() {
  if (!waiting_.first()) return;
  for (const Node* node : changed_) offer(*node);
  for (const Head& shape : waiting_.take_new_shapes()) offer(shape);
  for (const LimitClass* opened : waiting_.take_opened()) {
    offer(*opened, waiting_.first_of(*opened));
  }
  if (named_changed_) {
    for (const Head& shape : waiting_.naming()) offer(shape);
  }
  while (!candidates_.empty()) consider(candidates_.extract(candidates_.begin()).value());
}

void Easy::Round::offer(const Node& node) {
  if (!node.usable()) return;
  const auto found = first_on(node);
  if (found) candidates_.insert({found->key, &node, nullptr, found->shape, grants_.size()});
}

void Easy::Round::offer(const Head& shape) {
  candidates_.insert({shape.key, nullptr, nullptr, shape.shape, grants_.size()});
}

void Easy::Round::offer(const LimitClass& opened, const std::optional<Head>& line) {
  if (line) candidates_.insert({line->key, nullptr, &opened, line->shape, grants_.size()});
}

void Easy::Round::consider(const Candidate& candidate) {
  const bool is_old = candidate.starts != grants_.size();
  if (candidate.node != nullptr && is_old) return offer(*candidate.node);
  const auto head = waiting_.head_of(candidate.shape);
  const bool is_head = head && head->key == candidate.key;
  const bool starts = is_head && try_to_start(candidate, *head);
  if (candidate.opened != nullptr) {
    offer(*candidate.opened, waiting_.next_of(*candidate.opened, candidate.key));
  } else if (head && !is_head) {
    offer(*head);
  } else if (starts && candidate.node != nullptr) {
    offer(*candidate.node);
  } else if (const auto next = starts ? waiting_.head_of(candidate.shape) : std::nullopt) {
    offer(*next);
  }
}

bool Easy::Round::try_to_start(const Candidate& candidate, const Head& head) {
  ++work_.placements;
  const std::shared_ptr<const Demand> demand = waiting_.demand_of(head);
  if (!may_take_named(*demand)) return false;
  const auto accepting = [&](const Node& node) { return accepts(*demand, node); };
  const std::optional<Place> place = ledger_.place(*demand, accepting);
  if (!place) return false;
  start(candidate.key.id(), demand, *place);
  return true;
}

std::optional<Head> Easy::Round::first_on(const Node& node) {
  return waiting_.first_to_fit(node.free, [&](const Demand& demand) {
    return suits(node, demand) && accepts(demand, node) && may_take_named(demand) &&
           enough_accept(demand);
  });
}

bool Easy::Round::enough_accept(const Demand& demand) {
  if (!demand.takes_several_nodes()) return true;
  return ledger_.place(demand, [&](const Node& node) { return accepts(demand, node); }).has_value();
}

// May somebody start there, for all that is kept in reach?
bool Easy::Round::accepts(const Demand& demand, const Node& node) {
  Kept& it = kept();
  if (!it.stands_on(node) || plan().may_start_on(demand, node)) return true;
  it.stood_in_the_way = true;
  return false;
}

bool Easy::Round::may_take_named(const Demand& demand) {
  if (!ledger_.named_free(demand)) return false;
  if (demand.named.empty() || plan().may_take_named(demand)) return true;
  kept().stood_in_the_way = true;
  return false;
}

}  // namespace jobq::resmgr
