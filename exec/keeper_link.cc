// SPDX-License-Identifier: Apache-2.0
// Finding or starting the keeper.
#include "exec/keeper_link.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <utility>

#include "base/log.h"
#include "exec/not_started.h"
#include "exec/state.h"

namespace jobq::exec {
namespace {

constexpr Millis kFirstPause{5};
constexpr Millis kLongestPause = seconds(1);

// Everything that the daemon blocked or ignored is the daemon's own business; standard output may
// be a pipe that others read to its end, and the keeper outlives them.
class SpawnSettings {
 public:
  SpawnSettings() {
    posix_spawnattr_init(&attributes_);
    posix_spawn_file_actions_init(&actions_);
    sigset_t signals;
    sigfillset(&signals);
    posix_spawnattr_setsigdefault(&attributes_, &signals);
    sigemptyset(&signals);
    posix_spawnattr_setsigmask(&attributes_, &signals);
    posix_spawnattr_setflags(&attributes_,
                             POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
    posix_spawn_file_actions_addopen(&actions_, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&actions_, 1, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_addclosefrom_np(&actions_, 3);
  }
  ~SpawnSettings() {
    posix_spawn_file_actions_destroy(&actions_);
    posix_spawnattr_destroy(&attributes_);
  }
  SpawnSettings(const SpawnSettings&) = delete;
  SpawnSettings& operator=(const SpawnSettings&) = delete;

  const posix_spawnattr_t* attributes() const { return &attributes_; }
  const posix_spawn_file_actions_t* actions() const { return &actions_; }

 private:
  posix_spawnattr_t attributes_{};
  posix_spawn_file_actions_t actions_{};
};

}  // namespace

KeeperLink::KeeperLink(uv_loop_s* loop, KeeperLinkOptions options, Handlers handlers)
    : loop_(loop), options_(std::move(options)), handlers_(std::move(handlers)) {
  connect();
}

KeeperLink::~KeeperLink() = default;

void KeeperLink::send(const pb::ToKeeper& message) {
  if (connection_) connection_->send(message);
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
  connection_ = std::move(connection);
  connection_->start({[this](std::string_view bytes) { on_message(bytes); },
                      [this](const std::string& reason) { lost(reason); }});
  pb::ToKeeper message;
  message.mutable_attach();
  connection_->send(message);
}

void KeeperLink::on_message(std::string_view bytes) {
  pb::FromKeeper message;
  if (!message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    lost("it sent what is no message");
    return;
  }
  switch (message.body_case()) {
    case pb::FromKeeper::kState: handlers_.on_state(message.state()); break;
    case pb::FromKeeper::kAttempt: handlers_.on_attempt(message.attempt()); break;
    case pb::FromKeeper::kReportAnswer: handlers_.on_report_answer(message.report_answer()); break;
    case pb::FromKeeper::BODY_NOT_SET: break;
  }
}

void KeeperLink::lost(const std::string& reason) {
  log::warning("the keeper is gone: {}", reason);
  connection_.reset();
  connect();
  handlers_.on_lost();
}

void KeeperLink::missing() {
  if (!keeper_is_starting()) start_keeper();
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
  const std::string grace = std::to_string(options_.grace.count);
  const std::array<const char*, 7> argv = {options_.executable.c_str(),
                                           "keeper",
                                           "--state",
                                           options_.state.c_str(),
                                           "--grace",
                                           grace.c_str(),
                                           nullptr};
  const SpawnSettings settings;
  pid_t pid = 0;
  const int error =
      posix_spawn(&pid, options_.executable.c_str(), settings.actions(), settings.attributes(),
                  const_cast<char* const*>(argv.data()), environ);
  if (error != 0) {
    log::error("the keeper {} cannot be started: {}", options_.executable, error_text(error));
  } else {
    started_ = pid;
  }
}

}  // namespace jobq::exec
