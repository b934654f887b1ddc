// SPDX-License-Identifier: Apache-2.0
// The verb hold.
#include "cmd/control.h"
#include "cmd/verbs.h"

namespace jobq::cmd {

Result<int> run_hold(const Words& words) {
  return run_control(
      words, {wire::ControlRequest::HOLD, "jq hold JOB... | --name NAME | --user USER | --all",
              "Holds jobs: one that waits is passed over, one that runs is suspended. `jq release` "
              "lets them\n"
              "go on. Time on hold does not count against a time limit.",
              "  jq hold 17\n"
              "  jq hold 17-20 42\n"
              "  jq hold --name nightly\n",
              "held"});
}

}  // namespace jobq::cmd
