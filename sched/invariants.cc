// SPDX-License-Identifier: Apache-2.0
// Recounts of everything that is kept incrementally. The error says what does not hold.
#include <fmt/format.h>

#include <map>

#include "sched/core.h"

namespace jobq::sched {
namespace {

tl::unexpected<Error> broken(std::string what) {
  return fail(ErrorCode::kInternal, std::move(what));
}

bool is_active(StepState state) {
  return state == StepState::kStarting || state == StepState::kRunning ||
         state == StepState::kEnding;
}

StepCounts recount(const Job& job) {
  StepCounts counts{};
  for (std::size_t i = 0; i < job.what().steps.size(); ++i) {
    ++counts.at(static_cast<std::size_t>(job.steps[i].state));
  }
  return counts;
}

}  // namespace

// What is to go back does not wait, and goes back as soon as it can; no loop went
// back more often than it may.
Result<void> Core::check_loops(const Job& job) {
  const auto name = [&] { return fmt::format("job {}", job.number.value); };
  for (const LoopPlan& loop : job.spec->flow.loops()) {
    const Step& owner = job.step(loop.owner);
    const StepSpec& spec = job.what().steps[loop.owner.value];
    if (owner.run && owner.run->went_back > spec.again->max) {
      return broken(name() + " went back more often than it may");
    }
    for (const StepId id : loop.steps) {
      const Step& step = job.step(id);
      const AttemptRow* newest = step.attempt();
      if (newest != nullptr && (newest->round == 0 || newest->round > step.run->rounds + 1)) {
        return broken(name() + " has an attempt of a round to come");
      }
      if (step.state == StepState::kWaiting && is_to_go_back(job, id)) {
        return broken(name() + " waits for what is to go back");
      }
    }
  }
  if (loop_to_go_back(job) != nullptr) return broken(name() + " does not go back");
  return {};
}

// A waiting step stands in exactly one queue; an active one is on its node and has its grant.
Result<void> Core::check_step(const Job& job, StepId id) const {
  const Step& step = job.step(id);
  const resmgr::RequestId request = request_of(job.number, id);
  const bool waits_for_node = node_waits_.contains({key_of(job), id});
  const int queues = (rm_.is_waiting(request) ? 1 : 0) + (waits_for_node ? 1 : 0);
  const auto name = [&] { return fmt::format("step {} of job {}", id.value, job.number.value); };
  if (queues != (step.state == StepState::kWaiting ? 1 : 0)) {
    return broken(
        fmt::format("{} is {} and stands in {} queues", name(), to_string(step.state), queues));
  }
  const bool asks = own_needs(job, id).has_value();
  if (rm_.is_held(request) != (asks && is_active(step.state))) {
    return broken(name() + " and its grant disagree");
  }
  const AttemptRow* attempt = step.attempt();
  if (is_active(step.state) && attempt == nullptr) return broken(name() + " has no attempt");
  if (attempt == nullptr) return {};
  if (!attempt->node) {
    const bool waits = waits_.contains(attempt->id) || spawned_by(attempt->id) != nullptr ||
                       mailboxes_.waiting(attempt->id).has_value();
    const bool right = step.state == StepState::kRunning ? waits : !is_active(step.state);
    return right ? Result<void>{} : broken(name() + " is built in and waits for nothing");
  }
  const Node* node = nodes_.find(attempt->node);
  if (node == nullptr || node->attempts.contains(attempt->id) != is_active(step.state)) {
    return broken(name() + " and its node disagree");
  }
  return {};
}

// Where it stands is what its account says, which adds up to its life.
Result<void> Core::check_account(const Job& job) {
  const Standing stands = standing_of(job);
  const bool has = job.run && job.run->account;
  const Standing& known = has ? job.run->account->now() : Standing{};
  if (!job.marked && known != stands) {
    return broken(fmt::format("job {} stands as {} {} and counts as {} {}", job.number.value,
                              to_string(stands.kind), stands.name, to_string(known.kind),
                              known.name));
  }
  if (!has) return {};
  Millis total;
  const Time since = job.run->account->since();
  for (const Span& span : job.run->account->spans(since)) total = total + span.time;
  if (total == since - job.submitted) return {};
  return broken(fmt::format("the account of job {} does not add up", job.number.value));
}

Result<void> Core::check_job(const Job& job) const {
  const auto name = [&] { return fmt::format("job {}", job.number.value); };
  if (auto right = check_account(job); !right) return right;
  if (job.array) return check_array(job);
  if (job.whole != nullptr) {
    const ArrayRun& array = *job.whole->array;
    const auto found = array.running.find(job.index);
    const bool runs = found != array.running.end() && found->second == &job;
    if (runs != job.started() || (array.front == &job) == runs) {
      return broken(name() + " and its array disagree");
    }
  }
  if (recount(job) != job.counts) return broken(name() + " counts its steps wrongly");
  const JobRun& run = job.facts();
  const resmgr::RequestId request = request_of(job.number);
  if (rm_.is_held(request) != run.has_grant) return broken(name() + " and its grant disagree");
  const bool stands = is_kept(job);
  const bool may_ask = !job.what().needs.empty() && !stands && run.decided == Outcome::kNone;
  if (rm_.is_waiting(request) != (may_ask && !run.has_grant) ||
      rm_.is_waiting(move_of(job.number)) != (may_ask && is_between_nodes(job))) {
    return broken(name() + " and its request disagree");
  }
  if (stands && count_of(job.counts, StepState::kWaiting) > 0) {
    return broken(name() + " is held, or has not begun, and waits");
  }
  if ((run.to_begin || run.to_follow) && job.started()) {
    return broken(name() + " started before its begin, or before what it is to come after");
  }
  if (auto right = check_following(job); !right) return right;
  if (run.decided != Outcome::kNone && open_steps(job.counts) != active_steps(job.counts)) {
    return broken(name() + " is decided and takes new steps");
  }
  if (auto right = check_loops(job); !right) return right;
  for (std::uint32_t i = 0; i < job.steps.size(); ++i) {
    if (auto right = check_step(job, StepId{i}); !right) return right;
  }
  return {};
}

// What has been made and what has not is all that there is, and what could be made is.
Result<void> Core::check_array(const Job& job) const {
  const ArrayRun& run = *job.array;
  const auto name = [&] { return fmt::format("array {}", job.number.value); };
  const IndexSet pending = run.pending();
  const std::uint64_t front = run.front == nullptr ? 0 : 1;
  if (run.made != run.running.size() + run.done + run.failed + run.cancelled) {
    return broken(name() + " counts what it made wrongly");
  }
  if (pending.size() + run.held.size() + front != run.unstarted_count() ||
      run.unstarted().size() != run.unstarted_count()) {
    return broken(name() + " has lost an element, or has one twice");
  }
  if (run.spec.throttle != 0 && run.running.size() > run.spec.throttle) {
    return broken(name() + " runs more than its throttle allows");
  }
  const bool may_go_on = !is_kept(job) && !run.throttled();
  if (may_go_on && !pending.empty() && front == 0) return broken(name() + " stands still");
  if (job.held && front != 0) return broken(name() + " is held and has a front");
  const bool is_queued = job.is_to_begin() || job.is_to_follow();
  if (is_queued && front + run.made != 0) return broken(name() + " began too early");
  if (auto right = check_following(job); !right) return right;
  if (run.unstarted_count() == 0 && run.running.empty()) return broken(name() + " has no end");
  for (const auto& [index, element] : run.running) {
    const bool right = element->whole == &job && element->index == index &&
                       run.spec.elements.contains(index) && !run.is_unstarted(index);
    if (!right) return broken(name() + " runs what is not to be run");
  }
  return {};
}

Result<void> Core::check_requests() const {
  std::size_t waiting = 0;
  std::size_t attempts = 0;
  std::map<resmgr::RequestId, Wish> wishes;
  const auto count = [&](const Job& job, resmgr::RequestId id) {
    if (!rm_.is_waiting(id)) return;
    ++waiting;
    if (const Wish wish = wish_of(job, id)) wishes.emplace(id, wish);
  };
  for (const JobNumber number : jobs_.numbers()) {
    const Job& job = *jobs_.find(number);
    count(job, request_of(number));
    count(job, move_of(number));
    for (std::uint32_t i = 0; i < job.steps.size(); ++i) {
      count(job, request_of(number, StepId{i}));
      const bool on_node = is_active(job.steps[i].state) && job.steps[i].attempt()->node;
      attempts += on_node ? 1U : 0U;
    }
  }
  if (wishes != wishes_) return broken("who is to be met elsewhere does not avoid what it should");
  std::size_t on_nodes = 0;
  for (const auto& [id, node] : nodes_.all()) on_nodes += node.attempts.size();
  if (waiting != rm_.waiting_count()) return broken("requests wait for jobs that are not there");
  if (attempts != on_nodes) return broken("nodes have attempts that no job has");
  return {};
}

// Who has a condition open is told of its job, and only jobs in the queue are waited for.
Result<void> Core::check_following(const Job& job) const {
  const auto name = [&] { return fmt::format("job {}", job.number.value); };
  bool all_hold = true;
  for (const Dependency& it : job.facts().after) {
    all_hold = all_hold && it.state == Dependency::State::kHolds;
    if (it.state != Dependency::State::kOpen) continue;
    const auto watchers = watchers_.find(it.job);
    const bool told = watchers != watchers_.end() && watchers->second.contains({job.number, {}});
    if (!told || jobs_.find(it.job) == nullptr) return broken(name() + " is told of nothing");
  }
  if (job.is_to_follow() == all_hold) return broken(name() + " and its conditions disagree");
  return {};
}

Result<void> Core::check_families() const {
  std::map<JobNumber, std::set<JobNumber>> descendants;
  for (const JobNumber number : jobs_.numbers()) {
    for (const JobNumber above : jobs_.find(number)->facts().ancestors) {
      descendants[above].insert(number);
    }
  }
  if (descendants != descendants_) return broken("families are counted wrongly");
  for (const auto& [id, wait] : waits_) {
    const Job* job = jobs_.find(id.job);
    const bool runs = job != nullptr && job->step(id.step).state == StepState::kRunning &&
                      job->step(id.step).attempt()->id == id && !wait.open.empty();
    if (!runs) return broken("a wait step that is over is waited with");
  }
  for (const auto& [key, receiver] : mailboxes_.receivers()) {
    if (key.reply) continue;
    const Job* job = jobs_.find(key.attempt.job);
    const bool runs = job != nullptr && job->step(key.attempt.step).state == StepState::kRunning &&
                      job->step(key.attempt.step).attempt()->id == key.attempt;
    if (!runs) return broken("a recv step that is over waits for an event");
  }
  return {};
}

Result<void> Core::check_specs() const {
  std::map<SpecId, std::uint64_t> users;
  for (const JobNumber number : jobs_.numbers()) ++users[jobs_.find(number)->spec->id];
  for (const JobNumber number : ended_) ++users[jobs_.find_any(number)->spec->id];
  for (const auto& [name, versions] : classes_.all()) {
    for (const ClassRow& row : versions) ++users[row.spec];
  }
  for (const auto& [id, entry] : specs_.all()) {
    if (users[id] == entry.users) continue;
    return broken(
        fmt::format("spec {} has {} users and counts {}", id.value, users[id], entry.users));
  }
  if (jobs_.in_memory() != jobs_.live() + ended_.size()) return broken("ended jobs stay in memory");
  return specs_.check_invariants();
}

Result<void> Core::check_limits() const {
  std::size_t limits = 0;
  for (const JobNumber number : jobs_.numbers()) {
    const Job& job = *jobs_.find(number);
    const Time due = due_of(job).value_or(Time{});
    if (due != job.facts().due) {
      return broken(fmt::format("job {} has a wrong deadline", number.value));
    }
    if (!due) continue;
    ++limits;
    if (!deadlines_.contains({due, number})) return broken("a deadline is not listed");
  }
  if (limits != deadlines_.size()) return broken("deadlines of no job are listed");
  if (!submissions_.is_consistent()) return broken("submission keys expire wrongly");
  return {};
}

Result<void> Core::check_invariants() const {
  for (const JobNumber number : jobs_.numbers()) {
    if (auto right = check_job(*jobs_.find(number)); !right) return right;
  }
  for (const auto& check : {&Core::check_requests, &Core::check_families, &Core::check_specs,
                            &Core::check_limits, &Core::check_policies, &Core::check_recurring}) {
    if (auto right = (this->*check)(); !right) return right;
  }
  if (auto right = mailboxes_.check_invariants(); !right) return right;
  if (auto right = jobs_.check_invariants(); !right) return right;
  if (auto right = nodes_.check_invariants(); !right) return right;
  return rm_.check_invariants();
}

}  // namespace jobq::sched
