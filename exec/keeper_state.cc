// SPDX-License-Identifier: Apache-2.0
// The state directory under a running keeper: somebody removed it, or moved it away. The keeper
// knows everything that stood there, and makes it anew.
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <utility>

#include "base/log.h"
#include "exec/keeper.h"
#include "exec/state.h"

namespace jobq::exec {
namespace {

constexpr Millis kRest{200};  // whoever removes a file is given time to remove the others
constexpr Millis kPause = seconds(1);

bool is_at(const Descriptor& file, const std::string& path) {
  struct stat ours = {};
  struct stat there = {};
  return fstat(file.get(), &ours) == 0 && stat(path.c_str(), &there) == 0 &&
         ours.st_dev == there.st_dev && ours.st_ino == there.st_ino;
}

}  // namespace

void Keeper::remove_pid_file() const {
  if (!is_at(parts_.lock, keeper_lock(options_.state))) return;
  unlink(keeper_pid(options_.state).c_str());
}

// As the next program would find it.
bool Keeper::has_state() const {
  return !state_is_lost_ && is_at(parts_.lock, keeper_lock(options_.state));
}

// The look sees what happened before the watch stood, as while this program was executed.
void Keeper::watch_state() {
  state_watch_ = std::make_unique<FileWatch>(loop_, keeper_lock(options_.state),
                                             [this] { look_after_state_in(kRest); });
  look_after_state_in(kRest);
}

void Keeper::look_after_state_in(Millis pause) {
  state_look_ = std::make_unique<net::Timer>(loop_, pause, [this] { look_after_state(); });
}

void Keeper::look_after_state() {
  state_look_.reset();
  if (has_state()) return;
  if (!state_is_lost_) log::error("{} is gone, and made anew", options_.state);
  const auto made = make_state_again();
  state_is_lost_ = !made;
  if (!made) {
    log::error("{}", made.error().message);
    look_after_state_in(kPause);
  }
  after_event();
}

Result<void> Keeper::make_state_again() {
  if (auto made = make_state(options_.state); !made) return made;
  if (auto made = make_directories(scripts_directory(options_.state), 0711); !made) return made;
  Descriptor& lock = parts_.lock;
  if (!is_at(lock, keeper_lock(options_.state))) {
    Result<Descriptor> taken = take_keeper_lock(options_.state);
    if (!taken) return tl::unexpected(taken.error());
    if (!*taken) {
      give_up_node();
      return {};
    }
    lock = std::move(*taken);
  }
  if (auto made = parts_.slots->make_again(); !made) return made;
  if (auto made = parts_.log->make_again(); !made) return made;
  // The old one may still stand under its name, where only the lock was removed. It goes on until
  // the new one listens: without any, the program could not be followed by another.
  unlink(keeper_socket(options_.state).c_str());
  auto server = make_server();
  if (auto listening = server->listen_unix(keeper_socket(options_.state), 0600); !listening) {
    return listening;
  }
  server_ = std::move(server);
  write_keeper_pid(options_.state);
  watch_state();
  return {};
}

// Nobody will ask for what runs here: the controller hears from the other one that it is not known.
void Keeper::give_up_node() {
  log::error("another keeper has {}: what runs here ends", options_.state);
  state_watch_.reset();
  steps_.end_everything("the node's state directory was lost");
  told_to_end_ = true;
}

}  // namespace jobq::exec
