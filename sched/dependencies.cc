// SPDX-License-Identifier: Apache-2.0
// Judging conditions on other jobs, and their text in the journal: a line each, numbers first.
#include "sched/dependencies.h"

#include <fmt/format.h>

#include <charconv>

#include "base/check.h"

namespace jobq::sched {
namespace {

using On = JobCondition::On;
using State = Dependency::State;

// When the condition was met; nothing where it was not, or not yet.
std::optional<Time> met_at(On on, const JobFact& fact) {
  const bool good = fact.outcome == Outcome::kSuccess;
  const bool bad = fact.outcome == Outcome::kFailure;
  const bool met = on == On::kStarted
                       ? static_cast<bool>(fact.started)
                       : fact.ended && (on == On::kEnded || (on == On::kDone && good) ||
                                        (on == On::kError && bad));
  if (!met) return std::nullopt;
  return on == On::kStarted ? fact.started : fact.ended;
}

// Takes a number and the blank behind it off the text.
bool take_number(std::string_view& text, std::int64_t& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end == text.data() + text.size() || *end != ' ') return false;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()) + 1);
  return true;
}

std::optional<Dependency> dependency_in(std::string_view line) {
  std::int64_t job = 0;
  std::int64_t on = 0;
  std::int64_t delay = 0;
  std::int64_t state = 0;
  std::int64_t at = 0;
  const bool read = take_number(line, job) && take_number(line, on) && take_number(line, delay) &&
                    take_number(line, state) && take_number(line, at);
  const bool right = read && on >= 0 && on <= static_cast<std::int64_t>(On::kStarted) &&
                     state >= 0 && state <= static_cast<std::int64_t>(State::kNever);
  if (!right) return std::nullopt;
  return Dependency{JobNumber{static_cast<std::uint64_t>(job)},
                    static_cast<On>(on),
                    Millis{delay},
                    static_cast<State>(state),
                    Time{at},
                    std::string(line)};
}

}  // namespace

std::string ended_text(const JobFact& fact) {
  const std::string why = fact.reason.empty() ? "" : " (" + fact.reason + ")";
  switch (fact.outcome) {
    case Outcome::kSuccess: return fmt::format("job {} is done", fact.job.value);
    case Outcome::kCancel: return fmt::format("job {} was cancelled{}", fact.job.value, why);
    case Outcome::kFailure: return fmt::format("job {} ended in error{}", fact.job.value, why);
    case Outcome::kNone: break;
  }
  return fmt::format("job {} has ended, and the history does not have it any more", fact.job.value);
}

std::string to_string(const Dependency& it) {
  return to_string(JobCondition{fmt::to_string(it.job.value), it.on, it.delay});
}

bool learn(Dependency& it, const JobFact& fact, Time now) {
  if (it.state == State::kDelay) return pass_time(it, now);
  if (it.state != State::kOpen) return false;
  if (const auto met = met_at(it.on, fact)) {
    it.at = *met;
    it.state = State::kDelay;
    pass_time(it, now);
    return true;
  }
  if (!fact.ended) return false;
  it.state = State::kNever;
  it.why = fmt::format("{} can never hold: {}", to_string(it), ended_text(fact));
  return true;
}

bool pass_time(Dependency& it, Time now) {
  if (it.state != State::kDelay || it.at + it.delay > now) return false;
  it.state = State::kHolds;
  return true;
}

std::optional<Time> holds_at(const Dependency& it) {
  return it.state == State::kDelay ? std::optional(it.at + it.delay) : std::nullopt;
}

std::string open_text(const Dependency& it) {
  if (it.state == State::kNever) return it.why;
  if (const auto at = holds_at(it)) {
    return fmt::format("{} holds from {} on", to_string(it), format_rfc3339(*at));
  }
  const std::string what = [&]() -> std::string {
    switch (it.on) {
      case On::kDone: return "be done";
      case On::kError: return "end in error";
      case On::kEnded: return "end";
      case On::kStarted: return "start";
    }
    unreachable("condition on a job out of range");
  }();
  const std::string more =
      it.delay.count > 0 ? fmt::format(", and {} more", format_duration(it.delay)) : "";
  return fmt::format("waits for job {} to {}{}", it.job.value, what, more);
}

std::string to_text(const std::vector<Dependency>& all) {
  std::string text;
  for (const Dependency& it : all) {
    std::string why = it.why;
    for (char& c : why) c = c == '\n' ? ' ' : c;
    text += fmt::format("{} {} {} {} {} {}\n", it.job.value, static_cast<int>(it.on),
                        it.delay.count, static_cast<int>(it.state), it.at.ms, why);
  }
  return text;
}

std::optional<std::vector<Dependency>> dependencies_in(std::string_view text) {
  std::vector<Dependency> all;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    if (end == std::string_view::npos) return std::nullopt;
    auto one = dependency_in(text.substr(0, end));
    if (!one) return std::nullopt;
    all.push_back(*std::move(one));
    text.remove_prefix(end + 1);
  }
  return all;
}

}  // namespace jobq::sched
