// SPDX-License-Identifier: Apache-2.0
// Verbs that are a family: `jq class register`, `jq node drain`, `jq resource list`.
#pragma once

#include <span>
#include <string_view>

#include "cmd/verbs.h"

namespace jobq::cmd {

struct Subverb {
  std::string_view name;
  std::string_view summary;
  VerbFunction run;
};

// The first word chooses; --help lists them.
Result<int> run_subverb(std::string_view verb, std::string_view about,
                        std::span<const Subverb> subverbs, const Words& words);

}  // namespace jobq::cmd
