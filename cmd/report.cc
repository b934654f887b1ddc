// SPDX-License-Identifier: Apache-2.0
// The verb report: a step says what it came to.
#include "exec/report.h"

#include <fmt/format.h>

#include <array>

#include "cmd/options.h"
#include "cmd/paths.h"
#include "cmd/verbs.h"
#include "sched/state.h"

namespace jobq::cmd {
namespace {

struct ReportVerb {
  std::vector<std::string> words;
  std::optional<std::string> event;
  std::optional<Millis> patience;
};

Result<sched::Outcome> parse_outcome(const std::string& word) {
  constexpr std::array kOutcomes = {sched::Outcome::kSuccess, sched::Outcome::kFailure,
                                    sched::Outcome::kCancel};
  for (const sched::Outcome outcome : kOutcomes) {
    if (word == sched::to_string(outcome)) return outcome;
  }
  return fail(ErrorCode::kUsage,
              fmt::format("'{}' is no outcome; expected success, failure or cancel", word));
}

Result<int> report(const ReportVerb& verb) {
  if (verb.words.size() > 1) return fail(ErrorCode::kUsage, "expected one outcome");
  if (verb.words.empty() && !verb.event) {
    return fail(ErrorCode::kUsage,
                "nothing to report; expected success, failure or cancel, or --event VALUE");
  }
  // Without an outcome the exit code decides.
  Result<sched::Outcome> outcome = verb.words.empty()
                                       ? Result<sched::Outcome>(sched::Outcome::kNone)
                                       : parse_outcome(verb.words[0]);
  if (!outcome) return tl::unexpected(outcome.error());
  const std::string socket = environment("JOBQ_NODE_SOCKET");
  const std::string token = environment("JOBQ_TOKEN");
  if (socket.empty() || token.empty()) {
    return fail(ErrorCode::kUsage,
                "this is no step of a job: JOBQ_NODE_SOCKET and JOBQ_TOKEN are not set");
  }
  const Result<void> sent = exec::send_report(socket, token, static_cast<int>(*outcome), verb.event,
                                              verb.patience.value_or(exec::kReportPatience));
  if (!sent) return tl::unexpected(sent.error());
  return 0;
}

}  // namespace

Result<int> run_report(const Words& words) {
  ReportVerb verb;
  Options options(
      "jq report success | failure | cancel [--event VALUE]\n"
      "       jq report --event VALUE",
      "Inside a step: says what the step came to, and the event value that later steps branch "
      "on. Without an\noutcome the exit code decides. It speaks to the node, and works while "
      "the controller is away.");
  options.words(verb.words);
  options.value("--event", "VALUE", into(verb.event), "the event value; else the exit code is it");
  options.value("--patience", "TIME", into(verb.patience),
                "how long to wait for a node daemon that is away; 60s");
  options.examples(
      "  jq report success\n"
      "  jq report failure --event \"disk full\"\n"
      "  jq report --event \"$(tail -n 1 verify.txt)\"\n");
  const auto next = options.parse(words);
  if (!next) return tl::unexpected(next.error());
  return *next == Options::Next::kDone ? Result<int>(0) : report(verb);
}

}  // namespace jobq::cmd
