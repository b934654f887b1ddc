// SPDX-License-Identifier: Apache-2.0
// Reducing of jobs, and their rows.
#include "sim/live_rows.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <set>

namespace jobq::sim {
namespace {

using sched::JobDetail;
using sched::StepState;
using sched::StepView;

const std::string kIncarnation = "live";
constexpr std::string_view kCleanup = "cleanup";

bool is_active(const StepView& step) {
  return step.state == StepState::kStarting || step.state == StepState::kRunning ||
         step.state == StepState::kEnding;
}

// It waits for something that time limits do not bring.
bool stays(const JobDetail& job) {
  return job.summary.state == sched::JobState::kHeld ||
         job.summary.state == sched::JobState::kQueued;
}

bool takes_own_part_of_a_node(const StepView& step) {
  return step.needs && step.needs->takes_from_node();
}

// The node of the job's own grant: of the last attempt of a step that ran in it.
std::string home_of(const JobDetail& job) {
  const sched::AttemptView* last = nullptr;
  for (const StepView& step : job.steps) {
    if (takes_own_part_of_a_node(step) || step.attempts.empty()) continue;
    const sched::AttemptView& attempt = step.attempts.back();
    if (last == nullptr || attempt.started >= last->started) last = &attempt;
  }
  if (last != nullptr) return last->node;
  return job.summary.nodes.empty() ? "" : job.summary.nodes.front();
}

class Copier {
 public:
  explicit Copier(const LiveQueue& queue) : queue_(&queue) {}

  LiveCopy copy() {
    for (const resmgr::NodeView& node : queue_->nodes) add_node(node);
    for (const resmgr::NamedResource& named : queue_->named) {
      copy_.rows.emplace_back(sched::ResourceRow{named, false});
    }
    for (const JobDetail& job : queue_->jobs) add_job(job);
    copy_.rows.emplace_back(sched::CounterRow{"next_node", nodes_.size() + 1});
    copy_.rows.emplace_back(sched::CounterRow{"next_spec", next_spec_});
    for (auto& [name, node] : nodes_) {
      if (node.connected) copy_.joins.push_back(std::move(node.join));
    }
    return std::move(copy_);
  }

 private:
  struct CopiedNode {
    NodeId id;
    bool connected = false;
    sched::NodeJoined join;
    std::uint32_t gpus_given = 0;
  };
  struct Step {
    const StepView* view = nullptr;  // none: of a job that has no step to run yet
    bool runs = false;
  };

  void add_node(const resmgr::NodeView& node);
  void add_job(const JobDetail& job);
  std::vector<Step> steps_of(const JobDetail& job) const;
  std::shared_ptr<const sched::JobSpec> spec_of(const JobDetail& job,
                                                const std::vector<Step>& steps) const;
  void add_attempt(const JobDetail& job, std::uint32_t step, const StepView& view);
  std::vector<std::uint32_t> give_gpus(CopiedNode& node, std::uint32_t count);
  bool can_stand(const JobDetail& job) const;

  const LiveQueue* queue_;
  LiveCopy copy_;
  std::map<std::string, CopiedNode> nodes_;
  std::uint64_t next_spec_ = 1;
};

void Copier::add_node(const resmgr::NodeView& node) {
  CopiedNode copied;
  copied.id = NodeId{static_cast<std::uint32_t>(nodes_.size()) + 1};
  copied.connected = node.state != resmgr::NodeState::kLost;
  copied.join = {node.name, kIncarnation, node.total, {}};
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

// A job that runs on a node which left the list in the meantime cannot be put anywhere.
bool Copier::can_stand(const JobDetail& job) const {
  const bool has_home = job.summary.started && job.needs.takes_from_node();
  if (has_home && !nodes_.contains(home_of(job))) return false;
  return std::ranges::all_of(job.steps, [&](const StepView& step) {
    return !is_active(step) || step.attempts.empty() || nodes_.contains(step.attempts.back().node);
  });
}

void Copier::add_attempt(const JobDetail& job, std::uint32_t step, const StepView& view) {
  CopiedNode& node = nodes_.at(view.attempts.back().node);
  sched::AttemptRow attempt;
  attempt.id = {job.summary.job, StepId{step}, Attempt{1}};
  attempt.node = node.id;
  attempt.node_name = view.attempts.back().node;
  attempt.incarnation = kIncarnation;
  if (takes_own_part_of_a_node(view)) attempt.gpus = give_gpus(node, view.needs->gpus);
  attempt.launched = true;
  attempt.started = view.attempts.back().started;
  sched::StepRow row;
  row.job = job.summary.job;
  row.step = StepId{step};
  row.state = StepState::kRunning;
  row.attempt = Attempt{1};
  copy_.rows.emplace_back(std::move(row));
  node.join.attempts.push_back({attempt.id, true});
  if (node.connected && !stays(job)) copy_.running.push_back({attempt.id, node.id});
  copy_.rows.emplace_back(std::move(attempt));
}

void Copier::add_job(const JobDetail& job) {
  if (!can_stand(job)) return;
  const std::vector<Step> steps = steps_of(job);
  const SpecId spec{next_spec_++};
  copy_.rows.emplace_back(sched::SpecRow{spec, spec_of(job, steps)});
  sched::JobRow row;
  row.number = job.summary.job;
  row.spec = spec;
  row.name = job.summary.name;
  row.user = job.summary.user;
  row.uid = job.uid;
  row.gid = job.gid;
  row.priority = job.summary.priority;
  row.time_limit = job.time_limit;
  row.held = stays(job);
  row.submitted = job.summary.submitted;
  row.started = job.summary.started;
  row.suspended = row.held && row.started ? queue_->now : Time{};
  row.started_needs = row.started && !job.needs.empty();
  if (row.started_needs && job.needs.takes_from_node()) {
    CopiedNode& home = nodes_.at(home_of(job));
    row.node = home.id;
    row.gpus = give_gpus(home, job.needs.gpus);
  }
  copy_.rows.emplace_back(std::move(row));
  for (std::uint32_t i = 0; i < steps.size(); ++i) {
    if (steps[i].runs) add_attempt(job, i, *steps[i].view);
  }
}

}  // namespace

LiveCopy copy_of(const LiveQueue& queue) { return Copier(queue).copy(); }

}  // namespace jobq::sim
