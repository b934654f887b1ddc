// SPDX-License-Identifier: Apache-2.0
// The recordings of a controller, run again: what happened, what was decided, and whether this
// program decides the same.
#include "cmd/replay.h"

#include <fmt/format.h>

#include <filesystem>

#include "cmd/configuration.h"
#include "cmd/controller_plan.h"
#include "cmd/job_arguments.h"
#include "cmd/json_writer.h"
#include "cmd/messages.h"
#include "cmd/options.h"
#include "cmd/paths.h"
#include "cmd/replay_views.h"
#include "cmd/terminal.h"
#include "controller/flight_log.h"
#include "controller/replay.h"

namespace jobq::cmd {
namespace {

struct ReplayVerb {
  std::vector<std::string> recordings;
  std::optional<std::string> state;
  std::optional<std::string> config;
  std::optional<Time> from;
  std::optional<JobNumber> job;
  bool check = false;
  bool json = false;
};

Taker job_into(std::optional<JobNumber>& to) {
  return [&to](const std::string& text) -> Result<void> {
    const Result<JobRef> job = parse_job(text);
    if (!job) return tl::unexpected(job.error());
    if (job->index) {
      return fail(ErrorCode::kUsage,
                  fmt::format("'{}' is an element, and a recording is read by the numbers of jobs; "
                              "expected one such as {}, its array",
                              text, job->job.value));
    }
    to = job->job;
    return {};
  };
}

bool is_wanted(const ReplayVerb& verb, const controller::ReplayedStep& step) {
  if (verb.check || (verb.from && step.at < *verb.from)) return false;
  if (!verb.job) return true;
  const JobNumber job = *verb.job;
  const auto about_it = [job](const sched::Action& action) { return concerns(action, job); };
  return (step.event != nullptr && concerns(*step.event, job)) ||
         std::any_of(step.actions.begin(), step.actions.end(), about_it);
}

bool is_wanted(const ReplayVerb& verb, const sched::Action& action) {
  return !verb.job || concerns(action, *verb.job);
}

std::string event_text(const controller::ReplayedStep& step) {
  return step.event == nullptr ? "the controller recovers" : describe(*step.event);
}

void print_text(const ReplayVerb& verb, const controller::ReplayedStep& step) {
  print(fmt::format("{}  {}\n", format_rfc3339(step.at), printable(event_text(step))));
  for (const sched::Action& action : step.actions) {
    if (is_wanted(verb, action)) print(fmt::format("    {}\n", printable(describe(action))));
  }
}

void print_json(const ReplayVerb& verb, const controller::ReplayedStep& step) {
  JsonWriter json;
  json.object();
  json.field("number", step.number);
  json.field("at", step.at);
  json.field("event", event_text(step));
  json.name("decisions");
  json.array();
  for (const sched::Action& action : step.actions) {
    if (is_wanted(verb, action)) json.value(describe(action));
  }
  json.end();
  json.end();
  print(json.line());
}

void print_verdict(const ReplayVerb& verb, const std::string& path,
                   const controller::Replayed& run) {
  if (!verb.json) {
    print(fmt::format("{}: {} events, {} decisions from {} to {}, recorded by {}: {}{}{}\n", path,
                      run.events, run.decisions, format_rfc3339(run.from), format_rfc3339(run.to),
                      run.software, run.difference ? "NOT equal" : "all equal",
                      run.torn ? "; the last record is not whole" : "",
                      run.full ? "; it ends at its limit" : ""));
    return;
  }
  JsonWriter json;
  json.object();
  json.field("recording", path);
  json.field("events", run.events);
  json.field("decisions", run.decisions);
  json.field("from", run.from);
  json.field("to", run.to);
  json.field("software", run.software);
  json.field("equal", !run.difference);
  json.field("torn", run.torn);
  json.field("full", run.full);
  json.end();
  print(json.line());
}

void print_skipped(const ReplayVerb& verb, const std::string& path) {
  if (!verb.json) {
    print(
        fmt::format("{}: skipped; its controller ended before it had written what it started "
                    "from\n",
                    path));
    return;
  }
  JsonWriter json;
  json.object();
  json.field("recording", path);
  json.field("skipped", true);
  json.end();
  print(json.line());
}

// A recording, or a directory of them.
std::vector<std::string> expanded(const std::vector<std::string>& paths) {
  std::vector<std::string> all;
  for (const std::string& path : paths) {
    const auto inside = controller::recordings(path);
    all.insert(all.end(), inside.begin(), inside.end());
    if (inside.empty()) all.push_back(path);
  }
  return all;
}

Result<std::vector<std::string>> find_recordings(const ReplayVerb& verb) {
  if (!verb.recordings.empty()) return expanded(verb.recordings);
  const Result<conf::Settings> settings = read_configuration(verb.config);
  if (!settings) return tl::unexpected(settings.error());
  std::string state = first_of(verb.state, settings->controller.state, "");
  if (state.empty()) {
    const Result<std::string> base = state_directory();
    if (!base) return tl::unexpected(base.error());
    state = *base + "/controller";
  }
  // The state directory of `jobq up` holds that of its controller.
  const std::string own = controller::flight_directory(absolute_path(state));
  const std::string within = controller::flight_directory(absolute_path(state) + "/controller");
  for (const std::string& flight : {own, within}) {
    std::vector<std::string> found = controller::recordings(flight);
    if (!found.empty()) return found;
  }
  return fail(ErrorCode::kNotFound,
              fmt::format("there are no recordings in {} or {}; name the controller's state "
                          "directory with --state",
                          own, within));
}

Result<int> run(const ReplayVerb& verb) {
  const auto found = find_recordings(verb);
  if (!found) return tl::unexpected(found.error());
  int code = 0;
  for (const std::string& path : *found) {
    const auto replayed = controller::replay(path, [&verb](const controller::ReplayedStep& step) {
      if (!is_wanted(verb, step)) return;
      verb.json ? print_json(verb, step) : print_text(verb, step);
    });
    if (!replayed) {
      complain(replayed.error());
      code = 1;
      continue;
    }
    if (!replayed->has_beginning) {
      print_skipped(verb, path);
      continue;
    }
    print_verdict(verb, path, *replayed);
    if (!replayed->difference) continue;
    complain({ErrorCode::kRefused, fmt::format("{}: {}", path, *replayed->difference)});
    code = 1;
  }
  return code;
}

}  // namespace

Result<int> run_replay(const Words& words) {
  ReplayVerb verb;
  Options options("jq admin replay [RECORDING...] [OPTIONS]",
                  "Runs what a controller recorded again: every event and every decision, in "
                  "order, and whether this\nprogram decides the same. It reads files, and needs "
                  "no controller. Without a word: all recordings\nof the controller whose state "
                  "directory is given or usual.");
  options.words(verb.recordings);
  options.value("--state", "DIR", into(verb.state), "the controller's state directory");
  options.value("--config", "FILE", into(verb.config),
                "the configuration file instead of the usual ones; see jobq.toml(5)");
  options.value("--from", "TIME", into(verb.from), "print only what happened from then on");
  options.value("--job", "N", job_into(verb.job), "print only what is about this job");
  options.flag("--check", verb.check, "print only whether all is equal");
  options.flag("--json", verb.json, "a line of JSON for each event and each recording");
  options.examples(
      "  jq admin replay --check\n"
      "  jq admin replay --job 17\n"
      "  jq admin replay /var/lib/jobq/controller/flight/000003 --from 1h\n");
  const auto next = options.parse(words);
  if (!next) return tl::unexpected(next.error());
  return *next == Options::Next::kDone ? Result<int>(0) : run(verb);
}

}  // namespace jobq::cmd
