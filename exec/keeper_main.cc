// SPDX-License-Identifier: Apache-2.0
// The keeper's process from its beginning to its exit code.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <uv.h>

#include <csignal>

#include "base/check.h"
#include "base/log.h"
#include "exec/keeper.h"
#include "exec/not_started.h"
#include "exec/state.h"

namespace jobq::exec {
namespace {

// One keeper for a state directory: the lock goes with the process, however that ends. Empty where
// another one has it.
Result<Descriptor> take_lock(const std::string& state) {
  const std::string path = keeper_lock(state);
  Descriptor lock(open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (lock && flock(lock.get(), LOCK_EX | LOCK_NB) == 0) return lock;
  if (lock && errno == EWOULDBLOCK) return Descriptor();
  return fail(ErrorCode::kUnavailable,
              fmt::format("the lock {} cannot be taken: {}", path, error_text(errno)));
}

void write_pid(const std::string& state) {
  const Descriptor file(
      open(keeper_pid(state).c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
  if (!file || !write_all(file.get(), fmt::format("{}\n", getpid()))) {
    log::warning("{} cannot be written", keeper_pid(state));
  }
}

void become_keeper(const std::string& state) {
  umask(022);
  // An agent that goes away while we speak is an error of write(2), not our end.
  std::signal(SIGPIPE, SIG_IGN);
  check(prctl(PR_SET_CHILD_SUBREAPER, 1) == 0, "to be the subreaper");
  write_pid(state);
}

Result<void> keep(const KeeperOptions& options) {
  Result<KeeperParts> parts = make_parts(options);
  if (!parts) return tl::unexpected(parts.error());
  uv_loop_t loop;
  check(uv_loop_init(&loop) == 0, "a loop");
  Result<void> began;
  {
    Keeper keeper(&loop, options, std::move(*parts));
    began = keeper.begin();
    if (began) uv_run(&loop, UV_RUN_DEFAULT);
  }
  uv_run(&loop, UV_RUN_DEFAULT);  // what is being closed
  check(uv_loop_close(&loop) == 0, "the keeper's loop is empty");
  return began;
}

int give_up(const Error& error) {
  log::error("{}", error.message);
  return exit_code(error.code);
}

}  // namespace

int run_keeper(const KeeperOptions& options) {
  log::set_origin("keeper");
  const Result<Descriptor> lock = take_lock(options.state);
  if (!lock) return give_up(lock.error());
  if (!*lock) return 0;
  become_keeper(options.state);
  const Result<void> kept = keep(options);
  unlink(keeper_pid(options.state).c_str());
  return kept ? 0 : give_up(kept.error());
}

}  // namespace jobq::exec
