// SPDX-License-Identifier: Apache-2.0
// Saying that attempts run, a moment late.
#include "exec/announcements.h"

#include <algorithm>
#include <utility>

#include "exec/ledger.h"

namespace jobq::exec {
Announcements::Announcements(uv_loop_s* loop, Say say) : loop_(loop), say_(std::move(say)) {}

void Announcements::tell(const pb::Attempt& attempt) {
  if (!attempt.has_end()) {
    running_.push_back({attempt, steady_now_ns() + kWorthSaying.count * kNsPerMs});
    wait();
    return;
  }
  const AttemptId id = id_of(attempt.id());
  std::erase_if(running_, [&](const Due& due) { return id_of(due.attempt.id()) == id; });
  say_(attempt);
}

void Announcements::clear() { running_.clear(); }

// A timer that is set is left alone: setting it for every short step would cost as much as telling.
void Announcements::wait() {
  if (timer_ || running_.empty()) return;
  const std::int64_t left_ns = std::max<std::int64_t>(running_.front().at_ns - steady_now_ns(), 0);
  timer_ = std::make_unique<net::Timer>(loop_, Millis{left_ns / kNsPerMs + 1}, [this] {
    timer_.reset();
    say_due();
    wait();
  });
}

void Announcements::say_due() {
  const std::int64_t now_ns = steady_now_ns();
  while (!running_.empty() && running_.front().at_ns <= now_ns) {
    const Due due = std::move(running_.front());
    running_.pop_front();
    say_(due.attempt);
  }
}

}  // namespace jobq::exec
