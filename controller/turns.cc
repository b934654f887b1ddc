// SPDX-License-Identifier: Apache-2.0
// The turn's doors over libuv's handles and the journal's thread.
#include "controller/turns.h"

#include <mutex>
#include <utility>

#include "base/check.h"

namespace jobq::controller {
namespace {

constexpr std::size_t kMostPending = 1U << 20U;  // bytes of the recording

}  // namespace

// Results in the order of the commits. The journal's thread writes, the loop reads; it outlives
// both.
struct Turns::Mailbox {
  std::mutex mutex;
  std::vector<Result<void>> results;
  std::unique_ptr<Waker> waker;  // reset on the loop before the loop goes away

  void put(Result<void> result) {
    const std::lock_guard lock(mutex);
    results.push_back(std::move(result));
    if (waker) waker->wake();
  }
  std::vector<Result<void>> take() {
    const std::lock_guard lock(mutex);
    return std::exchange(results, {});
  }
};

Turns::Turns(uv_loop_s* loop, sched::Policy policy, Handlers handlers)
    : handlers_(std::move(handlers)),
      turn_(std::move(policy), *this),
      mailbox_(std::make_shared<Mailbox>()),
      turn_end_(loop, [this] { run(); }),
      tick_(loop, [this] { turn_.due(TurnTimer::kTick); }),
      retry_(loop, [this] { turn_.due(TurnTimer::kRetry); }),
      flush_(loop, [this] { turn_.due(TurnTimer::kFlush); }) {
  mailbox_->waker = std::make_unique<Waker>(loop, [this] { collect(); });
}

Turns::~Turns() {
  journal_.reset();
  const std::lock_guard lock(mailbox_->mutex);
  mailbox_->waker.reset();
}

Result<void> Turns::open(store::Journal::Options options, Bytes flight_recorder) {
  FlightRecorder::Options recording{options.directory, flight_recorder, options.codec};
  auto journal = store::Journal::open(std::move(options));
  if (!journal) return tl::unexpected(journal.error());
  journal_ = std::move(*journal);
  if (flight_recorder.count != 0) {
    recorder_ = std::make_unique<FlightRecorder>(std::move(recording));
    turn_.set_witness(recorder_.get());
  }
  return turn_.recover();
}

// What changes no rows (a trial of a submission) is recorded with the next batch, or by itself once
// that is much.
void Turns::run() {
  turn_.run();
  if (!recorder_ || recorder_->pending() < kMostPending || turn_.holds_rows()) return;
  journal_->append({}, [piece = recorder_->take()](const Result<void>& result) {
    if (result) FlightRecorder::write(piece);
  });
}

void Turns::append(std::vector<sched::Row> rows) {
  if (unanswered_++ == 0) silent_since_ns_ = steady_now_ns();
  FlightRecorder::Piece piece = recorder_ ? recorder_->take() : FlightRecorder::Piece{};
  journal_->append(std::move(rows),
                   [mailbox = mailbox_, piece = std::move(piece)](Result<void> result) {
                     if (result) FlightRecorder::write(piece);
                     mailbox->put(std::move(result));
                   });
}

void Turns::collect() {
  const std::vector<Result<void>> results = mailbox_->take();
  unanswered_ -= results.size();
  silent_since_ns_ = steady_now_ns();
  for (const Result<void>& result : results) turn_.committed(result);
}

Millis Turns::journal_silence() const {
  if (unanswered_ == 0) return {};
  return Millis{(steady_now_ns() - silent_since_ns_) / kNsPerMs};
}

Timer& Turns::handle_of(TurnTimer timer) {
  switch (timer) {
    case TurnTimer::kTick: return tick_;
    case TurnTimer::kRetry: return retry_;
    case TurnTimer::kFlush: return flush_;
  }
  unreachable("timer of a turn out of range");
}

}  // namespace jobq::controller
