// SPDX-License-Identifier: Apache-2.0
// The hidden verb keeper: the launching half of a node; the agent starts it, nobody else.
#include "cmd/options.h"
#include "cmd/verbs.h"
#include "exec/agent.h"

namespace jobq::cmd {

Result<int> run_keeper(const Words& words) {
  std::string state;
  std::optional<std::uint32_t> grace_ms;
  Options options(
      "jobq keeper --state DIR [--grace MS]",
      "The launching half of a node. The node daemon starts it; there is no use in doing so "
      "by hand.");
  options.value("--state", "DIR", into(state), "the node's state directory");
  options.value("--grace", "MS", into(grace_ms), "milliseconds between TERM and KILL");
  const auto next = options.parse(words);
  if (!next) return tl::unexpected(next.error());
  if (*next == Options::Next::kDone) return 0;
  if (state.empty()) return fail(ErrorCode::kUsage, "--state DIR is missing");
  exec::KeeperOptions keeper;
  keeper.state = state;
  if (grace_ms) keeper.grace = Millis{*grace_ms};
  return exec::run_keeper(keeper);
}

}  // namespace jobq::cmd
