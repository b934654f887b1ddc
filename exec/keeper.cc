// SPDX-License-Identifier: Apache-2.0
// The keeper on its loop.
#include "exec/keeper.h"

#include <fmt/format.h>
#include <unistd.h>
#include <uv.h>

#include <algorithm>
#include <csignal>
#include <utility>

#include "base/log.h"
#include "exec/executable.h"
#include "exec/keeper.pb.h"
#include "exec/state.h"
#include "exec/upgrade.h"

namespace jobq::exec {
namespace {

constexpr Millis kAloneLimit = seconds(60);
constexpr Millis kLastWrite{200};
constexpr Millis kDiskPause = seconds(1);

std::string boot_id() {
  std::string text = read_small_file("/proc/sys/kernel/random/boot_id");
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
}

}  // namespace

Result<KeeperParts> make_parts(const KeeperOptions& options, Descriptor lock) {
  KeeperParts parts;
  parts.lock = std::move(lock);
  if (auto made = make_directories(scripts_directory(options.state), 0711); !made) {
    return tl::unexpected(made.error());
  }
  auto slots = OutputSlots::open(options.state);
  if (!slots) return tl::unexpected(slots.error());
  auto log = RecordLog::open(attempts_log(options.state), boot_id());
  if (!log) return tl::unexpected(log.error());
  parts.slots = std::make_unique<OutputSlots>(std::move(*slots));
  parts.log = std::make_unique<RecordLog>(std::move(*log));
  parts.containment = make_containment(options.cgroups, options.cgroup);
  return parts;
}

Result<KeeperParts> take_over_parts(const KeeperOptions& options, const pb::Handover& handover) {
  KeeperParts parts;
  parts.lock = Descriptor(handover.lock());
  auto slots = OutputSlots::take_over(options.state, handover);
  if (!slots) return tl::unexpected(slots.error());
  auto log =
      RecordLog::take_over(attempts_log(options.state), Descriptor(handover.log()), boot_id());
  if (!log) return tl::unexpected(log.error());
  parts.slots = std::make_unique<OutputSlots>(std::move(*slots));
  parts.log = std::make_unique<RecordLog>(std::move(*log));
  parts.containment = take_over_containment(handover);
  return parts;
}

Keeper::Keeper(uv_loop_s* loop, const KeeperOptions& options, KeeperParts parts)
    : loop_(loop),
      options_(options),
      parts_(std::move(parts)),
      announcements_(loop, [this](const pb::Attempt& attempt) { say(attempt); }),
      steps_({options.state, options.grace}, *parts_.containment, *parts_.slots, *parts_.log,
             [this](const pb::Attempt& attempt) {
               if (agent_) announcements_.tell(attempt);
             }),
      signals_(loop, {SIGCHLD, SIGHUP, SIGTERM}, [this](int number) { on_signal(number); }),
      lease_(loop, options.grace,
             {[this](Millis left) {
                log::warning("the controller is silent: what is fenced has {} to end",
                             format_duration(left));
                steps_.end_fenced(left);
                after_event();
              },
              [this] {
                log::warning("the lease is over: what is fenced ends");
                steps_.kill_fenced();
                after_event();
              }}) {}

void Keeper::on_signal(int number) {
  if (number == SIGCHLD) {
    children_ended();
  } else if (number == SIGHUP) {
    if (const auto done = upgrade(own_executable()); !done) log::error("{}", done.error().message);
  } else {
    log::info("told to end; it does when nothing runs");
    told_to_end_ = true;
    end_if_done();
  }
}

std::unique_ptr<net::Server> Keeper::make_server() {
  return std::make_unique<net::Server>(loop_, net::Server::Options(),
                                       [this](std::unique_ptr<net::Connection> connection) {
                                         on_connection(std::move(connection));
                                       });
}

Result<void> Keeper::begin() {
  pb::Record record;
  *record.mutable_opened() = parts_.containment->opened();
  if (auto noted = parts_.log->append(record); !noted) return noted;
  steps_.settle();
  server_ = make_server();
  if (auto listening = server_->listen_unix(keeper_socket(options_.state), 0600); !listening) {
    return listening;
  }
  log::info("steps are held by {}", in_force(*parts_.containment));
  watch_state();
  agent_gone();
  return {};
}

Result<void> Keeper::take_over(const pb::Handover& handover) {
  steps_.take_over(handover);
  options_.stays = options_.stays || handover.stays();
  told_to_end_ = handover.told_to_end();
  server_ = make_server();
  auto listening = server_->listen_unix_again(handover.listener(), keeper_socket(options_.state));
  if (!listening) return listening;
  log::notice("took over {} attempts: {}", handover.steps_size(), own_executable());
  agent_gone();
  children_ended();
  lease_.take_over(handover);
  watch_state();
  return {};
}

void Keeper::children_ended() {
  steps_.reap();
  after_event();
}

void Keeper::on_connection(std::unique_ptr<net::Connection> connection) {
  const auto peer = connection->credentials();
  if (!peer || (peer->uid != geteuid() && peer->uid != 0)) {
    log::warning("refused {}", connection->peer());
    return;
  }
  net::Connection* const visitor = connection.get();
  visitors_.push_back(std::move(connection));
  visitor->start({[this, visitor](std::string_view bytes) { on_message(visitor, bytes); },
                  [this, visitor](const std::string& reason) { on_closed(visitor, reason); }});
}

void Keeper::on_closed(net::Connection* which, const std::string& reason) {
  if (which != agent_.get()) {
    std::erase_if(visitors_, [&](const auto& visitor) { return visitor.get() == which; });
    return;
  }
  log::info("the agent went away: {}", reason);
  agent_gone();
  after_event();
}

void Keeper::on_message(net::Connection* from, std::string_view bytes) {
  pb::ToKeeper message;
  if (!message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    on_closed(from, "it sent what is no message");
  } else if (message.has_attach()) {
    attach(from, message.attach());
  } else if (message.has_upgrade()) {
    on_upgrade(from, message.upgrade());
  } else if (from == agent_.get()) {
    on_agents_message(message);
  }
  after_event();
}

void Keeper::on_agents_message(const pb::ToKeeper& message) {
  switch (message.body_case()) {
    case pb::ToKeeper::kStart:
      // The agent may have been held up, and the launch be one that others gave up long ago.
      if (message.start().fenced() && lease_.is_over()) {
        steps_.start_too_late(message.start());
      } else {
        steps_.start(message.start());
      }
      break;
    case pb::ToKeeper::kOrder: steps_.order(message.order()); break;
    case pb::ToKeeper::kReport: answer(message.report()); break;
    case pb::ToKeeper::kLease: lease_.renew(message.lease()); break;
    case pb::ToKeeper::kLeave:
      agent_gone();
      may_end_ = true;
      break;
    default: break;  // of a later version
  }
}

// The latest agent is the one: its predecessor may be dead without our knowing.
void Keeper::attach(net::Connection* agent, const pb::Attach& as) {
  if (as.has_grace_ms()) {
    options_.grace = Millis{as.grace_ms()};
    steps_.set_grace(options_.grace);
    lease_.set_grace(options_.grace);
  }
  const auto visitor = std::find_if(visitors_.begin(), visitors_.end(),
                                    [&](const auto& one) { return one.get() == agent; });
  if (visitor != visitors_.end()) {
    agent_ = std::move(*visitor);
    visitors_.erase(visitor);
  }
  announcements_.clear();
  alone_.reset();
  may_end_ = false;
  pb::FromKeeper message;
  pb::State& state = *message.mutable_state();
  state.set_incarnation(parts_.log->incarnation());
  state.set_containment(in_force(*parts_.containment));
  state.set_executable(own_identity());
  for (pb::Attempt& attempt : steps_.attempts()) *state.add_attempts() = std::move(attempt);
  agent_->send(message);
}

void Keeper::on_upgrade(net::Connection* from, const pb::Upgrade& order) {
  const bool stayed = std::exchange(options_.stays, options_.stays || order.stays());
  pb::FromKeeper message;
  pb::UpgradeAnswer& answer = *message.mutable_upgrade_answer();
  if (order.stays()) {
    // It is a service that is started again: whatever was said before, it is meant to stay. Service
    // managers remove the file when they stop it, and look for it when they start it.
    told_to_end_ = false;
    write_keeper_pid(options_.state);
  }
  if (identity_of(order.executable()) != own_identity()) {
    if (const auto done = upgrade(order.executable()); !done) {
      log::error("{}", done.error().message);
      answer.set_error(done.error().message);
      options_.stays = stayed;
    }
  }
  from->send(message);
}

// Returns only where this program goes on.
Result<void> Keeper::upgrade(const std::string& executable) {
  const auto refuse = [&](std::string_view why) {
    return fail(ErrorCode::kRefused,
                fmt::format("the keeper goes on as it is: {} {}", executable, why));
  };
  look_after_state();
  if (!has_state()) return refuse("would not find the state directory, which is made anew first");
  const Heir heir = ask_heir(executable);
  if (heir == Heir::kUnfit) return refuse("cannot be executed, or is no keeper");
  if (heir == Heir::kForeign) {
    told_to_end_ = true;
    return refuse("does not understand it, and can begin when nothing runs");
  }
  pb::Handover handover;
  handover.set_version(kHandoverVersion);
  handover.set_lock(parts_.lock.get());
  handover.set_listener(server_->descriptor());
  write_what_waits();
  handover.set_log(parts_.log->descriptor());
  *handover.mutable_containment() = parts_.containment->opened();
  handover.set_first_slot(parts_.slots->first());
  handover.set_stays(options_.stays);
  handover.set_told_to_end(told_to_end_);
  steps_.hand_over(handover);
  lease_.hand_over(handover);
  const Error error = execute_heir(
      executable, {"--state", options_.state, "--grace", std::to_string(options_.grace.count)},
      handover);
  return refuse("cannot be executed: " + error.message);
}

void Keeper::answer(const pb::Report& report) {
  pb::FromKeeper message;
  message.mutable_report_answer()->set_question(report.question());
  message.mutable_report_answer()->set_error(steps_.report(report));
  agent_->send(message);
}

void Keeper::agent_gone() {
  agent_.reset();
  announcements_.clear();
  alone_ = std::make_unique<net::Timer>(loop_, kAloneLimit, [this] {
    may_end_ = true;
    end_if_done();
  });
}

void Keeper::say(const pb::Attempt& attempt) {
  pb::FromKeeper message;
  *message.mutable_attempt() = attempt;
  agent_->send(message);
}

void Keeper::after_event() {
  const std::int64_t now_ns = steady_now_ns();
  const auto next_ns = steps_.tick(now_ns);
  if (!next_ns) {
    tick_.reset();
  } else if (!tick_ || *next_ns != tick_at_ns_) {
    tick_at_ns_ = *next_ns;
    const std::int64_t wait_ms = (std::max(*next_ns - now_ns, std::int64_t{0}) / kNsPerMs) + 1;
    tick_ = std::make_unique<net::Timer>(loop_, Millis{wait_ms}, [this] {
      tick_.reset();
      after_event();
    });
  }
  if (parts_.log->anything_waits() && !last_write_) {
    last_write_ = std::make_unique<net::Timer>(loop_, kLastWrite, [this] { write_what_waits(); });
  }
  end_if_done();
}

void Keeper::write_what_waits() {
  last_write_.reset();
  const auto done = parts_.log->flush();
  if (done) return;
  log::warning("{}", done.error().message);
  last_write_ = std::make_unique<net::Timer>(loop_, kDiskPause, [this] { write_what_waits(); });
}

void Keeper::end_if_done() {
  const bool may_end = told_to_end_ || (may_end_ && !options_.stays);
  if (!may_end || ended_ || steps_.anything_runs() || steps_.anything_unrecorded()) return;
  ended_ = true;
  write_what_waits();
  log::info("nothing runs{}: the keeper ends", told_to_end_ ? "" : " and no agent is there");
  uv_stop(loop_);
}

}  // namespace jobq::exec
