// SPDX-License-Identifier: Apache-2.0
// The copy goes on by itself: time limits end what runs, and the core starts what waits.
#include "sim/live.h"

#include <algorithm>
#include <queue>
#include <unordered_map>
#include <utility>

#include "sched/event_manager.h"
#include "sim/live_rows.h"

namespace jobq::sim {
namespace {

sched::Policy policy_of(const LiveQueue& queue) {
  sched::Policy policy = sched::policy_of(queue.scheduling);
  policy.elements = queue.elements;
  return policy;
}

class Future {
 public:
  Future(const LiveQueue& queue, Millis estimate)
      : queue_(&queue), estimate_(estimate), now_(queue.now), core_(policy_of(queue)) {
    for (const sched::JobDetail& job : queue.jobs) {
      jobs_[job.summary.job] = {&job, job.summary.started};
      if (!job.summary.started) ++to_start_;
    }
  }

  std::vector<Foreseen> run() {
    begin();
    while (to_start_ > 0) {
      const std::optional<Time> due = next_instant();
      if (!due) break;
      now_ = *due;
      end_due();
      decide();
    }
    return foreseen();
  }

 private:
  struct Known {
    const sched::JobDetail* job = nullptr;
    Time start;
  };
  struct End {
    Time at;
    AttemptId id;
    NodeId node;
    friend bool operator>(const End& a, const End& b) {
      return std::pair(a.at, a.id) > std::pair(b.at, b.id);
    }
  };

  void begin();
  std::optional<Time> next_instant() const;
  void end_due();
  void decide();
  void act(const sched::Action& action);
  void launched(const sched::Launch& launch);
  Time end_of(const Known& known) const;
  std::vector<Foreseen> foreseen() const;

  const LiveQueue* queue_;
  Millis estimate_;
  Time now_;
  Time wake_;
  sched::EventManager core_;
  std::unordered_map<JobNumber, Known> jobs_;  // for look-up only
  std::size_t to_start_ = 0;
  std::priority_queue<End, std::vector<End>, std::greater<>> ends_;
  std::vector<sched::Action> actions_;
};

void Future::begin() {
  LiveCopy copy = copy_of(*queue_);
  core_.restore(copy.rows, now_, actions_);
  for (sched::NodeJoined& join : copy.joins) core_.accept(std::move(join), now_, actions_);
  for (const LiveCopy::Running& running : copy.running) {
    ends_.push({end_of(jobs_.at(running.id.job)), running.id, running.node});
  }
  decide();
}

// What is past its time ends in a moment.
Time Future::end_of(const Known& known) const {
  return std::max(known.start + known.job->time_limit.value_or(estimate_), now_ + seconds(1));
}

std::optional<Time> Future::next_instant() const {
  if (ends_.empty()) return wake_ ? std::optional(wake_) : std::nullopt;
  return wake_ ? std::min(wake_, ends_.top().at) : ends_.top().at;
}

void Future::end_due() {
  for (; !ends_.empty() && ends_.top().at <= now_; ends_.pop()) {
    core_.accept(sched::TaskComplete{ends_.top().node, ends_.top().id, {}}, now_, actions_);
  }
}

void Future::decide() {
  if (wake_ <= now_) wake_ = Time{};
  core_.decide(now_, actions_);
  for (const sched::Action& action : std::exchange(actions_, {})) act(action);
  core_.take_rows();
}

void Future::act(const sched::Action& action) {
  if (const auto* launch = std::get_if<sched::Launch>(&action)) launched(*launch);
  if (const auto* wake = std::get_if<sched::WakeAt>(&action)) wake_ = wake->at;
  // To end before its time: it was past its limit when the copy was made.
  if (const auto* kill = std::get_if<sched::Kill>(&action)) {
    ends_.push({now_ + seconds(1), kill->id, kill->node});
  }
}

void Future::launched(const sched::Launch& launch) {
  Known& known = jobs_.at(launch.id.job);
  if (!known.start) {
    known.start = now_;
    --to_start_;
  }
  ends_.push({end_of(known), launch.id, launch.node});
}

std::vector<Foreseen> Future::foreseen() const {
  std::vector<Foreseen> all;
  for (const sched::JobDetail& job : queue_->jobs) {
    if (job.summary.started) continue;
    const Time start = jobs_.at(job.summary.job).start;
    all.push_back({job.summary.job, start ? std::optional(start) : std::nullopt});
  }
  return all;
}

}  // namespace

std::vector<Foreseen> foresee(const LiveQueue& queue, Millis estimate) {
  return Future(queue, estimate).run();
}

}  // namespace jobq::sim
