// SPDX-License-Identifier: Apache-2.0
// The keeper's process from its beginning to its exit code.
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <uv.h>

#include <csignal>
#include <functional>

#include "base/check.h"
#include "base/log.h"
#include "exec/keeper.h"
#include "exec/promptness.h"
#include "exec/startup_pages.h"
#include "exec/state.h"
#include "exec/upgrade.h"

namespace jobq::exec {
namespace {

void become_keeper() {
  umask(022);
  // An agent that goes away while we speak is an error of write(2), not our end.
  std::signal(SIGPIPE, SIG_IGN);
  check(prctl(PR_SET_CHILD_SUBREAPER, 1) == 0, "to be the subreaper");
  ask_for_short_turns();
}

using Begin = std::function<Result<void>(Keeper&)>;

Result<void> keep(const KeeperOptions& options, KeeperParts parts, const Begin& begin) {
  uv_loop_t loop;
  check(uv_loop_init(&loop) == 0, "a loop");
  Result<void> began;
  {
    Keeper keeper(&loop, options, std::move(parts));
    began = begin(keeper);
    if (began && options.ready) options.ready();
    if (began) forget_startup_pages();
    if (began) uv_run(&loop, UV_RUN_DEFAULT);
    keeper.remove_pid_file();
  }
  uv_run(&loop, UV_RUN_DEFAULT);  // what is being closed
  check(uv_loop_close(&loop) == 0, "the keeper's loop is empty");
  return began;
}

// Nothing where another keeper has the lock.
Result<void> start_anew(const KeeperOptions& options) {
  Result<Descriptor> lock = take_keeper_lock(options.state);
  if (!lock) return tl::unexpected(lock.error());
  if (!*lock) return {};
  Result<KeeperParts> parts = make_parts(options, std::move(*lock));
  if (!parts) return tl::unexpected(parts.error());
  write_keeper_pid(options.state);
  return keep(options, std::move(*parts), [](Keeper& keeper) { return keeper.begin(); });
}

Result<void> go_on(const KeeperOptions& options) {
  const Result<pb::Handover> handover = read_handover(options.handover);
  if (!handover) return tl::unexpected(handover.error());
  Result<KeeperParts> parts = take_over_parts(options, *handover);
  if (!parts) return tl::unexpected(parts.error());
  return keep(options, std::move(*parts),
              [&](Keeper& keeper) { return keeper.take_over(*handover); });
}

}  // namespace

int run_keeper(const KeeperOptions& options) {
  log::set_origin("keeper");
  become_keeper();
  const Result<void> kept = options.handover < 0 ? start_anew(options) : go_on(options);
  if (kept) return 0;
  log::error("{}", kept.error().message);
  return exit_code(kept.error().code);
}

}  // namespace jobq::exec
