// SPDX-License-Identifier: Apache-2.0
// The checks of a whole spec: its head, its steps one by one, and what holds between steps.
#include "sched/check_spec.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/nearest.h"
#include "sched/check_parts.h"
#include "sched/loops.h"
#include "sched/step_graph.h"

namespace jobq::sched {
namespace {

constexpr std::string_view kCleanup = "cleanup";

// What the checks of one spec share.
struct SpecCheck {
  explicit SpecCheck(const JobSpec& checked)
      : spec(checked), names(checked), params(param_names(checked)), held(checked.needs.exclusive) {
    std::sort(held.begin(), held.end());
  }

  const JobSpec& spec;
  StepNames names;
  std::vector<std::string_view> params;
  std::vector<std::string> held;  // by the job, sorted
  std::vector<StepUse> uses;
  FaultList faults;
};

std::string step_path(const JobSpec& spec, std::size_t position) {
  return position < spec.steps.size() ? fmt::format("step[{}]", position) : std::string(kCleanup);
}

// The path of a step's condition; those of after come first, then those of after_any.
std::string condition_path(const JobSpec& spec, std::size_t step, std::size_t condition) {
  const std::size_t all = spec.steps[step].after.size();
  return condition < all ? fmt::format("step[{}].after[{}]", step, condition)
                         : fmt::format("step[{}].after_any[{}]", step, condition - all);
}

const Condition& condition_of(const StepSpec& step, std::size_t condition) {
  const std::size_t all = step.after.size();
  return condition < all ? step.after[condition] : step.after_any[condition - all];
}

std::size_t condition_count(const StepSpec& step) {
  return step.after.size() + step.after_any.size();
}

bool has_loop(const StepSpec& step) { return step.again.has_value(); }

// --- the head -----------------------------------------------------------------------------------

// What is wrong with a parameter's name, empty when nothing is.
std::string param_name_fault(std::string_view name) {
  if (is_reserved_value(name)) {
    return fmt::format("'{}' is the name of a value of every job; choose another", name);
  }
  if (resmgr::valid_name(name) && name.find('.') == std::string_view::npos) return {};
  return fmt::format(
      "'{}' is not a name of a parameter; expected letters, digits, '_' and '-', "
      "a letter or digit first, at most 64",
      name);
}

void check_param_list(SpecCheck& c) {
  std::vector<std::pair<std::string, std::string_view>> variables;
  for (const ParamSpec& param : c.spec.params) {
    const auto path = [&] { return fmt::format("{}.params.{}", section_of(c.spec), param.name); };
    std::string fault = param_name_fault(param.name);
    if (!fault.empty()) c.faults.add(path(), std::move(fault));
    if (param.required && param.fallback) {
      c.faults.add(path(), fmt::format("'{}' is required and has a default; one of them is in vain",
                                       param.name));
    }
    if (param.fallback) check_no_nul(path, *param.fallback, c.faults);
    variables.emplace_back(env_suffix(param.name), param.name);
  }
  std::sort(variables.begin(), variables.end());
  for (std::size_t i = 1; i < variables.size(); ++i) {
    const auto& [variable, name] = variables[i];
    if (variables[i - 1].first != variable) continue;
    const std::string_view other = variables[i - 1].second;
    c.faults.add(fmt::format("{}.params.{}", section_of(c.spec), name),
                 other == name ? fmt::format("'{}' is there twice", name)
                               : fmt::format("'{}' and '{}' would both be JOBQ_PARAM_{} for the "
                                             "steps",
                                             other, name, variable));
  }
}

void check_class_name(SpecCheck& c) {
  if (c.spec.class_name.empty()) return;
  const auto check_one = [&](std::string_view key, std::string_view value) {
    if (resmgr::valid_name(value)) return;
    c.faults.add(fmt::format("class.{}", key),
                 fmt::format("'{}' is not a {} of a class; expected letters, digits, '.', '_' and "
                             "'-', a letter or digit first, at most 64",
                             value, key));
  };
  check_one("name", c.spec.class_name);
  check_one("version", c.spec.class_version);
}

void check_head(SpecCheck& c) {
  const std::string_view section = section_of(c.spec);
  check_class_name(c);
  const auto path = [&](std::string_view key) { return fmt::format("{}.{}", section, key); };
  check_priority([&] { return path("priority"); }, c.spec.priority, c.faults);
  check_limit([&] { return path("time_limit"); }, c.spec.time_limit, c.faults);
  check_param_list(c);
  check_needs([] { return std::string("needs"); }, c.spec.needs, c.faults);
  check_job_texts(section,
                  {c.spec.env, c.spec.workdir, c.spec.output, c.spec.error, c.spec.umask,
                   c.spec.limits, c.spec.warning},
                  ValueScope{c.params}, c.faults);
}

// --- one step -----------------------------------------------------------------------------------

void check_step_name(SpecCheck& c, std::size_t position) {
  const std::string& name = c.spec.steps[position].name;
  const auto add = [&](std::string text) {
    c.faults.add(fmt::format("step[{}].name", position), std::move(text));
  };
  if (name == kCleanup) return add("'cleanup' is the name of the cleanup step; choose another");
  if (!resmgr::valid_name(name) || name.find('.') != std::string::npos) {
    return add(
        fmt::format("'{}' is not a name of a step; expected letters, digits, '_' and '-', "
                    "a letter or digit first, at most 64",
                    name));
  }
  const std::uint32_t first = c.names.find(name);
  if (first != position)
    add(fmt::format("step '{}' is there already, as step {}", name, first + 1));
}

bool is_blank(std::string_view text) {
  return text.find_first_not_of(" \t\r\n") == std::string_view::npos;
}

bool is_shell_string(const std::vector<std::string>& argv) {
  return argv.size() == 3 && argv[0] == "/bin/sh" && argv[1] == "-c";
}

// A step that the controller carries out; `needs`, `exit` and `elsewhere` are of processes.
void check_built_in(SpecCheck& c, const StepSpec& step, std::size_t position) {
  const ValueScope scope{c.params, &c.names, static_cast<std::uint32_t>(position), &c.uses};
  const auto path = [&](std::string_view key) {
    return fmt::format("{}.{}", step_path(c.spec, position), key);
  };
  if (position == c.spec.steps.size()) c.faults.add(kCleanup.data(), "cleanup runs a process");
  const auto refuse = [&](bool given, std::string_view key) {
    if (!given) return;
    c.faults.add(path(key),
                 fmt::format("{} is of a process; a {} step has none", key, to_string(step.kind)));
  };
  refuse(step.needs.has_value(), "needs");
  refuse(step.exit != ExitMap(), "exit");
  refuse(step.retry.elsewhere, "retry.elsewhere");
  check_spawn(path, step, scope, c.faults);
  check_waits(path, step, scope, c.faults);
  check_send(path, step, scope, c.faults);
  check_recv(path, step, scope, c.faults);
}

// What is asked of places here is what needs no node: where there are any, and none too many.
void check_files(SpecCheck& c, const StepSpec& step, std::size_t position) {
  const ValueScope scope{c.params, &c.names, static_cast<std::uint32_t>(position), &c.uses};
  const std::string base = fmt::format("{}.{}", step_path(c.spec, position), to_string(step.kind));
  if (!step.files) {
    if (moves_files(step.kind)) c.faults.add(base, "expected files, found none");
    return;
  }
  const FileSpec& files = *step.files;
  const bool inquires = step.kind == StepKind::kInquire;
  const auto path = [&](std::string_view key) {
    return [&base, key] { return fmt::format("{}.{}", base, key); };
  };
  const auto from = path(inquires ? "files" : "from");
  if (files.from.empty()) c.faults.add(from(), "expected the place of a file, found none");
  for (const std::string& text : files.from) {
    if (is_blank(text)) c.faults.add(from(), "expected the place of a file, found an empty one");
    check_text(from, text, scope, c.faults);
  }
  const bool has_target = !inquires && step.device.empty();
  if (has_target && is_blank(files.to)) c.faults.add(path("to")(), "expected a place, found none");
  if (!step.is_export && files.to.starts_with("device:")) {
    c.faults.add(path("to")(), "a device stands in the `to` of an [[export]] only");
  }
  check_text(path("to"), files.to, scope, c.faults);
  if (files.streams > kMostStreams) {
    c.faults.add(path("streams")(),
                 fmt::format("expected 1 to {}, found {}", kMostStreams, files.streams));
  }
}

// Exports stand behind all other steps, and have no conditions.
void check_export(SpecCheck& c, const StepSpec& step, std::size_t position) {
  if (!step.is_export) {
    const bool is_late =
        position > 0 && position < c.spec.steps.size() && c.spec.steps[position - 1].is_export;
    if (is_late) c.faults.add(step_path(c.spec, position), "a step stands behind an export");
    return;
  }
  const bool is_alone = step.after.empty() && step.after_any.empty() && !step.again;
  if (!is_alone) c.faults.add(step_path(c.spec, position), "an export has no conditions");
  if (!step.files || step.files->from.size() != 1) {
    c.faults.add(step_path(c.spec, position), "an export is of one file or pattern");
  }
  if (step.device.empty() == (step.kind == StepKind::kDispose)) return;
  c.faults.add(step_path(c.spec, position), "an export goes to a place or to a device");
}

void check_command(SpecCheck& c, const StepSpec& step, std::size_t position) {
  const ValueScope scope{c.params, &c.names, static_cast<std::uint32_t>(position), &c.uses};
  const auto check_one = [&](const Path& path, std::string_view text) {
    step.literal ? check_no_nul(path, text, c.faults) : check_text(path, text, scope, c.faults);
  };
  const auto path_of = [&](std::string_view key) {
    return fmt::format("{}.{}", step_path(c.spec, position), key);
  };
  if (is_built_in(step.kind)) return check_built_in(c, step, position);
  if (moves_files(step.kind) || !step.device.empty()) return;
  const bool runs = step.kind == StepKind::kRun;
  if (runs && (step.argv.empty() || step.argv.front().empty())) {
    c.faults.add(path_of("run"), "expected a command, found none");
  }
  if (runs && is_shell_string(step.argv) && is_blank(step.argv[2])) {
    c.faults.add(path_of("run"), "expected a command, found an empty one");
  }
  if (!runs && is_blank(step.script)) {
    c.faults.add(path_of("script"), "expected a script, found an empty one");
  }
  check_one([&] { return path_of("script"); }, step.script);
  for (std::size_t i = 0; i < step.argv.size(); ++i) {
    check_one([&] { return fmt::format("{}[{}]", path_of("run"), i); }, step.argv[i]);
  }
}

// A step that asks for what its own job holds would wait for itself.
void check_held_twice(SpecCheck& c, const StepSpec& step, std::size_t position) {
  for (const std::string& name : step.needs->exclusive) {
    if (!std::binary_search(c.held.begin(), c.held.end(), name)) continue;
    c.faults.add(fmt::format("{}.needs.exclusive", step_path(c.spec, position)),
                 fmt::format("the job holds '{}' already, from its first step to its end; leave it "
                             "out of the step",
                             name));
  }
}

void check_step(SpecCheck& c, const StepSpec& step, std::size_t position) {
  const auto path = [&](std::string_view key) {
    return fmt::format("{}.{}", step_path(c.spec, position), key);
  };
  check_command(c, step, position);
  check_files(c, step, position);
  check_export(c, step, position);
  check_limit([&] { return path("time_limit"); }, step.time_limit, c.faults);
  check_exit([&] { return path("exit"); }, step.exit, c.faults);
  check_retry([&] { return path("retry"); }, step.retry, c.faults);
  if (step.again) check_loop([&] { return path("again"); }, *step.again, c.faults);
  if (!step.needs) return;
  check_needs([&] { return path("needs"); }, *step.needs, c.faults);
  check_held_twice(c, step, position);
}

void check_cleanup(SpecCheck& c) {
  if (!c.spec.cleanup) return;
  const StepSpec& step = *c.spec.cleanup;
  check_step(c, step, c.spec.steps.size());
  if (step.name != kCleanup) c.faults.add("cleanup", "the cleanup step is named 'cleanup'");
  if (step.retry != Retry()) c.faults.add("cleanup.retry", "cleanup has one attempt");
  if (step.again) c.faults.add("cleanup.again", "cleanup runs once, at the end of the job");
  if (condition_count(step) != 0) {
    c.faults.add("cleanup", "cleanup has no conditions: it runs at every end of a job");
  }
}

// --- between steps ------------------------------------------------------------------------------

// The step that a condition is on; a fault and kNone where there is none.
std::uint32_t resolve(SpecCheck& c, std::size_t step, std::size_t condition) {
  const std::string& name = condition_of(c.spec.steps[step], condition).step;
  const std::uint32_t before = c.names.find(name);
  if (before == StepNames::kNone) {
    if (c.faults.full()) return before;
    const std::string hint = did_you_mean(name, c.names.all());
    c.faults.add(condition_path(c.spec, step, condition),
                 fmt::format("no step is named '{}'{}", name, hint));
    return before;
  }
  if (before != step) return before;
  c.faults.add(condition_path(c.spec, step, condition),
               fmt::format("step '{}' cannot come after itself", name));
  return StepNames::kNone;
}

StepGraph graph_of(SpecCheck& c) {
  StepGraph graph(c.spec.steps.size());
  for (std::size_t step = 0; step < graph.size(); ++step) {
    const std::size_t count = condition_count(c.spec.steps[step]);
    for (std::size_t i = 0; i < count; ++i) {
      const std::uint32_t before = resolve(c, step, i);
      if (before != StepNames::kNone) graph[step].push_back(before);
    }
  }
  return graph;
}

// "a -> b -> a"; the middle of a long circle is left out.
std::string circle_text(const JobSpec& spec, const std::vector<std::uint32_t>& circle) {
  constexpr std::size_t kShown = 12;
  std::string text;
  for (std::size_t i = 0; i < circle.size(); ++i) {
    if (circle.size() > kShown && i == kShown - 2) {
      text += fmt::format("... {} more ... -> ", circle.size() - kShown + 1);
      i = circle.size() - 1;
    }
    text += spec.steps[circle[i]].name + " -> ";
  }
  return text + spec.steps[circle.front()].name;
}

// Reported where the circle's first step names its last.
void add_circle(SpecCheck& c, const std::vector<std::uint32_t>& circle) {
  const StepSpec& first = c.spec.steps[circle.front()];
  const std::string& last = c.spec.steps[circle.back()].name;
  std::size_t condition = 0;
  while (condition_of(first, condition).step != last) ++condition;
  c.faults.add(condition_path(c.spec, circle.front(), condition),
               "steps wait for each other in a circle: " + circle_text(c.spec, circle));
}

// A value of a step is known only where that step has ended for certain.
void check_uses(SpecCheck& c, const StepGraph& graph, const std::vector<std::uint32_t>& order) {
  std::vector<std::uint32_t> used;
  for (const StepUse& use : c.uses) used.push_back(use.used);
  std::sort(used.begin(), used.end());
  used.erase(std::unique(used.begin(), used.end()), used.end());
  const Ancestors ancestors(graph, order, std::move(used));
  for (const StepUse& use : c.uses) {
    if (use.by == c.spec.steps.size() || ancestors.comes_before(use.used, use.by)) continue;
    c.faults.add(use.path,
                 fmt::format("${{{}}} may have no value yet: '{}' does not come after '{}'",
                             use.name, c.spec.steps[use.by].name, c.spec.steps[use.used].name));
  }
}

// --- loops

// "verify, calc, load": where a step may go back to.
std::string possible_targets(SpecCheck& c, const StepGraph& graph, std::uint32_t step) {
  constexpr std::size_t kShown = 8;
  std::vector<bool> seen(graph.size());
  std::vector<std::uint32_t> open = graph[step];
  std::vector<std::string> names{c.spec.steps[step].name};
  while (!open.empty() && names.size() <= kShown) {
    const std::uint32_t before = open.back();
    open.pop_back();
    if (seen[before]) continue;
    seen[before] = true;
    names.push_back(c.spec.steps[before].name);
    open.insert(open.end(), graph[before].begin(), graph[before].end());
  }
  const bool more = names.size() > kShown;
  if (more) names.resize(kShown);
  return fmt::format("{}{}", fmt::join(names, ", "), more ? ", ..." : "");
}

// That each loop goes back to a step there is, and that its step comes after it.
bool check_targets(SpecCheck& c, const StepGraph& graph, const std::vector<LoopPlan>& plans) {
  bool right = true;
  std::size_t planned = 0;
  for (std::uint32_t i = 0; i < c.spec.steps.size(); ++i) {
    const std::optional<Loop>& loop = c.spec.steps[i].again;
    if (!loop) continue;
    if (planned < plans.size() && plans[planned].owner == StepId{i}) {
      ++planned;
      continue;
    }
    right = false;
    const bool known = c.names.find(loop->to) != StepNames::kNone;
    if (c.faults.full()) return false;
    c.faults.add(fmt::format("step[{}].again.to", i),
                 known ? fmt::format("'{}' does not come after '{}', so it cannot go back there; "
                                     "expected one of: {}",
                                     c.spec.steps[i].name, loop->to, possible_targets(c, graph, i))
                       : fmt::format("no step is named '{}'{}", loop->to,
                                     did_you_mean(loop->to, c.names.all())));
  }
  return right;
}

std::string loop_name(const JobSpec& spec, const LoopPlan& loop) {
  return fmt::format("from '{}' back to '{}'", spec.steps[loop.owner.value].name,
                     spec.steps[loop.to.value].name);
}

void check_nesting(SpecCheck& c, const std::vector<LoopPlan>& plans) {
  for (std::size_t i = 0; i < plans.size(); ++i) {
    std::uint64_t rounds = 1;
    for (std::size_t j = 0; j < plans.size(); ++j) {
      const bool is_around = i == j || lies_within(plans[i], plans[j]);
      const std::uint64_t most = std::uint64_t{kMostRoundsInAll} + 1;
      const std::uint64_t runs = c.spec.steps[plans[j].owner.value].again->max + std::uint64_t{1};
      if (is_around) rounds = std::min(most, rounds * runs);
      if (j >= i || is_around || lies_within(plans[j], plans[i])) continue;
      if (are_apart(plans[i], plans[j])) continue;
      c.faults.add(
          fmt::format("step[{}].again", plans[i].owner.value),
          fmt::format("the loops {} and {} overlap; expected one of them to lie within the "
                      "other, or to have no step in common with it",
                      loop_name(c.spec, plans[j]), loop_name(c.spec, plans[i])));
    }
    if (rounds <= kMostRoundsInAll) continue;
    c.faults.add(fmt::format("step[{}].again.max", plans[i].owner.value),
                 fmt::format("with the loops around it there could be more than {} rounds in all; "
                             "expected fewer",
                             kMostRoundsInAll));
  }
}

void check_loops(SpecCheck& c, const StepGraph& graph) {
  const auto count =
      static_cast<std::size_t>(std::count_if(c.spec.steps.begin(), c.spec.steps.end(), has_loop));
  if (count == 0) return;
  if (count > kMostLoops) {
    return c.faults.add("step",
                        fmt::format("a job has at most {} loops, found {}", kMostLoops, count));
  }
  const std::vector<LoopPlan> plans = plan_loops(c.spec, graph);
  if (check_targets(c, graph, plans)) check_nesting(c, plans);
}

void check_between(SpecCheck& c) {
  const bool linked = std::any_of(c.spec.steps.begin(), c.spec.steps.end(), [](const StepSpec& s) {
    return condition_count(s) != 0 || has_loop(s);
  });
  if (!linked && c.uses.empty()) return;
  const StepGraph graph = graph_of(c);
  const StepOrder found = order_steps(graph);
  for (const auto& circle : found.circles) add_circle(c, circle);
  if (!found.circles.empty()) return;
  if (!c.uses.empty()) check_uses(c, graph, found.order);
  check_loops(c, graph);
}

}  // namespace

std::string_view section_of(const JobSpec& spec) {
  return spec.class_name.empty() ? "ticket" : "class";
}

std::vector<Fault> check_spec(const JobSpec& spec) {
  if (spec.steps.empty()) return {{"step", "expected at least one step, found none"}};
  if (spec.steps.size() > kMaxSteps) {
    return {{"step",
             fmt::format("a job has at most {} steps, found {}", kMaxSteps, spec.steps.size())}};
  }
  SpecCheck c(spec);
  check_head(c);
  for (std::size_t i = 0; i < spec.steps.size(); ++i) {
    check_step_name(c, i);
    check_step(c, spec.steps[i], i);
  }
  check_cleanup(c);
  check_between(c);
  return c.faults.take();
}

}  // namespace jobq::sched
