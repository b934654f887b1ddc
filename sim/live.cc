// SPDX-License-Identifier: Apache-2.0
// The copy goes on by itself: time limits end what runs, and the core starts what waits.
#include "sim/live.h"

#include <algorithm>
#include <map>
#include <queue>
#include <unordered_map>
#include <utility>

#include "sched/event_manager.h"
#include "sim/live_rows.h"

namespace jobq::sim {
namespace {

// Shares are found anew again and again, also when nothing else happens. After so many turns of
// that time goes from end to end.
constexpr std::uint64_t kMostIdleTurns = 10'000'000;

class Future {
 public:
  Future(const LiveQueue& queue, Millis estimate)
      : queue_(&queue), estimate_(estimate), now_(queue.now), core_(queue.copied.policy) {}

  std::vector<Foreseen> run() {
    begin();
    while (to_start_ > 0) {
      const std::optional<Time> due = next_instant();
      if (!due) break;
      now_ = *due;
      ++idle_turns_;
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

  const std::vector<controller::CopiedJob>& jobs() const { return queue_->copied.jobs; }
  void begin();
  std::optional<Time> next_instant() const;
  void end_due();
  void decide();
  void act(const sched::Action& action);
  void launched(const sched::Launch& launch);
  Known& known(JobNumber number);
  Time end_of(const Known& known) const;
  std::vector<Foreseen> foreseen() const;

  const LiveQueue* queue_;
  Millis estimate_;
  Time now_;
  Time wake_;
  sched::EventManager core_;
  std::vector<JobNumber> numbers_;                   // by place, in the core
  std::unordered_map<JobNumber, Known> known_;       // by number in the core; for look-up only
  std::map<JobNumber, std::vector<Time>> elements_;  // of arrays: when each started
  std::size_t to_start_ = 0;
  std::uint64_t idle_turns_ = 0;  // in which nothing ended
  std::priority_queue<End, std::vector<End>, std::greater<>> ends_;
  std::vector<sched::Action> actions_;
};

void Future::begin() {
  LiveCopy copy = copy_of(*queue_);
  numbers_ = std::move(copy.numbers);
  for (std::size_t i = 0; i < jobs().size(); ++i) {
    const auto& [job, rest] = jobs()[i];
    known_[numbers_[i]] = {&job, job.summary.started};
    if (rest) elements_[numbers_[i]].resize(rest->waiting.size() + rest->held.size());
    if (!job.summary.started) to_start_ += rest ? elements_[numbers_[i]].size() : 1;
  }
  core_.restore(copy.rows, now_, actions_);
  for (sched::NodeJoined& join : copy.joins) core_.accept(std::move(join), now_, actions_);
  for (sched::NodeServices& some : copy.services) core_.accept(std::move(some), now_, actions_);
  for (const LiveCopy::Running& running : copy.running) {
    ends_.push({end_of(known_.at(running.id.job)), running.id, running.node});
  }
  decide();
}

// What is past its time ends in a moment.
Time Future::end_of(const Known& known) const {
  const std::optional<Millis>& limit = known.job->time_limit;
  const Millis length = limit ? *limit : known.job->estimate.value_or(estimate_);
  return std::max(known.start + length, now_ + seconds(1));
}

std::optional<Time> Future::next_instant() const {
  const bool wakes = wake_ && idle_turns_ < kMostIdleTurns;
  if (ends_.empty()) return wakes ? std::optional(wake_) : std::nullopt;
  return wakes ? std::min(wake_, ends_.top().at) : ends_.top().at;
}

void Future::end_due() {
  if (!ends_.empty() && ends_.top().at <= now_) --idle_turns_;
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
  Known& job = known(launch.id.job);
  if (!job.start) {
    job.start = now_;
    --to_start_;
  }
  ends_.push({end_of(job), launch.id, launch.node});
}

// An element that was not a job before is as its array says.
Future::Known& Future::known(JobNumber number) {
  const auto [place, is_new] = known_.try_emplace(number);
  if (is_new) {
    const JobRef element = core_.ref_of(number);
    elements_.at(element.job).at(*element.index) = now_;
    place->second.job = known_.at(element.job).job;
  }
  return place->second;
}

std::vector<Foreseen> Future::foreseen() const {
  std::vector<Foreseen> all;
  const auto add = [&](JobRef job, std::size_t place, Time start) {
    all.push_back({job, place, start ? std::optional(start) : std::nullopt});
  };
  for (std::size_t i = 0; i < jobs().size(); ++i) {
    const auto& [job, rest] = jobs()[i];
    if (job.summary.started) continue;
    if (!rest) {
      add(job.summary.job, i, known_.at(numbers_[i]).start);
      continue;
    }
    const std::vector<sched::Index> indexes = elements_of(*rest);
    const std::vector<Time>& starts = elements_.at(numbers_[i]);
    for (std::size_t k = 0; k < indexes.size(); ++k) {
      add({job.summary.job, indexes[k]}, i, starts[k]);
    }
  }
  return all;
}

}  // namespace

std::vector<Foreseen> foresee(const LiveQueue& queue, Millis estimate) {
  return Future(queue, estimate).run();
}

}  // namespace jobq::sim
