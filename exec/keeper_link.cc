// SPDX-License-Identifier: Apache-2.0
// Finding or starting the keeper.
#include "exec/keeper_link.h"

#include <sys/wait.h>

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "exec/error_text.h"
#include "exec/executable.h"
#include "exec/spawn.h"
#include "exec/state.h"

namespace jobq::exec {
namespace {

constexpr Millis kFirstPause{5};
constexpr Millis kLongestPause = seconds(1);

}  // namespace

KeeperLink::KeeperLink(uv_loop_s* loop, KeeperLinkOptions options, Handlers handlers)
    : loop_(loop), options_(std::move(options)), handlers_(std::move(handlers)) {
  connect();
}

KeeperLink::~KeeperLink() = default;

bool KeeperLink::send(const pb::ToKeeper& message) {
  if (connection_) connection_->send(message);
  return connection_ != nullptr;
}

void KeeperLink::leave() {
  connecting_.reset();
  retry_.reset();
  if (!connection_) return;
  pb::ToKeeper message;
  message.mutable_leave();
  connection_->send(message);
  connection_->close_after_flush();
  connection_.reset();
}

void KeeperLink::connect() {
  retry_.reset();
  connecting_ = net::connect_unix(loop_, keeper_socket(options_.state),
                                  [this](Result<std::unique_ptr<net::Connection>> got) {
                                    connecting_.reset();
                                    if (got) {
                                      connected(std::move(*got));
                                    } else {
                                      missing();
                                    }
                                  });
}

void KeeperLink::connected(std::unique_ptr<net::Connection> connection) {
  pause_ = {};
  waiting_ = false;
  connection_ = std::move(connection);
  connection_->start({[this](std::string_view bytes) { on_message(bytes); },
                      [this](const std::string& reason) { lost(reason); }});
  attach();
}

void KeeperLink::attach() {
  pb::ToKeeper message;
  message.mutable_attach()->set_grace_ms(options_.grace.count);
  connection_->send(message);
}

void KeeperLink::on_message(std::string_view bytes) {
  pb::FromKeeper message;
  if (!message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    lost("it sent what is no message");
    return;
  }
  switch (message.body_case()) {
    case pb::FromKeeper::kState: on_state(message.state()); break;
    case pb::FromKeeper::kAttempt: handlers_.on_attempt(message.attempt()); break;
    case pb::FromKeeper::kReportAnswer: handlers_.on_report_answer(message.report_answer()); break;
    case pb::FromKeeper::kUpgradeAnswer: on_upgrade_answer(message.upgrade_answer()); break;
    case pb::FromKeeper::BODY_NOT_SET: break;
  }
}

// A keeper that was started from another file becomes what we are, before anything else is done
// with it. It is told once: one that cannot is as good as before.
void KeeperLink::on_state(const pb::State& state) {
  const std::string wanted = identity_of(options_.executable);
  if (wanted.empty() || state.executable() == wanted || upgraded_to_ == wanted) {
    handlers_.on_state(state);
    return;
  }
  log::notice("the keeper is told to become {}", options_.executable);
  upgraded_to_ = wanted;
  upgrading_ = true;
  pb::ToKeeper message;
  message.mutable_upgrade()->set_executable(options_.executable);
  connection_->send(message);
}

// It goes on as it is, and is asked for its state once more: what ended since it told the first one
// is not in that.
void KeeperLink::on_upgrade_answer(const pb::UpgradeAnswer& answer) {
  if (!answer.error().empty()) log::error("{}", answer.error());
  if (std::exchange(upgrading_, false)) attach();
}

void KeeperLink::lost(const std::string& reason) {
  if (!std::exchange(upgrading_, false)) log::warning("the keeper is gone: {}", reason);
  connection_.reset();
  connect();
  handlers_.on_lost();
}

void KeeperLink::missing() {
  if (!options_.starts_keeper) {
    if (!waiting_) log::notice("waiting for a keeper: `jobq keeper --detach`, or its service");
    waiting_ = true;
  } else if (!keeper_is_starting()) {
    start_keeper();
  }
  pause_ = std::clamp(Millis{pause_.count * 2}, kFirstPause, kLongestPause);
  retry_ = std::make_unique<net::Timer>(loop_, pause_, [this] { connect(); });
}

bool KeeperLink::keeper_is_starting() {
  if (started_ == 0) return false;
  int status = 0;
  if (waitpid(started_, &status, WNOHANG) == 0) return true;
  // 0: another keeper still had the lock, and is gone or will answer.
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
    log::error("the keeper that was started ended with wait status {:#x}", status);
  }
  started_ = 0;
  return false;
}

void KeeperLink::start_keeper() {
  const pid_t pid = spawn_program(
      options_.executable,
      {"keeper", "--state", options_.state, "--grace", std::to_string(options_.grace.count)});
  if (pid < 0) {
    log::error("the keeper {} cannot be started: {}", options_.executable, error_text(-pid));
  } else {
    started_ = pid;
  }
}

}  // namespace jobq::exec
