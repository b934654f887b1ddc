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
  if (!style_.quiet) tell_accepted(result.job);
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

void SubmitResults::tell_accepted(JobNumber job) const {
  if (style_.json && style_.dry_run) {
    print("{\"job\":null,\"accepted\":true}\n");
  } else if (style_.json) {
    print(fmt::format("{{\"job\":{}}}\n", job.value));
  } else if (style_.dry_run) {
    if (!style_.many) note("the ticket would be accepted; nothing was submitted");
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
