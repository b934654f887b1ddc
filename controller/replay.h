// SPDX-License-Identifier: Apache-2.0
// A recording run again: the same events to a new core, which must decide the same.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>

#include "base/result.h"
#include "base/time.h"
#include "sched/action.h"
#include "sched/event.h"

namespace jobq::controller {

// One event, and what was decided about it.
struct ReplayedStep {
  std::uint64_t number = 0;  // of the event in its recording, from 1
  Time at;
  const sched::Event* event = nullptr;  // none: the recovery with which the recording begins
  std::span<const sched::Action> actions;
};

struct Replayed {
  std::uint64_t events = 0;
  std::uint64_t decisions = 0;  // actions that came out
  std::string software;         // that recorded it
  Time from;
  Time to;
  bool torn = false;  // the last record is not whole: the controller was killed while it wrote
  bool full = false;  // the recording reached its limit
  // Its controller ended before it had written what it started from: nothing could be run.
  bool has_beginning = true;
  // The first place where this core decided otherwise; nothing behind it was run.
  std::optional<std::string> difference;
};

using OnStep = std::function<void(const ReplayedStep&)>;

// Reads the recording in this directory and runs it. An error: it cannot be read, or is damaged.
Result<Replayed> replay(const std::string& recording, const OnStep& on_step);

}  // namespace jobq::controller
