// SPDX-License-Identifier: Apache-2.0
// Requests, their copies on the way, and what clients remember of the answers.
#include "sim/clients.h"

#include <fmt/format.h>

#include <algorithm>
#include <csignal>
#include <iterator>
#include <utility>

#include "sim/job_mix.h"

namespace jobq::sim {
namespace {

const sched::Actor kAnn{1000, 1000, "ann", false};
const sched::Actor kRoot{0, 0, "root", true};
constexpr Millis kForgetAgain{1000};

void set_reply(sched::Event& event, ReplyId reply) {
  std::visit(
      [&](auto& one) {
        if constexpr (requires { one.reply; }) one.reply = reply;
      },
      event);
}

// The journal failed: nothing of it was recorded, so far as anybody can say.
bool may_be_tried_again(const sched::Reply& reply) {
  const auto* error = std::get_if<Error>(&reply.body);
  return error && error->code == ErrorCode::kUnavailable;
}

bool is_done(const sched::Reply& reply) { return std::holds_alternative<sched::Done>(reply.body); }

bool is_unknown(const sched::Reply& reply) {
  const auto* error = std::get_if<Error>(&reply.body);
  return error && error->code == ErrorCode::kNotFound;
}

// The one job that the command was about took it.
bool was_accepted(const sched::Reply& reply) {
  const auto* results = std::get_if<sched::JobResults>(&reply.body);
  return results && results->jobs.size() == 1 && results->jobs.front().result;
}

sched::Selector only(JobNumber job) {
  sched::Selector selector;
  selector.ranges.push_back({job, job});
  return selector;
}

}  // namespace

Clients::Clients(Timeline& timeline, Chance& chance, Promises& promises, Deliver deliver)
    : timeline_(timeline), chance_(chance), promises_(promises), deliver_(std::move(deliver)) {}

void Clients::plan(std::size_t jobs, Millis span, const std::vector<std::string>& nodes) {
  nodes_ = nodes.size();
  const auto some_time = [&](auto what) {
    timeline_.after(chance_.between(Millis{0}, span), std::move(what));
  };
  create_resources();
  const std::size_t classes = chance_.below(3);
  for (std::size_t i = 0; i < classes; ++i) some_time([this] { register_class(); });
  for (std::size_t i = 0; i < jobs; ++i) {
    some_time([this] { submit(); });
  }
  for (std::size_t i = 0; i < jobs; ++i) some_time([this] { command(); });
  if (chance_.one_in(3)) {
    some_time([this] { add_recurring(); });
    some_time([this] { pause_recurring(); });
    some_time([this] { resume_recurring(); });
  }
  for (const std::string& node : nodes) {
    if (!chance_.one_in(4)) continue;
    some_time([this, node] { drain(node); });
    if (chance_.one_in(2)) some_time([this, node] { resume(node); });
  }
}

// --- on the way

void Clients::ask(sched::Event event, OnReply on_reply) {
  requests_.push_back({std::move(event), std::move(on_reply)});
  ++open_;
  send(requests_.size() - 1);
}

std::int64_t Clients::random_delay_us() {
  return lossy_ && chance_.one_in(10) ? chance_.between(1000, 3'000'000)
                                      : chance_.between(50, 5000);
}

void Clients::send(Token token) {
  send_copy(token);
  if (lossy_ && chance_.one_in(6)) send_copy(token);
  timeline_.after(chance_.between(Millis{300}, Millis{2000}), [this, token] { send_again(token); });
}

void Clients::send_again(Token token) {
  if (!requests_[token].done) send(token);
}

void Clients::send_copy(Token token) {
  if (lossy_ && chance_.one_in(6)) return;
  timeline_.after_us(random_delay_us(), [this, token] { deliver(token); });
}

void Clients::deliver(Token token) {
  reply_to_.push_back(token);
  sched::Event event = requests_[token].event;
  set_reply(event, ReplyId{reply_to_.size()});
  deliver_(std::move(event));
}

void Clients::on_reply(const sched::Reply& reply) {
  const Token token = reply_to_.at(reply.to.value - 1);
  if (lossy_ && chance_.one_in(6)) return;
  timeline_.after_us(random_delay_us(), [this, token, reply] { answered(token, reply); });
}

// Late answers count as well: they must not contradict the first.
void Clients::answered(Token token, const sched::Reply& reply) {
  if (may_be_tried_again(reply) || !requests_[token].on_reply(reply)) return;
  if (std::exchange(requests_[token].done, true)) return;
  --open_;
}

// --- what they want

void Clients::create_resources() {
  for (const resmgr::NamedResource& resource : named_resources()) {
    ask(sched::CreateResource{{}, kRoot, resource},
        [this, name = resource.name](const auto& reply) {
          if (is_done(reply)) promises_.exists(name);
          return is_done(reply);
        });
  }
}

void Clients::register_class() {
  const std::string name = fmt::format("class{}", classes_.size());
  const auto spec = random_class(chance_, name);
  classes_[name] = spec;
  promises_.name_stands_for(name, spec);
  ask(sched::RegisterClass{{}, kAnn, {spec, "text of " + name, name + ".toml"}},
      [this, name](const auto& reply) {
        if (is_done(reply)) promises_.is_registered(name);
        return true;
      });
}

void Clients::add_recurring() {
  recurring_ = "each";
  const auto ticket = std::make_shared<const sched::Ticket>(random_recurring(chance_, recurring_));
  const auto zone = std::make_shared<const sched::Zone>(sched::Zone{"UTC", 0, {}, {}});
  promises_.name_stands_for(recurring_, ticket->spec);
  promises_.count("recurring tickets");
  ask(sched::AddRecur{{}, kAnn, ticket, zone, false}, [](const auto& /*reply*/) { return true; });
}

void Clients::pause_recurring() {
  if (recurring_.empty()) return;
  ask(sched::PauseRecur{{}, kAnn, "", recurring_}, [](const auto& /*reply*/) { return true; });
}

void Clients::resume_recurring() {
  if (recurring_.empty()) return;
  ask(sched::ResumeRecur{{}, kAnn, "", recurring_}, [](const auto& /*reply*/) { return true; });
}

sched::Ticket Clients::next_ticket() {
  const std::string name = fmt::format("j{}", ++submitted_);
  if (classes_.empty() || !chance_.one_in(6)) {
    Known known{{}, jobs_.size(), nodes_};
    for (const auto& [of, spec] : classes_) known.classes.push_back(of);
    return random_ticket(chance_, name, known);
  }
  auto at = classes_.begin();
  std::advance(at, static_cast<std::ptrdiff_t>(chance_.below(classes_.size())));
  sched::Ticket ticket;
  ticket.class_name = at->first;
  ticket.name = name;
  return ticket;
}

std::shared_ptr<const sched::JobSpec> Clients::spec_of(const sched::Ticket& ticket) const {
  return ticket.spec ? ticket.spec : classes_.at(ticket.class_name);
}

// The tickets have keys of their own, or the request has one.
void Clients::submit() {
  const bool own_keys = chance_.one_in(2);
  sched::NewJobNotice notice;
  notice.actor = kAnn;
  std::vector<std::string> names;
  for (std::size_t left = chance_.one_in(6) ? 3 : 1; left > 0; --left) {
    sched::Ticket ticket = next_ticket();
    names.push_back(ticket.name);
    promises_.submitted(ticket.name, spec_of(ticket), ticket.hold);
    if (own_keys) ticket.key = "own-" + ticket.name;
    notice.tickets.push_back(std::move(ticket));
  }
  if (!own_keys) notice.key = "key-" + names.front();
  ask(std::move(notice), [this, names](const sched::Reply& reply) {
    const auto* submitted = std::get_if<sched::Submitted>(&reply.body);
    if (submitted) got_numbers(names, *submitted);
    return submitted != nullptr;
  });
}

// A refusal is not remembered for ever: a later copy may be taken.
void Clients::got_numbers(const std::vector<std::string>& names,
                          const sched::Submitted& submitted) {
  for (std::size_t i = 0; i < names.size(); ++i) {
    const Result<JobNumber>& number = submitted.tickets.at(i);
    if (!number) continue;
    promises_.got_number(names[i], *number);
    jobs_[*number] = names[i];
  }
}

void Clients::command() {
  if (jobs_.empty()) return;
  auto at = jobs_.begin();
  std::advance(at, static_cast<std::ptrdiff_t>(chance_.below(jobs_.size())));
  const std::string& name = at->second;
  const sched::Selector jobs = only(at->first);
  const auto any = [](const auto& /*reply*/) { return true; };
  switch (chance_.below(6)) {
    case 0:
    case 1: return hold(jobs);
    case 2: promises_.may_be_released(name); return ask(sched::Release{{}, kAnn, jobs}, any);
    case 3: return ask(sched::Cancel{{}, kAnn, jobs, chance_.one_in(2) ? SIGUSR1 : SIGKILL}, any);
    case 4: {
      promises_.may_be_released(name);
      sched::Selector step = jobs;
      step.step = fmt::format("s{}", chance_.below(3));
      return ask(sched::Cancel{{}, kAnn, step, 0}, any);
    }
    default: return cancel(name, jobs);
  }
}

void Clients::hold(const sched::Selector& jobs) {
  ask(sched::Hold{{}, kAnn, jobs}, [this, job = jobs.ranges.front().first](const auto& reply) {
    if (was_accepted(reply)) promises_.is_held(job);
    return true;
  });
}

void Clients::cancel(const std::string& name, const sched::Selector& jobs) {
  promises_.may_be_released(name);
  ask(sched::Cancel{{}, kAnn, jobs, 0}, [this, job = jobs.ranges.front().first](const auto& reply) {
    if (was_accepted(reply)) promises_.is_cancelled(job);
    return true;
  });
}

void Clients::drain(const std::string& node) {
  ask(sched::DrainNode{{}, kRoot, node, "a new disk", {}}, [this, node](const auto& reply) {
    if (is_done(reply)) promises_.count("nodes drained");
    if (is_done(reply)) promises_.node_is_draining(node);
    return true;
  });
}

void Clients::resume(const std::string& node) {
  promises_.node_may_be_resumed(node);
  ask(sched::ResumeNode{{}, kRoot, node}, [this](const auto& reply) {
    if (is_done(reply) && !healed_) promises_.count("nodes resumed");
    return true;
  });
}

// At once, not as ask() sends: a copy that came late would speak of a node that is back.
void Clients::forget(const std::string& node) {
  const auto on_reply = [this, node](const auto& reply) {
    if (is_done(reply)) promises_.count("nodes forgotten");
    if (is_done(reply) || is_unknown(reply)) forgotten_.insert(node);
    return true;
  };
  requests_.push_back({sched::ForgetNode{{}, kRoot, node}, on_reply, true});
  say_forgotten(node, requests_.size() - 1);
}

void Clients::say_forgotten(const std::string& node, Token token) {
  if (healed_ || forgotten_.contains(node)) return;
  promises_.node_is_given_up(node);
  deliver(token);
  timeline_.after(kForgetAgain, [this, node, token] { say_forgotten(node, token); });
}

void Clients::heal(const std::vector<std::string>& nodes) {
  lossy_ = false;
  healed_ = true;
  for (const auto& [number, name] : jobs_) promises_.may_be_released(name);
  for (const std::string& node : nodes) resume(node);
  if (!recurring_.empty()) {
    ask(sched::RemoveRecur{{}, kAnn, "", recurring_}, [](const auto& /*reply*/) { return true; });
  }
  sched::Selector all;
  all.all = true;
  ask(sched::Release{{}, kRoot, all}, [](const auto& /*reply*/) { return true; });
}

}  // namespace jobq::sim
