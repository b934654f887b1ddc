// SPDX-License-Identifier: Apache-2.0
// Recovery: what the rows say is put back by the functions that live events use, and what follows
// from it (requests, limits) follows again.
//
// Grants are taken again before any request is queued. No node is connected: what is granted here
// takes named resources only, as in any other turn without nodes.
#include <algorithm>

#include "base/check.h"
#include "base/plant.h"
#include "sched/calendar.h"
#include "sched/core.h"
#include "sched/elements.h"
#include "sched/rank.h"

namespace jobq::sched {
namespace {

bool is_active(StepState state) {
  return state == StepState::kStarting || state == StepState::kRunning ||
         state == StepState::kEnding;
}

// A job that only waits has none of these.
bool has_run(const JobRow& row) {
  return row.held || row.started || row.started_needs || row.decided != Outcome::kNone ||
         !row.reason.empty() || row.begin || row.deadline || row.parent.job || !row.after.empty() ||
         row.nominal || !row.account.empty();
}

std::unique_ptr<JobRun> run_of(const JobRow& row) {
  auto run = std::make_unique<JobRun>();
  run->held_by = row.held_by;
  run->has_grant = row.started_needs;
  run->node = row.node;
  run->gpus = row.gpus;
  run->others = row.others;
  run->decided = row.decided;
  run->reason = row.reason;
  run->exit_code = row.exit_code;
  run->cancelled_by = row.cancelled_by;
  run->started = row.started;
  run->suspended = row.suspended;
  run->suspended_for = row.suspended_for;
  run->begin = row.begin;
  run->to_begin = row.to_begin;
  run->deadline = row.deadline;
  run->parent = row.parent;
  run->ancestors = row.ancestors;
  run->keeps_never = row.keeps_never;
  auto after = dependencies_in(row.after);
  check(after.has_value(), "a job was recovered whose conditions cannot be read");
  run->after = *std::move(after);
  run->to_follow = !std::all_of(run->after.begin(), run->after.end(), [](const Dependency& it) {
    return it.state == Dependency::State::kHolds;
  });
  run->nominal = row.nominal;
  if (row.account.empty()) return run;
  auto account = Account::parse(row.account);
  check(account.has_value(), "a job was recovered whose account cannot be read");
  run->account = std::make_unique<Account>(*std::move(account));
  return run;
}

std::vector<resmgr::NodeShare> shares_of(const std::vector<OtherNode>& others) {
  std::vector<resmgr::NodeShare> shares;
  for (const OtherNode& other : others) shares.push_back({other.node, other.gpus});
  return shares;
}

}  // namespace

template <class Kind>
void Core::restore_rows(const std::vector<Row>& rows) {
  for (const Row& row : rows) {
    if (const Kind* it = std::get_if<Kind>(&row)) restore_row(*it);
  }
}

void Core::restore(const std::vector<Row>& rows, Time now, std::vector<Action>& actions) {
  now_ = now;
  out_ = &actions;
  restore_rows<CounterRow>(rows);
  restore_rows<SpecRow>(rows);
  restore_rows<ClassRow>(rows);
  restore_rows<NodeRow>(rows);
  restore_rows<ResourceRow>(rows);
  restore_rows<SubmissionRow>(rows);
  restore_rows<UsageRow>(rows);
  restore_rows<RunTimeRow>(rows);
  restore_rows<RecurRow>(rows);
  restore_rows<FiringRow>(rows);
  restore_rows<EventRow>(rows);
  // Elements after their arrays.
  for (const bool elements : {false, true}) {
    for (const Row& row : rows) {
      const JobRow* job = std::get_if<JobRow>(&row);
      if (job != nullptr && static_cast<bool>(job->array) == elements) restore_row(*job);
    }
  }
  restore_rows<ArrayRow>(rows);
  restore_rows<StepRow>(rows);
  restore_rows<AttemptRow>(rows);
  restore_rows<TransitionRow>(rows);
  specs_.remove_unused();
  const std::vector<JobNumber> numbers = jobs_.numbers();
  for (const JobNumber number : numbers) {
    Job& job = *jobs_.find(number);
    count_waiting(job, static_cast<std::int64_t>(waiting_of(job)));
    restore_grants(job);
    index_family(job);
    index_followed(job);
  }
  share_fairly();
  take_rows();  // what was put back is no change
  expire_events();
  for (const JobNumber number : numbers) {
    mark(*jobs_.find(number));
    go_on(*jobs_.find(number));
  }
  handle_grants();
  settle_accounts();
  ask_to_wake();
  out_ = nullptr;
}

void Core::restore_row(const CounterRow& row) {
  if (row.name == "next_job") next_job_ = row.value;
  if (row.name == "next_spec") next_spec_ = row.value;
  if (row.name == "next_node") next_node_ = row.value;
  if (row.name == "next_class") next_class_ = row.value;
  if (row.name == "next_event") next_event_ = row.value;
}

void Core::restore_row(const SpecRow& row) { specs_.add(row.id, row.spec); }

void Core::restore_row(const ClassRow& row) {
  SpecEntry* spec = specs_.find(row.spec);
  check(spec != nullptr, "a class without its spec was recovered");
  SpecStore::take(*spec);
  classes_.add(row);
}

void Core::restore_row(const NodeRow& row) {
  Node& node = nodes_.add(row.id, row.name);
  node.row = row;
  if (row.drain_until) drain_ends_.emplace(row.drain_until, row.id);
  node.elements = elements_of_node(policy_, row.name);
  rm_.set_node(row.id, row.name, row.capacity, node.elements);
  if (row.forgotten) rm_.forget_node(row.id);
  rm_.set_draining(row.id, row.draining);
  rm_.set_connected(row.id, false);
}

void Core::restore_row(const ResourceRow& row) {
  if (row.removed) return;
  check(rm_.create(row.resource).has_value(), "a resource was recovered twice");
  named_[row.resource.name] = row;
}

void Core::restore_row(const SubmissionRow& row) {
  if (row.expires > now_ && !JOBQ_PLANT(key_lost_by_recovery)) submissions_.add(row);
}

void Core::restore_row(const UsageRow& row) { fair_.restore(row); }

void Core::restore_row(const RunTimeRow& row) { run_times_.restore(row); }

void Core::restore_row(const RecurRow& row) {
  if (row.removed) return;
  Recurring& one = recurring_[{row.uid, row.name}];
  one.row = row;
  if (JOBQ_PLANT(nominal_time_fired_again) && row.decided) one.row.next = row.decided;
  auto calendar = parse_calendar(row.ticket->recur->cron);
  check(calendar.has_value(), "a recurring ticket was recovered whose calendar cannot be read");
  one.calendar = *std::move(calendar);
  one.scan = one.row.next;
  set_due(one);
}

void Core::restore_row(const FiringRow& row) {
  if (row.removed) return;
  Recurring* one = find_recurring({row.uid, row.name});
  if (one != nullptr) one->firings.emplace(row.nominal, row);
}

void Core::restore_row(const EventRow& row) {
  if (!row.removed) mailboxes_.add(row);
}

void Core::restore_row(const JobRow& row) {
  if (row.ended) return;
  SpecEntry* spec = specs_.find(row.spec);
  check(spec != nullptr, "a job without its spec was recovered");
  SpecStore::take(*spec);
  Job* whole = row.array ? jobs_.find(row.array) : nullptr;
  check(!row.array || whole != nullptr, "an element without its array was recovered");
  Job& job = whole == nullptr ? jobs_.add(row.number, row.name)
                              : jobs_.add_element(row.number, *whole, row.index);
  if (whole != nullptr) whole->array->running.emplace(row.index, &job);
  job.spec = spec;
  job.user = &jobs_.intern({row.uid, row.gid, row.user});
  job.priority = row.priority;
  job.held = row.held && !JOBQ_PLANT(hold_lost_by_recovery);
  job.params = row.params;
  job.time_limit = row.time_limit;
  job.submitted = row.submitted;
  if (row.elements.empty()) {
    job.steps.resize(step_count(job.what()));
    job.counts.at(0) = static_cast<std::uint16_t>(job.what().steps.size());
  } else {
    auto array = parse_array(row.elements);
    check(array.has_value(), "an array was recovered whose elements cannot be read");
    job.array = std::make_unique<ArrayRun>();
    job.array->spec = *std::move(array);
    arrays_.insert(job.number);
  }
  if (has_run(row)) job.run = run_of(row);
  if (row.nominal) note_run(job);
  job.rank = rank_of(policy_, row.priority, job.what(), job.since());
  jobs_.enter_queue(job);
}

void Core::restore_row(const ArrayRow& row) {
  Job* array = jobs_.find(row.job);
  if (array == nullptr) return;
  sched::restore(row, *array->array);
  if (row.front) make_front(*array, row.front, row.front_index);
}

void Core::restore_row(const StepRow& row) {
  Job* job = jobs_.find(row.job);
  if (job == nullptr) return;
  Step& step = job->step(row.step);
  step.outcome = row.outcome;
  if (!row.reason.empty() || row.event) {
    step.more().reason = row.reason;
    step.more().event = row.event;
  }
  if (row.round > 1) step.more().rounds = row.round - 1;
  if (row.went_back > 0) step.more().went_back = row.went_back;
  if (row.not_before) {
    step.more().not_before = row.not_before;
    retries_.emplace(row.not_before, row.job, row.step);
  }
  // Whether it waits is found again.
  enter(*job, row.step, row.state == StepState::kWaiting ? StepState::kPending : row.state);
}

void Core::restore_row(const AttemptRow& row) {
  Job* job = jobs_.find(row.id.job);
  if (job == nullptr) return;
  std::vector<AttemptRow>& attempts = job->step(row.id.step).more().attempts;
  attempts.resize(std::max<std::size_t>(attempts.size(), row.id.attempt.value));
  attempts[row.id.attempt.value - 1] = row;
}

void Core::restore_row(const TransitionRow& row) {
  Job* job = jobs_.find(row.job);
  if (job == nullptr) return;
  std::vector<TransitionRow>& transitions = job->more().transitions;
  transitions.resize(std::max<std::size_t>(transitions.size(), row.sequence));
  transitions[row.sequence - 1] = row;
}

void Core::restore_grants(Job& job) {
  if (!job.started() || job.array) {
    if (job.is_to_begin() || job.is_to_follow() || job.facts().deadline) refresh_deadline(job);
    return;
  }
  const Quotas::Kind& kind = kind_of(job);
  if (kind.counts_running()) rm_.enter(kind.fresh);
  const JobRun& run = job.facts();
  if (run.has_grant) {
    const resmgr::RequestId id = request_of(job.number);
    resmgr::Needs needs = job_needs(job.what());
    if (is_between_nodes(job)) needs = resmgr::of_cluster(std::move(needs));
    rm_.restore(request_for(job, id, std::move(needs)),
                {id, run.node, run.gpus, shares_of(run.others)});
    fair_.hold_again(fair_.line(job.user->name), cpus_of(job, id), run.started, now_);
  }
  for (std::uint32_t i = 0; i < job.steps.size(); ++i) {
    if (!is_active(job.steps[i].state)) continue;
    const AttemptRow& attempt = *job.steps[i].attempt();
    if (!attempt.node) {
      to_carry_out_.push_back(attempt.id);
      continue;
    }
    nodes_.attach(attempt.node, attempt.id);
    const auto needs = own_needs(job, StepId{i});
    if (!needs) continue;
    const resmgr::RequestId id = request_of(job.number, StepId{i});
    resmgr::Grant grant{id, {}, attempt.gpus};
    if (needs->takes_from_node()) {
      grant.node = attempt.node;
      grant.others = shares_of(attempt.others);
    }
    rm_.restore(request_for(job, id, *needs), grant);
    fair_.hold_again(fair_.line(job.user->name), cpus_of(job, id), attempt.started, now_);
  }
  refresh_deadline(job);
}

}  // namespace jobq::sched
