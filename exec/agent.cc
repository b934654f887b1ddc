// SPDX-License-Identifier: Apache-2.0
// The agent: what comes from where, and where it goes.
#include "exec/agent.h"

#include <fmt/format.h>
#include <unistd.h>
#include <uv.h>

#include <algorithm>
#include <filesystem>
#include <unordered_map>
#include <utility>

#include "base/log.h"
#include "base/version.h"
#include "exec/controller_link.h"
#include "exec/executable.h"
#include "exec/file_desk.h"
#include "exec/files.h"
#include "exec/keeper_link.h"
#include "exec/lease.h"
#include "exec/ledger.h"
#include "exec/output_reader.h"
#include "exec/promptness.h"
#include "exec/service_desk.h"
#include "exec/start_message.h"
#include "exec/state.h"
#include "exec/step_reports.h"
#include "exec/tunnels.h"
#include "exec/users.h"
#include "exec/wire.h"

namespace jobq::exec {
namespace {

// Old outputs are looked for once a minute, and less often where looking takes long: in a hundredth
// of the time at most.
constexpr Millis kSweepEvery = seconds(60);
constexpr std::int64_t kSweepPart = 100;

std::string absolute(const std::string& path) {
  std::error_code ignored;
  return std::filesystem::absolute(path, ignored).lexically_normal().string();
}

AgentOptions completed(AgentOptions options) {
  options.state = absolute(options.state);
  while (options.state.size() > 1 && options.state.back() == '/') options.state.pop_back();
  options.socket = options.socket.empty() ? step_socket(options.state) : absolute(options.socket);
  if (options.executable.empty() || options.executable == "/proc/self/exe") {
    options.executable = own_executable();
  }
  return options;
}

// An attempt that the keeper holds, or that it was told to start and has not answered for yet.
struct Held {
  pb::Attempt attempt;
  bool confirmed = true;
};

}  // namespace

struct Agent::Impl {
  Impl(uv_loop_s* loop, AgentOptions options);

  Result<void> begin();
  Result<void> listen();
  void look_after_state();
  void stop(std::function<void()> stopped);

  // The keeper speaks.
  void on_keeper_state(const pb::State& state);
  void on_attempt(const pb::Attempt& attempt);
  void on_keeper_lost();

  // The controller speaks.
  void on_controller();
  void on_frame(const wire::Frame& frame);
  void on_welcome(const wire::Welcome& welcome);
  void on_answered(std::int64_t sent_ns);
  void on_launch(const wire::Launch& launch);
  void on_order(const wire::AttemptOrder& order);
  void on_controller_lost();
  void away();

  void join();
  void tell(const pb::Attempt& attempt);
  void answer_output(std::uint64_t question, Result<wire::OutputChunk> chunk);
  const pb::Attempt* find(const wire::AttemptId& id) const;
  void sweep();

  uv_loop_s* loop;
  AgentOptions options;
  NodeFacts facts;
  Users users;
  bool joined = false;
  std::int64_t joining_ns = 0;  // when the last join was sent, by CLOCK_BOOTTIME
  Millis lease;                 // that the controller gives to this node
  std::string incarnation;
  std::string containment;
  std::unordered_map<AttemptId, Held> attempts;
  std::unique_ptr<KeeperLink> keeper;
  ControllerLink controller;
  ServiceDesk services;
  FileDesk files;
  Tunnels tunnels;
  std::unique_ptr<StepReports> reports;
  OutputReader reader;
  std::unique_ptr<net::Timer> next_sweep;
  std::unique_ptr<net::Timer> stopping;
};

Agent::Impl::Impl(uv_loop_s* on_loop, AgentOptions with_options)
    : loop(on_loop),
      options(completed(std::move(with_options))),
      facts{options.name, options.socket, names_directory(options.state)},
      controller(loop, options.controller, options.heartbeat,
                 {[this] { on_controller(); }, [this](const wire::Frame& f) { on_frame(f); },
                  [this](std::int64_t sent_ns) { on_answered(sent_ns); },
                  [this] { on_controller_lost(); }}),
      services(loop, options.name, options.services, users,
               [this](const wire::Frame& f) { controller.send(f); }),
      files(loop, users, [this](const wire::Frame& f) { controller.send(f); }),
      tunnels(users, [this](const wire::Frame& f) { controller.send(f); }),
      reader(
          loop, options.state, users, [this](const wire::AttemptId& id) { return find(id); },
          [this](std::uint64_t question, Result<wire::OutputChunk> chunk) {
            answer_output(question, std::move(chunk));
          }) {}

// Where steps report, and what stands on their PATH.
Result<void> Agent::Impl::listen() {
  if (auto made = make_state(options.state); !made) return made;
  if (auto named = make_names(options.state, options.executable); !named) return named;
  reports = std::make_unique<StepReports>(
      loop, services, tunnels, [this](const pb::ToKeeper& m) { return keeper && keeper->send(m); });
  return reports->listen(options.socket);
}

Result<void> Agent::Impl::begin() {
  if (auto listening = listen(); !listening) return listening;
  keeper = std::make_unique<KeeperLink>(
      loop,
      KeeperLinkOptions{options.state, options.executable, options.grace, options.starts_keeper},
      KeeperLink::Handlers{[this](const pb::State& s) { on_keeper_state(s); },
                           [this](const pb::Attempt& a) { on_attempt(a); },
                           [this](const pb::ReportAnswer& a) { reports->answer(a); },
                           [this] { on_keeper_lost(); }});
  sweep();
  return {};
}

// Somebody may have removed the directory under us: the keeper makes its part anew, we ours.
void Agent::Impl::look_after_state() {
  if (access(options.socket.c_str(), F_OK) == 0) return;
  log::error("{} is gone, and made anew", options.socket);
  if (auto begun = listen(); !begun) log::error("{}", begun.error().message);
}

void Agent::Impl::stop(std::function<void()> stopped) {
  if (keeper) keeper->leave();
  controller.leave();
  reader.forget();
  files.away();
  tunnels.away();
  reports.reset();
  next_sweep.reset();
  services.stop();
  joined = false;
  stopping = std::make_unique<net::Timer>(loop, Millis{0}, std::move(stopped));
}

// --- the keeper ---------------------------------------------------------------------------------

void Agent::Impl::on_keeper_state(const pb::State& state) {
  incarnation = state.incarnation();
  containment = state.containment();
  attempts.clear();
  for (const pb::Attempt& attempt : state.attempts()) {
    attempts[id_of(attempt.id())] = {attempt};
  }
  joined = false;
  away();
  controller.reconnect();
}

void Agent::Impl::on_attempt(const pb::Attempt& attempt) {
  attempts[id_of(attempt.id())] = {attempt};
  if (joined) tell(attempt);
  if (attempt.has_end()) reader.look();
}

// Without a keeper nothing can be promised: the controller sees us again with the next one.
void Agent::Impl::on_keeper_lost() {
  joined = false;
  away();
  reports->drop_all();
  reader.forget();
  controller.disconnect();
}

// --- the controller -----------------------------------------------------------------------------

void Agent::Impl::on_controller() {
  wire::Frame hello;
  hello.mutable_hello()->set_protocol(net::kProtocol);
  hello.mutable_hello()->set_role(wire::Hello::NODE);
  hello.mutable_hello()->set_software(std::string(kSoftware));
  controller.send(hello);
  join();
}

void Agent::Impl::join() {
  joining_ns = boottime_now_ns();
  wire::Frame frame;
  wire::NodeJoin& out = *frame.mutable_join();
  out.set_name(options.name);
  out.set_incarnation(incarnation);
  out.set_containment(containment);
  out.mutable_capacity()->set_cpus(options.capacity.cpus);
  out.mutable_capacity()->set_memory(options.capacity.memory.count);
  out.mutable_capacity()->set_gpus(options.capacity.gpus);
  for (const auto& [name, amount] : options.capacity.counts) {
    wire::Count& count = *out.mutable_capacity()->add_counts();
    count.set_name(name);
    count.set_amount(amount);
  }
  for (const std::string& name : options.capacity.features) {
    out.mutable_capacity()->add_features(name);
  }
  for (const auto& [id, held] : attempts) {
    wire::NodeJoin::Known& known = *out.add_attempts();
    to_wire(held.attempt.id(), *known.mutable_id());
    known.set_running(!held.attempt.has_end());
  }
  controller.send(frame);
}

void Agent::Impl::on_frame(const wire::Frame& frame) {
  switch (frame.body_case()) {
    case wire::Frame::kWelcome: on_welcome(frame.welcome()); break;
    case wire::Frame::kLaunch: on_launch(frame.launch()); break;
    case wire::Frame::kOrder: on_order(frame.order()); break;
    case wire::Frame::kOffered: services.heard(frame.offered()); break;
    case wire::Frame::kReadOutput: reader.ask(frame.id(), frame.read_output()); break;
    case wire::Frame::kFileOrder: files.carry_out(frame.id(), frame.file_order()); break;
    case wire::Frame::kTunnel: tunnels.on_frame(frame.tunnel()); break;
    default: break;  // of a later version, or nothing that needs us
  }
}

void Agent::Impl::on_welcome(const wire::Welcome& welcome) {
  log::info("joined as node {}", welcome.node());
  controller.welcomed(Millis{welcome.heartbeat()});
  joined = true;
  lease = Millis{welcome.lease()};
  on_answered(joining_ns);  // before the first launch comes
  for (const auto& [id, held] : attempts) {
    if (held.confirmed) tell(held.attempt);
  }
  services.joined();
  tunnels.joined();
}

// Only a controller that has taken this node in can renew what the keeper enforces.
void Agent::Impl::on_answered(std::int64_t sent_ns) {
  if (!joined) return;
  look_after_state();
  pb::ToKeeper message;
  message.mutable_lease()->set_length_ms(lease.count);
  message.mutable_lease()->set_until_ns(sent_ns + lease.count * kNsPerMs);
  keeper->send(message);
}

void Agent::Impl::on_launch(const wire::Launch& launch) {
  // Whoever asks for its output before the keeper has answered must not hear that it has ended.
  const auto [held, is_new] = attempts.try_emplace(id_of(launch.id()));
  if (is_new) {
    *held->second.attempt.mutable_id() = to_pb(id_of(launch.id()));
    held->second.confirmed = false;
  }
  pb::ToKeeper message;
  *message.mutable_start() =
      start_message(launch, users.find(launch.uid(), launch.gid()), facts, random_hex(16));
  keeper->send(message);
}

void Agent::Impl::on_order(const wire::AttemptOrder& order) {
  pb::ToKeeper message;
  if (!from_wire(order, *message.mutable_order())) return;
  if (order.what() == wire::AttemptOrder::FORGET) {
    const auto found = attempts.find(id_of(order.id()));
    if (found == attempts.end() || !found->second.attempt.has_end()) return;
    attempts.erase(found);
  }
  keeper->send(message);
}

void Agent::Impl::away() {
  services.away();
  files.away();
  tunnels.away();
}

void Agent::Impl::on_controller_lost() {
  joined = false;
  away();
  reader.forget();
}

// --- answers ------------------------------------------------------------------------------------

void Agent::Impl::tell(const pb::Attempt& attempt) {
  wire::Frame frame;
  if (attempt.has_end()) {
    to_wire(attempt.id(), *frame.mutable_complete()->mutable_id());
    to_wire(attempt.end(), *frame.mutable_complete()->mutable_end());
  } else {
    to_wire(attempt.id(), *frame.mutable_started()->mutable_id());
  }
  controller.send(frame);
}

void Agent::Impl::answer_output(std::uint64_t question, Result<wire::OutputChunk> chunk) {
  wire::Frame frame;
  frame.set_id(question);
  if (chunk) {
    *frame.mutable_output_chunk() = std::move(*chunk);
  } else {
    frame.mutable_error()->set_code(static_cast<std::uint32_t>(chunk.error().code));
    frame.mutable_error()->set_message(chunk.error().message);
  }
  controller.send(frame);
}

const pb::Attempt* Agent::Impl::find(const wire::AttemptId& id) const {
  const auto found = attempts.find(id_of(id));
  return found == attempts.end() ? nullptr : &found->second.attempt;
}

void Agent::Impl::sweep() {
  const std::int64_t begin_ns = steady_now_ns();
  sweep_outputs(options.state, options.retention, wall_now());
  const Millis rest{(steady_now_ns() - begin_ns) * kSweepPart / kNsPerMs};
  next_sweep = std::make_unique<net::Timer>(loop, std::max(kSweepEvery, rest), [this] { sweep(); });
}

// --- the door -----------------------------------------------------------------------------------

Result<std::unique_ptr<Agent>> Agent::start(uv_loop_s* loop, AgentOptions options) {
  ask_for_short_turns();
  auto impl = std::make_unique<Impl>(loop, std::move(options));
  if (auto begun = impl->begin(); !begun) return tl::unexpected(begun.error());
  return std::unique_ptr<Agent>(new Agent(std::move(impl)));
}

Agent::Agent(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Agent::~Agent() = default;

void Agent::stop(std::function<void()> stopped) { impl_->stop(std::move(stopped)); }
bool Agent::joined() const { return impl_->joined; }

}  // namespace jobq::exec
