// SPDX-License-Identifier: Apache-2.0
// The door: what the outside sees of the core.
#include "sched/event_manager.h"

#include <utility>

#include "sched/core.h"

namespace jobq::sched {

EventManager::EventManager(Policy policy) : core_(std::make_unique<Core>(std::move(policy))) {}
EventManager::~EventManager() = default;
EventManager::EventManager(EventManager&&) noexcept = default;
EventManager& EventManager::operator=(EventManager&&) noexcept = default;

void EventManager::restore(const std::vector<Row>& rows, Time now, std::vector<Action>& actions) {
  core_->restore(rows, now, actions);
}

void EventManager::step(Event event, Time now, std::vector<Action>& actions) {
  core_->accept(event, now, actions);
  core_->decide(now, actions);
}

void EventManager::accept(Event event, Time now, std::vector<Action>& actions) {
  core_->accept(event, now, actions);
}

void EventManager::decide(Time now, std::vector<Action>& actions) { core_->decide(now, actions); }

std::vector<Row> EventManager::take_rows() { return core_->take_rows(); }

std::optional<JobState> EventManager::state_of(JobNumber job) const {
  const Job* found = core_->jobs().find(job);
  return found == nullptr ? std::nullopt : std::optional(found->state());
}

bool EventManager::was_dispensed(JobNumber job) const { return core_->was_dispensed(job); }

std::vector<JobNumber> EventManager::ended_among(const NewJobNotice& notice) const {
  return core_->ended_among(notice);
}

JobRef EventManager::ref_of(JobNumber job) const {
  const Job* found = core_->jobs().find(job);
  return found == nullptr ? JobRef(job) : found->ref();
}

std::size_t EventManager::live_count() const { return core_->jobs().live(); }

void EventManager::queue(const QueueFilter& filter, Time /*now*/,
                         const std::function<bool(const JobSummary&)>& each) const {
  QueueWalk walk;
  walk.filter = filter;
  bool goes_on = true;
  const auto meet = [&](const JobSummary& job) { goes_on = goes_on && each(job); };
  while (core_->queue(walk, 1, meet) && goes_on) {
  }
}

bool EventManager::queue(QueueWalk& walk, std::size_t most,
                         const std::function<void(const JobSummary&)>& each) const {
  return core_->queue(walk, most, each);
}

std::optional<JobDetail> EventManager::show(JobRef job, Time now) const {
  return core_->show(job, now);
}

std::optional<Why> EventManager::why(JobRef job, Time now) const { return core_->why(job, now); }

bool EventManager::has_ended(JobRef job) const { return core_->has_ended(job); }

Result<void> EventManager::check_ref(JobRef job) const { return core_->check_ref(job); }

Result<void> EventManager::check_filter(const QueueFilter& filter) const {
  return core_->check_filter(filter);
}

std::optional<ArrayRest> EventManager::rest_of(JobNumber job) const {
  const Job* found = core_->jobs().find(job);
  return found == nullptr || !found->array ? std::nullopt : std::optional(sched::rest_of(*found));
}

std::vector<UsageRow> EventManager::usage() const { return core_->usage(); }

std::vector<ClassView> EventManager::classes() const { return core_->class_views(); }

Result<ClassView> EventManager::find_class(const std::string& name,
                                           const std::string& version) const {
  return core_->find_class(name, version);
}

std::vector<NodeView> EventManager::nodes() const { return core_->node_views(); }

std::vector<resmgr::NamedView> EventManager::resources() const {
  std::vector<resmgr::NamedView> all = core_->resources().named();
  std::erase_if(all, [](const resmgr::NamedView& view) { return view.resource.name == kTurn; });
  return all;
}

Result<EventList> EventManager::events(const Actor& actor, const std::string& mailbox) const {
  return core_->events(actor, mailbox);
}

std::vector<AwayNode> EventManager::nodes_away() const { return core_->nodes_away(); }
std::optional<NodeId> EventManager::node_id(const std::string& name) const {
  return core_->node_id(name);
}

std::optional<AttemptId> EventManager::newest_attempt(JobNumber job, StepId step) const {
  const Job* found = core_->jobs().find(job);
  if (found == nullptr || step.value >= found->steps.size()) return std::nullopt;
  const AttemptRow* attempt = found->step(step).attempt();
  return attempt == nullptr ? std::nullopt : std::optional(attempt->id);
}

std::vector<RecurView> EventManager::recurring() const { return core_->recur_views(); }

Result<std::vector<FiringRow>> EventManager::firings(const Actor& actor, const std::string& user,
                                                     const std::string& name) const {
  return core_->firings(actor, user, name);
}

Result<void> EventManager::check_invariants() const { return core_->check_invariants(); }

}  // namespace jobq::sched
