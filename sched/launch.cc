// SPDX-License-Identifier: Apache-2.0
// Making orders to start: ${values}, %-letters, JOBQ_* variables.
#include "sched/launch.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>

#include "sched/pattern.h"
#include "sched/values.h"

namespace jobq::sched {
namespace {

using Environment = std::map<std::string, std::string>;

// The parameter's value, or its default; nothing where the class has no such parameter.
std::optional<std::string> param_of(const Job& job, std::string_view name) {
  for (const auto& [given, value] : job.params) {
    if (given == name) return value;
  }
  for (const ParamSpec& param : job.what().params) {
    if (param.name == name) return param.fallback.value_or("");
  }
  return std::nullopt;
}

const Step* step_named(const Job& job, std::string_view name) {
  const std::vector<StepSpec>& steps = job.what().steps;
  const auto it =
      std::find_if(steps.begin(), steps.end(), [&](const StepSpec& s) { return s.name == name; });
  return it == steps.end() ? nullptr : &job.steps[static_cast<std::size_t>(it - steps.begin())];
}

std::string event_of(const Step* step) {
  return step != nullptr && step->event() != nullptr ? *step->event() : std::string();
}

std::string node_of(const Step* step) {
  const AttemptRow* attempt = step == nullptr ? nullptr : step->attempt_of_round();
  return attempt == nullptr ? std::string() : attempt->node_name;
}

// A value that a step has not (it was skipped) is empty.
std::optional<std::string> value_of(const Job& job, std::string_view name) {
  const auto parsed = parse_value_name(name);
  if (!parsed) return std::nullopt;
  switch (parsed->kind) {
    case ValueName::Kind::kParam: return param_of(job, parsed->name);
    case ValueName::Kind::kJob: return fmt::to_string(job.place().value);
    case ValueName::Kind::kIndex: return fmt::to_string(job.index);
    case ValueName::Kind::kStepEvent: return event_of(step_named(job, parsed->name));
    case ValueName::Kind::kStepNode: return node_of(step_named(job, parsed->name));
  }
  return std::nullopt;
}

std::string doubled_percents(const std::string& text) {
  std::string out;
  for (const char c : text) out.append(c == '%' ? 2 : 1, c);
  return out;
}

// Puts values into the job's texts, as long as all of them together stay within what a node can be
// sent.
class Filler {
 public:
  explicit Filler(const Job& job) : job_(job) {}

  std::string fill(const std::string& text) {
    return put_in(text, [this](std::string_view name) { return value_of(job_, name); });
  }
  std::string fill_pattern(const std::string& text) {
    return put_in(text, [this](std::string_view name) {
      auto value = value_of(job_, name);
      if (value) value = doubled_percents(*value);
      return value;
    });
  }
  bool too_much() const { return too_much_; }

 private:
  // check_spec() has seen every name; a text that still cannot be filled goes as it is.
  std::string put_in(const std::string& text, const ValueLookup& lookup) {
    if (too_much_) return {};
    if (text.find("${") == std::string::npos) return text;
    Result<std::string> filled = substitute(text, lookup, left_);
    if (filled) left_ -= filled->size();
    too_much_ = !filled && filled.error().code == ErrorCode::kRefused;
    return too_much_ ? std::string() : std::move(filled).value_or(text);
  }

  const Job& job_;
  std::size_t left_ = kMostLaunchBytes;
  bool too_much_ = false;
};

// A name within one path component.
std::string as_component(std::string name) {
  std::replace(name.begin(), name.end(), '/', '_');
  return name;
}

std::string value_of_letter(const Job& job, const Launch& launch, char letter) {
  switch (letter) {
    case 'j':
    case 'A': return fmt::to_string(job.place().value);
    case 'x': return as_component(job.name->first);
    case 's': return launch.step_name;
    case 'a': return fmt::to_string(job.index);
    case 't': return fmt::to_string(launch.id.attempt.value);
    case 'u': return as_component(job.user->name);
    case 'N': return job.step(launch.id.step).attempt()->node_name;
    case '%': return "%";
    default: return {'%', letter};  // check_spec() lets none through
  }
}

// Absolute where the working directory is known.
std::string output_path(const Job& job, const Launch& launch, const std::string& text) {
  const bool relative = !text.empty() && text.front() != '/' && !launch.workdir.empty();
  std::string path = relative ? launch.workdir + "/" : "";
  std::size_t at = 0;
  for (auto letter = find_letter(text); letter; letter = find_letter(text, at)) {
    path.append(text, at, letter->at - at);
    path += padded(value_of_letter(job, launch, letter->letter), *letter);
    at = letter->at + letter->text.size();
  }
  return path.append(text, at);
}

void add_resources(const Launch& launch, Environment& env) {
  env["JOBQ_CPUS"] = fmt::to_string(launch.cpus);
  env["JOBQ_MEMORY"] = fmt::to_string(launch.memory.count);
  if (launch.gpus.empty()) return;
  env["JOBQ_GPUS"] = fmt::format("{}", fmt::join(launch.gpus, ","));
  env["CUDA_VISIBLE_DEVICES"] = env["JOBQ_GPUS"];
}

// All nodes that it holds, its own first, and where there are several, the gpus of each.
void add_nodes(const AttemptRow& attempt, const Launch& launch, Environment& env) {
  std::string names = attempt.node_name;
  std::string gpus = fmt::format("{}:{}", attempt.node_name, fmt::join(launch.gpus, ","));
  for (const OtherNode& other : attempt.others) {
    names += "," + other.name;
    gpus += fmt::format(";{}:{}", other.name, fmt::join(other.gpus, ","));
  }
  env["JOBQ_NODES"] = names;
  if (!attempt.others.empty() && !launch.gpus.empty()) env["JOBQ_NODES_GPUS"] = gpus;
}

// Of what a recurring ticket fired; an element has it from its array.
void add_recur(const Job& job, Environment& env) {
  const Job& fired = job.whole == nullptr ? job : *job.whole;
  if (!fired.facts().nominal) return;
  env["JOBQ_RECUR"] = fired.name->first;
  env["JOBQ_NOMINAL"] = format_rfc3339(fired.facts().nominal);
}

void add_params(const Job& job, Environment& env) {
  const JobSpec& spec = job.what();
  if (!spec.class_name.empty()) env["JOBQ_CLASS"] = spec.class_name;
  for (const ParamSpec& param : spec.params) {
    env["JOBQ_PARAM_" + env_suffix(param.name)] = param_of(job, param.name).value_or("");
  }
}

void add_event(const Job& job, StepId id, Environment& env) {
  const Step& step = job.step(id);
  if (!is_final(step.state) || step.event() == nullptr) return;
  env["JOBQ_EVENT_" + env_suffix(job.what().steps[id.value].name)] = *step.event();
}

// Of all steps that ended; where there are very many steps, of those that this step's conditions
// name: an environment has its limits, and every launch would carry all of it.
void add_events(const Job& job, StepId id, Environment& env) {
  constexpr std::size_t kManySteps = 200;
  const std::vector<StepSpec>& steps = job.what().steps;
  if (steps.size() <= kManySteps) {
    for (std::uint32_t i = 0; i < steps.size(); ++i) add_event(job, StepId{i}, env);
    return;
  }
  if (job.is_cleanup(id)) return;
  const StepSpec& step = steps[id.value];
  for (std::size_t c = 0; c < step.after.size() + step.after_any.size(); ++c) {
    add_event(job, job.spec->flow.source(id, c), env);
  }
}

// The job's own variables, then ours above them.
std::vector<NameValue> environment(const Job& job, const Launch& launch, Filler& filler) {
  Environment env;
  for (const auto& [name, value] : job.what().env) env[name] = filler.fill(value);
  env["JOBQ_JOB"] = fmt::to_string(job.place().value);
  if (job.whole != nullptr) env["JOBQ_ARRAY_INDEX"] = fmt::to_string(job.index);
  env["JOBQ_STEP"] = launch.step_name;
  env["JOBQ_ATTEMPT"] = fmt::to_string(launch.id.attempt.value);
  if (const std::uint32_t round = round_of(job, launch.id.step)) {
    env["JOBQ_ROUND"] = fmt::to_string(round);
  }
  add_recur(job, env);
  add_resources(launch, env);
  add_nodes(*job.step(launch.id.step).attempt(), launch, env);
  add_params(job, env);
  add_events(job, launch.id.step, env);
  return {env.begin(), env.end()};
}

void add_grant(const Job& job, const AttemptRow& attempt, const std::optional<resmgr::Needs>& own,
               Launch& launch) {
  const bool of_step = own && own->takes_from_node();
  const bool of_job = !of_step && job.facts().node && job.facts().node == attempt.node;
  if (!of_step && !of_job) return;
  const resmgr::Needs& needs = of_step ? *own : job.what().needs;
  launch.cpus = needs.cpus;
  launch.memory = needs.memory;
  launch.gpus = of_step ? attempt.gpus : job.facts().gpus;
}

// Do the texts of a file's name tell the elements of an array apart?
bool has_index(std::string_view pattern, std::string_view workdir) {
  for (const std::string_view text : {pattern, workdir}) {
    if (text.find("${index}") != std::string_view::npos) return true;
  }
  for (auto letter = find_letter(pattern); letter;
       letter = find_letter(pattern, letter->at + letter->text.size())) {
    if (letter->letter == 'a') return true;
  }
  return false;
}

// Was this file the output of anything of the job, or of its array, before this attempt?
bool is_used(const Job& job, const AttemptRow& by, const std::string& file,
             const std::string& pattern) {
  if (file.empty()) return false;
  const bool shared = job.whole != nullptr && !has_index(pattern, job.what().workdir);
  if (shared && job.whole->array->made > 1) return true;
  const auto writes = [&](const AttemptRow& attempt) {
    return attempt.id != by.id && (attempt.output == file || attempt.error == file);
  };
  return std::any_of(job.steps.begin(), job.steps.end(), [&](const Step& step) {
    return step.run && std::any_of(step.run->attempts.begin(), step.run->attempts.end(), writes);
  });
}

// The file is the command's input; of a pattern each, one after the other. Where one cannot be
// read, the shell says so and ends.
std::vector<std::string> device_argv(const std::string& command) {
  return {"/bin/sh", "-c",
          "IFS=\nfor JOBQ_EXPORT_FILE in $JOBQ_EXPORT_FILE; do unset IFS\n"
          "(exec <\"$JOBQ_EXPORT_FILE\"\n" +
              command + "\n) || exit; done"};
}

// A step that moves files is this program's own command, started like any other.
std::vector<std::string> file_command(const StepSpec& step, Filler& filler) {
  const FileSpec& files = *step.files;
  std::vector<std::string> argv{"jobq", std::string(to_string(step.kind))};
  const bool inquires = step.kind == StepKind::kInquire;
  if (inquires) argv.emplace_back("--report");
  if (files.recursive) argv.emplace_back("--recursive");
  if (files.unchecked) argv.emplace_back("--no-checksum");
  if (files.streams != 0) argv.push_back(fmt::format("--streams={}", files.streams));
  argv.emplace_back("--");
  for (const std::string& from : files.from) argv.push_back(filler.fill(from));
  if (!inquires) argv.push_back(filler.fill(files.to));
  return argv;
}

std::size_t bytes_of(const Launch& launch) {
  std::size_t bytes =
      launch.script.size() + launch.workdir.size() + launch.output.size() + launch.error.size();
  for (const std::string& word : launch.argv) bytes += word.size();
  for (const auto& [name, value] : launch.env) bytes += name.size() + value.size();
  return bytes;
}

// Of a step that is lost: is it started again, by its retry or by its loop?
bool is_started_again(const Job& job, StepId id) {
  const StepSpec& spec = step_of(job.what(), id);
  const Step& step = job.step(id);
  if (step.attempt() == nullptr) return false;
  if (spec.retry.on_node_lost && step.tries() <= spec.retry.max) return true;
  const bool on_failure =
      spec.again && holds(spec.again->when, {StepState::kFailed, nullptr}) == Holds::kYes;
  return on_failure && step.run->went_back < spec.again->max;
}

}  // namespace

bool holds_named(const Job& job, StepId id) {
  const auto& own = step_of(job.what(), id).needs;
  return job.what().needs.takes_named() || (own && own->takes_named());
}

bool is_fenced(const Job& job, StepId id) {
  return is_started_again(job, id) || holds_named(job, id);
}

Result<std::string> fill_text(const Job& job, const std::string& text) {
  Filler filler(job);
  std::string filled = filler.fill(text);
  if (!filler.too_much()) return filled;
  return fail(ErrorCode::kRefused, fmt::format("with its values put in a text takes more than {}",
                                               format_bytes(Bytes{kMostLaunchBytes})));
}

Result<Launch> make_launch(const Job& job, StepId id, const std::optional<resmgr::Needs>& own,
                           const std::string& device_command) {
  const JobSpec& spec = job.what();
  const StepSpec& step = step_of(spec, id);
  const AttemptRow& attempt = *job.step(id).attempt();
  if (!step.device.empty() && device_command.empty()) {
    return fail(
        ErrorCode::kRefused,
        fmt::format("the resource {} is no device; `jq resource create {} --device COMMAND` "
                    "makes one",
                    step.device, step.device));
  }
  Launch launch;
  launch.node = attempt.node;
  launch.id = attempt.id;
  launch.job_name = job.name->first;
  launch.step_name = step.name;
  launch.user = job.user->name;
  launch.uid = job.user->uid;
  launch.gid = job.user->gid;
  Filler filler(job);
  for (const std::string& word : step.argv) {
    launch.argv.push_back(step.literal ? word : filler.fill(word));
  }
  if (!step.device.empty()) launch.argv = device_argv(device_command);
  if (moves_files(step.kind)) launch.argv = file_command(step, filler);
  launch.script = step.literal ? step.script : filler.fill(step.script);
  launch.workdir = filler.fill(spec.workdir);
  launch.output = output_path(job, launch, filler.fill_pattern(spec.output));
  launch.error = output_path(job, launch, filler.fill_pattern(spec.error));
  launch.append_output = spec.append || is_used(job, attempt, launch.output, spec.output);
  launch.append_error = spec.append || is_used(job, attempt, launch.error, spec.error);
  launch.fenced = attempt.fenced;
  launch.umask = spec.umask;
  launch.limits = spec.limits;
  add_grant(job, attempt, own, launch);
  launch.env = environment(job, launch, filler);
  if (!step.device.empty()) {
    launch.env.emplace_back("JOBQ_EXPORT_FILE", filler.fill(step.files->from.front()));
  }
  if (filler.too_much() || bytes_of(launch) > kMostLaunchBytes) {
    return fail(ErrorCode::kRefused,
                fmt::format("its arguments, script and environment take more than {} with their "
                            "values put in",
                            format_bytes(Bytes{kMostLaunchBytes})));
  }
  return launch;
}

}  // namespace jobq::sched
