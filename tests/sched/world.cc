// SPDX-License-Identifier: Apache-2.0
// The world of the event manager's tests: nodes, a journal in memory, short texts for what comes
// out.
#include "tests/sched/world.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gtest/gtest.h>

#include "sched/check_spec.h"

namespace jobq::sched {

SpecBuilder& SpecBuilder::step(const std::string& name) {
  StepSpec added;
  added.name = name;
  added.argv = {"/bin/true"};
  spec.steps.push_back(added);
  return *this;
}
SpecBuilder& SpecBuilder::after(const std::string& condition) {
  spec.steps.back().after.push_back(parse_condition(condition).value());
  return *this;
}
SpecBuilder& SpecBuilder::after_any(const std::string& condition) {
  spec.steps.back().after_any.push_back(parse_condition(condition).value());
  return *this;
}
SpecBuilder& SpecBuilder::step_needs(const resmgr::Needs& needs) {
  spec.steps.back().needs = needs;
  return *this;
}
SpecBuilder& SpecBuilder::again(const std::string& to, const std::string& when, std::uint32_t max) {
  spec.steps.back().again = {to, parse_loop_when(when).value(), max};
  return *this;
}
SpecBuilder& SpecBuilder::sends(const std::string& to, const std::string& event,
                                const std::string& payload) {
  spec.steps.back().kind = StepKind::kSend;
  spec.steps.back().argv.clear();
  spec.steps.back().send = Send{to, event, payload, std::nullopt, false};
  return *this;
}
SpecBuilder& SpecBuilder::receives(const std::string& event, const std::string& from,
                                   const std::string& mailbox) {
  spec.steps.back().kind = StepKind::kRecv;
  spec.steps.back().argv.clear();
  spec.steps.back().recv = Recv{event, from, mailbox};
  return *this;
}
SpecBuilder& SpecBuilder::spawn(const std::string& class_name, bool wait) {
  spec.steps.back().kind = StepKind::kSpawn;
  spec.steps.back().spawn = Spawn{class_name, "", "", {}, std::nullopt, wait, {}};
  spec.steps.back().argv.clear();
  return *this;
}
SpecBuilder& SpecBuilder::spawn_own(const SpecBuilder& job, bool wait) {
  spawn("", wait);
  spec.steps.back().spawn->spec = std::make_shared<JobSpec>(job.spec);
  return *this;
}
SpecBuilder& SpecBuilder::wait_for(std::vector<std::string> jobs) {
  spec.steps.back().kind = StepKind::kWait;
  spec.steps.back().wait_for = std::move(jobs);
  spec.steps.back().argv.clear();
  return *this;
}
SpecBuilder& SpecBuilder::argv(std::vector<std::string> words) {
  spec.steps.back().argv = std::move(words);
  return *this;
}
SpecBuilder& SpecBuilder::cancel_code(int code) {
  spec.steps.back().exit.cancel.push_back(code);
  return *this;
}
SpecBuilder& SpecBuilder::needs(const resmgr::Needs& needs) {
  spec.needs = needs;
  return *this;
}
SpecBuilder& SpecBuilder::cleanup(std::optional<Millis> limit) {
  StepSpec step;
  step.name = "cleanup";
  step.argv = {"/bin/rm"};
  step.time_limit = limit;
  spec.cleanup = step;
  return *this;
}
SpecBuilder& SpecBuilder::limit(Millis limit) {
  spec.time_limit = limit;
  return *this;
}
SpecBuilder& SpecBuilder::step_limit(Millis limit) {
  spec.steps.back().time_limit = limit;
  return *this;
}
SpecBuilder& SpecBuilder::warned(int signal, Millis before) {
  spec.warning = Warning{signal, before};
  return *this;
}
SpecBuilder& SpecBuilder::keep_going() {
  spec.on_failure = OnFailure::kContinue;
  return *this;
}

SpecBuilder one_step() {
  SpecBuilder builder;
  builder.step("main");
  return builder;
}

resmgr::Needs cpus(std::uint32_t count) {
  resmgr::Needs needs;
  needs.cpus = count;
  return needs;
}

resmgr::Needs exclusive(const std::string& name) {
  resmgr::Needs needs;
  needs.exclusive = {name};
  return needs;
}

void World::pass(Millis span) {
  const Time end = now + span;
  while (wake_ && *wake_ <= end) {
    now = std::max(now, *wake_);
    wake_.reset();
    send(Tick{});
  }
  now = end;
}

void World::send(Event event) {
  actions.clear();
  core.step(std::move(event), now, actions);
  const auto right = core.check_invariants();
  ASSERT_TRUE(right) << right.error().message;
  last_rows = core.take_rows();
  const auto still_right = core.check_invariants();
  ASSERT_TRUE(still_right) << still_right.error().message;
  for (const Row& row : last_rows) store(row);
  take(actions);
}

Ticket ticket_of(const SpecBuilder& builder) {
  Ticket ticket;
  ticket.spec = std::make_shared<JobSpec>(builder.spec);
  return ticket;
}

void World::register_plan(const SpecBuilder& builder) {
  auto spec = std::make_shared<JobSpec>(builder.spec);
  spec->class_name = "plan";
  spec->class_version = "1";
  send(RegisterClass{kReply, ann, {spec, "text", "plan.toml"}});
}

JobNumber World::submit(const SpecBuilder& builder) { return submit(ticket_of(builder)); }

std::vector<JobFact> World::facts_of(const std::vector<JobNumber>& jobs) const {
  std::vector<JobFact> facts;
  for (const JobNumber number : jobs) {
    JobFact fact{number, {}, {}, Outcome::kNone, ""};
    const auto found = rows_.find(fmt::format("job {:08}", number.value));
    const JobRow* known = found == rows_.end() ? nullptr : &std::get<JobRow>(found->second);
    if (known != nullptr && !known->array) {
      fact = {number, known->started, known->ended, known->decided, known->reason};
    }
    facts.push_back(std::move(fact));
  }
  return facts;
}

JobNumber World::submit(Ticket ticket) {
  NewJobNotice notice{kReply, ann, "", {std::move(ticket)}, false};
  notice.known = facts_of(core.ended_among(notice));
  send(std::move(notice));
  for (const Action& action : actions) {
    const Reply* reply = std::get_if<Reply>(&action);
    if (reply == nullptr) continue;
    const Submitted* answer = std::get_if<Submitted>(&reply->body);
    if (answer != nullptr) return answer->tickets.at(0).value_or(JobNumber{});
  }
  return {};
}

void World::submit_many(const SpecBuilder& builder, std::size_t count) {
  send(NewJobNotice{kReply, ann, "", std::vector<Ticket>(count, ticket_of(builder)), false});
}

void World::cancel(JobNumber job, const std::string& step) {
  Selector selector = only(job);
  selector.step = step;
  send(Cancel{kReply, ann, selector, 0});
}

void World::create_exclusive(const std::string& name) {
  send(CreateResource{ReplyId{}, root, {name, resmgr::NamedKind::kExclusive, 1}});
}

Selector World::elements(JobNumber array, const std::string& indexes) {
  Selector selector;
  selector.elements.push_back({array, IndexSet::parse(indexes).value()});
  return selector;
}

Selector World::only(JobNumber job) {
  Selector selector;
  selector.ranges.push_back({job, job});
  return selector;
}

NodeId World::join(const std::string& name, std::uint32_t cpu_count) {
  SimNode& node = nodes_[name];
  if (node.incarnation.empty()) node.incarnation = fmt::format("i{}", ++incarnations_);
  node.cpus = cpu_count;
  NodeJoined event;
  event.name = name;
  event.incarnation = node.incarnation;
  event.capacity.cpus = cpu_count;
  event.capacity.memory = Bytes{1ULL << 30U};
  for (const auto& [id, running] : node.attempts) event.attempts.push_back({id, running});
  send(event);
  return node.id;
}

void World::lose(const std::string& name) { send(NodeLost{nodes_.at(name).id, "it is silent"}); }

void World::restart(const std::string& name) {
  nodes_.at(name).incarnation = fmt::format("i{}", ++incarnations_);
  nodes_.at(name).attempts.clear();
}

void World::started(JobNumber job, const std::string& step) {
  const AttemptId id = attempt_of(job, step);
  send(TaskStarted{node_of(id), id});
}

void World::complete(JobNumber job, const std::string& step, int exit_code) {
  TaskEnd end;
  end.exit_code = exit_code;
  complete(job, step, end);
}

void World::complete(JobNumber job, const std::string& step, const TaskEnd& end) {
  const AttemptId id = attempt_of(job, step);
  for (auto& [name, node] : nodes_) {
    if (node.id == node_of(id)) node.attempts[id] = false;
  }
  send(TaskComplete{node_of(id), id, end});
}

const Launch& World::launched(JobNumber job, const std::string& step) {
  return launches_.at(attempt_of(job, step));
}

// As its environment has it: an element by its array.
std::string World::job_in(const Launch& launch) {
  std::string job;
  std::string index;
  for (const auto& [name, value] : launch.env) {
    if (name == "JOBQ_JOB") job = value;
    if (name == "JOBQ_ARRAY_INDEX") index = "[" + value + "]";
  }
  return job + index;
}

JobNumber World::element(JobNumber array, Index index) const {
  const auto detail = core.show({array, index}, now);
  return detail ? detail->summary.record : JobNumber{};
}

std::string World::name_of(const AttemptId& id) const {
  const auto it = launches_.find(id);
  const std::string step =
      it == launches_.end() ? fmt::to_string(id.step.value) : it->second.step_name;
  const std::string number = id.attempt.value == 1 ? "" : fmt::format("#{}", id.attempt.value);
  return fmt::format("{}.{}{}",
                     it == launches_.end() ? std::to_string(id.job.value) : job_in(it->second),
                     step, number);
}

AttemptId World::attempt_of(JobNumber job, const std::string& step) const {
  AttemptId newest;
  for (const auto& [id, launch] : launches_) {
    if (id.job == job && launch.step_name == step) newest = id;
  }
  EXPECT_NE(newest, AttemptId{}) << job.value << "." << step << " was never launched";
  return newest;
}

NodeId World::node_of(const AttemptId& id) const { return launches_.at(id).node; }

void World::take(const std::vector<Action>& taken) {
  for (const Action& action : taken) {
    if (const auto* wake = std::get_if<WakeAt>(&action)) {
      wake_ = wake->at;
      continue;
    }
    perform(action);
    said_.push_back(to_text(action));
  }
}

void World::perform(const Action& action) {
  const auto node_with = [this](NodeId id) -> SimNode* {
    for (auto& [name, node] : nodes_) {
      if (node.id == id) return &node;
    }
    return nullptr;
  };
  if (const auto* welcome = std::get_if<Welcome>(&action)) {
    nodes_[welcome->name].id = welcome->node;
  } else if (const auto* launch = std::get_if<Launch>(&action)) {
    launches_[launch->id] = *launch;
    node_with(launch->node)->attempts[launch->id] = true;
  } else if (const auto* forget = std::get_if<Forget>(&action)) {
    if (SimNode* node = node_with(forget->node)) node->attempts.erase(forget->id);
  }
}

std::vector<std::string> World::said() {
  std::vector<std::string> out;
  for (std::string text : std::exchange(said_, {})) {
    // Attempts by the names of their steps, nodes by their names.
    for (const auto& [id, launch] : launches_) {
      const std::string raw =
          fmt::format("@{}.{}.{}@", id.job.value, id.step.value, id.attempt.value);
      const auto at = text.find(raw);
      if (at != std::string::npos) text.replace(at, raw.size(), name_of(id));
    }
    for (const auto& [name, node] : nodes_) {
      const std::string raw = fmt::format(" on #{}#", node.id.value);
      const auto at = text.find(raw);
      if (at != std::string::npos) text.replace(at, raw.size(), " on " + name);
    }
    out.push_back(std::move(text));
  }
  return out;
}

std::string World::state(JobNumber job) const {
  const auto state = core.state_of(job);
  return state ? std::string(code(*state)) : "gone";
}

std::string World::step_state(JobNumber job, const std::string& step) const {
  const auto detail = core.show(job, now);
  if (!detail) return "gone";
  for (const StepView& view : detail->steps) {
    if (view.name == step) return std::string(to_string(view.state));
  }
  return "no such step";
}

std::string World::reason(JobNumber job) const {
  const auto detail = core.show(job, now);
  return detail ? detail->summary.reason : row(job).reason;
}

namespace {

struct KeyOf {
  std::string operator()(const SpecRow& r) const { return fmt::format("0 spec {}", r.id.value); }
  std::string operator()(const JobRow& r) const { return fmt::format("job {:08}", r.number.value); }
  std::string operator()(const StepRow& r) const {
    return fmt::format("step {:08} {:05}", r.job.value, r.step.value);
  }
  std::string operator()(const AttemptRow& r) const {
    return fmt::format("attempt {:08} {:05} {}", r.id.job.value, r.id.step.value,
                       r.id.attempt.value);
  }
  std::string operator()(const TransitionRow& r) const {
    return fmt::format("transition {:08} {:05}", r.job.value, r.sequence);
  }
  std::string operator()(const ClassRow& r) const {
    return fmt::format("class {} {}", r.name, r.version);
  }
  std::string operator()(const NodeRow& r) const { return fmt::format("node {}", r.id.value); }
  std::string operator()(const ResourceRow& r) const { return "resource " + r.resource.name; }
  std::string operator()(const SubmissionRow& r) const {
    return fmt::format("submission {} {}", r.uid, r.key);
  }
  std::string operator()(const CounterRow& r) const { return "counter " + r.name; }
  std::string operator()(const ArrayRow& r) const {
    return fmt::format("array {:08}", r.job.value);
  }
  std::string operator()(const UsageRow& r) const { return "usage " + r.user; }
  std::string operator()(const RunTimeRow& r) const { return "run time " + r.class_name; }
  std::string operator()(const RecurRow& r) const {
    return fmt::format("recur {} {}", r.uid, r.name);
  }
  std::string operator()(const FiringRow& r) const {
    return fmt::format("recur {} {} firing {:015}", r.uid, r.name, r.nominal.ms);
  }
  std::string operator()(const EventRow& r) const { return fmt::format("event {:08}", r.id.value); }
};

// A restored core does not know why each waited at the crash: the times add up, and may be told of
// other reasons.
std::int64_t life_of(const JobRow& row) {
  Millis total;
  if (!row.ended) return 0;
  for (const Span& span : Account::parse(row.account)->spans(row.ended)) total = total + span.time;
  return total.count;
}

std::string names_of(const std::vector<OtherNode>& others) {
  std::string names;
  for (const OtherNode& it : others) {
    names += fmt::format("{}={}:{},", it.node.value, it.name, fmt::join(it.gpus, ":"));
  }
  return names;
}

struct RowText {
  std::string operator()(const SpecRow& r) const { return fmt::format("{}", hash_of(*r.spec)); }
  std::string operator()(const JobRow& r) const {
    return fmt::format(
        "{}[{}] '{}' {} {} {} held {} by '{}' grant {} on {} beside {} decided {} '{}' {} '{}' at "
        "{} {} {} "
        "{} "
        "{} {} begin {} {} deadline {} parent {}.{}.{} below {} after '{}' {} nominal {} account "
        "'{}'",
        r.array.value, r.index, r.elements, r.spec.value, r.name, r.priority, r.held, r.held_by,
        r.started_needs, r.node.value, names_of(r.others), to_string(r.decided), r.reason,
        r.exit_code, r.cancelled_by, r.submitted.ms, r.started.ms, r.suspended.ms,
        r.suspended_for.count, r.ended.ms, code(r.state), r.begin.ms, r.to_begin, r.deadline.ms,
        r.parent.job.value, r.parent.step.value, r.parent.attempt.value, r.ancestors.size(),
        r.after, r.keeps_never, r.nominal.ms, life_of(r));
  }
  std::string operator()(const StepRow& r) const {
    return fmt::format("{} '{}' {} '{}' {} not before {} round {} went back {}", to_string(r.state),
                       r.reason, to_string(r.outcome), r.event.value_or("-"), r.attempt.value,
                       r.not_before.ms, r.round, r.went_back);
  }
  std::string operator()(const AttemptRow& r) const {
    return fmt::format(
        "{} {} {} beside {} lost {} at {} {} warned {} suspended {} fenced {} round {} for {}",
        r.node.value, r.incarnation, fmt::join(r.gpus, ","), names_of(r.others),
        r.lost_beside.value, r.started.ms, r.ended.ms, r.warned.ms, r.suspended_before.count,
        r.fenced, r.round, r.waits_for.size(), r.received.value);
  }
  std::string operator()(const TransitionRow& r) const {
    return fmt::format("{} {} {}", r.at.ms, r.what, r.detail);
  }
  std::string operator()(const ArrayRow& r) const {
    return fmt::format(
        "next {} front {} {} made {} ended {} {} {} again '{}' held '{}' dropped '{}' overdue '{}' "
        "'{}'",
        r.next, r.front.value, r.front_index, r.made, r.done, r.failed, r.cancelled, r.again,
        r.held, r.dropped, r.overdue, r.first_failure);
  }
  std::string operator()(const ClassRow& r) const {
    return fmt::format("{} {} {}", r.spec.value, r.order, r.retired.ms);
  }
  std::string operator()(const NodeRow& r) const {
    return fmt::format("{} {} {} {} until {} lease {} forgotten {} given up {}", r.name,
                       r.incarnation, r.capacity.cpus, r.draining, r.drain_until.ms, r.lease.count,
                       r.forgotten, r.given_up);
  }
  std::string operator()(const ResourceRow& r) const { return fmt::format("{}", r.removed); }
  std::string operator()(const SubmissionRow& r) const {
    return fmt::format("{} until {}", r.jobs.size(), r.expires.ms);
  }
  std::string operator()(const CounterRow& r) const { return fmt::format("{}", r.value); }
  std::string operator()(const UsageRow& r) const {
    return fmt::format("{} as of {}", r.used, r.as_of.ms);
  }
  std::string operator()(const RunTimeRow& r) const {
    return fmt::format("{} of {}", r.estimate.count, r.runs);
  }
  std::string operator()(const RecurRow& r) const {
    return fmt::format("{} {} {} added {} decided {} next {} paused {} '{}' {} waiting {} last {}",
                       r.user, r.removed ? "" : r.ticket->recur->cron,
                       r.removed ? "" : r.zone->name, r.added.ms, r.decided.ms, r.next.ms,
                       r.paused.ms, r.paused_by, r.paused_until.ms, r.waiting.ms, r.last_job.value);
  }
  std::string operator()(const FiringRow& r) const {
    return fmt::format("to {} count {} {} {} '{}' at {} removed {}", r.last.ms, r.count,
                       to_string(r.what), r.job.value, r.detail, r.at.ms, r.removed);
  }
  std::string operator()(const EventRow& r) const {
    return fmt::format(
        "{} {} '{}' all {} of {} {} {} key {} at {} until {} received {} {} {} {} {}",
        to_string(r.to), r.name, r.payload, r.broadcast, r.user, r.from, r.from_step, r.key,
        r.sent.ms, r.expires.ms, r.received.ms, r.received_uid, r.received_key, r.of.value,
        r.removed);
  }
};

std::string attempt_text(const AttemptId& id) {
  return fmt::format("@{}.{}.{}@", id.job.value, id.step.value, id.attempt.value);
}

struct ReplyText {
  std::string operator()(const Submitted& it) const {
    std::vector<std::string> parts;
    for (const auto& ticket : it.tickets) {
      parts.push_back(ticket ? fmt::format("submitted {}", ticket->value)
                             : "refused " + ticket.error().message);
    }
    return fmt::format("{}", fmt::join(parts, "; "));
  }
  std::string operator()(const JobResults& it) const {
    std::vector<std::string> parts;
    for (const auto& one : it.jobs) {
      parts.push_back(
          fmt::format("{} {}", one.job.value, one.result ? "ok" : one.result.error().message));
    }
    return fmt::format("{}", fmt::join(parts, "; "));
  }
  std::string operator()(const Done&) const { return "done"; }
  std::string operator()(const Error& it) const { return "error " + it.message; }
  std::string operator()(const EventSent& it) const { return fmt::format("sent {}", it.id.value); }
  std::string operator()(const EventReceived& it) const {
    return fmt::format("received {} {} '{}' from '{}'", it.id.value, it.event, it.payload, it.from);
  }
};

struct ActionText {
  std::string operator()(const Launch& it) const {
    return fmt::format("launch {} on #{}#", attempt_text(it.id), it.node.value);
  }
  std::string operator()(const Kill& it) const { return "kill " + attempt_text(it.id); }
  std::string operator()(const Signal& it) const {
    return fmt::format("signal {} {}", it.signal, attempt_text(it.id));
  }
  std::string operator()(const Suspend& it) const { return "suspend " + attempt_text(it.id); }
  std::string operator()(const Resume& it) const { return "resume " + attempt_text(it.id); }
  std::string operator()(const Forget& it) const { return "forget " + attempt_text(it.id); }
  std::string operator()(const Welcome& it) const { return "welcome " + it.name; }
  std::string operator()(const Reply& it) const { return std::visit(ReplyText{}, it.body); }
  std::string operator()(const JobEnded& it) const {
    return fmt::format("ended {} {}{}{}", to_string(it.job), code(it.state),
                       it.reason.empty() ? "" : " ", it.reason);
  }
  std::string operator()(const ElementsDropped& it) const {
    const char* what = it.outcome == Outcome::kFailure ? "overdue" : "dropped";
    return fmt::format("{} {}[{}]", what, it.array.value, to_string(it.elements));
  }
  std::string operator()(const LookUp& it) const {
    return fmt::format("look up {} jobs for {}.{}", it.jobs.size(), it.id.job.value,
                       it.id.step.value);
  }
  std::string operator()(const WakeAt& it) const { return fmt::format("wake {}", it.at.ms); }
};

JobNumber job_of(const Row& row) {
  if (const auto* it = std::get_if<StepRow>(&row)) return it->job;
  if (const auto* it = std::get_if<AttemptRow>(&row)) return it->id.job;
  if (const auto* it = std::get_if<TransitionRow>(&row)) return it->job;
  if (const auto* it = std::get_if<ArrayRow>(&row)) return it->job;
  if (const auto* it = std::get_if<JobRow>(&row)) return it->number;
  return {};
}

}  // namespace

std::string to_text(const Row& row) {
  return std::visit(KeyOf{}, row) + ": " + std::visit(RowText{}, row);
}

std::string to_text(const Action& action) { return std::visit(ActionText{}, action); }

void World::store(const Row& row) { rows_.insert_or_assign(std::visit(KeyOf{}, row), row); }

JobRow World::row(JobNumber job) const {
  return std::get<JobRow>(rows_.at(fmt::format("job {:08}", job.value)));
}

std::vector<Row> World::live_rows() const {
  std::vector<Row> rows;
  for (const auto& [key, stored] : rows_) {
    const JobNumber job = job_of(stored);
    if (job && row(job).ended) continue;
    rows.push_back(stored);
  }
  return rows;
}

std::unique_ptr<EventManager> World::restored(std::vector<Action>& out) const {
  auto other = std::make_unique<EventManager>(policy_);
  other->restore(live_rows(), now, out);
  return other;
}

}  // namespace jobq::sched
