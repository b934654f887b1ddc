// SPDX-License-Identifier: Apache-2.0
// The turn: what has arrived goes to the core, the rows that changed go to the journal, and what
// follows from them leaves when they are durable.
//
// Everything passes in order. A question that is asked behind an event sees what the event did, and
// its answer waits for the event's rows like the event's own replies. On a failure of the journal
// nothing of the failed batches leaves: their replies become errors, the core is rebuilt from the
// journal, and until a write succeeds again events are refused.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "controller/loop_handles.h"
#include "sched/event_manager.h"
#include "store/journal.h"

namespace jobq::controller {

class Turns {
 public:
  struct Handlers {
    std::function<void(sched::Action)> act;            // its rows are durable
    std::function<void(const Error&)> journal_failed;  // the core is as the journal says again
    std::function<void()> journal_back;
  };

  // Run when everything before the question is durable, or with the journal's error.
  using Answer = std::function<void(const Result<void>&)>;
  // Called in order with the events; what it returns answers.
  using Question = std::function<Answer(const sched::EventManager&, Time)>;

  Turns(uv_loop_s* loop, sched::Policy policy, Handlers handlers);
  ~Turns();  // waits for the journal; what was not answered by then is dropped
  Turns(const Turns&) = delete;
  Turns& operator=(const Turns&) = delete;

  // Opens the journal and recovers the core from it.
  Result<void> open(store::Journal::Options options);

  void post(sched::Event event);
  void ask(Question question);

  const sched::EventManager& core() const { return core_; }

  // Decides what has arrived and calls back when all of it is durable and has left.
  void finish(std::function<void()> finished);

 private:
  using Item = std::variant<sched::Event, Question>;
  struct Batch {
    std::vector<sched::Action> actions;
    std::vector<Answer> answers;
  };

  void run();
  void take(Item item, Time now, Batch& batch);
  void refuse(const sched::Event& event);
  void commit(Batch batch, std::vector<sched::Row> rows);
  void append(Batch batch);
  void collect();  // on the loop: results that the journal's thread left
  void settle(Batch batch, const Result<void>& result);
  void finish_if_idle();
  void act(sched::Action action);
  void fail(const Error& error);
  void rebuild();
  void try_reopen();
  void wake_at(Time at);
  Result<void> recover();

  sched::Policy policy_;
  Handlers handlers_;
  sched::EventManager core_;
  std::unique_ptr<store::Journal> journal_;

  std::vector<Item> inbox_;
  std::vector<sched::Row> held_rows_;  // not handed to the journal yet
  std::deque<Batch> outstanding_;      // in the order of the journal
  std::optional<Error> failure_;       // set: events are refused
  std::function<void()> finished_;

  struct Mailbox;  // between the journal's thread and the loop
  std::shared_ptr<Mailbox> mailbox_;
  TurnEnd turn_end_;
  Timer tick_;
  Time tick_at_;
  Timer retry_;
  Timer flush_;
};

}  // namespace jobq::controller
