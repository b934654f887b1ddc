// SPDX-License-Identifier: Apache-2.0
// The textbooks' words as code; simple, and slow.
#include "tests/sim/naive.h"

#include <algorithm>
#include <deque>
#include <optional>

namespace jobq::sim {
namespace {

class Naive {
 public:
  Naive(const Workload& workload, NaivePolicy policy)
      : jobs_(&workload.jobs), policy_(policy), free_(workload.machine.cpus()) {
    spans_.resize(jobs_->size());
  }

  std::vector<Span> run() {
    while (const auto next = next_instant()) {
      now_ = *next;
      for (; next_ < jobs_->size() && (*jobs_)[next_].submit == now_; ++next_) {
        queue_.push_back(next_);
      }
      end_due();
      start_in_order();
      if (policy_ == NaivePolicy::kEasy && !queue_.empty()) backfill();
    }
    return std::move(spans_);
  }

 private:
  const SimJob& job(std::size_t i) const { return (*jobs_)[i]; }

  std::optional<Time> next_instant() const {
    std::optional<Time> next;
    if (next_ < jobs_->size()) next = job(next_).submit;
    for (const std::size_t i : running_)
      next = std::min(next.value_or(spans_[i].end), spans_[i].end);
    return next;
  }

  void end_due() {
    std::erase_if(running_, [&](std::size_t i) {
      if (spans_[i].end != now_) return false;
      free_ += job(i).processors;
      return true;
    });
  }

  void start(std::size_t i) {
    spans_[i] = {now_, now_ + job(i).length()};
    free_ -= job(i).processors;
    running_.push_back(i);
  }

  void start_in_order() {
    while (!queue_.empty() && job(queue_.front()).processors <= free_) {
      start(queue_.front());
      queue_.pop_front();
    }
  }

  void backfill() {
    const std::uint64_t needed = job(queue_.front()).processors;
    const Time shadow = shadow_of(needed);
    std::uint64_t extra = free_at(shadow) - needed;
    for (std::size_t at = 1; at < queue_.size();) {
      const std::size_t i = queue_[at];
      const bool in_time = now_ + job(i).limit <= shadow;
      if (job(i).processors > free_ || (!in_time && job(i).processors > extra)) {
        ++at;
        continue;
      }
      if (!in_time) extra -= job(i).processors;
      start(i);
      queue_.erase(queue_.begin() + static_cast<std::ptrdiff_t>(at));
    }
  }

  Time promised_end(std::size_t i) const { return spans_[i].start + job(i).limit; }

  std::uint64_t free_at(Time at) const {
    std::uint64_t free = free_;
    for (const std::size_t i : running_) {
      if (promised_end(i) <= at) free += job(i).processors;
    }
    return free;
  }

  Time shadow_of(std::uint64_t needed) const {
    std::vector<Time> ends;
    for (const std::size_t i : running_) ends.push_back(promised_end(i));
    std::ranges::sort(ends);
    return *std::ranges::find_if(ends, [&](Time end) { return free_at(end) >= needed; });
  }

  const std::vector<SimJob>* jobs_;
  NaivePolicy policy_;
  std::uint64_t free_;
  Time now_;
  std::size_t next_ = 0;
  std::deque<std::size_t> queue_;
  std::vector<std::size_t> running_;
  std::vector<Span> spans_;
};

}  // namespace

std::vector<Span> naive_schedule(const Workload& workload, NaivePolicy policy) {
  return Naive(workload, policy).run();
}

}  // namespace jobq::sim
