// SPDX-License-Identifier: Apache-2.0
// Adding up, and the text that is stored.
#include "sched/account.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "base/check.h"

namespace jobq::sched {
namespace {

using Kind = Standing::Kind;

constexpr std::array<std::string_view, 16> kNames = {
    "held",       "begin",   "dependency", "array_throttle", "priority",    "resources",
    "exclusive",  "tokens",  "limit",      "node_state",     "retry_delay", "event",
    "processing", "cleanup", "suspended",  "other"};

// A line of the text: a kind, a number, a name that may hold anything but a line's end.
struct Line {
  Standing standing;
  std::int64_t number = 0;
};

std::optional<Line> parse_line(std::string_view text) {
  const std::size_t first = text.find(' ');
  const std::size_t second =
      first == std::string_view::npos ? std::string_view::npos : text.find(' ', first + 1);
  if (second == std::string_view::npos) return std::nullopt;
  const std::optional<Kind> kind = standing_named(text.substr(0, first));
  const std::string_view digits = text.substr(first + 1, second - first - 1);
  Line line;
  const auto [end, error] =
      std::from_chars(digits.data(), digits.data() + digits.size(), line.number);
  if (!kind || error != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
  line.standing = {*kind, std::string(text.substr(second + 1))};
  return line;
}

}  // namespace

std::string_view to_string(Standing::Kind kind) {
  return kNames.at(static_cast<std::size_t>(kind));
}

std::optional<Kind> standing_named(std::string_view name) {
  const auto found = std::ranges::find(kNames, name);
  if (found == kNames.end()) return std::nullopt;
  return static_cast<Kind>(found - kNames.begin());
}

std::string text_of(const Standing& standing) {
  switch (standing.kind) {
    case Kind::kHeld: return "was held";
    case Kind::kBegin: return "waited for its begin";
    case Kind::kDependency:
      return standing.name.empty() ? "its steps waited for other jobs"
                                   : "waited for job " + standing.name;
    case Kind::kThrottle: return "waited for other elements of its array";
    case Kind::kPriority: return "waited behind others";
    case Kind::kResources: return "waited for room on nodes";
    case Kind::kExclusive: return "waited for exclusive " + standing.name;
    case Kind::kTokens: return "waited for tokens of " + standing.name;
    case Kind::kLimit: return "waited because of a limit on running jobs";
    case Kind::kNodeState: return "waited for a node to be there";
    case Kind::kRetryDelay: return "waited before the next attempt at a step";
    case Kind::kEvent: return "its steps waited for events";
    case Kind::kProcessing: return "was being processed";
    case Kind::kCleanup: return "cleaned up";
    case Kind::kSuspended: return "was held and suspended";
    case Kind::kOther: return "other reasons";
  }
  unreachable("kind of standing out of range");
}

void Account::add(const Standing& standing, Millis time) {
  if (time.count <= 0) return;
  auto found = std::ranges::find(spans_, standing, &Span::standing);
  if (found == spans_.end() && spans_.size() + 1 >= kMostSpans) {
    const Standing other{Kind::kOther, ""};
    found = std::ranges::find(spans_, other, &Span::standing);
    if (found == spans_.end()) found = spans_.insert(found, {other, {}});
  } else if (found == spans_.end()) {
    found = spans_.insert(found, {standing, {}});
  }
  found->time = found->time + time;
}

// A clock that was set back stands still for the account until it is where it was.
void Account::pass(Time at) {
  if (at <= since_) return;
  add(now_, at - since_);
  since_ = at;
}

void Account::turn_to(Standing standing, Time at) {
  if (closed_ || standing == now_) return;
  pass(at);
  now_ = std::move(standing);
}

void Account::close(Time at) {
  pass(at);
  closed_ = true;
  Millis excess = since_ - at;
  while (excess.count > 0 && !spans_.empty()) {
    const auto longest = std::ranges::max_element(
        spans_, [](const Span& a, const Span& b) { return a.time.count < b.time.count; });
    const Millis less{std::min(excess.count, longest->time.count)};
    longest->time = longest->time - less;
    excess = excess - less;
    if (longest->time.count == 0) spans_.erase(longest);
  }
  since_ = at;
}

std::vector<Span> Account::spans(Time at) const {
  Account until = *this;
  if (!closed_) until.pass(at);
  return until.spans_;
}

std::string Account::to_text() const {
  std::string text;
  for (const Span& span : spans_) {
    text += fmt::format("{} {} {}\n", to_string(span.standing.kind), span.time.count,
                        span.standing.name);
  }
  if (!closed_) text += fmt::format("+{} {} {}\n", to_string(now_.kind), since_.ms, now_.name);
  return text;
}

std::optional<Account> Account::parse(std::string_view text) {
  Account account{Time{}};
  account.closed_ = true;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    if (end == std::string_view::npos) return std::nullopt;
    const bool is_open = text.front() == '+';
    std::optional<Line> line = parse_line(text.substr(is_open ? 1 : 0, end - (is_open ? 1 : 0)));
    if (!line) return std::nullopt;
    text.remove_prefix(end + 1);
    if (!is_open) {
      account.spans_.push_back({std::move(line->standing), Millis{line->number}});
      continue;
    }
    account.closed_ = false;
    account.now_ = std::move(line->standing);
    account.since_ = Time{line->number};
  }
  return account;
}

}  // namespace jobq::sched
