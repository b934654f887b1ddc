// SPDX-License-Identifier: Apache-2.0
// Checkers that look at processes, replies and the core, while the world runs.
#include "sim/promises.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <utility>

namespace jobq::sim {
namespace {

constexpr std::uint64_t kReasonsEvery = 8;  // turns

std::string name_of(const AttemptId& id) {
  return fmt::format("{}.{}#{}", id.job.value, id.step.value, id.attempt.value);
}

bool is_cleanup(const sched::JobSpec& spec, const AttemptId& id) {
  return id.step.value == spec.steps.size();
}

// What the step asks for itself; nothing where it runs in its job's grant (docs/job-language.md).
resmgr::Needs own_needs(const sched::JobSpec& spec, const AttemptId& id) {
  resmgr::Needs one_cpu;
  one_cpu.cpus = 1;
  if (is_cleanup(spec, id)) return {};
  const auto& needs = spec.steps[id.step.value].needs;
  const bool in_job = spec.needs.takes_from_node();
  if (!needs) return in_job ? resmgr::Needs{} : one_cpu;
  resmgr::Needs own = *needs;
  if (!in_job && !own.empty() && !own.takes_from_node()) own.cpus = 1;
  return own;
}

bool names(const resmgr::Needs& needs, const std::string& resource) {
  return std::find(needs.exclusive.begin(), needs.exclusive.end(), resource) !=
         needs.exclusive.end();
}

std::uint64_t tokens_of(const resmgr::Needs& needs) {
  std::uint64_t sum = 0;
  for (const resmgr::Count& count : needs.tokens) sum += count.amount;
  return sum;
}

}  // namespace

void Promises::broken(std::string_view promise, std::string what) {
  happened([&] { return fmt::format("BROKEN {}: {}", promise, what); });
  if (!violation_) violation_ = {std::string(promise), std::move(what)};
}

void Promises::happened(const std::function<std::string()>& what) {
  fingerprint_ = fingerprint_ * 1099511628211ULL + static_cast<std::uint64_t>(timeline_.now_us());
  if (!trace_) return;
  trace_(fmt::format("{:10.4f} {}", static_cast<double>(timeline_.now_us()) / 1e6, what()));
}

void Promises::fault(std::string_view kind, const std::function<std::string()>& what) {
  ++faults_[std::string(kind)];
  happened([&] { return fmt::format("FAULT {} {}", kind, what()); });
}

void Promises::node_may_have(const std::string& node, const resmgr::Capacity& capacity) {
  resmgr::Capacity& most = most_[node];
  most.cpus = std::max(most.cpus, capacity.cpus);
  most.memory = std::max(most.memory, capacity.memory);
  most.gpus = std::max(most.gpus, capacity.gpus);
}

// --- processes

bool Promises::StepProcess::has(const std::string& name) const {
  return std::ranges::find(nodes, name) != nodes.end();
}

namespace {

// As the environment of the step says.
std::vector<std::string> nodes_of(const sched::Launch& launch) {
  std::vector<std::string> nodes;
  for (const auto& [name, value] : launch.env) {
    if (name != "JOBQ_NODES") continue;
    for (std::size_t at = 0; at <= value.size();) {
      const std::size_t end = std::min(value.find(',', at), value.size());
      nodes.push_back(value.substr(at, end - at));
      at = end + 1;
    }
  }
  return nodes;
}

}  // namespace

void Promises::process_began(const std::string& node, const sched::Launch& launch) {
  happened([&] {
    return fmt::format("{} starts {} of {} ({} cpus)", node, name_of(launch.id), launch.job_name,
                       launch.cpus);
  });
  if (!began_.insert(launch.id).second) {
    broken("started_at_most_once", fmt::format("{} starts {} again", node, name_of(launch.id)));
  }
  for (const auto& [other, process] : processes_) {
    if (other.job != launch.id.job || other.step != launch.id.step) continue;
    broken("one_attempt_at_a_time", fmt::format("{} starts {} while {} lives on {}", node,
                                                name_of(launch.id), name_of(other), process.node));
  }
  const StepProcess& process =
      processes_[launch.id] = {node, launch.job_name, launch.id, launch.gpus, nodes_of(launch)};
  if (!spec_of(process))
    return broken("same_key_same_number", launch.job_name + " is nobody's job");
  count_further_attempt(process);
  check_exclusive(process);
  for (const std::string& name : process.nodes) check_cpus(name);
  check_gpus(process);
  check_tokens();
}

void Promises::process_is_gone(const std::string& node, const AttemptId& id) {
  happened([&] { return fmt::format("{} has {} no more", node, name_of(id)); });
  processes_.erase(id);
}

const sched::JobSpec* Promises::spec_of(const StepProcess& process) const {
  const auto at = submissions_.find(process.job_name);
  return at == submissions_.end() ? nullptr : at->second.spec.get();
}

void Promises::count_further_attempt(const StepProcess& began) {
  const std::string before = std::exchange(last_node_[{began.id.job, began.id.step}], began.node);
  const sched::JobSpec& spec = *spec_of(began);
  if (before.empty() || is_cleanup(spec, began.id)) return;
  count("further attempts");
  if (before == began.node || !spec.steps[began.id.step.value].retry.elsewhere) return;
  const bool has_named =
      !spec.needs.exclusive.empty() || !own_needs(spec, began.id).exclusive.empty();
  count(has_named ? "attempts elsewhere with exclusives" : "attempts elsewhere");
}

void Promises::check_exclusive(const StepProcess& began) {
  const sched::JobSpec& spec = *spec_of(began);
  const resmgr::Needs own = own_needs(spec, began.id);
  for (const std::string& name : spec.needs.exclusive) {
    JobNumber& last = last_holder_[name];
    if (last != began.id.job && holders_.contains({name, began.id.job})) {
      broken("one_holder_of_an_exclusive",
             fmt::format("job {} holds {} from its start to its end, and job {} had it in between",
                         began.id.job.value, name, last.value));
    }
    last = began.id.job;
    holders_.insert({name, last});
  }
  for (const auto& [id, other] : processes_) {
    if (id.job == began.id.job || !spec_of(other)) continue;
    const sched::JobSpec& theirs = *spec_of(other);
    const resmgr::Needs theirs_own = own_needs(theirs, id);
    for (const auto* needs : {&spec.needs, &own}) {
      for (const std::string& name : needs->exclusive) {
        if (!names(theirs.needs, name) && !names(theirs_own, name)) continue;
        broken("one_holder_of_an_exclusive",
               fmt::format("{} and {} run with {}", name_of(began.id), name_of(id), name));
      }
    }
  }
}

void Promises::check_cpus(const std::string& node) {
  std::uint32_t used = 0;
  std::set<JobNumber> counted;
  for (const auto& [id, process] : processes_) {
    const sched::JobSpec* spec = spec_of(process);
    if (!process.has(node) || !spec || is_cleanup(*spec, id)) continue;
    const resmgr::Needs own = own_needs(*spec, id);
    used += own.cpus;
    if (!own.takes_from_node() && counted.insert(id.job).second) used += spec->needs.cpus;
  }
  if (used <= most_[node].cpus) return;
  broken("nothing_granted_beyond_capacity",
         fmt::format("{} runs steps with {} cpus and never had more than {}", node, used,
                     most_[node].cpus));
}

void Promises::check_gpus(const StepProcess& began) {
  for (const std::uint32_t gpu : began.gpus) {
    for (const auto& [id, other] : processes_) {
      if (other.node != began.node || id.job == began.id.job) continue;
      if (std::find(other.gpus.begin(), other.gpus.end(), gpu) == other.gpus.end()) continue;
      broken("nothing_granted_beyond_capacity",
             fmt::format("{} and {} share gpu {} of {}", name_of(began.id), name_of(id), gpu,
                         began.node));
    }
  }
}

void Promises::check_tokens() {
  constexpr std::uint64_t kSolvers = 3;
  std::uint64_t used = 0;
  std::set<JobNumber> counted;
  for (const auto& [id, process] : processes_) {
    const sched::JobSpec* spec = spec_of(process);
    if (!spec) continue;
    used += tokens_of(own_needs(*spec, id));
    if (counted.insert(id.job).second) used += tokens_of(spec->needs);
  }
  if (used > kSolvers) {
    broken("nothing_granted_beyond_capacity", fmt::format("{} of 3 tokens are in use", used));
  }
}

void Promises::end_is_recorded(const std::string& node, const AttemptId& id,
                               const sched::TaskEnd& end) {
  happened([&] { return fmt::format("{} records the end of {}", node, name_of(id)); });
  ends_[id] = {node, end};
}

void Promises::records_were_cut(const std::string& node, const std::set<AttemptId>& left) {
  for (const auto& [id, end] : ends_) {
    if (end.node == node && !left.contains(id)) excused_.insert(id);
  }
}

// --- nodes that stay away

void Promises::node_is_given_up(const std::string& node) {
  happened([&] { return node + " is given up"; });
  given_up_.insert(node);
}

void Promises::counted_as_lost(const std::string& node, const AttemptId& id) {
  if (given_up_.contains(node)) lost_with_node_.insert(id);
}

void Promises::ends_for_loss_of(const std::string& node, const AttemptId& id) {
  if (given_up_.contains(node)) lost_beside_.insert(id);
}

// --- the core

void Promises::after_turn(const sched::EventManager& core, Time now) {
  if (const auto sound = core.check_invariants(); !sound) {
    broken("invariants", sound.error().message);
  }
  if (++turns_ % kReasonsEvery == 0) check_reasons(core, now);
}

void Promises::check_reasons(const sched::EventManager& core, Time now) {
  std::set<std::string> connected;
  for (const sched::NodeView& node : core.nodes()) {
    if (node.resources.state != resmgr::NodeState::kLost) connected.insert(node.resources.name);
  }
  const auto runs_by_itself = [&](const sched::StepView& step) {
    const bool active = step.state == sched::StepState::kStarting ||
                        step.state == sched::StepState::kRunning ||
                        step.state == sched::StepState::kEnding;
    return active && connected.contains(step.attempts.back().node);
  };
  core.queue({}, now, [&](const sched::JobSummary& summary) {
    const auto why = core.why(summary.ref(), now);
    const auto job = core.show(summary.ref(), now);
    if (!why || !job) {
      broken("no_job_without_reason",
             fmt::format("why({}) knows nothing", to_string(summary.ref())));
      return false;
    }
    if (!why->blockers.empty()) return true;
    if (std::any_of(job->steps.begin(), job->steps.end(), runs_by_itself)) return true;
    broken("no_job_without_reason",
           fmt::format("job {} ({}) stands still: {}", to_string(summary.ref()),
                       code(summary.state), why->summary));
    return false;
  });
}

}  // namespace jobq::sim
