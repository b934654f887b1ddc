// SPDX-License-Identifier: Apache-2.0
// Making of tickets.
#include "cmd/job_build.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <map>

#include "cmd/class_views.h"
#include "cmd/file_place.h"
#include "cmd/paths.h"
#include "cmd/terminal.h"
#include "cmd/utf8.h"
#include "conf/ticket_file.h"
#include "sched/check_spec.h"
#include "sched/values.h"

namespace jobq::cmd {
namespace {

using Values = std::map<std::string, std::string>;
using sched::NameValue;

// As in tickets with one step (see jobq-class(5)).
constexpr std::string_view kStepName = "main";

Result<Values> parse_params(const std::vector<std::string>& texts) {
  Values params;
  for (const std::string& text : texts) {
    const std::size_t equals = text.find('=');
    if (equals == std::string::npos || equals == 0) {
      return fail(ErrorCode::kUsage,
                  fmt::format("--param: '{}' is no parameter; expected NAME=VALUE", text));
    }
    params[text.substr(0, equals)] = text.substr(equals + 1);
  }
  return params;
}

bool travels_always(std::string_view name) {
  return name == "PATH" || name == "LANG" || name.starts_with("LC_");
}

// What belongs to this process and would be wrong in another one.
bool never_travels(std::string_view name) {
  return name.starts_with("JOBQ_") || name == "_" || name == "PWD" || name == "OLDPWD" ||
         name == "SHLVL";
}

// The variables that `wanted` lets through.
template <class Wanted>
void take_own(const Surroundings& from, Values& env, Wanted wanted) {
  for (const auto& [name, value] : from.environment) {
    if (wanted(name) && is_utf8(name) && is_utf8(value)) env[name] = value;
  }
}

// A text as it is, but for {index} in a job that is an array. A shell's own ${index} stays one.
std::string literal(const JobOptions& options, std::string_view text) {
  constexpr std::string_view kIndex = "{index}";
  std::string out = sched::as_literal(text);
  if (!options.array) return out;
  for (std::size_t at = out.find(kIndex); at != std::string::npos; at = out.find(kIndex, at)) {
    if (at == 0 || out[at - 1] != '$') out.insert(at, 1, '$');
    at += kIndex.size();
  }
  return out;
}

// In a plain command of an array {index} is a value, and the rest of it still as it is written.
void put_index(const JobOptions& options, sched::StepSpec& step) {
  const auto has_index = [](const std::string& word) {
    return word.find("{index}") != std::string::npos;
  };
  if (!options.array || std::none_of(step.argv.begin(), step.argv.end(), has_index)) return;
  for (std::string& word : step.argv) word = literal(options, word);
  step.script = sched::as_literal(step.script);
  step.literal = false;
}

// Those with a value into `given`, the others as they are here.
Result<void> take_named(const Surroundings& from, const std::vector<std::string>& texts,
                        Values& env, Values& given) {
  for (const std::string& text : texts) {
    const std::size_t equals = text.find('=');
    const std::string name = text.substr(0, equals);
    if (name.empty()) {
      return fail(ErrorCode::kUsage,
                  fmt::format("--env: '{}' has no name; expected NAME or NAME=VALUE", text));
    }
    given.erase(name);
    if (equals != std::string::npos) {
      given[name] = text.substr(equals + 1);
    } else if (const auto own = from.environment.find(name); own != from.environment.end()) {
      if (!is_utf8(own->second)) {
        return fail(ErrorCode::kUsage, fmt::format("--env: the value of {} is not UTF-8", name));
      }
      env[name] = own->second;
    } else {
      return fail(ErrorCode::kUsage,
                  fmt::format("--env: {} is not set here; give {}=VALUE", name, name));
    }
  }
  return {};
}

// The environment that the options ask for, laid over what a job has already.
Result<std::vector<NameValue>> environment_of(const JobOptions& options, const Surroundings& from,
                                              const std::vector<NameValue>& under, bool usual) {
  Values asked;
  Values given;
  if (options.export_env) take_own(from, asked, [](auto name) { return !never_travels(name); });
  if (usual) take_own(from, asked, travels_always);
  if (const auto taken = take_named(from, options.env, asked, given); !taken)
    return tl::unexpected(taken.error());
  Values all(under.begin(), under.end());
  for (const auto& [name, value] : asked) all[name] = sched::as_literal(value);
  for (const auto& [name, value] : given) all[name] = literal(options, value);
  return std::vector<NameValue>(all.begin(), all.end());
}

Result<std::vector<resmgr::Count>> parse_amounts(const std::vector<std::string>& texts,
                                                 std::string_view option) {
  std::vector<resmgr::Count> all;
  for (const std::string& text : texts) {
    const auto counts = conf::parse_counts(text);
    if (!counts) {
      return fail(ErrorCode::kUsage, fmt::format("{}: {}", option, counts.error().message));
    }
    all.insert(all.end(), counts->begin(), counts->end());
  }
  return all;
}

Result<resmgr::Needs> needs_of(const JobOptions& options) {
  resmgr::Needs needs;
  needs.cpus = options.cpus.value_or(0);
  needs.memory = options.memory.value_or(Bytes{});
  needs.gpus = options.gpus.value_or(0);
  needs.exclusive = options.exclusive;
  needs.features = options.features;
  auto counts = parse_amounts(options.counts, "--need");
  if (!counts) return tl::unexpected(counts.error());
  needs.counts = std::move(*counts);
  auto tokens = parse_amounts(options.tokens, "--tokens");
  if (!tokens) return tl::unexpected(tokens.error());
  needs.tokens = std::move(*tokens);
  needs.service = options.service.value_or("");
  needs.nodes = options.nodes.value_or(1);
  if (needs.nodes < 1 || needs.nodes > resmgr::kMostNodes) {
    return fail(ErrorCode::kUsage, fmt::format("--nodes: expected 1 to {}, found {}",
                                               resmgr::kMostNodes, needs.nodes));
  }
  resmgr::normalise(needs);
  return needs;
}

std::string directory_of(const JobOptions& options, const Surroundings& from) {
  if (!options.workdir) return sched::as_literal(from.directory);
  const bool whole = options.workdir->starts_with('/');
  return literal(options, whole ? *options.workdir : joined_path(from.directory, *options.workdir));
}

Result<void> check_whole(const sched::Ticket& ticket) {
  const std::string& directory = ticket.spec ? ticket.spec->workdir : ticket.workdir;
  if (!is_utf8(directory)) {
    return fail(ErrorCode::kUsage,
                fmt::format("the directory {} is not UTF-8; give --workdir", printable(directory)));
  }
  std::vector<sched::Fault> faults;
  if (ticket.spec) faults = sched::check_spec(*ticket.spec);
  if (faults.empty()) faults = sched::check_ticket(ticket, ticket.spec.get());
  if (faults.empty()) return {};
  return fail(ErrorCode::kUsage, sched::to_string(faults));
}

Result<void> apply_conditions(const JobOptions& options, sched::Ticket& ticket) {
  if (!options.after.empty()) ticket.after.clear();
  for (const std::string& text : options.after) {
    auto condition = sched::parse_job_condition(text);
    if (!condition) {
      return fail(condition.error().code, "--after: " + condition.error().message);
    }
    ticket.after.push_back(*std::move(condition));
  }
  if (!options.after_never) return {};
  const std::string& what = *options.after_never;
  if (what != "cancel" && what != "keep") {
    return fail(ErrorCode::kUsage,
                fmt::format("--after-never '{}': expected cancel or keep", printable(what)));
  }
  ticket.keeps_never = what == "keep";
  return {};
}

// What a ticket has beside its spec, whatever the spec is.
Result<void> apply_to_ticket(const JobOptions& options, sched::Ticket& ticket) {
  Result<Values> params = parse_params(options.params);
  if (!params) return tl::unexpected(params.error());
  params->insert(ticket.params.begin(), ticket.params.end());
  ticket.params.assign(params->begin(), params->end());
  if (options.name) ticket.name = *options.name;
  if (options.priority) ticket.priority = options.priority;
  if (options.time) ticket.time_limit = options.time;
  if (options.key) ticket.key = *options.key;
  if (options.array) ticket.array = options.array;
  if (options.begin) ticket.begin = options.begin;
  if (options.deadline) ticket.deadline = options.deadline;
  ticket.hold = ticket.hold || options.hold;
  return apply_conditions(options, ticket);
}

// Surroundings stand in the spec of an inline job, and in the ticket where it names a class.
template <class Holder>
Result<void> apply_surroundings(const JobOptions& options, Holder& to) {
  const Surroundings from = own_surroundings();
  Result<std::vector<NameValue>> env = environment_of(options, from, to.env, false);
  if (!env) return tl::unexpected(env.error());
  to.env = std::move(*env);
  if (options.workdir) to.workdir = directory_of(options, from);
  if (options.output) to.output = literal(options, *options.output);
  if (options.error) to.error = literal(options, *options.error);
  to.append = to.append || options.append;
  if (options.umask) to.umask = *options.umask;
  to.limits = overlaid(std::move(to.limits), options.limits);
  if (options.signal) to.warning = options.signal;
  return {};
}

// The submitter's own.
std::uint32_t own_umask() {
  const ::mode_t mask = ::umask(0);
  ::umask(mask);
  return mask;
}

Result<sched::Retry> retry_of(const JobOptions& options) {
  sched::Retry retry;
  if (!options.retry && (options.retry_delay || options.elsewhere)) {
    return fail(ErrorCode::kUsage,
                "--retry-delay and --elsewhere are of further attempts; give "
                "--retry N with them");
  }
  // Said of none, as the command line may of a script: delay and place are not looked at.
  if (options.retry.value_or(0) == 0) return retry;
  retry.max = *options.retry;
  retry.delay = options.retry_delay.value_or(Millis{});
  retry.elsewhere = options.elsewhere;
  return retry;
}

}  // namespace

sched::StepSpec command_step(std::vector<std::string> argv) {
  sched::StepSpec step;
  step.name = kStepName;
  step.argv = std::move(argv);
  step.literal = true;
  return step;
}

sched::StepSpec script_step(std::string text, std::vector<std::string> arguments) {
  sched::StepSpec step = command_step(std::move(arguments));
  step.kind = sched::StepKind::kScript;
  step.script = std::move(text);
  return step;
}

Surroundings own_surroundings() {
  Surroundings own{absolute_path(""), {}, own_umask()};
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    const std::size_t equals = text.find('=');
    if (equals == std::string_view::npos || equals == 0) continue;
    own.environment.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  return own;
}

Result<sched::Ticket> inline_ticket(const JobOptions& options, sched::StepSpec step,
                                    const Surroundings& from) {
  auto spec = std::make_shared<sched::JobSpec>();
  put_index(options, step);
  Result<sched::Retry> retry = retry_of(options);
  if (!retry) return tl::unexpected(retry.error());
  step.retry = *retry;
  spec->steps.push_back(std::move(step));
  Result<resmgr::Needs> needs = needs_of(options);
  if (!needs) return tl::unexpected(needs.error());
  spec->needs = std::move(*needs);
  spec->needs.element = options.element.value_or("");
  Result<std::vector<NameValue>> env = environment_of(options, from, {}, true);
  if (!env) return tl::unexpected(env.error());
  spec->env = std::move(*env);
  spec->workdir = directory_of(options, from);
  spec->output = literal(options, options.output.value_or(""));
  spec->error = literal(options, options.error.value_or(""));
  spec->append = options.append;
  spec->umask = options.umask.value_or(from.umask);
  spec->limits = overlaid({}, options.limits);
  spec->warning = options.signal;
  sched::Ticket ticket;
  if (const auto applied = apply_to_ticket(options, ticket); !applied) {
    return tl::unexpected(applied.error());
  }
  // A plain command declares what it is given: the parameters are in its environment.
  for (const auto& [name, value] : ticket.params) spec->params.push_back({name, true, {}});
  ticket.spec = std::move(spec);
  if (const auto checked = check_whole(ticket); !checked) return tl::unexpected(checked.error());
  return ticket;
}

// literal() the other way round.
std::string as_given(std::string_view text) {
  constexpr std::string_view kLiteral = "$${";
  constexpr std::string_view kIndex = "${index}";
  std::string given;
  while (!text.empty()) {
    const bool escaped = text.starts_with(kLiteral);
    if (escaped || text.starts_with(kIndex)) text.remove_prefix(1);
    const std::size_t taken = escaped ? kLiteral.size() - 1 : 1;
    given += text.substr(0, taken);
    text.remove_prefix(taken);
  }
  return given;
}

Result<sched::Ticket> class_ticket(const JobOptions& options, const std::string& class_name) {
  sched::Ticket ticket;
  const ClassName name = parse_class_name(class_name);
  ticket.class_name = name.name;
  ticket.class_version = name.version;
  ticket.workdir = directory_of(options, own_surroundings());
  if (const auto applied = apply(options, ticket); !applied) return tl::unexpected(applied.error());
  if (const auto checked = check_whole(ticket); !checked) return tl::unexpected(checked.error());
  return ticket;
}

Result<void> apply(const JobOptions& options, sched::Ticket& ticket) {
  if (options.has_needs()) {
    return fail(ErrorCode::kUsage,
                "needs are said where the steps are said; --cpus, --memory, --gpus, --nodes, "
                "--need, --exclusive, --tokens, --features and --service go with a command or a "
                "script");
  }
  if (auto applied = apply_to_ticket(options, ticket); !applied) return applied;
  if (options.element && !ticket.spec) ticket.element = *options.element;
  if (options.retry || options.retry_delay || options.elsewhere) {
    return fail(ErrorCode::kUsage,
                "further attempts are said where the steps are said; --retry, --retry-delay and "
                "--elsewhere go with a command or a script");
  }
  const bool surroundings = !options.env.empty() || options.export_env || options.workdir ||
                            options.output || options.error || options.append || options.umask ||
                            !options.limits.empty() || options.signal;
  if (!surroundings && !(options.element && ticket.spec)) return {};
  if (!ticket.spec) return apply_surroundings(options, ticket);
  auto spec = std::make_shared<sched::JobSpec>(*ticket.spec);
  if (options.element) spec->needs.element = *options.element;
  Result<void> applied = apply_surroundings(options, *spec);
  ticket.spec = std::move(spec);
  return applied;
}

}  // namespace jobq::cmd
