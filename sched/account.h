// SPDX-License-Identifier: Apache-2.0
// The account of a job's life: how long it stood where, from its submission on. What a job waits
// for is one thing at a time; the spans add up to its life exactly.
//
// It changes when the job's standing does, and is stored with the job's row whenever that is
// written for another reason. After a crash the time since then counts for what stood there last.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"

namespace jobq::sched {

// Where a job stands: the kinds that `jq why` names.
struct Standing {
  enum class Kind : std::uint8_t {
    kHeld,
    kBegin,       // its begin is to come
    kDependency,  // it comes after another job, or its steps wait for the ends of jobs
    kThrottle,    // an element, while as many of its array run as may
    kPriority,    // behind others
    kResources,
    kExclusive,
    kTokens,
    kLimit,
    kNodeState,
    kRetryDelay,
    kEvent,
    kProcessing,
    kCleanup,
    kSuspended,
    kOther  // what is too much to be told apart
  };
  Kind kind = Kind::kPriority;
  std::string name;  // of what it waits for: an exclusive resource, tokens, a job's number
  bool operator==(const Standing&) const = default;
};
std::string_view to_string(Standing::Kind kind);  // "held", "begin", ...
std::optional<Standing::Kind> standing_named(std::string_view name);

struct Span {
  Standing standing;
  Millis time;
  bool operator==(const Span&) const = default;
};

// "waited for exclusive plan-db".
std::string text_of(const Standing& standing);

class Account {
 public:
  static constexpr std::size_t kMostSpans = 16;  // what comes then is "other"

  explicit Account(Time from) : since_(from) {}

  const Standing& now() const { return now_; }
  Time since() const { return since_; }  // when it came to stand so
  void add(const Standing& standing, Millis time);
  // From then on it stands so.
  void turn_to(Standing standing, Time at);
  // It ended: the spans add up to its life, also where the clock was set back meanwhile.
  void close(Time at);
  // Those that lasted, in the order in which they began first.
  std::vector<Span> spans(Time at) const;

  // A line for each span, and one for what stands now: "+priority 1700000000000 ".
  std::string to_text() const;
  static std::optional<Account> parse(std::string_view text);

  bool operator==(const Account&) const = default;

 private:
  void pass(Time at);

  std::vector<Span> spans_;
  Standing now_;
  Time since_;
  bool closed_ = false;
};

}  // namespace jobq::sched
