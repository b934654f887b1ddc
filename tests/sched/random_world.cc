// SPDX-License-Identifier: Apache-2.0
// Random events, and nodes that answer to what the core asks for. Numbers come from the engine
// itself, not from the library's distributions, so that a seed means the same everywhere.
#include "tests/sched/random_world.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "sched/check_spec.h"

namespace jobq::sched {
namespace {

template <class Kind>
bool is(const Action& action) {
  return std::holds_alternative<Kind>(action);
}

std::string name_of(unsigned index) { return fmt::format("n{}", index + 1); }

}  // namespace

RandomWorld::RandomWorld(std::uint32_t seed, const Policy& policy) : world(policy), random_(seed) {
  for (const ElementPolicy& element : policy.elements) elements_.push_back(element.name);
  for (const char* name : {"db", "plan", "printer"}) {
    send(CreateResource{ReplyId{}, world.root, {name, resmgr::NamedKind::kExclusive, 1}});
  }
  send(CreateResource{ReplyId{}, world.root, {"solver", resmgr::NamedKind::kTokens, 3}});
  // One has no lease.
  for (unsigned i = 0; i < kNodes; ++i) nodes_[i].lease = seconds(30 * i);
  for (unsigned i = 0; i < kNodes; ++i) join(i);
}

unsigned RandomWorld::pick(unsigned below) { return static_cast<unsigned>(random_()) % below; }

void RandomWorld::send(Event event) {
  events_.emplace_back(event, world.now);
  world.send(std::move(event));
  note_launches();
  for (const Action& action : world.actions) {
    if (is<LookUp>(action)) asked_.push_back(std::get<LookUp>(action));
  }
}

// As the controller would from its history.
void RandomWorld::answer_look_up() {
  const LookUp asked = asked_.back();
  asked_.pop_back();
  send(answer_to(asked));
}

void RandomWorld::answer_look_ups() {
  while (!asked_.empty()) answer_look_up();
}

LookedUp RandomWorld::answer_to(const LookUp& asked) const {
  std::vector<JobFact> known = world.facts_of(asked.jobs);
  std::erase_if(known, [](const JobFact& fact) { return !fact.ended; });
  return {asked.id, std::move(known)};
}

void RandomWorld::note_launches() {
  for (const Action& action : world.actions) {
    if (const auto* welcome = std::get_if<Welcome>(&action)) {
      nodes_.at(static_cast<std::size_t>(welcome->name.back() - '1')).id = welcome->node;
    }
    if (is<Launch>(action)) {
      const Launch& launch = std::get<Launch>(action);
      for (SimNode& node : nodes_) {
        // Now and then a launch is lost on its way.
        if (node.id == launch.node && pick(10) != 0) node.attempts[launch.id] = true;
      }
    }
    if (is<Forget>(action)) {
      for (SimNode& node : nodes_) node.attempts.erase(std::get<Forget>(action).id);
    }
  }
}

resmgr::Needs RandomWorld::random_needs() {
  resmgr::Needs needs;
  if (pick(3) != 0) needs.cpus = 1 + pick(2);
  if (pick(4) == 0) needs.exclusive = {std::vector<std::string>{"db", "plan", "printer"}[pick(3)]};
  if (pick(5) == 0) needs.tokens = {{"solver", 1 + pick(2)}};
  if (pick(12) == 0) needs.service = "planner";
  if (!elements_.empty() && pick(2) == 0) {
    needs.element = elements_[pick(static_cast<unsigned>(elements_.size()))];
  }
  if (needs.takes_from_node() && pick(6) == 0) needs.nodes = 2;
  resmgr::normalise(needs);
  return needs;
}

// From any step back to any other; what is not allowed is left out.
void RandomWorld::add_loop(JobSpec& spec) {
  static const std::vector<std::string> kWhen{"success", "failure", "ended", "event=same"};
  const auto steps = static_cast<unsigned>(spec.steps.size());
  for (unsigned loops = 1 + pick(3); loops > 0; --loops) {
    std::optional<Loop>& again = spec.steps[pick(steps)].again;
    again = {fmt::format("s{}", pick(steps)), parse_loop_when(kWhen[pick(4)]).value(), 1 + pick(3)};
    if (!check_spec(spec).empty()) again.reset();
  }
}

// One of its steps waits for other jobs, or submits one of the class.
void RandomWorld::add_built_in(JobSpec& spec) {
  StepSpec step;
  step.name = spec.steps.back().name;
  step.after = spec.steps.back().after;
  step.after_any = spec.steps.back().after_any;
  const unsigned kind = pick(4);
  if (kind == 0) {
    step.kind = StepKind::kSend;
    step.send = Send{pick(2) == 0 ? "shared:b" : "mailbox:a", pick(2) == 0 ? "go" : "stop", "same",
                     seconds(5 + pick(60)), pick(4) == 0};
  } else if (kind == 1) {
    step.kind = StepKind::kRecv;
    step.recv = Recv{pick(2) == 0 ? "go" : "stop", "", pick(2) == 0 ? "shared:b" : "mailbox:a"};
    step.time_limit = seconds(1 + pick(40));
  } else if (kind == 2) {
    step.kind = StepKind::kWait;
    for (unsigned jobs = 1 + pick(3); jobs > 0; --jobs) {
      step.wait_for.push_back(fmt::to_string(1 + pick(static_cast<unsigned>(last_job_) + 1)));
    }
  } else {
    step.kind = StepKind::kSpawn;
    step.spawn = Spawn{"plan", "", "", {}, std::nullopt, pick(3) != 0, {}};
    if (pick(2) == 0) {
      step.spawn->class_name.clear();
      step.spawn->spec = std::make_shared<JobSpec>(
          SpecBuilder().step("within").argv({"within"}).step("last").after("within").spec);
    }
  }
  if (pick(3) == 0) step.time_limit = seconds(1 + pick(40));
  spec.steps.back() = std::move(step);
}

void RandomWorld::add_conditions(Ticket& ticket) {
  static const std::vector<std::string> kEnds{"", ".error", ".ended", ".started", ".ended+5s"};
  for (unsigned jobs = 1 + pick(2); jobs > 0; --jobs) {
    const std::string job = fmt::to_string(1 + pick(static_cast<unsigned>(last_job_) + 1));
    ticket.after.push_back(parse_job_condition(job + kEnds[pick(5)]).value());
  }
  ticket.keeps_never = pick(2) == 0;
}

SpecBuilder RandomWorld::random_spec() {
  static const std::vector<std::string> kSuffixes{"",       ".failure",    ".cancel",
                                                  ".ended", ".event=same", ".event=3"};
  SpecBuilder builder;
  const unsigned steps = 1 + pick(5);
  for (unsigned i = 0; i < steps; ++i) {
    builder.step(fmt::format("s{}", i)).cancel_code(77);
    for (unsigned j = 0; j < i; ++j) {
      if (pick(3) != 0) continue;
      const std::string condition = fmt::format("s{}{}", j, kSuffixes[pick(6)]);
      if (pick(2) == 0)
        builder.after(condition);
      else
        builder.after_any(condition);
    }
    if (pick(3) == 0) builder.step_needs(random_needs());
  }
  if (pick(3) == 0) builder.needs(random_needs());
  if (pick(3) == 0) builder.cleanup(seconds(20));
  if (pick(3) == 0) builder.limit(seconds(5 + pick(100)));
  if (pick(3) == 0) builder.keep_going();
  if (pick(4) == 0) builder.step_limit(seconds(1 + pick(40)));
  if (pick(3) == 0) {
    Retry& retry = builder.spec.steps.back().retry;
    retry.max = 1 + pick(2);
    retry.elsewhere = pick(2) == 0;
    retry.delay = seconds(pick(2) * 5);
  }
  if (pick(3) == 0) add_built_in(builder.spec);
  if (pick(3) == 0) add_loop(builder.spec);
  const bool is_limited = builder.spec.time_limit || builder.spec.steps.back().time_limit;
  if (is_limited && pick(2) == 0) builder.warned(10, seconds(1 + pick(20)));
  return builder;
}

void RandomWorld::submit() {
  Ticket ticket = ticket_of(random_spec());
  ticket.priority = static_cast<int>(pick(3)) * 10;
  ticket.hold = pick(10) == 0;
  if (pick(5) == 0) ticket.begin = seconds(pick(30));
  if (pick(5) == 0) ticket.deadline = seconds(20 + pick(60));
  if (pick(4) == 0) {
    ticket.array = parse_array(fmt::format("{}-{}:{}", pick(3), 3 + pick(9), 1 + pick(3))).value();
    ticket.array->throttle = pick(4);
  }
  if (pick(4) == 0) add_conditions(ticket);
  const Actor& actor = pick(3) == 0 ? world.bob : world.ann;
  NewJobNotice notice{World::kReply, actor, "", {ticket}, false};
  if (pick(5) == 0) notice.caller = {some_job(), "s0"};
  notice.known = world.facts_of(world.core.ended_among(notice));
  send(std::move(notice));
  while (world.core.was_dispensed(JobNumber{last_job_ + 1})) ++last_job_;
}

JobNumber RandomWorld::some_job() {
  std::vector<JobNumber> live;
  world.core.queue({}, world.now, [&](const JobSummary& it) {
    live.push_back(it.job);
    return true;
  });
  if (live.empty()) return JobNumber{1};
  return live[pick(static_cast<unsigned>(live.size()))];
}

void RandomWorld::command() {
  const JobNumber job = some_job();
  const unsigned index = pick(9);
  Selector selector = pick(3) == 0
                          ? World::elements(job, fmt::format("{}-{}", index, index + pick(4)))
                          : World::only(job);
  switch (pick(5)) {
    case 0: send(Hold{World::kReply, world.ann, selector}); break;
    case 1:
    case 2: send(Release{World::kReply, world.ann, selector}); break;
    case 3:
      if (pick(2) == 0) selector.step = fmt::format("s{}", pick(3));
      selector.family = selector.step.empty() && pick(3) == 0;
      send(Cancel{World::kReply, world.ann, selector, 0});
      break;
    default: send(Cancel{World::kReply, world.ann, selector, 10}); break;
  }
}

void RandomWorld::end_an_attempt(bool kindly) {
  SimNode& node = nodes_[pick(kNodes)];
  if (!node.connected || node.attempts.empty()) return;
  auto it = node.attempts.begin();
  std::advance(it, pick(static_cast<unsigned>(node.attempts.size())));
  it->second = false;
  TaskEnd end;
  static const std::vector<int> kCodes{0, 0, 0, 0, 3, 77};
  end.exit_code = kindly ? 0 : kCodes[pick(6)];
  if (!kindly && pick(4) == 0) end.event = "same";
  if (!kindly && pick(12) == 0) end.how = TaskEnd::How::kSignalled;
  end.signal = end.how == TaskEnd::How::kSignalled ? 9 : 0;
  send(TaskComplete{node.id, it->first, end});
}

void RandomWorld::start_an_attempt() {
  SimNode& node = nodes_[pick(kNodes)];
  if (!node.connected || node.attempts.empty()) return;
  auto it = node.attempts.begin();
  std::advance(it, pick(static_cast<unsigned>(node.attempts.size())));
  if (it->second) send(TaskStarted{node.id, it->first});
}

void RandomWorld::join(unsigned index) {
  SimNode& node = nodes_[index];
  if (!node.connected) ++connected_;
  node.connected = true;
  NodeJoined event;
  event.name = name_of(index);
  event.incarnation = fmt::format("n{}-{}", index + 1, node.incarnation);
  event.capacity.cpus = 2 + index;
  event.lease = node.lease;
  for (const auto& [id, running] : node.attempts) event.attempts.push_back({id, running});
  send(event);
}

// By hand, between two users, in few places, with keys that come again.
void RandomWorld::send_or_receive() {
  static const std::vector<std::string> kPlaces{"mailbox:a", "shared:b", "s0", "1", "2"};
  const Actor& actor = pick(3) == 0 ? world.bob : world.ann;
  const std::string key = pick(2) == 0 ? "" : fmt::format("k{}", pick(50));
  const std::string name = pick(2) == 0 ? "go" : "stop";
  const std::string& place = kPlaces[pick(5)];
  if (pick(10) == 0) return send(LeaveReceive{ReplyId{1001 + pick(200)}});
  if (pick(10) == 0) return send(DropEvent{World::kReply, actor, EventId{1 + pick(50)}});
  if (pick(2) == 0) {
    send(SendEvent{World::kReply, actor, key, std::nullopt, "", place, name, "text",
                   seconds(1 + pick(40)), pick(4) == 0});
    return;
  }
  const ReplyId reply{1000 + ++last_receive_};
  send(ReceiveEvent{reply, actor, key, std::nullopt, place, name, "", seconds(1 + pick(20))});
}

// Connections do not outlive their controller.
void RandomWorld::leave_all_receives() {
  for (; left_ < last_receive_; ++left_) send(LeaveReceive{ReplyId{1001 + left_}});
}

void RandomWorld::offer(unsigned index) {
  const SimNode& node = nodes_[index];
  if (!node.connected) return;
  const bool offers = pick(3) != 0;
  send(NodeServices{node.id,
                    offers ? std::vector<std::string>{"planner"} : std::vector<std::string>{}});
}

// The controller's clock, or an operator.
void RandomWorld::give_up(unsigned index) {
  const SimNode& node = nodes_[index];
  if (node.connected) return;
  if (pick(4) == 0) {
    send(ForgetNode{World::kReply, world.root, name_of(index)});
  } else {
    send(NodeGivenUp{node.id});
  }
}

void RandomWorld::drain_or_resume(unsigned index) {
  if (pick(2) == 0) return send(ResumeNode{World::kReply, world.root, name_of(index)});
  DrainNode drain{World::kReply, world.root, name_of(index), "new disk", {}};
  if (pick(2) == 0) drain.span = seconds(1 + pick(60));
  send(drain);
}

void RandomWorld::lose(unsigned index) {
  SimNode& node = nodes_[index];
  if (!node.connected) return;
  --connected_;
  node.connected = false;
  send(NodeLost{node.id, "it is silent"});
  if (pick(3) != 0) return;
  ++node.incarnation;  // it was restarted
  node.attempts.clear();
}

void RandomWorld::lose_all_nodes() {
  for (unsigned i = 0; i < kNodes; ++i) {
    lose(i);
    if (pick(3) == 0) give_up(i);
  }
}

void RandomWorld::act() {
  if (!asked_.empty()) return answer_look_up();
  world.now = world.now + Millis{static_cast<std::int64_t>(pick(3000))};
  const unsigned what = pick(100);
  if (pick(12) == 0)
    send_or_receive();
  else if (what < 20)
    submit();
  else if (what < 35)
    command();
  else if (what < 65)
    end_an_attempt(false);
  else if (what < 80)
    start_an_attempt();
  else if (what < 90)
    join(pick(kNodes));
  else if (what < 92)
    lose(pick(kNodes));
  else if (what < 94)
    give_up(pick(kNodes));
  else if (what < 95)
    drain_or_resume(pick(kNodes));
  else if (what < 97)
    offer(pick(kNodes));
  else
    send(Tick{});
}

// What waits for what can never be, or for each other in a circle, is cancelled in the end.
void RandomWorld::finish() {
  Selector all;
  all.all = true;
  for (int round = 0; round < 3000 && world.core.live_count() > 0; ++round) {
    if (round == 2000) send(Cancel{ReplyId{}, world.root, all, 0});
    if (round % 20 == 0) {
      send(Release{ReplyId{}, world.root, all});
      world.now = world.now + seconds(5);  // what waits for a time has it now
      send(Tick{});
      for (unsigned i = 0; i < kNodes; ++i) {
        join(i);
        send(ResumeNode{ReplyId{}, world.root, name_of(i)});
        send(NodeServices{nodes_[i].id, {"planner"}});
      }
    }
    if (!asked_.empty()) answer_look_up();
    end_an_attempt(true);
  }
}

}  // namespace jobq::sched
