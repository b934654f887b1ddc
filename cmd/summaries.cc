// SPDX-License-Identifier: Apache-2.0
// Filters and fields of job summaries.
#include "cmd/summaries.h"

#include <fmt/format.h>
#include <pwd.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>

#include "cmd/job_arguments.h"
#include "cmd/phrases.h"
#include "sched/state.h"

namespace jobq::cmd {
namespace {

constexpr sched::JobState kLastState = sched::JobState::kCancelled;

std::string in_small_letters(std::string_view text) {
  std::string small(text);
  std::transform(small.begin(), small.end(), small.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return small;
}

std::string own_name() {
  const passwd* entry = ::getpwuid(::getuid());
  return entry == nullptr ? std::to_string(::getuid()) : std::string(entry->pw_name);
}

}  // namespace

void add_filter(Options& options, FilterOptions& filter) {
  options.words(filter.words);
  options.group("Which jobs");
  options.value("--user", "USER", into(filter.user), "of this user");
  options.flag("--me", filter.me, "your own");
  options.list("--state", "STATE", append_split(filter.states),
               "in this state, by code (WR) or word (held); may be repeated");
  options.list("--class", "NAME", append_split(filter.classes), "of this class; may be repeated");
  options.list("--element", "NAME", append_split(filter.elements),
               "that ask for this element of the cluster; may be repeated");
  options.list("--name", "NAME", append_split(filter.names), "of this name; may be repeated");
  options.group("Options");
}

Result<std::vector<sched::JobState>> parse_state(const std::string& text) {
  const std::string wanted = in_small_letters(text);
  std::string known;
  for (int i = 0; i <= static_cast<int>(kLastState); ++i) {
    const auto state = static_cast<sched::JobState>(i);
    if (wanted == in_small_letters(sched::code(state)) || wanted == sched::phrase(state)) {
      if (state != sched::JobState::kProcessing) return std::vector{state};
      return std::vector{state, sched::JobState::kProcessingWaits};
    }
    if (state != sched::JobState::kProcessingWaits) {
      known += fmt::format("{}{}", known.empty() ? "" : ", ", sched::code(state));
    }
  }
  return fail(ErrorCode::kUsage,
              fmt::format("--state: there is no state '{}'; expected one of {}", text, known));
}

Result<sched::QueueFilter> to_filter(const FilterOptions& filter) {
  sched::QueueFilter to;
  JobsNamed jobs;
  for (const std::string& word : filter.words) {
    if (auto appended = append_jobs(word, jobs); !appended) {
      return tl::unexpected(appended.error());
    }
  }
  to.ranges = std::move(jobs.ranges);
  to.elements = std::move(jobs.elements);
  if (filter.me && filter.user) {
    return fail(ErrorCode::kUsage, "give --me or --user, but not both");
  }
  to.user = filter.me ? std::optional(own_name()) : filter.user;
  to.names = filter.names;
  to.classes = filter.classes;
  to.node_elements = filter.elements;
  for (const std::string& text : filter.states) {
    const Result<std::vector<sched::JobState>> states = parse_state(text);
    if (!states) return tl::unexpected(states.error());
    to.states.insert(to.states.end(), states->begin(), states->end());
  }
  return to;
}

void write_summary(JsonWriter& json, const sched::JobSummary& job) {
  json.field("job", job.job.value);
  json.field("index", job.index);
  if (!job.elements.empty()) json.field("elements", job.elements);
  json.field("name", job.name);
  json.field("class", unless_empty(job.class_name));
  json.field("user", job.user);
  json.field("state", sched::code(job.state));
  json.field("reason", job.reason);
  json.field("priority", job.priority);
  json.field("element", unless_empty(job.element));
  json.name("nodes");
  json.array();
  for (const std::string& node : job.nodes) json.value(node);
  json.end();
  json.field("submitted", job.submitted);
  json.field("started", job.started);
  json.field("ended", job.ended);
  json.field("outcome", unless_empty(sched::to_string(job.outcome)));
  json.field("restarts", job.restarts);
  json.field("cpu_s", job.cpu);
  json.field("max_rss", job.max_rss.count);
  json.field("read_bytes", job.read_bytes.count);
  json.field("written_bytes", job.written_bytes.count);
}

std::optional<int> exit_code_of(sched::Outcome outcome, int exit_code) {
  const bool exited = outcome == sched::Outcome::kSuccess || exit_code != 0;
  return exited ? std::optional(exit_code) : std::nullopt;
}

std::string shown_number(const sched::JobSummary& job) {
  constexpr std::size_t kMost = 24;
  std::string number = to_string(job.ref());
  if (job.elements.empty()) return number;
  if (job.elements.size() <= kMost) return fmt::format("{}[{}]", number, job.elements);
  const std::size_t comma = job.elements.rfind(',', kMost);
  return fmt::format("{}[{}...]", number,
                     job.elements.substr(0, comma == std::string::npos ? kMost : comma + 1));
}

std::string run_time(const sched::JobSummary& job, Time now) {
  if (!job.started) return "-";
  return elapsed((job.ended ? job.ended : now) - job.started);
}

std::string joined(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ",") + name;
  return text.empty() ? "-" : text;
}

}  // namespace jobq::cmd
