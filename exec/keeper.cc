// SPDX-License-Identifier: Apache-2.0
// The keeper on its loop.
#include "exec/keeper.h"

#include <unistd.h>
#include <uv.h>

#include <algorithm>
#include <csignal>

#include "base/log.h"
#include "exec/keeper.pb.h"
#include "exec/state.h"

namespace jobq::exec {
namespace {

constexpr Millis kAloneLimit = seconds(60);
constexpr std::int64_t kNsPerMs = 1'000'000;

std::string boot_id() {
  std::string text = read_small_file("/proc/sys/kernel/random/boot_id");
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
}

}  // namespace

Result<KeeperParts> make_parts(const KeeperOptions& options) {
  KeeperParts parts;
  if (auto made = make_directories(scripts_directory(options.state), 0711); !made) {
    return tl::unexpected(made.error());
  }
  auto slots = OutputSlots::open(options.state);
  if (!slots) return tl::unexpected(slots.error());
  auto log = RecordLog::open(attempts_log(options.state), boot_id());
  if (!log) return tl::unexpected(log.error());
  parts.slots = std::make_unique<OutputSlots>(std::move(*slots));
  parts.log = std::make_unique<RecordLog>(std::move(*log));
  parts.containment = make_containment(options.cgroups);
  return parts;
}

Keeper::Keeper(uv_loop_s* loop, const KeeperOptions& options, KeeperParts parts)
    : loop_(loop),
      state_(options.state),
      parts_(std::move(parts)),
      steps_({options.state, options.grace}, *parts_.containment, *parts_.slots, *parts_.log,
             [this](const pb::Attempt& attempt) { tell(attempt); }),
      child_signal_(new uv_signal_t) {
  uv_signal_init(loop, child_signal_);
  child_signal_->data = this;
  uv_signal_start(
      child_signal_,
      [](uv_signal_t* signal, int) {
        auto* const keeper = static_cast<Keeper*>(signal->data);
        keeper->steps_.reap();
        keeper->after_event();
      },
      SIGCHLD);
}

Keeper::~Keeper() {
  uv_close(reinterpret_cast<uv_handle_t*>(child_signal_),
           [](uv_handle_t* handle) { delete reinterpret_cast<uv_signal_t*>(handle); });
}

Result<void> Keeper::begin() {
  pb::Record record;
  *record.mutable_opened() = parts_.containment->opened();
  if (auto noted = parts_.log->append(record); !noted) return noted;
  steps_.settle();
  server_ = std::make_unique<net::Server>(loop_, net::Server::Options(),
                                          [this](std::unique_ptr<net::Connection> connection) {
                                            on_connection(std::move(connection));
                                          });
  if (auto listening = server_->listen_unix(keeper_socket(state_), 0600); !listening) {
    return listening;
  }
  log::info("steps are contained by {}", parts_.containment->way());
  agent_gone();
  return {};
}

// The latest agent is the one: its predecessor may be dead without our knowing.
void Keeper::on_connection(std::unique_ptr<net::Connection> connection) {
  const auto peer = connection->credentials();
  if (!peer || (peer->uid != geteuid() && peer->uid != 0)) {
    log::warning("refused {}", connection->peer());
    return;
  }
  attached_ = false;
  agent_ = std::move(connection);
  agent_->start({[this](std::string_view bytes) { on_message(bytes); },
                 [this](const std::string& reason) {
                   log::info("the agent went away: {}", reason);
                   agent_gone();
                   after_event();
                 }});
}

void Keeper::on_message(std::string_view bytes) {
  pb::ToKeeper message;
  if (!message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    log::error("the agent sent what is no message");
    agent_gone();
    after_event();
    return;
  }
  switch (message.body_case()) {
    case pb::ToKeeper::kAttach: attach(); break;
    case pb::ToKeeper::kStart: steps_.start(message.start()); break;
    case pb::ToKeeper::kOrder: steps_.order(message.order()); break;
    case pb::ToKeeper::kReport: answer(message.report()); break;
    case pb::ToKeeper::kLeave:
      agent_gone();
      may_end_ = true;
      break;
    case pb::ToKeeper::BODY_NOT_SET: break;
  }
  after_event();
}

void Keeper::attach() {
  alone_.reset();
  may_end_ = false;
  attached_ = true;
  pb::FromKeeper message;
  pb::State& state = *message.mutable_state();
  state.set_incarnation(parts_.log->incarnation());
  state.set_containment(std::string(parts_.containment->way()));
  for (pb::Attempt& attempt : steps_.attempts()) *state.add_attempts() = std::move(attempt);
  agent_->send(message);
}

void Keeper::answer(const pb::Report& report) {
  pb::FromKeeper message;
  message.mutable_report_answer()->set_question(report.question());
  message.mutable_report_answer()->set_error(steps_.report(report));
  agent_->send(message);
}

void Keeper::agent_gone() {
  attached_ = false;
  agent_.reset();
  alone_ = std::make_unique<net::Timer>(loop_, kAloneLimit, [this] {
    may_end_ = true;
    end_if_done();
  });
}

void Keeper::tell(const pb::Attempt& attempt) {
  if (!attached_) return;
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
  end_if_done();
}

void Keeper::end_if_done() {
  if (!may_end_ || ended_ || steps_.anything_runs() || steps_.anything_unrecorded()) return;
  ended_ = true;
  log::info("nothing runs and no agent is there: the keeper ends");
  uv_stop(loop_);
}

}  // namespace jobq::exec
