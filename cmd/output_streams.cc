// SPDX-License-Identifier: Apache-2.0
// From a job's attempts to streams.
#include "cmd/output_streams.h"

#include <algorithm>

namespace jobq::cmd {
namespace {

// Standard error without a place of its own is in the file of standard output.
bool is_one_file(const sched::JobDetail& job) {
  return !job.output.empty() && (job.error.empty() || job.error == job.output);
}

bool is_same_file(const OutputStream& a, const OutputStream& b) {
  return !a.file.empty() && a.file == b.file && a.node == b.node;
}

bool is_attempt_before(const OutputStream& before, const OutputStream& stream) {
  return before.step == stream.step && before.error == stream.error &&
         before.attempt < stream.attempt;
}

}  // namespace

bool has_output(const sched::AttemptView& attempt) { return !attempt.node.empty(); }

// Who follows from before the start sees the first attempt; who comes later, the newest.
bool OutputStreams::is_wanted(std::uint32_t step, std::uint32_t attempt, std::uint32_t newest) {
  if (wanted_.attempt) {
    return attempt == *wanted_.attempt && next_.emplace(step, attempt).second;
  }
  std::uint32_t& next = next_.emplace(step, has_looked_ ? 1 : newest).first->second;
  if (attempt < next || (!wanted_.follow && has_looked_)) return false;
  next = attempt + 1;
  return true;
}

void OutputStreams::look_at(const sched::JobDetail& job) {
  for (std::uint32_t step = 0; step < job.steps.size(); ++step) {
    const sched::StepView& view = job.steps[step];
    if (!wanted_.step.empty() && view.name != wanted_.step) continue;
    for (const sched::AttemptView& attempt : view.attempts) {
      if (!has_output(attempt)) continue;
      if (!is_wanted(step, attempt.attempt.value, view.attempts.back().attempt.value)) continue;
      if (!wanted_.only_error) add(job, step, attempt, false);
      if (wanted_.only_error || !is_one_file(job)) add(job, step, attempt, true);
    }
  }
  has_looked_ = true;
}

void OutputStreams::add(const sched::JobDetail& job, std::uint32_t step,
                        const sched::AttemptView& attempt, bool error) {
  OutputStream stream;
  stream.step = step;
  stream.attempt = attempt.attempt.value;
  stream.name = job.steps[step].name;
  stream.error = error;
  stream.node = attempt.node;
  stream.file = error ? attempt.error : attempt.output;
  stream.before = last_of(stream);
  stream.is_same_file = stream.before != nullptr && is_same_file(*stream.before, stream);
  streams_.push_back(std::move(stream));
}

const OutputStream* OutputStreams::last_of(const OutputStream& stream) const {
  const auto find = [&](const auto& matches) -> const OutputStream* {
    const auto found =
        std::find_if(streams_.rbegin(), streams_.rend(),
                     [&](const OutputStream& other) { return matches(other, stream); });
    return found == streams_.rend() ? nullptr : &*found;
  };
  const OutputStream* const same = find(is_same_file);
  return same != nullptr ? same : find(is_attempt_before);
}

bool OutputStreams::may_go_on(OutputStream& stream) {
  if (stream.before == nullptr) return true;
  const bool away = stream.before->failing_since_ns != 0 && !stream.is_same_file;
  if (!stream.before->done && !away) return false;
  if (stream.is_same_file) stream.offset = stream.before->offset;
  stream.before = nullptr;
  return true;
}

bool OutputStreams::all_done() const {
  return std::all_of(streams_.begin(), streams_.end(),
                     [](const OutputStream& stream) { return stream.done; });
}

}  // namespace jobq::cmd
