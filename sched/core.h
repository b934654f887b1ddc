// SPDX-License-Identifier: Apache-2.0
// The heart of the event manager: all that it knows, and the functions that change it, by noun.
//
// A turn: one event is handled, or all of one instant (accept()), then limits that are due are
// enforced, what became free is granted until nothing more can be, and the next wake-up is asked
// for (decide()). No turn costs more because more jobs wait.
#pragma once

#include <compare>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "base/time.h"
#include "resmgr/resource_manager.h"
#include "sched/action.h"
#include "sched/changes.h"
#include "sched/class_table.h"
#include "sched/core_parts.h"
#include "sched/event.h"
#include "sched/event_manager.h"
#include "sched/fair_share.h"
#include "sched/job.h"
#include "sched/job_table.h"
#include "sched/lifecycle.h"
#include "sched/mailboxes.h"
#include "sched/node_table.h"
#include "sched/outcome.h"
#include "sched/queue_walk.h"
#include "sched/quotas.h"
#include "sched/recurring.h"
#include "sched/rows.h"
#include "sched/run_times.h"
#include "sched/spec_store.h"
#include "sched/submission_table.h"
#include "sched/view.h"

namespace jobq::sched {

class Core {
 public:
  explicit Core(Policy policy);

  // The door (core.cc, changes.cc, recovery.cc).
  void accept(Event& event, Time now, std::vector<Action>& actions);
  void decide(Time now, std::vector<Action>& actions);
  std::vector<Row> take_rows();
  void restore(const std::vector<Row>& rows, Time now, std::vector<Action>& actions);

  // Questions (show.cc, why.cc, invariants.cc).
  const JobTable& jobs() const { return jobs_; }
  const NodeTable& node_table() const { return nodes_; }
  const resmgr::ResourceManager& resources() const { return rm_; }
  bool was_dispensed(JobNumber number) const { return number && number.value < next_job_; }
  std::vector<JobNumber> ended_among(const NewJobNotice& notice) const;
  bool queue(QueueWalk& walk, std::size_t most,
             const std::function<void(const JobSummary&)>& each) const;
  std::optional<JobDetail> show(JobRef ref, Time now) const;
  std::optional<Why> why(JobRef ref, Time now) const;
  bool has_ended(JobRef ref) const;
  Result<void> check_ref(JobRef ref) const;
  Result<void> check_filter(const QueueFilter& filter) const;
  std::vector<UsageRow> usage() const { return fair_.rows(); }
  std::vector<ClassView> class_views() const;
  Result<ClassView> find_class(const std::string& name, const std::string& version) const;
  std::vector<NodeView> node_views() const;
  std::optional<NodeId> node_id(const std::string& name) const;
  std::vector<AwayNode> nodes_away() const;
  std::vector<RecurView> recur_views() const;
  Result<std::vector<FiringRow>> firings(const Actor& actor, const std::string& user,
                                         const std::string& name) const;
  Recurring* find_recurring(const RecurKey& key);
  Result<EventList> events(const Actor& actor, const std::string& mailbox) const;
  Result<void> check_invariants() const;

 private:
  // Events of clients (submission.cc, control.cc, classes.cc, cluster.cc).
  void on(NewJobNotice& event);
  void on(Hold& event);
  void on(Release& event);
  void on(Cancel& event);
  void on(RegisterClass& event);
  void on(RetireClass& event);
  void on(CreateResource& event);
  void on(RemoveResource& event);
  void on(DrainNode& event);
  void on(ResumeNode& event);
  void on(ForgetNode& event);
  // Those of events between flows (events.cc).
  void on(SendEvent& event);
  void on(ReceiveEvent& event);
  void on(LeaveReceive& event);
  void on(DropEvent& event);
  // Events of nodes (nodes.cc) and of the clock.
  void on(NodeJoined& event);
  void on(NodeLost& event);
  void on(NodeGivenUp& event);
  void on(NodeServices& event);
  void on(TaskStarted& event);
  void on(TaskComplete& event);
  void on(LookedUp& event);
  void on(Tick& event);
  // Recurring tickets (recurring.cc).
  void on(AddRecur& event);
  void on(RemoveRecur& event);
  void on(PauseRecur& event);
  void on(ResumeRecur& event);
  void on(ZoneLearned& event);

  // The turn (core.cc).
  void handle_grants();
  void end_unsendable();
  void ask_to_wake();
  void emit(Action action) { out_->push_back(std::move(action)); }
  void reply(ReplyId to, decltype(Reply::body) body);
  void reply(ReplyId to, const Result<void>& result);
  void touch(Job& job);
  void touch(Job& job, StepId step);
  void touch_attempt(Job& job, StepId step);
  void note(Job& job, std::string what, std::string detail);
  std::uint64_t& counter(Counter which);
  std::uint64_t next(Counter which);
  bool apply(Job& job, StepId step, StepInput input);  // false where the table ignores it
  void enter(Job& job, StepId id, StepState next);

  // Accounts of where jobs stood (accounts.cc).
  void mark(Job& job);
  static Account& account_of(Job& job);
  void settle_accounts();
  void close_account(Job& job);
  void note_refusals();
  void note_refusal(Job& job, Refused refused);
  void forget_refusal(resmgr::RequestId id);
  void open_account_of_element(Job& element);

  // Rows (changes.cc).
  std::optional<Row> row_of(const RowKey& key);

  // Submission (submission.cc).
  bool repeat_request(const NewJobNotice& event);
  Result<JobNumber> submit(const Ticket& ticket, const Actor& actor, CheckedSpecs& checked,
                           const Origin& origin);
  Result<JobNumber> try_out(const Ticket& ticket, const Actor& actor, CheckedSpecs& checked,
                            const Origin& origin, Foresight& foresight,
                            Submitted::Expected& expected);
  std::optional<JobNumber> submitted_before(const Ticket& ticket, const Actor& actor) const;
  Result<CheckedSpec*> check_all(const Ticket& ticket, const Actor& actor, CheckedSpecs& checked);
  CheckedSpec& check_inline(const std::shared_ptr<const JobSpec>& spec, CheckedSpecs& checked);
  Result<CheckedSpec*> check_class(const Ticket& ticket, CheckedSpecs& checked);
  void check_new(CheckedSpec& spec, bool is_known_good);
  Result<void> check_spawned(const JobSpec& spec) const;
  JobNumber record(const Ticket& ticket, const Actor& actor, CheckedSpec& spec,
                   const Origin& origin, std::vector<Dependency> after);
  SpecEntry& entry_for(const std::shared_ptr<const JobSpec>& spec);
  void remember(const Actor& actor, std::string key, std::vector<JobNumber> jobs, Millis keep);

  // What a job could use next (dispatch.cc).
  void go_on(Job& job);
  void flow_on(Job& job, std::vector<StepId> ended);
  bool consider(Job& job, StepId step);
  bool make_ready(Job& job, StepId step);
  bool ask(Job& job, StepId step);
  void refuse(Job& job, StepId step, const std::string& why);
  void ask_for_job(Job& job);
  Result<void> enqueue(const resmgr::Request& request);
  void withdraw(resmgr::RequestId id);
  void withdraw(Job& job, StepId step);
  void withdraw_job(Job& job);
  void place(Job& job, StepId step);
  void wait_for_node(Job& job, StepId step);
  std::optional<NodeId> choose_node(const Job& job, StepId step) const;
  void retry_node_waits();
  void on_grant(const resmgr::Grant& grant);
  void on_move(Job& job, const resmgr::Grant& grant);
  void start_job(Job& job);
  AttemptRow& new_attempt(Job& job, StepId step);
  void start(Job& job, StepId step, const resmgr::Grant& on);
  std::optional<Launch> launch_of(const Job& job, StepId step);

  // Steps that the controller carries out itself (built_in.cc).
  void start_built_in(Job& job, StepId id);
  void carry_out_steps();
  void carry_out(Job& job, StepId id);
  void abandon(Job& job, StepId id);
  void end_built_in(Job& job, StepId id, Outcome outcome, std::string reason,
                    std::optional<std::string> event = std::nullopt);

  // Jobs that steps submit (families.cc).
  Result<Ticket> ticket_of(const Job& job, StepId id) const;
  void spawn(Job& job, StepId id);
  const Job* spawned_by(const AttemptId& attempt) const;
  void cancel_spawned(Job& job, StepId id);
  void tell_parent(const Job& child);
  void join_family(Job& job, const Origin& origin);
  void index_family(const Job& job);
  void leave_family(const Job& job);
  Origin origin_of(const Caller& caller, const Actor& actor) const;
  void note_children(const Origin& origin, const std::string& step,
                     const std::vector<JobNumber>& numbers);
  std::vector<JobNumber> family_of(JobNumber number) const;

  // What waits for other jobs (following.cc).
  Result<Dependency> dependency_on(const JobCondition& condition, const User& user,
                                   const std::vector<JobFact>& known) const;
  Result<std::vector<Dependency>> dependencies_of(const Ticket& ticket, const Actor& actor,
                                                  const std::vector<JobFact>& known) const;
  void follow(Job& job, std::vector<Dependency> after, bool keeps_never);
  void index_followed(const Job& job);
  void look_at_conditions(Job& job);
  void cancel_whole(Job& job, const std::string& reason);
  void pass_delays(Job& job);
  std::optional<Time> next_delay_of(const Job& job) const;
  Result<void> find_waited_for(const Job& job, const std::string& word,
                               std::set<JobNumber>& found) const;
  Result<std::set<JobNumber>> waited_for(const Job& job, StepId id) const;
  void wait_for_jobs(Job& job, StepId id);
  bool waits_for(JobNumber first, JobNumber second) const;
  void end_wait_if_over(Job& job, StepId id);
  void tell_of(const Job& job);
  void pass_news();
  void pass_news(const Job& job, const Watcher& watcher);

  // What the policy counts (policies.cc).
  Result<void> check_policy(const Ticket& ticket, const Actor& actor, const JobSpec& spec);
  std::optional<Millis> time_limit_of(const Ticket& ticket, const JobSpec& spec) const;
  Submitted::Expected expected_of(const Ticket& ticket, const Actor& actor, const JobSpec& spec,
                                  Foresight& foresight);
  Submitted::Expected expected_at_once(const Ticket& ticket, const Actor& actor,
                                       const JobSpec& spec, Time begin, Foresight& foresight);
  std::optional<Submitted::Expected> expected_without_needs(const Actor& actor,
                                                            const JobSpec& spec);
  // How many elements come behind the fronts of arrays that wait.
  resmgr::Followers followers() const;
  const Quotas::Kind& kind_of(const Job& job);
  // The same for a question: a user whom fair share does not know stays unknown.
  const Quotas::Kind& kind_for(const std::string& user, const JobSpec& spec);
  resmgr::Request request_for(const Job& job, resmgr::RequestId id, resmgr::Needs needs);
  void count_waiting(const Job& job, std::int64_t more);
  void count_start(Job& job);
  void count_end(const Job& job);
  std::int64_t cpus_of(const Job& job, resmgr::RequestId id) const;
  void hold_share(const Job& job, resmgr::RequestId id, std::int64_t sign);
  bool give_back(const Job& job, resmgr::RequestId id);
  void share_fairly();
  void touch_shares();
  std::optional<Time> usual_end_of(const Job& job) const;
  std::optional<Time> known_end_of(const Job& job) const;
  void refresh_known_end(Job& job);
  void pass_estimates();
  void learn_run_time(const Job& job);

  // Ends (completion.cc).
  enum class Again : std::uint8_t { kByPolicy, kNever };
  void settle(Job& job, StepId id, const TaskEnd& end, Again again = Again::kByPolicy);
  void note_end(Job& job, StepId id);
  void decide(Job& job, Outcome outcome, const std::string& reason, int exit_code);
  void stop_steps(Job& job);
  void order_end(Job& job, StepId id, Outcome outcome, const std::string& reason);
  void order_all_ends(Job& job, Outcome outcome, const std::string& reason);
  void advance(Job& job);
  void end_job(Job& job);

  // Further attempts (retries.cc).
  bool may_try_again(const Job& job, StepId id, const TaskEnd& end, Outcome outcome) const;
  void try_again(Job& job, StepId id, const std::string& why);
  void try_due_again();
  bool is_delayed(const Job& job, StepId id) const;
  NodeId failed_on(const Job& job, resmgr::RequestId id) const;
  bool has_other_node(NodeId than, const resmgr::Needs& needs) const;
  Wish wish_of(const Job& job, resmgr::RequestId id) const;
  void renew_wishes();
  void renew_wishes(const Job& job);
  void ask_anew(const std::vector<resmgr::RequestId>& ids);
  bool leave_node(Job& job);
  bool leave_lost_home(Job& job);

  // Loops (rounds.cc).
  void note_used_up(Job& job, StepId id);
  void end_round(Job& job, StepId owner);
  void send_back(Job& job, const LoopPlan& loop);
  void forget_failures(Job& job);
  bool go_round(Job& job, std::vector<StepId>& ended);

  // Nodes that stay away (lost_nodes.cc).
  void settle_as_lost(const Node& node, const AttemptId& id, const std::string& why);
  bool counts_as_lost(const Node& node, const Job& job, StepId id) const;
  void leave_all(NodeId node);
  bool is_given_up(NodeId node) const;

  // Limits, begins and deadlines (deadlines.cc).
  struct StepTimes {
    std::optional<Time> end;      // by the step's own limit
    std::optional<Time> warning;  // none where it was sent already
  };
  std::optional<Time> end_of(const Job& job) const;
  std::optional<Time> end_of(const Job& job, StepId id) const;
  StepTimes times_of(const Job& job, StepId id) const;
  std::optional<Time> begin_of(const Job& job) const;
  std::optional<Time> deadline_of(const Job& job) const;
  bool is_overdue(const Job& job) const;
  bool is_kept(const Job& job) const;
  std::optional<Time> due_of(const Job& job) const;
  void refresh_deadline(Job& job);
  void set_end(resmgr::RequestId id, std::optional<Time> end);
  void enforce_limits();
  void refresh_deadlines(const Node& node);
  void expire(Job& job);
  void begin(Job& job);
  void expire_all(Job& job);
  void end_all(Job& job, const std::string& reason);
  void end_overdue(Job& job);
  void end_whole_array(Job& array, Outcome outcome, const std::string& reason);
  void warn(Job& job, StepId id);

  // Recurring tickets (recurring.cc), and what they fire (firing.cc).
  Result<void> add_recur(const AddRecur& event);
  Result<void> replace_recur(Recurring& one, const AddRecur& event);
  Result<void> check_recur(const AddRecur& event);
  Result<RecurKey> key_of_recur(const Actor& actor, const std::string& user,
                                const std::string& name) const;
  Result<Recurring*> change_recur(const Actor& actor, const std::string& user,
                                  const std::string& name);
  void look_from(Recurring& one, Time after);
  void touch(const Recurring& one);
  void touch(const Recurring& one, const FiringRow& firing);
  void set_due(Recurring& one);
  void fire_due();
  void go_through(Recurring& one, std::size_t& budget);
  void meet(Recurring& one, Time nominal);
  void settle_late(Recurring& one, bool is_newer_due);
  void fire(Recurring& one, Time nominal);
  void submit_run(Recurring& one, Time nominal);
  void cancel_runs(Recurring& one);
  void let_wait(Recurring& one, Time nominal);
  void note_firing(Recurring& one, FiringEnd what, Time nominal, JobNumber job = {},
                   const std::string& detail = {});
  void note_run(const Job& job);
  void run_ended(const Job& job);
  Result<void> check_recurring() const;

  // Arrays (arrays.cc).
  void touch_array(Job& array);
  void look_at_later(Job& array);
  void look_at_arrays();
  void go_on_array(Job& array);
  void make_front(Job& array, JobNumber number, Index index);
  void take_front_back(Job& array);
  void element_started(Job& element);
  void element_ended(Job& element);
  void end_array(Job& array);
  void drop(Job& array, const IndexSet& elements, Outcome outcome, const std::string& reason);

  // Holds and cancels (control.cc, selection.cc, array_control.cc).
  struct Choice {
    JobNumber number;
    Job* job = nullptr;  // none: `error` says why
    Error error;
    const IndexSet* elements = nullptr;  // of the array that is meant; none: the whole job
  };
  void command(ReplyId to, const Actor& actor, const Selector& jobs, JobCommand what,
               int signal = 0);
  bool carry_on(OpenCommand& open);
  Result<void> carry_out(const OpenCommand& open, Job& job);
  Result<void> cancel_family(const OpenCommand& open, const Choice& choice);
  Result<void> carry_out(const OpenCommand& open, Job& array, const IndexSet& elements);
  // With `elements`, those of the array are meant; they are not looked at.
  Choice choose(const Actor& actor, JobNumber number, JobCommand command,
                const IndexSet* elements = nullptr);
  Choice choose_elements(const Actor& actor, const Selector::Elements& elements,
                         JobCommand command);
  bool select(OpenCommand& open, std::vector<Choice>& choices);
  bool select_by_number(OpenCommand& open, std::vector<Choice>& choices);
  bool select_by_walk(OpenCommand& open, std::vector<Choice>& choices);
  std::optional<std::vector<JobNumber>> few_meant(const OpenCommand& open) const;
  bool is_meant(const OpenCommand& open, const Job& job) const;
  void hold(Job& job, const Actor& actor);
  void release(Job& job, const Actor& actor);
  void wake(Job& job);
  void cancel(Job& job, const Actor& actor);
  Result<void> cancel_step(Job& job, const std::string& name, const Actor& actor);
  Result<void> signal(Job& job, const std::string& step, int number, const Actor& actor);

  void hold_array(Job& array, const Actor& actor);
  void release_array(Job& array, const Actor& actor);
  void release_unstarted(Job& array, const IndexSet& elements);
  void cancel_array(Job& array, const Actor& actor);
  Result<void> signal_array(Job& array, const IndexSet* elements, const std::string& step,
                            int number, const Actor& actor);
  Result<void> hold_elements(Job& array, const IndexSet& elements, const Actor& actor);
  Result<void> release_elements(Job& array, const IndexSet& elements, const Actor& actor);
  Result<void> cancel_elements(Job& array, const IndexSet& elements, const Actor& actor);
  static Result<void> check_elements(const Job& array, const IndexSet& elements,
                                     JobCommand command);
  static Result<Job*> element_with_step(Job& array, const IndexSet& elements);

  // Events between flows (events.cc, event_views.cc).
  struct Posting {
    std::string_view to;
    std::string_view event;
    std::string_view payload;
    std::optional<Millis> ttl;
    bool broadcast = false;
    std::string_view key;  // of a request; empty: none
  };
  Result<EventId> post(const Actor& actor, const Job* from, std::string_view step,
                       const Posting& posting);
  Result<Mailbox> mailbox_to(std::string_view text, const Actor& actor) const;
  Result<const Job*> job_of_request(const std::optional<JobRef>& ref, const Actor& actor) const;
  Result<Receiver> receiver_of(const ReceiveEvent& event) const;
  bool repeat_receive(const ReceiveEvent& event);
  static std::vector<Mailbox> mailboxes_of(const Job& job);
  void wait_for_event(Receiver receiver);
  void stop_waiting(const ReceiverKey& key, const Error& why);
  bool is_mail_due() const { return !new_receivers_.empty() || !new_events_.empty(); }
  void hand_out_events();
  void hand_over(const ReceiverKey& key, EventId id);
  void answer_with(const Receiver& receiver, const EventRow& row);
  void take_away(EventId id);
  void expire_events();
  Result<Send> filled(const Job& job, const Send& send) const;
  void send_event(Job& job, StepId id);
  Result<Receiver> receiver_in(const Job& job, StepId id) const;
  void receive_event(Job& job, StepId id);
  void explain_event(const Job& job, StepId id, Why& why) const;
  std::string never_from(const Receiver& receiver) const;
  void drop_events_of(const Job& job);
  static bool may_see(const Actor& actor, const EventRow& row);

  // Classes (classes.cc).
  Result<void> register_class(const RegisterClass& event);
  Result<void> repeat_class(ClassRow& row, const ClassDefinition& definition);
  Result<void> retire_class(const RetireClass& event);

  // Nodes (nodes.cc).
  Node& node_named(const std::string& name);
  void reconcile(Node& node, const NodeJoined& event);
  void end_stranger(NodeId id, const AttemptId& attempt);
  void stranger_ended(Node& node, const AttemptId& id);
  void wait_for_home(Job& job);
  void has_heard_welcome(NodeId id);
  void found_again(Job& job, StepId id);
  void not_found(Node& node, Job& job, StepId id);
  Job* current(NodeId node, const AttemptId& id);
  void send_standing(const Job& job, StepId id);
  template <class Order>
  void order(const AttemptRow& attempt);
  Error unknown_node(const std::string& name) const;
  void resume(Node& node);
  void resume_due_nodes();
  Node* known_node(const std::string& name);  // null: none, or it was forgotten

  // Recovery (recovery.cc).
  void restore_row(const CounterRow& row);
  void restore_row(const SpecRow& row);
  void restore_row(const ClassRow& row);
  void restore_row(const NodeRow& row);
  void restore_row(const ResourceRow& row);
  void restore_row(const SubmissionRow& row);
  void restore_row(const JobRow& row);
  void restore_row(const StepRow& row);
  void restore_row(const AttemptRow& row);
  void restore_row(const TransitionRow& row);
  void restore_row(const ArrayRow& row);
  void restore_row(const UsageRow& row);
  void restore_row(const RunTimeRow& row);
  void restore_row(const RecurRow& row);
  void restore_row(const FiringRow& row);
  void restore_row(const EventRow& row);
  template <class Kind>
  void restore_rows(const std::vector<Row>& rows);
  void restore_grants(Job& job);

  // Views of jobs (show.cc) and of arrays (array_views.cc).
  JobDetail detail_of(const Job& job, Time now) const;
  // The job of an element that is in memory, or a job; none where it has none of its own.
  const Job* job_of(JobRef ref) const;
  JobSummary summary_of_rest(const Job& array) const;
  std::uint64_t shown_count() const;
  JobDetail detail_of_unmade(const Job& array, Index index, Time now) const;
  Why why_unmade(const Job& array, Index index, Time now) const;
  Why why_array(const Job& array, Time now) const;
  void explain_array(const Job& array, Why& why) const;

  // Reasons (why.cc).
  Why why_job(const Job& job, Time now) const;
  void explain_request(resmgr::RequestId id, const std::string& step, Time now, Why& why) const;
  void explain_no_node(const std::string& element, const std::string& step, Why& why) const;
  void explain_node_wait(const Job& job, StepId id, Why& why) const;
  void explain_place(const Job& job, StepId id, Time now, Why& why) const;
  void explain_times(const Job& job, Why& why) const;
  void explain_conditions(const Job& job, Why& why) const;
  void explain_built_in(const Job& job, StepId id, Why& why) const;
  void explain_step(const Job& job, StepId id, Time now, Why& why) const;
  void explain_conditions(const Job& job, StepId id, Why& why) const;
  JobSummary summary_of(const Job& job) const;
  std::string cap_reason(const Job& job) const;
  std::string reason_of(const Job& job) const;
  static std::string reason_of(const Node& node);
  std::string shown_reason(const Job& job, StepId id) const;

  // Recounts (invariants.cc).
  Result<void> check_job(const Job& job) const;
  Result<void> check_step(const Job& job, StepId id) const;
  static Result<void> check_loops(const Job& job);
  static Result<void> check_account(const Job& job);
  Result<void> check_array(const Job& job) const;
  Result<void> check_following(const Job& job) const;
  Result<void> check_families() const;
  Result<void> check_requests() const;
  Result<void> check_specs() const;
  Result<void> check_limits() const;
  Result<void> check_policies() const;

  Policy policy_;
  resmgr::ResourceManager rm_;
  FairShare fair_;
  Quotas quotas_;
  RunTimes run_times_;
  std::set<std::pair<Time, JobNumber>> estimates_;  // ends to come of jobs without a limit
  SpecStore specs_;
  JobTable jobs_;
  ClassTable classes_;
  NodeTable nodes_;
  std::map<std::string, ResourceRow> named_;
  SubmissionTable submissions_;
  Mailboxes mailboxes_;
  std::uint64_t next_job_ = 1;
  std::uint64_t next_spec_ = 1;
  std::uint64_t next_node_ = 1;
  std::uint64_t next_class_ = 1;
  std::uint64_t next_event_ = 1;

  std::set<std::pair<Time, JobNumber>> deadlines_;
  std::set<std::tuple<Time, JobNumber, StepId>> retries_;  // those that are over are passed over
  std::set<std::pair<Time, NodeId>> drain_ends_;
  std::map<JobNumber, std::set<Watcher>> watchers_;  // of jobs in the queue
  std::map<AttemptId, WaitStep> waits_;              // of wait steps that run
  std::map<JobNumber, std::set<JobNumber>>
      descendants_;  // in the queue; of jobs that may have ended
  std::map<RecurKey, Recurring> recurring_;
  std::set<std::pair<Time, RecurKey>> recur_due_;
  std::map<resmgr::RequestId, Wish> wishes_;  // of those that wait and have one
  std::set<NodeWait> node_waits_;
  std::deque<OpenCommand> commands_;  // in the order of their next pieces
  Changes changes_;
  std::vector<JobNumber> ended_;       // leave memory with the next take_rows()
  std::vector<JobNumber> arrays_due_;  // to be looked at in this turn
  std::set<JobNumber> arrays_;         // in the queue

  // Of the turn.
  Time now_;
  Time wake_at_;  // asked for and not yet reached; 0: none
  bool schedule_due_ = false;
  std::deque<ReceiverKey> new_receivers_;                      // that were not looked at yet
  std::deque<EventId> new_events_;                             // likewise
  std::vector<std::pair<AttemptId, std::string>> unsendable_;  // attempts, and why
  std::vector<AttemptId> to_carry_out_;                        // of steps that are built in
  std::vector<JobNumber> news_;    // jobs that started or ended, and somebody waits for it
  std::vector<JobNumber> marked_;  // where these stand may have changed
  std::vector<Action>* out_ = nullptr;
};

// What a step asks the resource manager for; nothing where it asks for nothing: it runs in its
// job's grant, or takes nothing.
std::optional<resmgr::Needs> own_needs(const Job& job, StepId id);

// What a job asks for as a whole. Jobs that hold something of a node while their steps take more on
// top could each hold what the others' steps wait for, for ever. So these take turns: as long as it
// runs, such a job also holds a resource that is no user's. (The banker's algorithm would let more
// of them run at once; refusing the last one would make jobs fail for what others do.)
inline constexpr std::string_view kTurn = "turn of jobs with steps on top";
resmgr::Needs job_needs(const JobSpec& spec);
// The group of nodes that a step may run on; empty: any.
const std::string& element_of(const Job& job, StepId id);
// How many jobs it stands for that have not started; an element counts with its array.
std::uint64_t waiting_of(const Job& job);
resmgr::RequestId request_of(JobNumber job);  // of the job's own needs
resmgr::RequestId request_of(JobNumber job, StepId step);
resmgr::RequestId move_of(JobNumber job);  // of the node that a job between nodes asks for
resmgr::Needs needs_of(const Job& job, resmgr::RequestId id);  // what one of these asks for
bool is_built_in(const Job& job, StepId id);
bool is_of_whole(resmgr::RequestId id);  // of a job's own needs, or of its move

template <class Order>
void Core::order(const AttemptRow& attempt) {
  // To a node that is away nothing is sent: all that stands is said again when it joins.
  if (nodes_.is_connected(attempt.node)) emit(Order{attempt.node, attempt.id});
}

}  // namespace jobq::sched
