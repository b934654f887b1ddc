// SPDX-License-Identifier: Apache-2.0
// A world for tests of the event manager: a virtual clock, users, and nodes that do what the test
// says.
//
// Whatever happens, the invariants are checked after it. What the core asked for is kept as short
// texts until said() takes them, so that a test that compares them sees also what it did not
// expect:
//   "launch 1.calc on n1", "kill 1.calc", "suspend 1.calc", "resume 1.calc", "forget 1.calc",
//   "signal 10 1.calc", "welcome n1", "submitted 1", "refused MESSAGE", "done", "error MESSAGE",
//   "1 ok", "1 MESSAGE", "ended 1 JE step calc: exit code 3"
// An attempt other than the first has its number: "launch 1.calc#2 on n1"; an element of an array
// goes by its array: "launch 1[3].main on n1". Wake-ups stand in wake().
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sched/event_manager.h"

namespace jobq::sched {

// A spec, put together in one expression.
class SpecBuilder {
 public:
  SpecBuilder& step(const std::string& name);  // the following calls are about it
  SpecBuilder& after(const std::string& condition);
  SpecBuilder& after_any(const std::string& condition);
  SpecBuilder& step_needs(const resmgr::Needs& needs);
  SpecBuilder& again(const std::string& to, const std::string& when, std::uint32_t max);
  SpecBuilder& argv(std::vector<std::string> words);
  SpecBuilder& sends(const std::string& to, const std::string& event, const std::string& payload);
  SpecBuilder& receives(const std::string& event, const std::string& from = "",
                        const std::string& mailbox = "");
  SpecBuilder& spawn(const std::string& class_name, bool wait);  // the step submits a class
  SpecBuilder& spawn_own(const SpecBuilder& job, bool wait);     // the step submits this
  SpecBuilder& wait_for(std::vector<std::string> jobs);          // the step waits for jobs
  SpecBuilder& cancel_code(int code);
  SpecBuilder& needs(const resmgr::Needs& needs);  // of the job
  SpecBuilder& cleanup(std::optional<Millis> limit = std::nullopt);
  SpecBuilder& limit(Millis limit);
  SpecBuilder& step_limit(Millis limit);
  SpecBuilder& warned(int signal, Millis before);
  SpecBuilder& keep_going();  // on_failure = "continue"
  JobSpec spec;
};

Ticket ticket_of(const SpecBuilder& builder);

SpecBuilder one_step();  // named "main"

resmgr::Needs cpus(std::uint32_t count);
resmgr::Needs exclusive(const std::string& name);

class World {
 public:
  explicit World(const Policy& policy = {}) : core(policy), policy_(policy) {}

  // --- who and when
  Time now{1000000};
  Actor ann{1000, 1000, "ann", false};
  Actor bob{1001, 1001, "bob", false};
  Actor root{0, 0, "root", true};
  void pass(Millis span);  // time passes, and Ticks are sent as they were asked for
  std::optional<Time> wake() const { return wake_; }

  // --- what clients do
  void send(Event event);
  void register_plan(const SpecBuilder& builder);  // as version 1 of a class "plan"
  JobNumber submit(const SpecBuilder& builder);
  JobNumber submit(Ticket ticket);  // with what the journal knows of jobs that it names
  std::vector<JobFact> facts_of(const std::vector<JobNumber>& jobs) const;
  void submit_many(const SpecBuilder& builder, std::size_t count);  // in one request
  void hold(JobNumber job) { send(Hold{kReply, ann, only(job)}); }
  void release(JobNumber job) { send(Release{kReply, ann, only(job)}); }
  void cancel(JobNumber job) { send(Cancel{kReply, ann, only(job), 0}); }
  void cancel(JobNumber job, const std::string& step);
  void create_exclusive(const std::string& name);
  static Selector only(JobNumber job);
  static Selector elements(JobNumber array, const std::string& indexes);
  // The number under which the element runs, or waits as the front.
  JobNumber element(JobNumber array, Index index) const;
  static constexpr ReplyId kReply{7};

  // --- what nodes do
  NodeId join(const std::string& name, std::uint32_t cpu_count);  // with all that it knows
  void lose(const std::string& name);
  void restart(const std::string& name);  // it forgets everything; join() comes after that
  void started(JobNumber job, const std::string& step);
  void complete(JobNumber job, const std::string& step, int exit_code = 0);
  void complete(JobNumber job, const std::string& step, const TaskEnd& end);
  // The node's last launch of the step.
  const Launch& launched(JobNumber job, const std::string& step);

  // --- what came out
  std::vector<std::string> said();
  void forget_said() { said_.clear(); }
  std::string state(JobNumber job) const;  // "BP"; "gone" when it is not in the queue
  std::string step_state(JobNumber job, const std::string& step) const;
  std::string reason(JobNumber job) const;
  JobRow row(JobNumber job) const;     // as it was written last
  std::vector<Row> live_rows() const;  // what a journal would give back
  Time ended_at(JobNumber job) const { return row(job).ended; }

  // Another core from the rows written so far.
  std::unique_ptr<EventManager> restored(std::vector<Action>& out) const;

  EventManager core;
  std::vector<Action> actions;  // of the last event
  std::vector<Row> last_rows;   // of the last event

 private:
  struct SimNode {
    NodeId id;
    std::string incarnation;
    std::uint32_t cpus = 0;
    std::map<AttemptId, bool> attempts;  // and whether they run
  };
  void take(const std::vector<Action>& taken);
  void perform(const Action& action);
  void store(const Row& row);
  std::string name_of(const AttemptId& id) const;
  static std::string job_in(const Launch& launch);
  AttemptId attempt_of(JobNumber job, const std::string& step) const;
  NodeId node_of(const AttemptId& id) const;

  Policy policy_;
  std::vector<std::string> said_;
  std::optional<Time> wake_;
  std::map<std::string, SimNode> nodes_;
  std::map<AttemptId, Launch> launches_;
  int incarnations_ = 0;
  // The journal: rows under their keys.
  std::map<std::string, Row> rows_;
};

// Two rows or actions as one text, to compare: every field that decides.
std::string to_text(const Row& row);
std::string to_text(const Action& action);

}  // namespace jobq::sched
