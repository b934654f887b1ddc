// SPDX-License-Identifier: Apache-2.0
// The keys of [class] and [ticket].
#include "conf/draft.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "conf/scalars.h"
#include "sched/resource_limits.h"
#include "sched/warning.h"

namespace jobq::conf {
namespace {

using sched::ParamSpec;

void read_param(const Node& node, ParamSpec& out, FaultSink& faults) {
  static constexpr std::array<Key<ParamSpec>, 2> kKeys = {{
      {"required",
       [](const Node& n, ParamSpec& param, FaultSink& f) { read_flag(n, param.required, f); }},
      {"default", [](const Node& n, ParamSpec& param,
                     FaultSink& f) { read_text(n, param.fallback.emplace(), f); }},
  }};
  out.name = node.key;
  read_section<ParamSpec>(node, {"a parameter", kKeys, {}}, out, faults);
  if (node.kind != Node::Kind::kTable || out.required || out.fallback) return;
  faults.add(node.place, fmt::format("parameter '{}' has no default; expected one, or required = "
                                     "true",
                                     node.key));
}

void read_param_specs(const Node& node, Draft& out, FaultSink& faults) {
  if (!expect_table(node, "[class.params]", faults)) return;
  for (const Node& child : node.children) read_param(child, out.spec.params.emplace_back(), faults);
  std::sort(out.spec.params.begin(), out.spec.params.end(),
            [](const ParamSpec& a, const ParamSpec& b) { return a.name < b.name; });
}

// A version that is a whole number may be written as one.
void read_version(const Node& node, std::string& out, FaultSink& faults) {
  if (node.kind == Node::Kind::kInteger) {
    out = std::to_string(node.number);
  } else {
    read_word(node, out, faults);
  }
}

void read_priority(const Node& node, std::optional<int>& out, FaultSink& faults) {
  std::int64_t priority = 0;
  if (!read_number(node, 0, sched::kMaxPriority, priority, faults)) return;
  out = static_cast<int>(priority);
}

void read_class_priority(const Node& node, Draft& out, FaultSink& faults) {
  std::optional<int> priority;
  read_priority(node, priority, faults);
  out.spec.priority = priority.value_or(sched::kDefaultPriority);
}

void read_on_failure(const Node& node, Draft& out, FaultSink& faults) {
  const bool goes_on = node.kind == Node::Kind::kString && node.text == "continue";
  const bool stops = node.kind == Node::Kind::kString && node.text == "stop";
  if (!goes_on && !stops) refuse(node, "\"stop\" or \"continue\"", faults);
  out.spec.on_failure = goes_on ? sched::OnFailure::kContinue : sched::OnFailure::kStop;
}

void read_array(const Node& node, Draft& out, FaultSink& faults) {
  std::string text;
  if (node.kind == Node::Kind::kInteger) {
    text = std::to_string(node.number);
  } else if (!read_word(node, text, faults)) {
    return;
  }
  auto array = sched::parse_array(text);
  if (array) {
    out.ticket.array = *std::move(array);
  } else {
    faults.add(node.place, array.error().message);
  }
}

void read_signal(const Node& node, std::optional<sched::Warning>& out, FaultSink& faults) {
  std::string text;
  if (!read_word(node, text, faults)) return;
  if (const auto warning = sched::parse_warning(text)) {
    out = *warning;
  } else {
    faults.add(node.place, warning.error().message);
  }
}

constexpr std::array<Key<Draft>, 8> kClassKeys = {{
    {"name", [](const Node& n, Draft& out, FaultSink& f) { read_word(n, out.spec.class_name, f); }},
    {"version",
     [](const Node& n, Draft& out, FaultSink& f) { read_version(n, out.spec.class_version, f); }},
    {"priority", read_class_priority},
    {"time_limit",
     [](const Node& n, Draft& out, FaultSink& f) { read_duration(n, out.spec.time_limit, f); }},
    {"element",
     [](const Node& n, Draft& out, FaultSink& f) { read_name(n, out.class_element, f); }},
    {"signal",
     [](const Node& n, Draft& out, FaultSink& f) { read_signal(n, out.spec.warning, f); }},
    {"on_failure", read_on_failure},
    {"params", read_param_specs},
}};
constexpr std::array<std::string_view, 4> kLaterClassKeys = {"env", "workdir", "output", "error"};

void read_umask(const Node& node, Draft& out, FaultSink& faults) {
  std::string text;
  if (!read_word(node, text, faults)) return;
  if (const auto umask = sched::parse_umask(text)) {
    out.ticket.umask = *umask;
  } else {
    faults.add(node.place, umask.error().message);
  }
}

// A number, or what the command line takes behind NAME=.
void read_resource_limit(const Node& node, Draft& out, FaultSink& faults) {
  std::string text;
  if (!read_text(node, text, faults)) return;
  auto limit = sched::parse_limit_value(node.key, text);
  if (limit) {
    out.ticket.limits.push_back(*std::move(limit));
  } else {
    faults.add(node.place, limit.error().message);
  }
}

void read_resource_limits(const Node& node, Draft& out, FaultSink& faults) {
  if (!expect_table(node, "limits", faults)) return;
  for (const Node& child : node.children) read_resource_limit(child, out, faults);
  std::sort(out.ticket.limits.begin(), out.ticket.limits.end(),
            [](const auto& a, const auto& b) { return a.name < b.name; });
}

// What cannot be read stays empty, so that positions in the list are those of the file.
void read_job_condition(const Node& node, std::vector<sched::JobCondition>& out,
                        FaultSink& faults) {
  std::string text;
  sched::JobCondition& condition = out.emplace_back();
  if (!read_text(node, text, faults)) return;
  auto read = sched::parse_job_condition(text);
  if (!read) return faults.add(node.place, read.error().message);
  condition = *std::move(read);
}

void read_job_conditions(const Node& node, Draft& out, FaultSink& faults) {
  std::vector<sched::JobCondition>& after = out.ticket.after;
  if (node.kind != Node::Kind::kList) return read_job_condition(node, after, faults);
  for (const Node& item : node.children) read_job_condition(item, after, faults);
}

void read_after_never(const Node& node, Draft& out, FaultSink& faults) {
  const bool keeps = node.kind == Node::Kind::kString && node.text == "keep";
  const bool cancels = node.kind == Node::Kind::kString && node.text == "cancel";
  if (!keeps && !cancels) refuse(node, "\"cancel\" or \"keep\"", faults);
  out.ticket.keeps_never = keeps;
}

constexpr std::array<Key<Draft>, 23> kTicketKeys = {{
    {"name", [](const Node& n, Draft& out, FaultSink& f) { read_word(n, out.ticket.name, f); }},
    {"class",
     [](const Node& n, Draft& out, FaultSink& f) { read_word(n, out.ticket.class_name, f); }},
    {"version",
     [](const Node& n, Draft& out, FaultSink& f) { read_version(n, out.ticket.class_version, f); }},
    {"params",
     [](const Node& n, Draft& out, FaultSink& f) { read_pairs(n, out.ticket.params, f); }},
    {"priority",
     [](const Node& n, Draft& out, FaultSink& f) { read_priority(n, out.ticket.priority, f); }},
    {"hold", [](const Node& n, Draft& out, FaultSink& f) { read_flag(n, out.ticket.hold, f); }},
    {"deadline", [](const Node& n, Draft& out,
                    FaultSink& f) { read_when(n, out.now, out.ticket.deadline, f); }},
    {"begin",
     [](const Node& n, Draft& out, FaultSink& f) { read_when(n, out.now, out.ticket.begin, f); }},
    {"after", read_job_conditions},
    {"after_never", read_after_never},
    {"time_limit",
     [](const Node& n, Draft& out, FaultSink& f) { read_duration(n, out.ticket.time_limit, f); }},
    {"element",
     [](const Node& n, Draft& out, FaultSink& f) { read_name(n, out.ticket.element, f); }},
    {"key", [](const Node& n, Draft& out, FaultSink& f) { read_word(n, out.ticket.key, f); }},
    {"array", read_array},
    {"env", [](const Node& n, Draft& out, FaultSink& f) { read_pairs(n, out.ticket.env, f); }},
    {"workdir",
     [](const Node& n, Draft& out, FaultSink& f) { read_word(n, out.ticket.workdir, f); }},
    {"output", [](const Node& n, Draft& out, FaultSink& f) { read_word(n, out.ticket.output, f); }},
    {"error", [](const Node& n, Draft& out, FaultSink& f) { read_word(n, out.ticket.error, f); }},
    {"append", [](const Node& n, Draft& out, FaultSink& f) { read_flag(n, out.ticket.append, f); }},
    {"umask", read_umask},
    {"limits", read_resource_limits},
    {"signal",
     [](const Node& n, Draft& out, FaultSink& f) { read_signal(n, out.ticket.warning, f); }},
    {"on_failure", read_on_failure},
}};

}  // namespace

void read_class_section(const Node& node, Draft& out, FaultSink& faults) {
  constexpr std::string_view kLabel = "[class]";
  read_section<Draft>(node, {kLabel, kClassKeys, kLaterClassKeys}, out, faults);
  if (node.kind != Node::Kind::kTable) return;
  for (const std::string_view key : {"name", "version"}) {
    if (node.find(key) != nullptr) continue;
    faults.add(node.place, fmt::format("{} has no {}; expected one", kLabel, key));
  }
}

void read_ticket_section(const Node& node, Draft& out, FaultSink& faults) {
  read_section<Draft>(node, {"[ticket]", kTicketKeys, {}}, out, faults);
  const Node* version = node.find("version");
  if (version == nullptr || node.find("class") != nullptr) return;
  faults.add(version->key_place, "'version' is of a class; expected a class beside it");
}

}  // namespace jobq::conf
