// SPDX-License-Identifier: Apache-2.0
// The turn (controller/turn.h) on a libuv loop, with the journal on its thread and the wall clock.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "base/result.h"
#include "controller/flight_recorder.h"
#include "controller/loop_handles.h"
#include "controller/turn.h"
#include "sched/event_manager.h"
#include "store/journal.h"

namespace jobq::controller {

class Turns final : private TurnDoors {
 public:
  struct Handlers {
    std::function<void(sched::Action)> act;            // its rows are durable
    std::function<void(const Error&)> journal_failed;  // the core is as the journal says again
    std::function<void()> journal_back;
  };
  using Answer = Turn::Answer;
  using Question = Turn::Question;

  Turns(uv_loop_s* loop, sched::Policy policy, Handlers handlers);
  ~Turns() override;  // waits for the journal; what was not answered by then is dropped
  Turns(const Turns&) = delete;
  Turns& operator=(const Turns&) = delete;

  // Opens the journal and recovers the core from it; records what it decides from then on, in so
  // much space (0: not at all).
  Result<void> open(store::Journal::Options options, Bytes flight_recorder);

  void post(sched::Event event) { turn_.post(std::move(event)); }
  void ask(Question question) { turn_.ask(std::move(question)); }
  const sched::EventManager& core() const { return turn_.core(); }
  const sched::Policy& policy() const { return turn_.policy(); }
  void finish(std::function<void()> finished) { turn_.finish(std::move(finished)); }
  // For how long the journal has owed an answer without giving any.
  Millis journal_silence() const;

 private:
  Time now() override { return wall_now(); }
  void run_soon() override { turn_end_.ask(); }
  void start(TurnTimer timer, Millis delay) override { handle_of(timer).start(delay); }
  void stop(TurnTimer timer) override { handle_of(timer).stop(); }
  void append(std::vector<sched::Row> rows) override;
  Result<std::vector<sched::Row>> recover() override { return journal_->recover(); }
  Result<void> reopen() override { return journal_->reopen(); }
  void act(sched::Action action) override { handlers_.act(std::move(action)); }
  void journal_failed(const Error& refused_with) override {
    handlers_.journal_failed(refused_with);
  }
  void journal_back() override { handlers_.journal_back(); }

  Timer& handle_of(TurnTimer timer);
  void run();
  void collect();  // on the loop: results that the journal's thread left

  Handlers handlers_;
  Turn turn_;
  std::unique_ptr<FlightRecorder> recorder_;  // may be none
  std::unique_ptr<store::Journal> journal_;   // its thread writes the recording as well

  struct Mailbox;  // between the journal's thread and the loop
  std::shared_ptr<Mailbox> mailbox_;
  TurnEnd turn_end_;
  Timer tick_;
  Timer retry_;
  Timer flush_;

  std::size_t unanswered_ = 0;        // batches that the journal has
  std::int64_t silent_since_ns_ = 0;  // since it has had any, or has answered one
};

}  // namespace jobq::controller
