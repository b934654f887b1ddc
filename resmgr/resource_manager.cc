// SPDX-License-Identifier: Apache-2.0
// The front of the resource manager: each call in terms of the ledger and the queue.
#include "resmgr/resource_manager.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "base/check.h"
#include "resmgr/circle.h"
#include "resmgr/easy.h"
#include "resmgr/explain.h"
#include "resmgr/feasible.h"
#include "resmgr/ledger.h"
#include "resmgr/pass.h"
#include "resmgr/shortage.h"
#include "resmgr/waiting.h"

namespace jobq::resmgr {
namespace {

constexpr std::int64_t kMostRank = std::int64_t{1} << 61;

}  // namespace

struct ResourceManager::State {
  Scheduling scheduling;
  Ledger ledger;
  Waiting waiting;
  Easy easy;
  Work work;

  Pass::Rules rehearsal() const;
  Pass::Rules foresight(const Followers& followers) const;
};

// What the next call of schedule() would start: with the reservations that the policy makes.
Pass::Rules ResourceManager::State::rehearsal() const {
  const bool conservative = scheduling.backfill == Backfill::kConservative;
  return {.purpose = Pass::Purpose::kRehearsal,
          .depth = conservative ? scheduling.depth : 1,
          .in_order = scheduling.backfill == Backfill::kNone};
}

Pass::Rules ResourceManager::State::foresight(const Followers& followers) const {
  return {.purpose = Pass::Purpose::kForesight,
          .in_order = scheduling.backfill == Backfill::kNone,
          .followers = followers ? &followers : nullptr};
}

std::string_view to_string(NodeState state) {
  switch (state) {
    case NodeState::kUp: return "up";
    case NodeState::kDraining: return "draining";
    case NodeState::kDrained: return "drained";
    case NodeState::kLost: return "lost";
  }
  unreachable("node state out of range");
}

ResourceManager::ResourceManager(Scheduling scheduling) : state_(std::make_unique<State>()) {
  state_->scheduling = scheduling;
}
ResourceManager::~ResourceManager() = default;
ResourceManager::ResourceManager(ResourceManager&&) noexcept = default;
ResourceManager& ResourceManager::operator=(ResourceManager&&) noexcept = default;

void ResourceManager::set_job_name(JobName name) { job_name_ = std::move(name); }

// --- what there is

void ResourceManager::set_node(NodeId id, const std::string& name, const Capacity& capacity,
                               std::vector<std::string> elements) {
  state_->ledger.set_node(id, name, capacity, std::move(elements));
}

void ResourceManager::forget_node(NodeId id) { state_->ledger.forget_node(id); }

void ResourceManager::set_elements(std::vector<std::string> names) {
  state_->ledger.set_elements(std::move(names));
}

void ResourceManager::set_connected(NodeId id, bool connected) {
  state_->ledger.set_connected(id, connected);
}

void ResourceManager::set_draining(NodeId id, bool draining) {
  state_->ledger.set_draining(id, draining);
}

void ResourceManager::set_clearing(NodeId id, bool clearing) {
  state_->ledger.set_clearing(id, clearing);
}

void ResourceManager::set_services(NodeId id, std::vector<std::string> types) {
  state_->ledger.set_services(id, std::move(types));
}

Result<void> ResourceManager::create(const NamedResource& resource) {
  return state_->ledger.create(resource);
}

Result<void> ResourceManager::remove(const std::string& name) {
  return state_->ledger.remove(name, job_name_);
}

Result<void> ResourceManager::feasible(const Needs& needs) const {
  Needs normal = needs;
  normalise(normal);
  normal.element = needs.element;
  return check_feasible(state_->ledger, normal);
}

// --- limits

void ResourceManager::set_cap(CapId id, std::uint64_t most, std::string text) {
  state_->waiting.set_cap(id, most, std::move(text));
}

void ResourceManager::set_limit_class(LimitClassId id, std::vector<CapId> caps) {
  state_->waiting.set_limit_class(id, std::move(caps));
}

void ResourceManager::set_offsets(
    const std::vector<std::pair<LimitClassId, std::int64_t>>& offsets) {
  for (const auto& [id, offset] : offsets) {
    check(std::abs(offset) <= kMostRank, "an offset is in range");
  }
  state_->waiting.set_offsets(offsets);
}

void ResourceManager::enter(LimitClassId id) { state_->waiting.enter(id); }

void ResourceManager::leave(LimitClassId id) { state_->waiting.leave(id); }

// --- the queue of requests

namespace {

Likeness likeness_of(const Ledger& ledger, const Request& request) {
  Likeness like;
  like.needs = request.needs;
  normalise(like.needs);
  like.limit = request.limit;
  like.limit_class = request.limit_class;
  like.avoid = request.avoid;
  like.rather_not = request.rather_not;
  like.shared = ledger.exclusives_of_part_0(request.id.job, like.needs);
  return like;
}

// Part 0 comes first and stays last: what a job holds by it comes back after its steps.
Result<void> check_order_of_parts(const Ledger& ledger, const Waiting& waiting, RequestId id) {
  const RequestId whole{id.job, 0};
  if (id.part != 0 && waiting.contains(whole)) {
    return fail(ErrorCode::kInternal,
                fmt::format("job {} asks for a step before its own needs are met", id.job.value));
  }
  const bool holds = ledger.holding(RequestId{id.job, 1}) != nullptr;
  if (id.part == 0 && (holds || !waiting.parts_of(id.job).empty())) {
    return fail(ErrorCode::kInternal,
                fmt::format("job {} asks for its own needs after its steps", id.job.value));
  }
  return {};
}

}  // namespace

Result<void> ResourceManager::enqueue(const Request& request) {
  Ledger& ledger = state_->ledger;
  Waiting& waiting = state_->waiting;
  check(!is_waiting(request.id) && !is_held(request.id), "a request is enqueued once");
  if (auto ordered = check_order_of_parts(ledger, waiting, request.id); !ordered) return ordered;

  check(std::abs(request.rank) <= kMostRank, "a rank is in range");
  const RequestId whole{request.id.job, 0};
  const bool of_party = request.id.part != 0 && ledger.holding(whole) != nullptr;
  const LimitClass* limits = waiting.limit_class(request.limit_class);
  check(!of_party || limits == nullptr || limits->caps.empty(),
        "a step of a job that holds its own needs has no caps");
  const Likeness like = likeness_of(ledger, request);
  check(!like.needs.empty() || request.limit_class, "a request needs something");
  auto demand = waiting.demand_like(like);
  if (!demand) demand = ledger.demand(like);
  ledger.count_waiting(*demand);
  if (const auto circle = circle_closed_by(ledger, waiting, request.id, *demand, job_name_)) {
    ledger.uncount_waiting(*demand);
    return fail(ErrorCode::kRefused, "it would wait for ever: " + *circle);
  }
  const JobNumber place = request.place ? request.place : request.id.job;
  waiting.add(QueueKey{request.id.job, request.id.part, request.rank, place}, demand, of_party);
  return {};
}

bool ResourceManager::withdraw(RequestId id) {
  if (!is_waiting(id)) return false;
  const auto demand = state_->waiting.demand_of(id);
  state_->waiting.remove(id);
  state_->ledger.uncount_waiting(*demand);
  return true;
}

std::vector<Refusal> ResourceManager::take_refusals() {
  return state_->waiting.take_refusals(state_->ledger);
}

std::vector<Grant> ResourceManager::schedule(Time now) {
  auto& [scheduling, ledger, waiting, easy, work] = *state_;
  if (scheduling.backfill != Backfill::kConservative) {
    return easy.schedule(ledger, waiting, scheduling.backfill, now, work);
  }
  ledger.take_changes();
  waiting.take_new_shapes();
  waiting.take_opened();
  return run_passes(ledger, waiting, scheduling.depth, now, work);
}

bool ResourceManager::release(RequestId id) { return state_->ledger.give_back(id); }

bool ResourceManager::set_end(RequestId id, std::optional<Time> end) {
  return state_->ledger.set_end(id, end);
}

void ResourceManager::restore(const Request& request, const Grant& grant) {
  check(request.id == grant.id, "a grant belongs to its request");
  check(!is_waiting(request.id), "what waits is not restored");
  Ledger& ledger = state_->ledger;
  ledger.take_again(grant, ledger.demand(likeness_of(ledger, request)));
}

// --- questions

bool ResourceManager::is_waiting(RequestId id) const { return state_->waiting.contains(id); }

bool ResourceManager::is_held(RequestId id) const { return state_->ledger.holding(id) != nullptr; }

std::vector<JobNumber> ResourceManager::whole_jobs_on(NodeId id) const {
  std::vector<JobNumber> jobs;
  for (const Node::Held& held : state_->ledger.node(id)->holdings) {
    if (held.id.part == 0) jobs.push_back(held.id.job);
  }
  return jobs;
}

std::vector<RequestId> ResourceManager::has_beside(NodeId id) const {
  std::vector<RequestId> requests;
  for (const Node::Held& held : state_->ledger.node(id)->holdings) {
    if (held.id.seat != 0) requests.push_back({held.id.job, held.id.part});
  }
  return requests;
}

std::vector<Blocker> ResourceManager::explain(RequestId id, Time now) const {
  if (!is_waiting(id)) return {};
  return explain_waiting(state_->ledger, state_->waiting, state_->scheduling, job_name_, id, now);
}

std::optional<FullCap> ResourceManager::full_cap(LimitClassId id) const {
  const LimitClass* of = state_->waiting.limit_class(id);
  if (of == nullptr) return std::nullopt;
  const auto full = std::ranges::find_if(of->caps, &Cap::full);
  if (full == of->caps.end()) return std::nullopt;
  return FullCap{(*full)->id, (*full)->taken};
}

std::optional<Time> ResourceManager::expected_start(RequestId id, Time now,
                                                    const Followers& followers) const {
  if (!is_waiting(id) || !state_->waiting.is_open(id)) return std::nullopt;
  Work work;
  const Forecast forecast =
      foresee(state_->ledger, state_->waiting, state_->foresight(followers), id, now, {}, work);
  const bool conservative = state_->scheduling.backfill == Backfill::kConservative;
  if (forecast.starts) return conservative ? std::optional(now) : std::nullopt;
  if (!forecast.reservation || !forecast.reservation->known) return std::nullopt;
  return forecast.reservation->at;
}

// Whether it starts now follows from the reservations that the policy makes; when it starts later,
// from one for everybody.
std::optional<Time> ResourceManager::would_start(const Request& request, Time now, Work& spent,
                                                 const Followers& followers) {
  if (spent.reservations >= kMostForeseen || !enqueue(request)) return std::nullopt;
  Work before;
  before.reservations = spent.reservations;
  const auto seen = [&](const Pass::Rules& rules) {
    return foresee(state_->ledger, state_->waiting, rules, request.id, now, before, spent);
  };
  const bool may_start = seen(state_->rehearsal()).starts;
  before.reservations = spent.reservations;
  const Forecast forecast = may_start ? Forecast{} : seen(state_->foresight(followers));
  withdraw(request.id);
  if (may_start) return now;
  if (!forecast.reservation || !forecast.reservation->known) return std::nullopt;
  return forecast.reservation->at;
}

namespace {

NodeView view_of(const Ledger& ledger, const Node& node) {
  return {node.id, node.name, node.state(), node.capacity, free_of(ledger, node), node.services};
}

// Several parts of one job make one holder, in the place of the first.
NamedView view_of(const Named& named) {
  NamedView view{named.resource, static_cast<std::uint64_t>(std::max<Amount>(named.free, 0)), {}};
  for (const auto& entry : named.shares) {
    const Named::Share& share = entry.second;
    const auto known = std::ranges::find(view.holders, share.holder.job, &NamedView::Holder::job);
    const auto amount = static_cast<std::uint64_t>(share.amount);
    if (known == view.holders.end()) {
      view.holders.push_back({share.holder.job, amount});
    } else if (!named.exclusive()) {
      known->amount += amount;
    }
  }
  return view;
}

}  // namespace

std::vector<NodeView> ResourceManager::nodes() const {
  std::vector<NodeView> views;
  for (const auto& [id, node] : state_->ledger.nodes()) {
    if (!node.gone) views.push_back(view_of(state_->ledger, node));
  }
  return views;
}

std::optional<NodeView> ResourceManager::node(NodeId id) const {
  const Node* found = state_->ledger.node(id);
  if (found == nullptr) return std::nullopt;
  return view_of(state_->ledger, *found);
}

bool ResourceManager::could_serve(NodeId id, const Needs& needs) const {
  return is_node_feasible(state_->ledger, *state_->ledger.node(id), needs);
}

bool ResourceManager::is_of(NodeId id, const std::string& element) const {
  return state_->ledger.is_of(*state_->ledger.node(id), element);
}

std::vector<NamedView> ResourceManager::named() const {
  std::vector<NamedView> views;
  for (const auto& [key, named] : state_->ledger.all_named()) {
    if (named.exists) views.push_back(view_of(named));
  }
  return views;
}

std::size_t ResourceManager::waiting_count() const { return state_->waiting.size(); }

const Work& ResourceManager::work() const { return state_->work; }

Result<void> ResourceManager::check_invariants() const {
  if (Result<void> good = state_->waiting.check_invariants(); !good) return good;
  return state_->ledger.check_invariants();
}

}  // namespace jobq::resmgr
