// SPDX-License-Identifier: Apache-2.0
// Where events between flows go, and what may be sent there. An event is sent to a flow by its
// number or its name, or to a mailbox: one of a user's own, or a shared one of the whole cluster.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/ids.h"
#include "base/result.h"
#include "base/time.h"

namespace jobq::sched {

using EventId = StrongId<struct EventIdTag, std::uint64_t>;  // from 1, never reused

inline constexpr std::size_t kMostPayloadBytes = 65536;
inline constexpr std::size_t kMostEventNameBytes = 200;  // of an event, a flow, a mailbox
inline constexpr std::size_t kMostEventWordBytes = 256;  // of a key, and of what goes along
inline constexpr std::size_t kMostEventsPerMailbox = 10000;
inline constexpr std::size_t kMostEventsPerUser = 100000;
inline constexpr std::uint64_t kMostEventBytesPerUser = 64ULL << 20U;
// What is remembered of what somebody received by hand; past it the oldest is forgotten first.
inline constexpr std::uint64_t kMostReceiptBytesPerUser = 16ULL << 20U;
inline constexpr Millis kUsualEventLife = seconds(7 * 86400);
inline constexpr Millis kShortestEventLife = seconds(1);
inline constexpr Millis kLongestEventLife = seconds(std::int64_t{365} * 86400);

struct Mailbox {
  enum class Kind : std::uint8_t { kFlow, kName, kOwn, kShared };
  Kind kind = Kind::kShared;
  std::uint32_t uid = 0;  // whose: of a flow its owner; 0 where it is shared
  std::string name;       // of a flow by number: "41", "17[3]"
  auto operator<=>(const Mailbox&) const = default;
};

// "41", "17[3]", "nightly" (or "flow:nightly"), "mailbox:plans", "shared:news".
std::string to_string(const Mailbox& mailbox);
// What the text means to a user; whose a flow is that goes by its number, the caller knows.
Result<Mailbox> parse_mailbox(std::string_view text, std::uint32_t uid);
// "41", "17[3]"; nothing where the text is no number of a job or an element.
std::optional<JobRef> parse_job_ref(std::string_view text);

// The name of an event: UTF-8 of at most kMostEventNameBytes without control characters.
Result<void> check_event_name(std::string_view name);
Result<void> check_payload(std::string_view payload);
// Of a request, "the key"; of a name that goes along with an event, "the step".
Result<void> check_event_word(std::string_view what, std::string_view word);
Result<void> check_event_life(const std::optional<Millis>& ttl);

}  // namespace jobq::sched
