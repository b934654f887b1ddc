// SPDX-License-Identifier: Apache-2.0
// Reading of job arguments.
#include "cmd/job_arguments.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace jobq::cmd {
namespace {

std::optional<JobNumber> number_of(std::string_view text) {
  std::uint64_t number = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || stop != end || number == 0) return std::nullopt;
  return JobNumber(number);
}

tl::unexpected<Error> no_job(std::string_view text, std::string_view expected) {
  return fail(ErrorCode::kUsage, fmt::format("'{}' is no job; expected {}", text, expected));
}

}  // namespace

Result<JobNumber> parse_job(std::string_view text) {
  if (const auto number = number_of(text)) return *number;
  return no_job(text, "a number such as 17");
}

Result<JobAndStep> parse_job_and_step(std::string_view text) {
  const std::size_t dot = text.find('.');
  const auto number = number_of(text.substr(0, dot));
  const bool empty_step = dot != std::string_view::npos && dot + 1 == text.size();
  if (!number || empty_step) return no_job(text, "a number such as 17, or a step such as 17.calc");
  if (dot == std::string_view::npos) return JobAndStep{*number, ""};
  return JobAndStep{*number, std::string(text.substr(dot + 1))};
}

Result<sched::Selector::Range> parse_job_range(std::string_view text) {
  const std::size_t dash = text.find('-');
  const auto first = number_of(text.substr(0, dash));
  if (dash == std::string_view::npos && first) return sched::Selector::Range{*first, *first};
  const auto last = dash == std::string_view::npos ? first : number_of(text.substr(dash + 1));
  if (!first || !last) return no_job(text, "a number such as 17, or a range such as 17-20");
  if (*last < *first) return no_job(text, "the lower number of the range first");
  return sched::Selector::Range{*first, *last};
}

void add_selection(Options& options, JobSelection& selection, std::string_view all_means) {
  options.words(selection.words);
  options.group("Which jobs, beside numbers");
  options.list("--name", "NAME", append_split(selection.names),
               "jobs of this name; may be repeated");
  options.value("--user", "USER", into(selection.user), "jobs of this user");
  options.flag("--all", selection.all, all_means);
  options.group("Options");
}

Result<sched::Selector> to_selector(const JobSelection& selection, bool with_step) {
  sched::Selector selector;
  selector.names = selection.names;
  selector.user = selection.user;
  selector.all = selection.all;
  for (const std::string& word : selection.words) {
    if (with_step && word.find('.') != std::string::npos) {
      const Result<JobAndStep> step = parse_job_and_step(word);
      if (!step) return tl::unexpected(step.error());
      selector.step = step->step;
      selector.ranges.push_back({step->job, step->job});
      continue;
    }
    const Result<sched::Selector::Range> range = parse_job_range(word);
    if (!range) return tl::unexpected(range.error());
    selector.ranges.push_back(*range);
  }
  if (!selector.step.empty() && selection.words.size() > 1) {
    return fail(ErrorCode::kUsage, "a step stands alone: name one step at a time");
  }
  const bool filtered = selector.all || selector.user || !selector.names.empty();
  if (selector.ranges.empty() && !filtered) {
    return fail(ErrorCode::kUsage,
                "no job is named; give numbers such as 17 or 17-20, --name, "
                "--user or --all");
  }
  if (!selector.ranges.empty() && filtered) {
    return fail(ErrorCode::kUsage, "give job numbers, or --name, --user and --all, but not both");
  }
  return selector;
}

}  // namespace jobq::cmd
