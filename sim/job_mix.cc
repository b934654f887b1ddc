// SPDX-License-Identifier: Apache-2.0
// Steps with conditions and needs, cleanups and limits, in small numbers: what goes wrong goes
// wrong between two of them.
#include "sim/job_mix.h"

#include <fmt/format.h>

#include <array>
#include <string_view>
#include <utility>

#include "sched/check_spec.h"

namespace jobq::sim {
namespace {

constexpr std::array<std::string_view, 3> kExclusive{"db", "plan", "printer"};
constexpr std::array<std::string_view, 2> kServices{"archive", "planner"};
constexpr std::string_view kTokens = "solver";
constexpr std::uint64_t kSolvers = 3;

const std::string kFirst = "first";
const std::string kEvery = "every";

resmgr::Needs random_needs(Chance& chance, const Known& known) {
  resmgr::Needs needs;
  if (!chance.one_in(3)) needs.cpus = 1 + static_cast<std::uint32_t>(chance.below(2));
  if (chance.one_in(6)) needs.gpus = 1;
  if (chance.one_in(5)) needs.memory = Bytes{1U << 20U};
  if (chance.one_in(3)) needs.exclusive = {std::string(kExclusive[chance.below(3)])};
  if (chance.one_in(5)) needs.tokens = {{std::string(kTokens), 1 + chance.below(2)}};
  if (chance.one_in(4)) needs.element = chance.one_in(3) ? kFirst : kEvery;
  if (chance.one_in(6)) needs.service = kServices[chance.below(2)];
  const bool may_be_several = known.nodes > 1 && needs.takes_from_node() && needs.element != kFirst;
  if (may_be_several && chance.one_in(4)) needs.nodes = 2;
  resmgr::normalise(needs);
  return needs;
}

sched::Condition random_condition(Chance& chance, std::size_t before) {
  using On = sched::Condition::On;
  static constexpr std::array<On, 6> kOn{On::kSuccess, On::kSuccess, On::kFailure,
                                         On::kCancel,  On::kEnded,   On::kEvent};
  sched::Condition condition;
  condition.step = fmt::format("s{}", chance.below(before));
  condition.on = kOn.at(chance.below(kOn.size()));
  if (condition.on == On::kEvent) condition.value = "same";
  return condition;
}

sched::Retry random_retry(Chance& chance) {
  sched::Retry retry;
  retry.max = 1 + static_cast<std::uint32_t>(chance.below(3));
  retry.on_node_lost = !chance.one_in(4);
  retry.on_failure = !retry.on_node_lost || chance.one_in(2);
  if (chance.one_in(2)) retry.delay = chance.between(Millis{1}, seconds(5));
  retry.backoff = 1 + static_cast<std::uint32_t>(chance.below(3));
  retry.elsewhere = chance.one_in(2);
  return retry;
}

sched::StepSpec random_process(Chance& chance, const Known& known, std::size_t index) {
  sched::StepSpec step;
  step.name = fmt::format("s{}", index);
  step.argv = {"calc"};
  step.exit.cancel = {77};
  if (index > 0 && chance.one_in(2)) {
    step.after.push_back(random_condition(chance, index));
  } else if (index > 0 && chance.one_in(3)) {
    step.after_any.push_back(random_condition(chance, index));
    const sched::Condition other = random_condition(chance, index);
    if (other != step.after_any.front()) step.after_any.push_back(other);
  }
  if (chance.one_in(3)) step.needs = random_needs(chance, known);
  if (chance.one_in(3)) step.retry = random_retry(chance);
  return step;
}

// With a limit: what is waited for may never come.
void make_built_in(Chance& chance, const Known& known, sched::StepSpec& step) {
  sched::StepSpec made;
  made.name = step.name;
  made.after = step.after;
  made.after_any = step.after_any;
  made.time_limit = chance.between(seconds(2), seconds(40));
  const std::string some_job = fmt::format("j{}", 1 + chance.below(known.jobs + 1));
  const std::string box = chance.one_in(2) ? "mailbox:box" : "shared:board";
  const std::string event = chance.one_in(2) ? "go" : "stop";
  switch (chance.below(known.classes.empty() ? 4 : 6)) {
    case 0:
      made.kind = sched::StepKind::kWait;
      made.wait_for = {chance.one_in(2) ? some_job : some_job.substr(1)};
      break;
    case 1:
      made.kind = sched::StepKind::kRecv;
      made.recv = sched::Recv{event, "", chance.one_in(3) ? "" : box};
      break;
    case 2:
    case 3:
      made.kind = sched::StepKind::kSend;
      made.send = sched::Send{chance.one_in(3) ? some_job : box, event, "payload", {}, false};
      if (chance.one_in(3)) made.send->ttl = chance.between(seconds(1), seconds(20));
      break;
    default:
      made.kind = sched::StepKind::kSpawn;
      made.spawn.emplace().class_name = known.classes[chance.below(known.classes.size())];
      made.spawn->wait = !chance.one_in(3);
  }
  if (chance.one_in(3)) made.retry = random_retry(chance);
  step = std::move(made);
}

// Back from a step to one before, or to itself; none where that one does not come before by
// conditions, or the loop would overlap with another one.
void add_random_loop(Chance& chance, sched::JobSpec& spec) {
  using On = sched::Condition::On;
  static constexpr std::array<On, 4> kOn{On::kSuccess, On::kFailure, On::kEnded, On::kEvent};
  const std::size_t from = chance.below(spec.steps.size());
  sched::Loop loop;
  loop.to = fmt::format("s{}", chance.below(from + 1));
  loop.when.on = kOn.at(chance.below(kOn.size()));
  if (loop.when.on == On::kEvent) loop.when.value = "same";
  loop.max = 1 + static_cast<std::uint32_t>(chance.below(3));
  spec.steps[from].again = std::move(loop);
  if (!sched::check_spec(spec).empty()) spec.steps[from].again.reset();
}

sched::JobSpec random_spec(Chance& chance, const Known& known) {
  sched::JobSpec spec;
  const std::size_t steps = 1 + chance.below(chance.one_in(3) ? 4 : 2);
  for (std::size_t i = 0; i < steps; ++i) {
    spec.steps.push_back(random_process(chance, known, i));
    if (chance.one_in(6)) make_built_in(chance, known, spec.steps.back());
  }
  for (int i = 0; i < 2; ++i) {
    if (chance.one_in(3)) add_random_loop(chance, spec);
  }
  if (chance.one_in(3)) spec.needs = random_needs(chance, known);
  if (chance.one_in(4)) {
    spec.cleanup.emplace().name = "cleanup";
    spec.cleanup->argv = {"tidy"};
    if (chance.one_in(2)) spec.cleanup->time_limit = seconds(10);
  }
  if (chance.one_in(3)) spec.time_limit = chance.between(seconds(5), seconds(60));
  if (chance.one_in(3)) spec.on_failure = sched::OnFailure::kContinue;
  spec.priority = static_cast<int>(10 * chance.below(3));
  return spec;
}

}  // namespace

std::vector<resmgr::NamedResource> named_resources() {
  std::vector<resmgr::NamedResource> all;
  for (const std::string_view name : kExclusive) {
    all.push_back({std::string(name), resmgr::NamedKind::kExclusive, 1});
  }
  all.push_back({std::string(kTokens), resmgr::NamedKind::kTokens, kSolvers});
  return all;
}

std::vector<std::string> all_services() { return {kServices.begin(), kServices.end()}; }

std::vector<std::string> random_services(Chance& chance) {
  std::vector<std::string> some;
  for (const std::string_view service : kServices) {
    if (!chance.one_in(3)) some.emplace_back(service);
  }
  return some;
}

std::vector<sched::ElementPolicy> elements() {
  sched::ElementPolicy every{kEvery, {"n*"}, 3, {}, seconds(90), {4, {}}};
  sched::ElementPolicy first{kFirst, {"n1"}, 0, seconds(30), seconds(90), {2, {}}};
  return {std::move(every), std::move(first)};
}

resmgr::Capacity random_capacity(Chance& chance) {
  resmgr::Capacity capacity = whole_capacity();
  capacity.cpus -= static_cast<std::uint32_t>(chance.below(3));
  capacity.gpus -= static_cast<std::uint32_t>(chance.below(3));
  return capacity;
}

resmgr::Capacity whole_capacity() {
  resmgr::Capacity capacity;
  capacity.cpus = 4;
  capacity.memory = Bytes{1ULL << 30U};
  capacity.gpus = 2;
  return capacity;
}

sched::Ticket random_ticket(Chance& chance, std::string name, const Known& known) {
  using On = sched::JobCondition::On;
  static constexpr std::array<On, 4> kOn{On::kDone, On::kError, On::kEnded, On::kStarted};
  sched::Ticket ticket;
  ticket.spec = std::make_shared<sched::JobSpec>(random_spec(chance, known));
  ticket.name = std::move(name);
  for (std::size_t left = chance.one_in(6) ? 2 : 0; left > 0 && known.jobs > 0; --left) {
    const std::size_t job = 1 + chance.below(known.jobs);
    ticket.after.push_back({fmt::format("{}{}", chance.one_in(3) ? "j" : "", job),
                            kOn.at(chance.below(kOn.size())),
                            chance.one_in(3) ? chance.between(Millis{1}, seconds(5)) : Millis{}});
  }
  ticket.hold = chance.one_in(10);
  if (chance.one_in(10)) ticket.begin = chance.between(Millis{0}, seconds(5));
  if (chance.one_in(10)) ticket.deadline = chance.between(seconds(6), seconds(30));
  if (chance.one_in(8)) {
    ticket.array.emplace().elements =
        sched::IndexSet(0, static_cast<sched::Index>(chance.below(6)));
    ticket.array->throttle = static_cast<std::uint32_t>(chance.below(4));
  }
  return ticket;
}

sched::Ticket random_recurring(Chance& chance, std::string name) {
  sched::Ticket ticket;
  ticket.spec = std::make_shared<sched::JobSpec>(random_spec(chance, {}));
  ticket.name = std::move(name);
  sched::Recurrence& recur = ticket.recur.emplace();
  recur.cron = fmt::format("*/{} * * * * *", 1 + chance.below(7));
  recur.seconds = true;
  recur.catchup = static_cast<sched::CatchUp>(chance.below(sched::kCatchUpNames.size()));
  recur.catchup_max = 1 + static_cast<std::uint32_t>(chance.below(5));
  recur.overlap = static_cast<sched::Overlap>(chance.below(sched::kOverlapNames.size()));
  return ticket;
}

std::shared_ptr<const sched::JobSpec> random_class(Chance& chance, const std::string& name) {
  auto spec = std::make_shared<sched::JobSpec>(random_spec(chance, {}));
  spec->class_name = name;
  spec->class_version = "1";
  return spec;
}

}  // namespace jobq::sim
