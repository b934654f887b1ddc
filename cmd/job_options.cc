// SPDX-License-Identifier: Apache-2.0
// Declaring, reading and overlaying of a job's options.
#include "cmd/job_options.h"

#include <fmt/format.h>

#include <map>

#include "cmd/configuration.h"
#include "conf/ticket_file.h"
#include "sched/resource_limits.h"
#include "sched/spec.h"
#include "sched/warning.h"

namespace jobq::cmd {
namespace {

template <class T>
void overlay(std::optional<T>& under, const std::optional<T>& over) {
  if (over) under = over;
}

void overlay(std::vector<std::string>& under, const std::vector<std::string>& over) {
  if (!over.empty()) under = over;
}

void append(std::vector<std::string>& under, const std::vector<std::string>& over) {
  under.insert(under.end(), over.begin(), over.end());
}

Taker priority_into(std::optional<int>& to) {
  return [&to](const std::string& text) -> Result<void> {
    std::optional<std::uint32_t> number;
    const bool is_number = into(number)(text).has_value();
    if (!is_number || *number > std::uint32_t{sched::kMaxPriority}) {
      return fail(ErrorCode::kUsage,
                  fmt::format("'{}' is no priority; expected a number of 0 to {}", text,
                              sched::kMaxPriority));
    }
    to = static_cast<int>(*number);
    return {};
  };
}

Taker limit_into(std::vector<sched::ResourceLimit>& to) {
  return [&to](const std::string& text) -> Result<void> {
    auto limit = sched::parse_resource_limit(text);
    if (!limit) return tl::unexpected(limit.error());
    to.push_back(*std::move(limit));
    return {};
  };
}

Taker retry_into(std::optional<std::uint32_t>& to) {
  return [&to](const std::string& text) -> Result<void> {
    const bool is_number = into(to)(text).has_value();
    if (is_number && *to <= sched::kMostRetries) return {};
    return fail(ErrorCode::kUsage,
                fmt::format("'{}' is no number of further attempts; expected 0 to {}", text,
                            sched::kMostRetries));
  };
}

void add_need_options(Options& options, JobOptions& to) {
  options.group("What it needs");
  options.value("--cpus", "N", into(to.cpus),
                "processors; 1 where nothing else of a node is asked for");
  options.value("--memory", "SIZE", into(to.memory), "memory, such as 8G");
  options.value("--gpus", "N", into(to.gpus), "graphics processors");
  options.value("--nodes", "N", into(to.nodes),
                "so many nodes together, each with the above; 1 where nothing is said");
  options.list("--need", "NAME=N", append_to(to.counts),
               "anything else that nodes count; may be repeated");
  options.list("--exclusive", "NAME", append_split(to.exclusive),
               "a named resource that one job holds at a time; may be repeated");
  options.list("--tokens", "NAME=N", append_to(to.tokens),
               "so many of a named count of the cluster; may be repeated");
  options.list("--features", "NAME", append_split(to.features),
               "on a node that has this; may be repeated");
  options.value("--service", "TYPE", name_into(to.service, "a service"),
                "on a node that offers this service when it starts");
}

void add_surroundings(Options& options, JobOptions& to) {
  options.group("Where and with what it runs");
  options.list("--param", "K=V", append_to(to.params), "a parameter; may be repeated");
  options.list("--env", "NAME[=VALUE]", append_to(to.env),
               "an environment variable; without a value, as it is here; may be repeated");
  options.flag("--export-env", to.export_env, "the whole environment, as it is here");
  options.value("--workdir", "DIR", into(to.workdir), "the working directory; this one");
  options.value("--output", "FILE", into(to.output),
                "standard output, with %j for the job, %x its name, %s the step, %a the index; "
                "else `jq output` has it");
  options.value("--error", "FILE", into(to.error), "standard error; else with the output");
  options.flag("--append", to.append, "append to these files; else the first attempt empties them");
  options.value("--umask", "MODE", parsed_into(to.umask, sched::parse_umask),
                "the umask of its processes; as it is here");
  options.list("--limit", "NAME=VALUE", limit_into(to.limits),
               "a resource limit, such as nofile=4096, core=unlimited or processes=100; may be "
               "repeated");
}

void add_retry_options(Options& options, JobOptions& to) {
  options.group("When it fails");
  options.value(
      "--retry", "N", retry_into(to.retry),
      "so many further attempts when it fails or its node is lost; 0: none, whatever a script "
      "says");
  options.value("--retry-delay", "TIME", into(to.retry_delay), "wait so long before each; 0");
  options.flag("--elsewhere", to.elsewhere, "try again on another node, where there is one");
}

}  // namespace

void add_job_options(Options& options, JobOptions& to) {
  options.group("The job");
  options.value("--name", "NAME", into(to.name), "its name; else the command's");
  options.value("--priority", "N", priority_into(to.priority), "0 to 1000, higher goes first; 50");
  options.value("--time", "LIMIT", into(to.time), "it is ended after so long: 90s, 2h, 1-12:00");
  options.value("--signal", "NAME@TIME", parsed_into(to.signal, sched::parse_warning),
                "it gets this signal so long before its time limit or deadline: USR1@60, TERM@2m");
  options.value("-E,--element", "NAME", name_into(to.element, "an element"),
                "it runs on nodes of this element of the cluster; else on any");
  options.value("--begin", "WHEN", into(to.begin),
                "it starts no earlier: 03:00, \"2026-11-22 03:00\", 2026-11-22T03:00:00Z, +2h");
  options.value("--deadline", "WHEN", into(to.deadline),
                "it must have ended by then, and is ended otherwise; likewise");
  options.list("--after", "JOB", append_split(to.after),
               "it starts only after this job is done: 41, a name; 41.error, 41.ended, 41.started; "
               "41.ended+5m: so long after; may be repeated");
  options.value("--after-never", "WHAT", into(to.after_never),
                "where that can never be: cancel it (the default), or keep it");
  options.flag("--hold", to.hold, "submit it held; `jq release` lets it go");
  options.value("--key", "KEY", into(to.key),
                "submitting again with the same key gives the same job, not a second one");
  options.value("--array", "INDEXES", into(to.array),
                "one job with an element for each index: 0-999, 0-10:2,15; 0-999%50: 50 at a time");
  add_need_options(options, to);
  add_surroundings(options, to);
  add_retry_options(options, to);
}

Result<JobOptions> script_options(std::string_view script, const std::string& file) {
  const conf::Parsed<std::vector<conf::Directive>> found = conf::script_directives(script, file);
  if (!found.ok()) return tl::unexpected(faults_error(file, found.faults));
  JobOptions all;
  Options options("#JQ OPTIONS", "");
  add_job_options(options, all);
  const std::vector<conf::Directive>& words = found.value;
  for (std::size_t at = 0; at < words.size();) {
    const std::uint32_t number = words[at].line;
    Words line;
    for (; at < words.size() && words[at].line == number; ++at) line.push_back(words[at].word);
    const Result<void> parsed = options.parse_line(line);
    if (parsed) continue;
    return fail(ErrorCode::kUsage, fmt::format("{}:{}: {}", file, number, parsed.error().message));
  }
  return all;
}

std::vector<sched::ResourceLimit> overlaid(std::vector<sched::ResourceLimit> under,
                                           const std::vector<sched::ResourceLimit>& over) {
  std::map<std::string, sched::ResourceLimit> by_name;
  for (sched::ResourceLimit& limit : under) by_name[limit.name] = limit;
  for (const sched::ResourceLimit& limit : over) by_name[limit.name] = limit;
  under.clear();
  for (auto& [name, limit] : by_name) under.push_back(std::move(limit));
  return under;
}

JobOptions overlaid(JobOptions under, const JobOptions& over) {
  overlay(under.name, over.name);
  overlay(under.priority, over.priority);
  overlay(under.time, over.time);
  overlay(under.element, over.element);
  under.hold = under.hold || over.hold;
  overlay(under.begin, over.begin);
  overlay(under.deadline, over.deadline);
  overlay(under.after, over.after);
  overlay(under.after_never, over.after_never);
  overlay(under.key, over.key);
  overlay(under.array, over.array);
  overlay(under.cpus, over.cpus);
  overlay(under.memory, over.memory);
  overlay(under.gpus, over.gpus);
  overlay(under.counts, over.counts);
  overlay(under.exclusive, over.exclusive);
  overlay(under.tokens, over.tokens);
  overlay(under.features, over.features);
  overlay(under.nodes, over.nodes);
  overlay(under.service, over.service);
  append(under.params, over.params);
  append(under.env, over.env);
  under.export_env = under.export_env || over.export_env;
  overlay(under.workdir, over.workdir);
  overlay(under.output, over.output);
  overlay(under.error, over.error);
  under.append = under.append || over.append;
  overlay(under.umask, over.umask);
  under.limits = overlaid(std::move(under.limits), over.limits);
  overlay(under.signal, over.signal);
  overlay(under.retry, over.retry);
  overlay(under.retry_delay, over.retry_delay);
  under.elsewhere = under.elsewhere || over.elsewhere;
  return under;
}

}  // namespace jobq::cmd
