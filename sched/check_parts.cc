// SPDX-License-Identifier: Apache-2.0
// Single checks: texts, patterns, environments, limits, needs, exit codes.
#include "sched/check_parts.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/nearest.h"
#include "sched/pattern.h"
#include "sched/resource_limits.h"
#include "sched/warning.h"

namespace jobq::sched {
namespace {

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

// A value where it is used.
struct Use {
  std::string_view text;
  const ValueRef& ref;

  // " (line 3 of the text)" for what stands past the first line.
  std::string where() const {
    const auto end = text.begin() + static_cast<std::ptrdiff_t>(ref.offset);
    const auto line = 1 + std::count(text.begin(), end, '\n');
    return line == 1 ? std::string() : fmt::format(" (line {} of the text)", line);
  }
};

std::string unknown_param(const ValueScope& scope, const Use& use) {
  std::vector<std::string_view> known = scope.params;
  known.emplace_back("job");
  return fmt::format(
      "no parameter is named '{0}', as ${{{0}}} says{1}; a shell variable is written ${0} or "
      "$${{{0}}}{2}",
      use.ref.name, use.where(), did_you_mean(use.ref.name, known));
}

std::string unknown_form(const Use& use) {
  return fmt::format(
      "there is no value ${{{}}}{}; expected a parameter, ${{job}}, ${{steps.NAME.event}} or "
      "${{steps.NAME.node}}",
      use.ref.name, use.where());
}

// What is wrong with the use of a step's value, empty when nothing is.
std::string step_value_fault(const Use& use, std::string_view step, const ValueScope& scope) {
  if (scope.steps == nullptr) {
    return fmt::format("${{{}}} has no value here{}: this text is set before any step runs",
                       use.ref.name, use.where());
  }
  const std::uint32_t used = scope.steps->find(step);
  if (used == StepNames::kNone) {
    return fmt::format("no step is named '{}', as ${{{}}} says{}{}", step, use.ref.name,
                       use.where(), did_you_mean(step, scope.steps->all()));
  }
  if (used == scope.step) {
    return fmt::format("${{{}}} has no value here{}: a step cannot use its own", use.ref.name,
                       use.where());
  }
  return {};
}

void check_step_value(const Path& path, const Use& use, std::string_view step,
                      const ValueScope& scope, FaultList& faults) {
  std::string fault = step_value_fault(use, step, scope);
  if (!fault.empty()) return faults.add(path(), std::move(fault));
  scope.uses->push_back({scope.steps->find(step), scope.step, path(), use.ref.name});
}

void check_use(const Path& path, const Use& use, const ValueScope& scope, FaultList& faults) {
  using Kind = ValueName::Kind;
  const auto name = parse_value_name(use.ref.name);
  if (!name) return faults.add(path(), unknown_form(use));
  switch (name->kind) {
    case Kind::kJob:
    case Kind::kIndex: return;
    case Kind::kParam:
      if (std::binary_search(scope.params.begin(), scope.params.end(), name->name)) return;
      return faults.add(path(), unknown_param(scope, use));
    case Kind::kStepEvent:
    case Kind::kStepNode: return check_step_value(path, use, name->name, scope, faults);
  }
}

// Names ascend, so none is there twice; each is a name.
template <class List, class NameOf>
void check_names(const Path& path, const List& list, NameOf name_of, FaultList& faults) {
  for (std::size_t i = 0; i < list.size(); ++i) {
    const std::string& name = name_of(list[i]);
    if (!resmgr::valid_name(name)) {
      faults.add(path(), fmt::format("'{}' is not a name of a resource; expected letters, digits, "
                                     "'.', '_' and '-', a letter or digit first, at most 64",
                                     name));
    }
    if (i == 0 || name_of(list[i - 1]) < name) continue;
    const bool same = name_of(list[i - 1]) == name;
    faults.add(path(), fmt::format("'{}' is {}", name, same ? "listed twice" : "out of order"));
  }
}

void check_amounts(const Path& path, const std::vector<resmgr::Count>& counts, FaultList& faults) {
  check_names(
      path, counts, [](const resmgr::Count& c) -> const std::string& { return c.name; }, faults);
  for (const resmgr::Count& count : counts) {
    if (count.amount == 0) {
      faults.add(path() + '.' + count.name, "expected a whole number of 1 or more, found 0");
    }
  }
}

void check_env_name(const Path& path, const std::vector<NameValue>& env, std::size_t i,
                    FaultList& faults) {
  const std::string& name = env[i].first;
  check_no_nul(path, name, faults);
  if (name.empty() || name.find('=') != std::string::npos) {
    faults.add(path(), fmt::format("'{}' cannot be the name of an environment variable", name));
  }
  if (i == 0 || env[i - 1].first < name) return;
  const bool same = env[i - 1].first == name;
  faults.add(path(), fmt::format("'{}' is {}", name, same ? "listed twice" : "out of order"));
}

void check_resource_limits(std::string_view prefix, const std::vector<ResourceLimit>& limits,
                           FaultList& faults) {
  const auto known = limit_names();
  for (std::size_t i = 0; i < limits.size(); ++i) {
    const ResourceLimit& limit = limits[i];
    const auto refuse = [&](std::string text) {
      faults.add(fmt::format("{}.limits.{}", prefix, limit.name), std::move(text));
    };
    if (std::find(known.begin(), known.end(), limit.name) == known.end()) {
      refuse(fmt::format("there is no limit '{}'{}", limit.name,
                         did_you_mean(limit.name, {known.begin(), known.end()})));
    }
    if (limit.soft > limit.hard) refuse("the soft limit is above the hard one");
    if (i > 0 && !(limits[i - 1].name < limit.name)) refuse("it is there twice, or out of order");
  }
}

}  // namespace

std::string printable(std::string text) {
  constexpr std::size_t kLongest = 1000;
  if (text.size() > kLongest) {
    std::size_t end = kLongest;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0U) == 0x80U) --end;
    text.resize(end);
    text += "...";
  }
  std::replace_if(text.begin(), text.end(), is_control, '?');
  return text;
}

std::string to_string(const std::vector<Fault>& faults) {
  std::string text;
  for (const Fault& fault : faults) {
    if (!text.empty()) text += "; ";
    text += fault.path.empty() ? fault.text : fault.path + ": " + fault.text;
  }
  return text;
}

void FaultList::add(std::string path, std::string text) {
  if (full()) return;
  if (faults_.size() + 1 == kMaxFaults) {
    path.clear();
    text = fmt::format("there are more faults; these are the first {}", kMaxFaults - 1);
  }
  faults_.push_back({std::move(path), printable(std::move(text))});
}

std::vector<std::string_view> param_names(const JobSpec& spec) {
  std::vector<std::string_view> names;
  for (const ParamSpec& param : spec.params) names.push_back(param.name);
  std::sort(names.begin(), names.end());
  return names;
}

StepNames::StepNames(const JobSpec& spec) {
  sorted_.reserve(spec.steps.size());
  for (const StepSpec& step : spec.steps) {
    sorted_.emplace_back(step.name, static_cast<std::uint32_t>(sorted_.size()));
  }
  std::sort(sorted_.begin(), sorted_.end());
}

std::uint32_t StepNames::find(std::string_view name) const {
  const auto at = std::lower_bound(sorted_.begin(), sorted_.end(), std::pair(name, 0U));
  return at != sorted_.end() && at->first == name ? at->second : kNone;
}

std::vector<std::string_view> StepNames::all() const {
  std::vector<std::string_view> names;
  names.reserve(sorted_.size());
  for (const auto& entry : sorted_) names.push_back(entry.first);
  return names;
}

void check_no_nul(const Path& path, std::string_view text, FaultList& faults) {
  if (text.find('\0') != std::string_view::npos) faults.add(path(), "a NUL byte is in the text");
}

void check_text(const Path& path, std::string_view text, const ValueScope& scope,
                FaultList& faults) {
  check_no_nul(path, text, faults);
  if (text.find("${") == std::string_view::npos) return;
  for (const ValueRef& ref : value_refs(text)) {
    if (faults.full()) return;
    check_use(path, {text, ref}, scope, faults);
  }
}

void check_pattern(const Path& path, std::string_view pattern, FaultList& faults) {
  for (auto letter = find_letter(pattern); letter;
       letter = find_letter(pattern, letter->at + letter->text.size())) {
    std::string fault = letter_fault(*letter);
    if (!fault.empty()) faults.add(path(), std::move(fault));
  }
}

void check_job_texts(std::string_view prefix, const JobTexts& texts,
                     const std::optional<ValueScope>& scope, FaultList& faults) {
  const auto check_one = [&](const Path& path, std::string_view text) {
    scope ? check_text(path, text, *scope, faults) : check_no_nul(path, text, faults);
  };
  for (std::size_t i = 0; i < texts.env.size(); ++i) {
    const auto path = [&] { return fmt::format("{}.env.{}", prefix, texts.env[i].first); };
    check_env_name(path, texts.env, i, faults);
    check_one(path, texts.env[i].second);
  }
  check_one([&] { return fmt::format("{}.workdir", prefix); }, texts.workdir);
  const auto output = [&] { return fmt::format("{}.output", prefix); };
  check_one(output, texts.output);
  check_pattern(output, texts.output, faults);
  const auto error = [&] { return fmt::format("{}.error", prefix); };
  check_one(error, texts.error);
  check_pattern(error, texts.error, faults);
  if (texts.umask > kMostUmask) {
    faults.add(fmt::format("{}.umask", prefix),
               fmt::format("expected 0 to 777, found {:o}", texts.umask));
  }
  check_resource_limits(prefix, texts.limits, faults);
  if (!texts.warning) return;
  const std::string fault = fault_of(*texts.warning);
  if (!fault.empty()) faults.add(fmt::format("{}.signal", prefix), fault);
}

void check_retry(const Path& prefix, const Retry& retry, FaultList& faults) {
  const auto refuse = [&](std::string_view key, std::string text) {
    faults.add(fmt::format("{}.{}", prefix(), key), std::move(text));
  };
  if (retry == Retry()) return;
  if (retry.max == 0 || retry.max > kMostRetries) {
    refuse("max",
           fmt::format("expected 1 to {} further attempts, found {}", kMostRetries, retry.max));
  }
  if (!retry.on_failure && !retry.on_node_lost) {
    refuse("on", "expected \"failure\", \"node-lost\" or both, found none");
  }
  if (retry.delay.count < 0 || retry.delay > kLongestRetryDelay) {
    refuse("delay", fmt::format("expected a duration of at most {}, found {}",
                                format_duration(kLongestRetryDelay), format_duration(retry.delay)));
  }
  if (retry.backoff == 0 || retry.backoff > kMostBackoff) {
    refuse("backoff", fmt::format("expected 1 to {}, found {}", kMostBackoff, retry.backoff));
  }
  if (retry.max_delay &&
      (*retry.max_delay < retry.delay || *retry.max_delay > kLongestRetryDelay)) {
    refuse("max_delay",
           fmt::format("expected a duration from the delay, {}, to {}, found {}",
                       format_duration(retry.delay), format_duration(kLongestRetryDelay),
                       format_duration(*retry.max_delay)));
  }
}

void check_loop(const Path& prefix, const Loop& loop, FaultList& faults) {
  using On = Condition::On;
  const bool is_whole = (loop.when.on == On::kEvent) != loop.when.value.empty();
  if (loop.when.on == On::kCancel || !loop.when.step.empty() || !is_whole) {
    faults.add(
        prefix() + ".when",
        "expected \"success\", \"failure\", \"ended\" or \"event=VALUE\", of the step itself");
  }
  if (loop.max == 0 || loop.max > kMostRounds) {
    faults.add(prefix() + ".max",
               fmt::format("expected 1 to {} times, found {}", kMostRounds, loop.max));
  }
}

void check_limit(const Path& path, const std::optional<Millis>& limit, FaultList& faults) {
  constexpr Millis kLongest = seconds(std::int64_t{36500} * 86400);  // as in a file
  if (!limit || (limit->count > 0 && *limit <= kLongest)) return;
  const std::string expected = limit->count <= 0
                                   ? "longer than nothing, like \"2h\""
                                   : fmt::format("of at most {}", format_duration(kLongest));
  faults.add(path(),
             fmt::format("expected a duration {}, found {}", expected, format_duration(*limit)));
}

void check_priority(const Path& path, int priority, FaultList& faults) {
  if (priority >= 0 && priority <= kMaxPriority) return;
  faults.add(path(),
             fmt::format("expected a priority of 0 to {}, found {}", kMaxPriority, priority));
}

void check_needs(const Path& prefix, const resmgr::Needs& needs, FaultList& faults) {
  check_amounts(prefix, needs.counts, faults);
  check_amounts([&] { return prefix() + ".tokens"; }, needs.tokens, faults);
  check_names([&] { return prefix() + ".exclusive"; }, needs.exclusive,
              [](const std::string& name) -> const std::string& { return name; }, faults);
  check_names([&] { return prefix() + ".features"; }, needs.features,
              [](const std::string& name) -> const std::string& { return name; }, faults);
  if (needs.nodes < 1 || needs.nodes > resmgr::kMostNodes) {
    faults.add(prefix() + ".nodes",
               fmt::format("expected 1 to {} nodes, found {}", resmgr::kMostNodes, needs.nodes));
  }
  if (!needs.service.empty() && !resmgr::valid_name(needs.service)) {
    faults.add(prefix() + ".service",
               fmt::format("'{}' is no name of a service; expected letters, digits, '.', '_' and "
                           "'-', a letter or digit first, at most 64",
                           needs.service));
  }
}

void check_exit(const Path& prefix, const ExitMap& exit, FaultList& faults) {
  struct Meaning {
    std::string_view name;
    const std::vector<int>& codes;
  };
  const std::array<Meaning, 3> meanings{
      {{"success", exit.success}, {"failure", exit.failure}, {"cancel", exit.cancel}}};
  std::array<std::string_view, 256> taken{};
  for (const Meaning& meaning : meanings) {
    for (std::size_t i = 0; i < meaning.codes.size(); ++i) {
      const int code = meaning.codes[i];
      const auto path = [&] { return fmt::format("{}.{}[{}]", prefix(), meaning.name, i); };
      if (code < 0 || code > 255) {
        faults.add(path(), fmt::format("expected an exit code of 0 to 255, found {}", code));
        continue;
      }
      std::string_view& owner = taken[static_cast<std::size_t>(code)];
      if (!owner.empty()) {
        faults.add(path(), fmt::format("exit code {} is listed twice: {} and {}", code, owner,
                                       meaning.name));
      }
      owner = meaning.name;
    }
  }
}

}  // namespace jobq::sched
