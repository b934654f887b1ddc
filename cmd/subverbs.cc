// SPDX-License-Identifier: Apache-2.0
// The choice among the verbs of a family.
#include "cmd/subverbs.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/nearest.h"
#include "cmd/messages.h"

namespace jobq::cmd {
namespace {

std::string help_of(std::string_view verb, std::string_view about,
                    std::span<const Subverb> subverbs) {
  std::string text =
      fmt::format("Usage: jq {} COMMAND [OPTIONS] [ARGUMENTS]\n\n{}\n\n", verb, about);
  for (const Subverb& each : subverbs)
    text += fmt::format("  {:<10} {}\n", each.name, each.summary);
  return text + fmt::format("\n`jq {} COMMAND --help` says more.\n", verb);
}

}  // namespace

Result<int> run_subverb(std::string_view verb, std::string_view about,
                        std::span<const Subverb> subverbs, const Words& words) {
  if (!words.empty() && (words.front() == "--help" || words.front() == "-h")) {
    print(help_of(verb, about, subverbs));
    return 0;
  }
  std::vector<std::string_view> names;
  for (const Subverb& each : subverbs) names.push_back(each.name);
  if (words.empty()) {
    return fail(ErrorCode::kUsage,
                fmt::format("expected one of {}; see --help", fmt::join(names, ", ")));
  }
  const auto at = std::find(names.begin(), names.end(), words.front());
  if (at == names.end()) {
    return fail(ErrorCode::kUsage,
                fmt::format("there is no `{} {}`{}; expected one of {}", verb, words.front(),
                            did_you_mean(words.front(), names), fmt::join(names, ", ")));
  }
  return subverbs[static_cast<std::size_t>(at - names.begin())].run(
      Words(words.begin() + 1, words.end()));
}

}  // namespace jobq::cmd
