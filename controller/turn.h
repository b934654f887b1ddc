// SPDX-License-Identifier: Apache-2.0
// The turn: what has arrived goes to the core, the rows that changed go to the journal, and what
// follows from them leaves when they are durable.
//
// Everything passes in order. A question that is asked behind an event sees what the event did, and
// its answer waits for the event's rows like the event's own replies. On a failure of the journal
// nothing of the failed batches leaves: their replies become errors, the core is rebuilt from the
// journal, and until a write succeeds again events are refused.
//
// No loop, no thread and no clock in here: those stand behind TurnDoors. In production that is
// Turns; in the fault simulator it is a process that can die between any two of these calls.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <span>
#include <variant>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "sched/event_manager.h"

namespace jobq::controller {

enum class TurnTimer : std::uint8_t {
  kTick,   // the core asked to be woken
  kRetry,  // the journal failed: is it back?
  kFlush,  // rows that nobody waits for have been held long enough
};

// The way out. Nothing here calls back into the turn before it has returned.
class TurnDoors {
 public:
  virtual ~TurnDoors() = default;

  virtual Time now() = 0;
  virtual void run_soon() = 0;  // asks for one run(), after what has arrived by now was posted
  virtual void start(TurnTimer timer, Millis delay) = 0;  // due() once; starting again moves it
  virtual void stop(TurnTimer timer) = 0;

  // The journal. Each append is answered by one committed(), in order.
  virtual void append(std::vector<sched::Row> rows) = 0;
  virtual Result<std::vector<sched::Row>> recover() = 0;
  virtual Result<void> reopen() = 0;

  virtual void act(sched::Action action) = 0;                  // its rows are durable
  virtual void journal_failed(const Error& refused_with) = 0;  // the core is as the journal says
  virtual void journal_back() = 0;
};

// Sees in order what the core is given and what it gives, and changes nothing.
class TurnWitness {
 public:
  virtual ~TurnWitness() = default;

  // The core was made with this policy and restored from these rows.
  virtual void restored(std::vector<sched::Row> from, Time at, const sched::Policy& policy,
                        std::span<const sched::Action> actions,
                        std::span<const sched::Row> changed) = 0;
  // The journal failed: nothing of what was told since the last commit is so, and nothing is told
  // until the core is restored again.
  virtual void lost() = 0;
  // Before the core is given an event, and after.
  virtual void given(const sched::Event& event, Time at) = 0;
  virtual void decided(std::span<const sched::Action> actions) = 0;
  // At the end of a turn: the rows that its events changed.
  virtual void turned(std::span<const sched::Row> changed) = 0;
};

class Turn {
 public:
  // Run when everything before the question is durable, or with the journal's error.
  using Answer = std::function<void(const Result<void>&)>;
  // Called in order with the events; what it returns answers.
  using Question = std::function<Answer(const sched::EventManager&, Time)>;

  Turn(sched::Policy policy, TurnDoors& doors);

  // Before the first recovery; it must outlive the turn.
  void set_witness(TurnWitness* witness) { witness_ = witness; }

  // --- from the controller
  void post(sched::Event event);
  void ask(Question question);
  // Decides what has arrived and calls back when all of it is durable and has left.
  void finish(std::function<void()> finished);
  const sched::EventManager& core() const { return core_; }
  const sched::Policy& policy() const { return policy_; }
  bool holds_rows() const { return !held_rows_.empty(); }  // that the journal was not given yet

  // --- from the doors
  // The core as the journal has it; once before anything else.
  Result<void> recover();
  void run();
  void due(TurnTimer timer);
  void committed(const Result<void>& result);

 private:
  using Item = std::variant<sched::Event, Question>;
  struct Batch {
    std::vector<sched::Action> actions;
    std::vector<Answer> answers;
  };

  void take(Item item, Time now, Batch& batch);
  void refuse(const sched::Event& event);
  void commit(Batch batch, std::vector<sched::Row> rows);
  void append(Batch batch);
  void settle(Batch batch, const Result<void>& result);
  void finish_if_idle();
  void act(sched::Action action);
  void fail(const Error& error);
  void rebuild();
  void try_reopen();
  void wake_at(Time at);

  sched::Policy policy_;
  TurnDoors& doors_;
  TurnWitness* witness_ = nullptr;
  sched::EventManager core_;

  std::vector<Item> inbox_;
  std::vector<sched::Row> held_rows_;  // not handed to the journal yet
  std::deque<Batch> outstanding_;      // in the order of the journal
  std::optional<Error> failure_;       // set: events are refused
  std::function<void()> finished_;
  Time tick_at_;  // 0: no tick is asked for
};

}  // namespace jobq::controller
