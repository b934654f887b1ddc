// SPDX-License-Identifier: Apache-2.0
// Words, numbers or JSON about submitted tickets.
#include "cmd/submit_results.h"

#include <fmt/format.h>

#include "cmd/json_writer.h"
#include "cmd/messages.h"
#include "cmd/phrases.h"
#include "cmd/submit_stream.h"

namespace jobq::cmd {
namespace {

constexpr std::int64_t kProgressEveryNs = 200'000'000;

// "would start now", "expected start 20:05:00 (by estimates)".
std::string start_of(const Submitted& result) {
  if (result.job) return fmt::format("already submitted as job {}", result.job.value);
  if (result.starts_now) return "would start now";
  if (!result.expected_start) return "when it would start is not known";
  return fmt::format("expected start {}{}", at_local(*result.expected_start, wall_now()),
                     result.is_estimate ? " (by estimates)" : "");
}

}  // namespace

void SubmitResults::add(const Submitted& result) {
  if (result.refused) {
    ++refused_count_;
    if (!refused_) refused_ = result.refused;
    if (style_.many) tell_refused(result);
    return;
  }
  ++accepted_count_;
  remember(result.job);
  if (style_.many && !style_.quiet && is_for_a_person()) show_progress();
  if (!style_.quiet) style_.dry_run ? tell_trial(result) : tell_accepted(result);
}

bool SubmitResults::is_for_a_person() const {
  return terminal_.is_terminal && !style_.parsable && !style_.json;
}

void SubmitResults::show_progress() {
  const std::int64_t now = steady_now_ns();
  if (now < next_progress_ns_) return;
  next_progress_ns_ = now + kProgressEveryNs;
  print(fmt::format("\r{} submitted", accepted_count_));
  static_cast<void>(flush_output());  // the end tells of errors
}

void SubmitResults::remember(JobNumber job) {
  if (style_.dry_run) return;
  if (!jobs_.empty() && jobs_.back().last.value + 1 == job.value) {
    jobs_.back().last = job;
  } else {
    jobs_.push_back({job, job});
  }
}

void SubmitResults::tell_trial(const Submitted& result) const {
  if (!style_.json) {
    print(fmt::format("ok; {}\n", start_of(result)));
    if (!style_.many) note("the ticket would be accepted; nothing was submitted");
    return;
  }
  JsonWriter json;
  json.object();
  json.field("job", result.job ? std::optional(result.job.value) : std::nullopt);
  json.field("accepted", true);
  json.field("expected_start", result.expected_start);
  json.field("is_estimate", result.is_estimate);
  json.end();
  print(json.line());
}

void SubmitResults::tell_accepted(const Submitted& result) const {
  const JobNumber job = result.job;
  if (style_.json) {
    print(fmt::format("{{\"job\":{}}}\n", job.value));
  } else if (!is_for_a_person()) {
    print(fmt::format("{}\n", job.value));
  } else if (!style_.many) {
    const std::string name = name_.empty() ? "" : fmt::format(" ({})", printable(name_));
    print(fmt::format("job {}{} submitted; `jq why {}` says what it waits for\n", job.value, name,
                      job.value));
  }
}

void SubmitResults::tell_refused(const Submitted& result) const {
  // The place is in the message where the ticket was refused before it was sent.
  const bool has_place = result.refused->message.starts_with(kStreamName);
  note(has_place ? result.refused->message
                 : fmt::format("line {}: {}", result.line, result.refused->message));
  if (!style_.json) return;
  JsonWriter json;
  json.object();
  json.field("line", result.line);
  json.field("error", result.refused->message);
  json.end();
  print(json.line());
}

void SubmitResults::finish() const {
  if (!style_.many || style_.quiet || style_.json) return;
  if (!is_for_a_person() && !style_.dry_run) return;
  if (is_for_a_person()) print("\r");  // over the progress
  std::string text = counted(accepted_count_, "job");
  text += style_.dry_run ? " would be accepted" : " submitted";
  if (refused_count_ > 0) text += fmt::format(", {} refused", refused_count_);
  if (!jobs_.empty()) {
    text += fmt::format("; the numbers are {} to {}", jobs_.front().first.value,
                        jobs_.back().last.value);
  }
  note(text);
}

}  // namespace jobq::cmd
