// SPDX-License-Identifier: Apache-2.0
// Reducing of jobs, and their rows.
#include "sim/live_rows.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <optional>
#include <set>

#include "sched/rank.h"

namespace jobq::sim {
namespace {

using controller::CopiedJob;
using sched::JobDetail;
using sched::StepState;
using sched::StepView;

const std::string kIncarnation = "live";
constexpr std::string_view kCleanup = "cleanup";

bool is_active(const StepView& step) {
  return step.state == StepState::kStarting || step.state == StepState::kRunning ||
         step.state == StepState::kEnding;
}

// It waits for something that time does not bring.
bool stays(const JobDetail& job) {
  const bool waits = job.summary.state == sched::JobState::kQueued && !job.begin;
  return waits || job.summary.state == sched::JobState::kHeld;
}

bool takes_own_part_of_a_node(const StepView& step) {
  return step.needs && step.needs->takes_from_node();
}

// The last attempt of a step that ran in the job's own grant; null for none.
const sched::AttemptView* last_at_home(const JobDetail& job) {
  const sched::AttemptView* last = nullptr;
  for (const StepView& step : job.steps) {
    if (takes_own_part_of_a_node(step) || step.attempts.empty()) continue;
    const sched::AttemptView& attempt = step.attempts.back();
    if (last == nullptr || attempt.started >= last->started) last = &attempt;
  }
  return last;
}

// The node of the job's own grant.
std::string home_of(const JobDetail& job) {
  if (const sched::AttemptView* last = last_at_home(job)) return last->node;
  return job.summary.nodes.empty() ? "" : job.summary.nodes.front();
}

class Copier {
 public:
  explicit Copier(const LiveQueue& queue) : queue_(&queue) {}

  LiveCopy copy() {
    number_all();
    for (const resmgr::NodeView& node : queue_->nodes) add_node(node);
    for (const resmgr::NamedResource& named : queue_->named) {
      copy_.rows.emplace_back(sched::ResourceRow{named, false});
    }
    for (const sched::UsageRow& usage : queue_->copied.usage) copy_.rows.emplace_back(usage);
    for (std::size_t i = 0; i < jobs().size(); ++i) {
      if (!jobs()[i].rest) add_job(jobs()[i].job, copy_.numbers[i]);
    }
    // Their rows count those that run.
    for (const auto& [number, array] : arrays_) {
      if (array.waiting + array.running > 0) add_array(number, array);
    }
    copy_.rows.emplace_back(sched::CounterRow{"next_job", next_job_});
    copy_.rows.emplace_back(sched::CounterRow{"next_node", nodes_.size() + 1});
    copy_.rows.emplace_back(sched::CounterRow{"next_spec", next_spec_});
    for (auto& [name, node] : nodes_) {
      if (!node.connected) continue;
      copy_.joins.push_back(std::move(node.join));
      copy_.services.push_back({node.id, std::move(node.services)});
    }
    return std::move(copy_);
  }

 private:
  struct CopiedNode {
    NodeId id;
    bool connected = false;
    sched::NodeJoined join;
    std::vector<std::string> services;
    std::uint32_t gpus_given = 0;
  };
  struct Array {
    const JobDetail* element = nullptr;  // any
    sched::ArrayRest rest;
    std::uint64_t waiting = 0;  // not started, with those held
    std::uint32_t running = 0;
  };
  struct Step {
    const StepView* view = nullptr;  // none: of a job that has no step to run yet
    bool runs = false;
  };

  const std::vector<CopiedJob>& jobs() const { return queue_->copied.jobs; }
  void number_all();
  void add_node(const resmgr::NodeView& node);
  void add_job(const JobDetail& job, JobNumber number);
  void add_array(JobNumber number, const Array& array);
  sched::JobRow row_of(const JobDetail& job, JobNumber number, const std::vector<Step>& steps);
  int priority_of(const JobDetail& job, const sched::JobSpec& reduced) const;
  std::vector<Step> steps_of(const JobDetail& job) const;
  std::shared_ptr<const sched::JobSpec> spec_of(const JobDetail& job,
                                                const std::vector<Step>& steps) const;
  void add_attempt(const JobDetail& job, AttemptId id, const StepView& view);
  std::vector<sched::OtherNode> others_of(const sched::AttemptView& attempt, std::uint32_t gpus);
  std::vector<std::uint32_t> give_gpus(CopiedNode& node, std::uint32_t count);
  bool can_stand(const JobDetail& job) const;

  const LiveQueue* queue_;
  LiveCopy copy_;
  std::map<std::string, CopiedNode> nodes_;
  std::map<JobNumber, Array> arrays_;
  std::set<std::string> classes_;  // whose run time is told
  std::uint64_t next_spec_ = 1;
  std::uint64_t next_job_ = 1;
};

void Copier::number_all() {
  for (const CopiedJob& job : jobs()) {
    const JobNumber number = job.job.summary.job;
    next_job_ = std::max(next_job_, number.value + 1);
    if (job.rest) arrays_[number] = {&job.job, *job.rest, elements_of(*job.rest).size(), 0};
    if (job.job.summary.index) arrays_.try_emplace(number, Array{&job.job, {}, 0, 0});
  }
  for (const CopiedJob& job : jobs()) {
    const sched::JobSummary& summary = job.job.summary;
    copy_.numbers.push_back(summary.index ? JobNumber{next_job_++} : summary.job);
  }
}

void Copier::add_node(const resmgr::NodeView& node) {
  CopiedNode copied;
  copied.id = NodeId{static_cast<std::uint32_t>(nodes_.size()) + 1};
  copied.connected = node.state != resmgr::NodeState::kLost;
  copied.join = {node.name, kIncarnation, node.total, {}};
  copied.services = node.services;
  sched::NodeRow row;
  row.id = copied.id;
  row.name = node.name;
  row.incarnation = kIncarnation;
  row.capacity = node.total;
  row.draining =
      node.state == resmgr::NodeState::kDraining || node.state == resmgr::NodeState::kDrained;
  copy_.rows.emplace_back(std::move(row));
  nodes_[node.name] = std::move(copied);
}

// What takes something now, or waits to; of a job that has nothing of that, its first step.
std::vector<Copier::Step> Copier::steps_of(const JobDetail& job) const {
  std::vector<Step> steps;
  const StepView* first = nullptr;
  for (const StepView& step : job.steps) {
    if (is_active(step) && !step.attempts.empty()) {
      steps.push_back({&step, true});
    } else if (step.state == StepState::kWaiting) {
      steps.push_back({&step, false});
    } else if (first == nullptr && !is_final(step.state)) {
      first = &step;
    }
  }
  if (steps.empty()) steps.push_back({first, false});
  return steps;
}

std::shared_ptr<const sched::JobSpec> Copier::spec_of(const JobDetail& job,
                                                      const std::vector<Step>& steps) const {
  auto spec = std::make_shared<sched::JobSpec>();
  spec->class_name = job.summary.class_name;
  spec->needs = job.needs;
  for (const Step& step : steps) {
    sched::StepSpec& reduced = spec->steps.emplace_back();
    reduced.name = "step" + std::to_string(spec->steps.size());
    reduced.argv = {"step"};
    reduced.literal = true;
    if (step.view == nullptr) continue;
    const bool takes_nothing = step.view->name == kCleanup;
    reduced.needs = takes_nothing ? std::optional(resmgr::Needs{}) : step.view->needs;
  }
  return spec;
}

std::vector<std::uint32_t> Copier::give_gpus(CopiedNode& node, std::uint32_t count) {
  std::vector<std::uint32_t> gpus;
  for (std::uint32_t i = 0; i < count; ++i) gpus.push_back(node.gpus_given++);
  return gpus;
}

// Each with so many gpus.
std::vector<sched::OtherNode> Copier::others_of(const sched::AttemptView& attempt,
                                                std::uint32_t gpus) {
  std::vector<sched::OtherNode> others;
  for (const std::string& name : attempt.others) {
    CopiedNode& node = nodes_.at(name);
    others.push_back({node.id, name, give_gpus(node, gpus)});
  }
  return others;
}

// A job that runs on a node which left the list in the meantime cannot be put anywhere.
bool Copier::can_stand(const JobDetail& job) const {
  const bool has_home = job.summary.started && job.needs.takes_from_node();
  const auto are_known = [&](const sched::AttemptView& attempt) {
    const auto is_known = [&](const std::string& name) { return nodes_.contains(name); };
    return is_known(attempt.node) && std::ranges::all_of(attempt.others, is_known);
  };
  if (has_home && !nodes_.contains(home_of(job))) return false;
  if (has_home && job.needs.takes_several_nodes()) {
    const sched::AttemptView* last = last_at_home(job);
    if (last == nullptr || last->others.size() + 1 != job.needs.nodes || !are_known(*last)) {
      return false;
    }
  }
  return std::ranges::all_of(job.steps, [&](const StepView& step) {
    return !is_active(step) || step.attempts.empty() || are_known(step.attempts.back());
  });
}

void Copier::add_attempt(const JobDetail& job, AttemptId id, const StepView& view) {
  CopiedNode& node = nodes_.at(view.attempts.back().node);
  sched::AttemptRow attempt;
  attempt.id = id;
  attempt.node = node.id;
  attempt.node_name = view.attempts.back().node;
  attempt.incarnation = kIncarnation;
  if (takes_own_part_of_a_node(view)) attempt.gpus = give_gpus(node, view.needs->gpus);
  const bool own = takes_own_part_of_a_node(view);
  attempt.others = others_of(view.attempts.back(), own ? view.needs->gpus : 0);
  attempt.launched = true;
  attempt.started = view.attempts.back().started;
  sched::StepRow row;
  row.job = id.job;
  row.step = id.step;
  row.state = StepState::kRunning;
  row.attempt = id.attempt;
  copy_.rows.emplace_back(std::move(row));
  node.join.attempts.push_back({attempt.id, true});
  if (node.connected && !stays(job)) copy_.running.push_back({attempt.id, node.id});
  copy_.rows.emplace_back(std::move(attempt));
}

// The job stands where its priority and all of its steps have put it, the reduced one by its own.
int Copier::priority_of(const JobDetail& job, const sched::JobSpec& reduced) const {
  if (job.priority.empty()) return job.summary.priority;
  const auto settled = [](const std::vector<sched::PriorityTerm>& terms) {
    double points = 0;
    for (const sched::PriorityTerm& term : terms) {
      if (term.name != "age" && term.name != "fair_share") points += term.points;
    }
    return points;
  };
  const double own = settled(
      sched::terms_of(queue_->copied.policy, 0, reduced, job.summary.submitted, queue_->now));
  return static_cast<int>(std::lround(settled(job.priority) - own));
}

// All but what it holds. Its spec and what is known of its class are rows as well.
sched::JobRow Copier::row_of(const JobDetail& job, JobNumber number,
                             const std::vector<Step>& steps) {
  const SpecId id{next_spec_++};
  const auto spec = spec_of(job, steps);
  copy_.rows.emplace_back(sched::SpecRow{id, spec});
  if (job.estimate && classes_.insert(spec->class_name).second) {
    copy_.rows.emplace_back(sched::RunTimeRow{spec->class_name, *job.estimate, 1});
  }
  sched::JobRow row;
  row.number = number;
  row.spec = id;
  row.name = job.summary.name;
  row.user = job.summary.user;
  row.uid = job.uid;
  row.gid = job.gid;
  row.priority = priority_of(job, *spec);
  row.time_limit = job.time_limit;
  row.submitted = job.summary.submitted;
  row.begin = job.begin;
  row.to_begin = job.begin > queue_->now && !job.summary.started;
  row.deadline = job.deadline;
  return row;
}

void Copier::add_job(const JobDetail& job, JobNumber number) {
  if (!can_stand(job)) return;
  const std::vector<Step> steps = steps_of(job);
  sched::JobRow row = row_of(job, number, steps);
  if (job.summary.index) {
    Array& array = arrays_.at(job.summary.job);
    row.array = job.summary.job;
    row.index = static_cast<sched::Index>(array.waiting + array.running++);
  }
  row.held = stays(job);
  row.started = job.summary.started;
  row.suspended = row.held && row.started ? queue_->now : Time{};
  row.started_needs = row.started && !job.needs.empty();
  if (row.started_needs && job.needs.takes_from_node()) {
    CopiedNode& home = nodes_.at(home_of(job));
    row.node = home.id;
    row.gpus = give_gpus(home, job.needs.gpus);
    if (job.needs.takes_several_nodes()) {
      row.others = others_of(*last_at_home(job), job.needs.gpus);
    }
  }
  copy_.rows.emplace_back(std::move(row));
  for (std::uint32_t i = 0; i < steps.size(); ++i) {
    if (steps[i].runs) add_attempt(job, {number, StepId{i}, Attempt{1}}, *steps[i].view);
  }
}

// First come those that have not started, in their order, then those that run.
void Copier::add_array(JobNumber number, const Array& array) {
  const auto all = static_cast<sched::Index>(array.waiting + array.running);
  sched::JobRow row = row_of(*array.element, number, steps_of(*array.element));
  row.elements = to_string(sched::ArraySpec{sched::IndexSet(0, all - 1), array.rest.throttle});
  copy_.rows.emplace_back(std::move(row));
  sched::IndexSet waiting;
  sched::IndexSet held;
  const std::vector<sched::Index> elements = elements_of(array.rest);
  for (sched::Index i = 0; i < elements.size(); ++i) {
    const bool is_held = array.rest.held.contains(elements[i]);
    (is_held ? held : waiting).add(sched::IndexSet(i, i));
  }
  sched::ArrayRow progress;
  progress.job = number;
  progress.next = all;
  progress.made = array.running;
  progress.again = to_string(waiting);
  progress.held = to_string(held);
  copy_.rows.emplace_back(std::move(progress));
}

}  // namespace

std::vector<sched::Index> elements_of(const sched::ArrayRest& rest) {
  std::vector<sched::Index> elements;
  for (const sched::IndexSet* set : {&rest.waiting, &rest.held}) {
    for (const sched::IndexRange& range : set->ranges()) {
      for (std::uint64_t i = 0; i < range.size(); ++i) {
        elements.push_back(range.first + static_cast<sched::Index>(i) * range.step);
      }
    }
  }
  std::ranges::sort(elements);
  return elements;
}

LiveCopy copy_of(const LiveQueue& queue) { return Copier(queue).copy(); }

}  // namespace jobq::sim
