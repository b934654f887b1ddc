// SPDX-License-Identifier: Apache-2.0
// The verb admin: what an operator does with a controller's files, while it runs or not.
#include <array>

#include "cmd/replay.h"
#include "cmd/subverbs.h"

namespace jobq::cmd {
namespace {

constexpr std::array kSubverbs = {
    Subverb{"replay", "show every decision of a controller again, and check it", run_replay},
};

}  // namespace

Result<int> run_admin(const Words& words) {
  return run_subverb("admin", "What an operator does with a controller's files.", kSubverbs, words);
}

}  // namespace jobq::cmd
