// SPDX-License-Identifier: Apache-2.0
// The indexes of jobs, kept together.
#include "sched/job_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace jobq::sched {
namespace {

// An array stands for what has not started of it.
bool stands_with_started(const Job& job) { return job.started() && !job.array; }

}  // namespace

Job& JobTable::add(JobNumber number, const std::string& name) {
  const auto [it, is_new] = jobs_.try_emplace(number);
  check(is_new, "a job number was given twice");
  it->second.number = number;
  link_name(it->second, name);
  return it->second;
}

Job& JobTable::add_element(JobNumber number, Job& array, Index index) {
  const auto [it, is_new] = jobs_.try_emplace(number);
  check(is_new, "a job number was given twice");
  Job& job = it->second;
  job.number = number;
  job.name = array.name;
  job.whole = &array;
  job.index = index;
  return job;
}

void JobTable::link_name(Job& job, const std::string& name) {
  NamedJobs& entry = *names_.try_emplace(name).first;
  job.name = &entry;
  job.name_next = entry.second.first;
  if (job.name_next != nullptr) job.name_next->name_previous = &job;
  entry.second.first = &job;
}

void JobTable::unlink_name(Job& job) {
  if (job.name_previous != nullptr) job.name_previous->name_next = job.name_next;
  if (job.name_next != nullptr) job.name_next->name_previous = job.name_previous;
  if (job.name->second.first == &job) job.name->second.first = job.name_next;
  if (job.name->second.first == nullptr) names_.erase(names_.find(job.name->first));
}

void JobTable::enter_queue(Job& job) {
  const bool started = stands_with_started(job);
  if (started) job.run->start_order = ++starts_;
  (started ? started_ : waiting_).insert(key_of(job));
}

void JobTable::move_to_started(Job& job) {
  const bool waited = waiting_.erase(key_of(job));
  check(waited, "a job that does not wait was started");
  started_.insert(key_of(job));
  job.more().start_order = ++starts_;
}

void JobTable::leave_queue(Job& job) {
  const QueueKey key = key_of(job);
  const bool was_there = started_.erase(key) || waiting_.erase(key);
  check(was_there, "an ended job was not in the queue");
}

void JobTable::erase(JobNumber number) {
  const auto it = jobs_.find(number);
  check(it != jobs_.end(), "a job was erased twice");
  if (it->second.whole == nullptr) unlink_name(it->second);
  jobs_.erase(it);
}

Job* JobTable::find_any(JobNumber number) {
  const auto it = jobs_.find(number);
  return it == jobs_.end() ? nullptr : &it->second;
}

Job* JobTable::find(JobNumber number) {
  Job* job = find_any(number);
  return job != nullptr && !job->ended() ? job : nullptr;
}

const Job* JobTable::find_any(JobNumber number) const {
  const auto it = jobs_.find(number);
  return it == jobs_.end() ? nullptr : &it->second;
}

const Job* JobTable::find(JobNumber number) const {
  const Job* job = find_any(number);
  return job != nullptr && !job->ended() ? job : nullptr;
}

bool JobTable::walk(QueuePlace& place, std::size_t most,
                    const std::function<bool(const Job&)>& each) const {
  if (!std::exchange(place.begun, true)) place.starts = starts_;
  for (; most > 0; --most) {
    const QueueKey* started = started_.after(place.last);
    if (!place.met_started && started == nullptr) {
      place.met_started = true;
      place.last = QueuePlace{}.last;
      started = started_.first();
    }
    const QueueKey* waiting = place.met_started ? waiting_.after(place.last) : nullptr;
    if (started == nullptr && waiting == nullptr) return false;
    const bool take_started = waiting == nullptr || (started != nullptr && *started < *waiting);
    place.last = take_started ? *started : *waiting;
    const Job& job = jobs_.at(place.last.number);
    const bool of_first_part = stands_with_started(job) && job.run->start_order <= place.starts;
    if (of_first_part != place.met_started && !each(job)) return false;
  }
  return true;
}

bool JobTable::walk_waiting(QueueKey& last, std::size_t most,
                            const std::function<bool(const Job&)>& each) const {
  for (; most > 0; --most) {
    const QueueKey* next = waiting_.after(last);
    if (next == nullptr) return false;
    last = *next;
    if (!each(jobs_.at(last.number))) return false;
  }
  return waiting_.after(last) != nullptr;
}

std::optional<std::vector<JobNumber>> JobTable::named(const std::string& name,
                                                      std::size_t most) const {
  std::vector<JobNumber> found;
  const auto it = names_.find(name);
  const Job* job = it == names_.end() ? nullptr : it->second.first;
  for (; job != nullptr; job = job->name_next) {
    if (most-- == 0) return std::nullopt;
    if (!job->ended()) found.push_back(job->number);
  }
  std::sort(found.begin(), found.end());
  return found;
}

const Job* JobTable::newest_named(const std::string& name, const User& user) const {
  const auto it = names_.find(name);
  const Job* newest = nullptr;
  const Job* job = it == names_.end() ? nullptr : it->second.first;
  for (; job != nullptr; job = job->name_next) {
    const bool is_newer = newest == nullptr || newest->number < job->number;
    if (is_newer && !job->ended() && *job->user == user) newest = job;
  }
  return newest;
}

void JobTable::add_numbers(const Queue& queue, std::vector<JobNumber>& to) {
  queue.each_from(QueuePlace{}.last, [&](const QueueKey& key) {
    to.push_back(key.number);
    return true;
  });
}

std::vector<JobNumber> JobTable::numbers() const {
  std::vector<JobNumber> found;
  found.reserve(live());
  for (const Queue* queue : {&started_, &waiting_}) add_numbers(*queue, found);
  std::sort(found.begin(), found.end());
  return found;
}

std::vector<JobNumber> JobTable::started() const {
  std::vector<JobNumber> found;
  add_numbers(started_, found);
  std::sort(found.begin(), found.end());
  return found;
}

Result<void> JobTable::check_invariants() const {
  std::size_t live_jobs = 0;
  std::size_t elements = 0;
  for (const auto& [number, job] : jobs_) {
    const QueueKey key = key_of(job);
    const bool started = stands_with_started(job);
    const bool right = job.ended()
                           ? !started_.contains(key) && !waiting_.contains(key)
                           : started_.contains(key) == started && waiting_.contains(key) != started;
    if (!right) {
      return fail(ErrorCode::kInternal,
                  fmt::format("job {} has a wrong place in the queue", number.value));
    }
    if (!job.ended()) ++live_jobs;
    if (job.whole != nullptr) ++elements;
  }
  if (live_jobs != live()) {
    return fail(ErrorCode::kInternal,
                fmt::format("{} jobs live, {} in the queue", live_jobs, live()));
  }
  std::size_t listed = 0;
  for (const auto& [name, entry] : names_) {
    for (const Job* job = entry.first; job != nullptr; job = job->name_next, ++listed) {
      if (job->name->first == name) continue;
      return fail(ErrorCode::kInternal, fmt::format("'{}' lists a job of another name", name));
    }
  }
  if (listed + elements != jobs_.size()) {
    return fail(ErrorCode::kInternal, fmt::format("{} jobs by name, {} elements, {} by number",
                                                  listed, elements, jobs_.size()));
  }
  return {};
}

}  // namespace jobq::sched
