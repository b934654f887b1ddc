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

// "17[3-9]": the number and what is in the brackets; nothing where there are none.
struct Bracketed {
  JobNumber array;
  std::string_view indexes;
};
std::optional<Bracketed> in_brackets(std::string_view text) {
  const std::size_t open = text.find('[');
  if (open == std::string_view::npos || !text.ends_with(']')) return std::nullopt;
  const auto array = number_of(text.substr(0, open));
  if (!array) return std::nullopt;
  return Bracketed{*array, text.substr(open + 1, text.size() - open - 2)};
}

Result<sched::Selector::Elements> parse_elements(std::string_view text, const Bracketed& parts) {
  auto indexes = sched::IndexSet::parse(parts.indexes);
  if (indexes) return sched::Selector::Elements{parts.array, *std::move(indexes)};
  return fail(ErrorCode::kUsage, fmt::format("'{}': {}", text, indexes.error().message));
}

}  // namespace

Result<JobRef> parse_job(std::string_view text) {
  if (const auto number = number_of(text)) return JobRef(*number);
  const auto parts = in_brackets(text);
  if (!parts) return no_job(text, "a number such as 17, or an element such as 17[3]");
  const auto elements = parse_elements(text, *parts);
  if (!elements) return tl::unexpected(elements.error());
  if (elements->indexes.size() != 1) return no_job(text, "one element such as 17[3]");
  return JobRef(parts->array, elements->indexes.next(0));
}

Result<JobAndStep> parse_job_and_step(std::string_view text) {
  const std::size_t dot = text.find('.');
  const auto job = parse_job(text.substr(0, dot));
  if (dot == std::string_view::npos && job) return JobAndStep{*job, ""};
  const bool empty_step = dot != std::string_view::npos && dot + 1 == text.size();
  if (job && !empty_step) return JobAndStep{*job, std::string(text.substr(dot + 1))};
  return no_job(text, "a number such as 17, an element such as 17[3], or a step such as 17.calc");
}

Result<void> append_jobs(std::string_view text, JobsNamed& to) {
  if (const auto parts = in_brackets(text)) {
    auto elements = parse_elements(text, *parts);
    if (!elements) return tl::unexpected(elements.error());
    to.elements.push_back(*std::move(elements));
    return {};
  }
  const std::size_t dash = std::min(text.find('-'), text.size());
  const auto first = number_of(text.substr(0, dash));
  const auto last = dash == text.size() ? first : number_of(text.substr(dash + 1));
  if (!first || !last) {
    return no_job(text, "a number such as 17, a range such as 17-20, or elements such as 17[3-9]");
  }
  if (*last < *first) return no_job(text, "the lower number of the range first");
  to.ranges.push_back({*first, *last});
  return {};
}

void add(JobRef job, JobsNamed& to) {
  if (job.index) {
    to.elements.push_back({job.job, sched::IndexSet(*job.index, *job.index)});
  } else {
    to.ranges.push_back({job.job, job.job});
  }
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
  JobsNamed jobs;
  for (const std::string& word : selection.words) {
    if (with_step && word.find('.') != std::string::npos) {
      const Result<JobAndStep> step = parse_job_and_step(word);
      if (!step) return tl::unexpected(step.error());
      selector.step = step->step;
      add(step->job, jobs);
      continue;
    }
    if (auto appended = append_jobs(word, jobs); !appended) {
      return tl::unexpected(appended.error());
    }
  }
  selector.ranges = std::move(jobs.ranges);
  selector.elements = std::move(jobs.elements);
  if (!selector.step.empty() && selection.words.size() > 1) {
    return fail(ErrorCode::kUsage, "a step stands alone: name one step at a time");
  }
  const bool filtered = selector.all || selector.user || !selector.names.empty();
  const bool named = !selector.ranges.empty() || !selector.elements.empty();
  if (!named && !filtered) {
    return fail(ErrorCode::kUsage,
                "no job is named; give numbers such as 17, 17-20 or 17[3], --name, "
                "--user or --all");
  }
  if (named && filtered) {
    return fail(ErrorCode::kUsage, "give job numbers, or --name, --user and --all, but not both");
  }
  return selector;
}

}  // namespace jobq::cmd
