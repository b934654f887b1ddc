// SPDX-License-Identifier: Apache-2.0
// Reading and writing conditions on other jobs.
//
// A name may have dots and plus signs: what stands behind the last plus counts as a delay where it
// is one, and what stands behind the last dot as an end where it is a word for one.
#include "sched/job_condition.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <optional>

namespace jobq::sched {
namespace {

using On = JobCondition::On;

constexpr std::array<std::string_view, 4> kWords{"done", "error", "ended", "started"};

std::optional<On> on_in(std::string_view word) {
  for (std::size_t i = 0; i < kWords.size(); ++i) {
    if (kWords.at(i) == word) return static_cast<On>(i);
  }
  return std::nullopt;
}

}  // namespace

std::string_view to_string(On on) { return kWords.at(static_cast<std::size_t>(on)); }

std::string to_string(const JobCondition& condition) {
  std::string text = fmt::format("{}.{}", condition.job, to_string(condition.on));
  if (condition.delay.count > 0) text += "+" + format_duration(condition.delay);
  return text;
}

JobNumber number_in(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool whole = error == std::errc() && end == text.data() + text.size();
  return JobNumber{whole ? number : 0};
}

Result<void> check_waited_for(std::string_view word) {
  if (word.empty()) return fail(ErrorCode::kUsage, "expected the number or name of a job");
  if (word.find_first_not_of("-0123456789, ") == std::string_view::npos && !number_in(word)) {
    return fail(ErrorCode::kUsage,
                fmt::format("'{}' is not the number of a job; expected a whole number from 1, and "
                            "several of them as a list",
                            word));
  }
  const std::size_t dot = word.rfind('.');
  if (dot != std::string_view::npos && on_in(word.substr(dot + 1))) {
    return fail(ErrorCode::kUsage,
                fmt::format("'{}': a wait step waits for the end, whatever it is; expected \"{}\", "
                            "and conditions on its event value behind it",
                            word, word.substr(0, dot)));
  }
  if (word.find('[') == std::string_view::npos) return {};
  return fail(ErrorCode::kUsage,
              fmt::format("'{}': an element of an array cannot be waited for alone; expected the "
                          "number of the array",
                          word));
}

Result<JobCondition> parse_job_condition(std::string_view text) {
  JobCondition condition;
  std::string_view rest = text;
  const std::size_t plus = rest.rfind('+');
  if (plus != std::string_view::npos && plus + 1 < rest.size()) {
    if (const auto delay = parse_duration(rest.substr(plus + 1))) {
      condition.delay = *delay;
      rest = rest.substr(0, plus);
    }
  }
  const std::size_t dot = rest.rfind('.');
  if (dot != std::string_view::npos) {
    const std::string_view word = rest.substr(dot + 1);
    const auto on = on_in(word);
    const bool is_number = static_cast<bool>(number_in(rest.substr(0, dot)));
    if (!on && is_number) {
      return fail(ErrorCode::kUsage,
                  fmt::format("'{}' is nothing that becomes of a job; expected done, error, ended "
                              "or started, as in \"{}.done\"",
                              word, rest.substr(0, dot)));
    }
    condition.on = on.value_or(On::kDone);
    if (on) rest = rest.substr(0, dot);
  }
  condition.job = std::string(rest);
  if (condition.job.empty() || condition.job.find('[') != std::string::npos) {
    return fail(ErrorCode::kUsage,
                fmt::format("'{}' names no job; expected its number or name, and what becomes of "
                            "it, like \"41\", \"41.ended\" or \"nightly.done+10m\"",
                            text));
  }
  return condition;
}

}  // namespace jobq::sched
