// SPDX-License-Identifier: Apache-2.0
// Mailboxes and the parts of events, as texts.
#include "sched/mailbox.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "resmgr/needs.h"

namespace jobq::sched {
namespace {

constexpr std::string_view kFlow = "flow:";
constexpr std::string_view kOwn = "mailbox:";
constexpr std::string_view kShared = "shared:";

template <class Number>
std::optional<Number> number_in(std::string_view text) {
  Number number{};
  const char* const end = text.data() + text.size();
  const auto [at, error] = std::from_chars(text.data(), end, number);
  return error == std::errc{} && at == end ? std::optional(number) : std::nullopt;
}

// "mailbx:" of "mailbx:plans": what stands for a kind of place and is none. A flow whose name
// begins so is written "flow:NAME".
std::string_view kind_in(std::string_view text) {
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos || colon == 0) return {};
  const bool is_word = std::all_of(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(colon),
                                   [](char c) { return c >= 'a' && c <= 'z'; });
  return is_word ? text.substr(0, colon + 1) : std::string_view();
}

// As names of jobs are: printable, with spaces where somebody wants them.
bool is_plain(std::string_view text) {
  return !text.empty() && text.size() <= kMostEventNameBytes &&
         std::none_of(text.begin(), text.end(), [](char c) {
           const auto byte = static_cast<unsigned char>(c);
           return byte < 0x20 || byte == 0x7f;
         });
}

Result<Mailbox> named(Mailbox::Kind kind, std::uint32_t uid, std::string_view name) {
  if (resmgr::valid_name(name)) return Mailbox{kind, uid, std::string(name)};
  return fail(ErrorCode::kUsage,
              fmt::format("'{}' is no name of a mailbox; expected letters, digits, '-', '_' and "
                          "'.', such as mailbox:plans",
                          name));
}

}  // namespace

std::string to_string(const Mailbox& mailbox) {
  switch (mailbox.kind) {
    case Mailbox::Kind::kFlow: return mailbox.name;
    case Mailbox::Kind::kName: {
      const bool is_clear = !parse_job_ref(mailbox.name) && kind_in(mailbox.name).empty();
      return is_clear ? mailbox.name : std::string(kFlow) + mailbox.name;
    }
    case Mailbox::Kind::kOwn: return std::string(kOwn) + mailbox.name;
    case Mailbox::Kind::kShared: return std::string(kShared) + mailbox.name;
  }
  return mailbox.name;
}

Result<Mailbox> parse_mailbox(std::string_view text, std::uint32_t uid) {
  using Kind = Mailbox::Kind;
  if (text.starts_with(kOwn)) return named(Kind::kOwn, uid, text.substr(kOwn.size()));
  if (text.starts_with(kShared)) return named(Kind::kShared, 0, text.substr(kShared.size()));
  if (const auto ref = parse_job_ref(text)) return Mailbox{Kind::kFlow, uid, to_string(*ref)};
  if (text.starts_with(kFlow)) {
    text.remove_prefix(kFlow.size());
  } else if (const std::string_view kind = kind_in(text); !kind.empty()) {
    return fail(ErrorCode::kUsage,
                fmt::format("'{}' is no kind of place for events; expected mailbox:, shared: or "
                            "flow:, as in flow:{} for a job of that name",
                            kind, text));
  }
  if (is_plain(text)) return Mailbox{Kind::kName, uid, std::string(text)};
  return fail(ErrorCode::kUsage,
              fmt::format("'{}' is no place for events; expected a job's number or name, "
                          "mailbox:NAME or shared:NAME",
                          text));
}

std::optional<JobRef> parse_job_ref(std::string_view text) {
  const std::size_t bracket = text.find('[');
  const auto job = number_in<std::uint64_t>(text.substr(0, bracket));
  if (!job || *job == 0) return std::nullopt;
  if (bracket == std::string_view::npos) return JobRef(JobNumber(*job));
  if (!text.ends_with(']')) return std::nullopt;
  const auto index = number_in<std::uint32_t>(text.substr(bracket + 1, text.size() - bracket - 2));
  return index ? std::optional(JobRef(JobNumber(*job), *index)) : std::nullopt;
}

Result<void> check_event_name(std::string_view name) {
  if (is_plain(name)) return {};
  return fail(ErrorCode::kUsage,
              fmt::format("'{}' is no name of an event; expected 1 to {} bytes without control "
                          "characters",
                          name.substr(0, kMostEventNameBytes), kMostEventNameBytes));
}

Result<void> check_payload(std::string_view payload) {
  if (payload.size() > kMostPayloadBytes) {
    return fail(ErrorCode::kUsage,
                fmt::format("the payload has {} bytes, at most {} are carried; put it into a file "
                            "and send the file's name",
                            payload.size(), kMostPayloadBytes));
  }
  if (payload.find('\0') == std::string_view::npos) return {};
  return fail(ErrorCode::kUsage, "the payload has a NUL byte; expected text");
}

Result<void> check_event_word(std::string_view what, std::string_view word) {
  if (word.size() <= kMostEventWordBytes) return {};
  return fail(ErrorCode::kUsage, fmt::format("{} of an event has {} bytes, at most {} may it have",
                                             what, word.size(), kMostEventWordBytes));
}

Result<void> check_event_life(const std::optional<Millis>& ttl) {
  if (!ttl || (*ttl >= kShortestEventLife && *ttl <= kLongestEventLife)) return {};
  return fail(ErrorCode::kUsage, "the time to live is out of range; expected 1s to 365d");
}

}  // namespace jobq::sched
