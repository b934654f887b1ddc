// SPDX-License-Identifier: Apache-2.0
// The event manager: it records tickets in the job queue, decides, and reacts to every event.
//
// step() is the only way in; where several events make one turn, by its halves. It changes rows,
// which take_rows() hands over for the journal, and it asks for actions, which the caller carries
// out when those rows are durable. Questions (queue, show, why, ...) are const and cost nothing to
// the decisions.
//
// Pure: no clock, no randomness, no I/O. The same events give the same rows and actions, byte for
// byte.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "base/time.h"
#include "resmgr/resource_manager.h"
#include "sched/action.h"
#include "sched/event.h"
#include "sched/policy.h"
#include "sched/recurring.h"
#include "sched/rows.h"
#include "sched/view.h"

namespace jobq::sched {

class Core;
struct EventList;
struct QueueWalk;

class EventManager {
 public:
  explicit EventManager(Policy policy = {});
  ~EventManager();
  EventManager(EventManager&&) noexcept;
  EventManager& operator=(EventManager&&) noexcept;

  // Recovery: rows as the journal holds them, in any order, before the first event. Nodes are taken
  // as not connected: what runs there is as it was until they join again or are given up.
  void restore(const std::vector<Row>& rows, Time now, std::vector<Action>& actions);

  // Decides. Actions are appended in the order in which they should leave.
  void step(Event event, Time now, std::vector<Action>& actions);

  // The halves of step(), for a turn of several events that happen at one time: each is accepted,
  // then all is decided at once. What becomes free by one event is granted with the others in
  // view, and a limit that is due does not come before an end of the same instant. Every turn is
  // decided before its rows and actions are used.
  void accept(Event event, Time now, std::vector<Action>& actions);
  void decide(Time now, std::vector<Action>& actions);

  // The rows that changed since the last call, each once, in the order of their first change. Jobs
  // that are final leave memory here.
  std::vector<Row> take_rows();

  // --- questions --------------------------------------------------------------------------------

  std::optional<JobState> state_of(
      JobNumber job) const;                 // none: not in the queue (ended, or never was)
  bool was_dispensed(JobNumber job) const;  // the number was given to a ticket or element once
  // Jobs that its tickets name by number, that have ended, and of which it does not say anything.
  std::vector<JobNumber> ended_among(const NewJobNotice& notice) const;
  JobRef ref_of(JobNumber job) const;  // of a running element, or a front: its array's
  std::size_t live_count() const;
  // Goes on with the walk by at most `most` jobs (a few that are named by the filter come all at
  // once), in queue order: running first, then by priority and number. False at the end.
  bool queue(QueueWalk& walk, std::size_t most,
             const std::function<void(const JobSummary&)>& each) const;
  // The whole queue at once, until `each` returns false.
  void queue(const QueueFilter& filter, Time now,
             const std::function<bool(const JobSummary&)>& each) const;
  // A job that is in the queue, or an element of an array that is, as long as it has not ended or
  // was cancelled before it started.
  std::optional<JobDetail> show(JobRef job, Time now) const;
  std::optional<Why> why(JobRef job, Time now) const;
  // Not in the queue, or an element of an array that is and has ended.
  bool has_ended(JobRef job) const;
  // kNotFound for an element that the job, which is in the queue, does not have.
  Result<void> check_ref(JobRef job) const;
  // kNotFound for an element of the cluster that the policy does not name.
  Result<void> check_filter(const QueueFilter& filter) const;
  std::optional<ArrayRest> rest_of(JobNumber job) const;  // none: not in the queue, or no array
  std::vector<UsageRow> usage() const;     // for fair share, by user; none where that is off
  std::vector<ClassView> classes() const;  // by name, then order of registration
  // Without a version the newest in use, or where all are retired the newest. kNotFound.
  Result<ClassView> find_class(const std::string& name, const std::string& version) const;
  std::vector<NodeView> nodes() const;
  std::vector<resmgr::NamedView> resources() const;
  // Events that wait and who waits for some, as far as who asks may see them: in one mailbox, or
  // with an empty text in all. See sched/mailboxes.h.
  Result<EventList> events(const Actor& actor, const std::string& mailbox) const;
  // Not connected, and not given up.
  std::vector<AwayNode> nodes_away() const;
  std::optional<NodeId> node_id(const std::string& name) const;
  // The node and attempt whose output a user means; for a job that is in the queue.
  std::optional<AttemptId> newest_attempt(JobNumber job, StepId step) const;

  std::vector<RecurView> recurring() const;  // by name
  // Newest first; of the actor's own where `user` is empty. kNotFound.
  Result<std::vector<FiringRow>> firings(const Actor& actor, const std::string& user,
                                         const std::string& name) const;

  // Recounts everything that is kept incrementally; the error says what does not hold.
  Result<void> check_invariants() const;

 private:
  std::unique_ptr<Core> core_;
};

}  // namespace jobq::sched
