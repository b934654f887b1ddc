// SPDX-License-Identifier: Apache-2.0
// Dispatch of a command line to its verb.
#include "cmd/dispatch.h"

#include <fmt/format.h>

#include <string>
#include <string_view>
#include <vector>

#include "base/nearest.h"
#include "cmd/help.h"
#include "cmd/messages.h"
#include "cmd/passthrough.h"
#include "cmd/verbs.h"

namespace jobq::cmd {
namespace {

constexpr int kUsageExit = 2;

std::string_view base_name(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

int finish(Result<int> result) {
  if (!result) complain(result.error());
  const int code = result ? *result : exit_code(result.error().code);
  const Result<void> written = flush_output();
  if (written) return code;
  complain(written.error());
  return code == 0 ? exit_code(written.error().code) : code;
}

int no_such_verb(const std::string& word) {
  std::vector<std::string_view> names;
  for (const Verb& verb : all_verbs()) {
    if (verb.group != VerbGroup::kHidden) names.push_back(verb.name);
  }
  complain({ErrorCode::kUsage, fmt::format("there is no verb '{}'{}; `jobq help` lists them", word,
                                           did_you_mean(word, names))});
  return kUsageExit;
}

int run_verb(const Verb& verb, std::string_view program, const Words& words) {
  set_speaker(fmt::format("{} {}", program, verb.name));
  return finish(verb.run(words));
}

}  // namespace

int dispatch(int argc, char** argv) {
  const std::string_view program = argc > 0 ? base_name(argv[0]) : "jobq";
  const std::string first = argc > 1 ? argv[1] : "";
  const Verb* verb = find_verb(first);
  if (verb != nullptr) return run_verb(*verb, program, Words(argv + 2, argv + argc));
  if (program == "jq") {
    become_next_jq(argv);  // returns only when there is none
    note(usage_as_jq());
    return kUsageExit;
  }
  if (first == "--help" || first == "-h") return finish(run_help({}));
  if (first == "--version") return finish(run_version({}));
  if (!first.empty()) return no_such_verb(first);
  note(overview());
  return kUsageExit;
}

}  // namespace jobq::cmd
