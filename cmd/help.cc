// SPDX-License-Identifier: Apache-2.0
// The verb help: the overview, or the help of another verb.
#include "cmd/help.h"

#include <fmt/format.h>

#include "base/nearest.h"
#include "cmd/messages.h"
#include "cmd/options.h"
#include "cmd/verbs.h"

namespace jobq::cmd {
namespace {

struct Group {
  VerbGroup group;
  std::string_view title;
};
constexpr Group kGroups[] = {
    {VerbGroup::kJobs, "Jobs"},          {VerbGroup::kLooking, "Looking"},
    {VerbGroup::kCluster, "Cluster"},    {VerbGroup::kDaemons, "Daemons"},
    {VerbGroup::kOther, "This program"},
};

Result<int> help_on(const std::string& name) {
  if (const Verb* verb = find_verb(name)) return verb->run({"--help"});
  std::vector<std::string_view> names;
  for (const Verb& verb : all_verbs()) names.push_back(verb.name);
  return fail(ErrorCode::kUsage, fmt::format("there is no verb '{}'{}; `jobq help` lists them",
                                             name, did_you_mean(name, names)));
}

}  // namespace

std::string overview() {
  std::string text =
      "jobq: a batch scheduler in one executable.\n\n"
      "Usage: jobq VERB [OPTIONS] [ARGUMENTS]\n"
      "       jq VERB [OPTIONS] [ARGUMENTS]\n";
  for (const Group& group : kGroups) {
    text += fmt::format("\n{}:\n", group.title);
    for (const Verb& verb : all_verbs()) {
      if (verb.group == group.group) text += fmt::format("  {:<11} {}\n", verb.name, verb.summary);
    }
  }
  text +=
      "\nTo begin:\n"
      "  jobq up                       a controller and a node, with nothing to configure\n"
      "  jq submit -- echo hello       in another terminal\n"
      "  jq queue\n"
      "\n`jobq help VERB` and `man jobq-VERB` say more.\n";
  return text;
}

std::string usage_as_jq() {
  return "jq here is the queue command of jobq, and no other jq is on PATH to pass this on "
         "to.\n\n" +
         overview();
}

Result<int> run_help(const Words& words) {
  std::vector<std::string> names;
  Options options("jq help [VERB]", "Lists the verbs, or explains one of them.");
  options.words(names);
  options.examples("  jq help\n  jq help submit\n");
  const auto next = options.parse(words);
  if (!next) return tl::unexpected(next.error());
  if (*next == Options::Next::kDone) return 0;
  if (names.size() > 1) return fail(ErrorCode::kUsage, "expected one verb; see `jq help`");
  if (!names.empty()) return help_on(names.front());
  print(overview());
  return 0;
}

}  // namespace jobq::cmd
