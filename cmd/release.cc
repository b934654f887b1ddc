// SPDX-License-Identifier: Apache-2.0
// The verb release.
#include "cmd/control.h"
#include "cmd/verbs.h"

namespace jobq::cmd {

Result<int> run_release(const Words& words) {
  return run_control(
      words,
      {wire::ControlRequest::RELEASE, "jq release JOB... | --name NAME | --user USER | --all",
       "Releases held jobs: one that waited takes its place in the queue again, one that was\n"
       "suspended runs on.",
       "  jq release 17\n"
       "  jq release 17-20 42\n"
       "  jq release --name nightly\n",
       "released"});
}

}  // namespace jobq::cmd
