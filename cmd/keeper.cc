// SPDX-License-Identifier: Apache-2.0
// The hidden verb keeper: the launching half of a node. The agent starts it, or a service unit.
#include "base/log.h"
#include "cmd/detach.h"
#include "cmd/messages.h"
#include "cmd/options.h"
#include "cmd/paths.h"
#include "cmd/verbs.h"
#include "exec/agent.h"
#include "exec/executable.h"

namespace jobq::cmd {
namespace {

struct KeeperVerb {
  std::string state;
  std::string cgroup;
  std::optional<std::uint32_t> grace_ms;
  std::optional<std::uint32_t> handover;
  bool detach = false;
  bool versions = false;
};

exec::KeeperOptions options_of(const KeeperVerb& verb) {
  exec::KeeperOptions keeper;
  keeper.state = absolute_path(verb.state);
  keeper.cgroup = verb.cgroup;
  if (verb.grace_ms) keeper.grace = Millis{*verb.grace_ms};
  if (verb.handover) keeper.handover = static_cast<int>(*verb.handover);
  return keeper;
}

// The keeper that is there becomes this program; where none is, one begins in the background. Where
// systemd reads our standard error, it goes on reading the keeper's.
Result<int> detach(exec::KeeperOptions keeper) {
  Result<void> upgraded = exec::upgrade_keeper(keeper.state, exec::own_executable());
  if (upgraded) return 0;
  if (upgraded.error().code != ErrorCode::kUnreachable) return tl::unexpected(upgraded.error());
  exec::step_aside_for_keeper();
  Detached detached;
  const Result<Detached::Side> side =
      detached.detach(log::goes_to_journal() ? std::string() : keeper.state + "/keeper.log");
  if (!side) return tl::unexpected(side.error());
  if (*side == Detached::Side::kCaller) return 0;
  keeper.stays = true;
  keeper.ready = [&] { detached.tell_ready(); };
  const int code = exec::run_keeper(keeper);
  detached.tell_failure({ErrorCode::kUnavailable, "the keeper has ended; its log says why"});
  return code;
}

}  // namespace

Result<int> run_keeper(const Words& words) {
  KeeperVerb verb;
  Options options(
      "jobq keeper --state DIR [--grace MS] [--cgroup PATH] [--detach]",
      "The launching half of a node. The node daemon starts it where `[node] keeper` is not "
      "\"service\".\nSIGHUP: it executes its program anew, in its own place, with its steps kept. "
      "SIGTERM: it ends\nwhen nothing runs.");
  options.value("--state", "DIR", into(verb.state), "the node's state directory");
  options.value("--grace", "MS", into(verb.grace_ms), "milliseconds between TERM and KILL");
  options.value(
      "--cgroup", "PATH", into(verb.cgroup),
      "a cgroup made for steps, as in /proc/PID/cgroup; else they live below the keeper's "
      "own");
  options.flag("--detach", verb.detach,
               "go to the background, wait for agents, and return when it is ready; a keeper that "
               "runs already becomes this program, with its steps kept");
  options.flag("--handover-versions", verb.versions,
               "print which handovers of another keeper it takes, and end");
  options.value("--handover", "FD", into(verb.handover),
                "the descriptor of what the keeper before it in this process left");
  const auto next = options.parse(words);
  if (!next) return tl::unexpected(next.error());
  if (*next == Options::Next::kDone) return 0;
  if (verb.versions) {
    print(exec::handover_versions());
    return 0;
  }
  if (verb.state.empty()) return fail(ErrorCode::kUsage, "--state DIR is missing");
  exec::KeeperOptions keeper = options_of(verb);
  return verb.detach ? detach(std::move(keeper)) : exec::run_keeper(keeper);
}

}  // namespace jobq::cmd
