// SPDX-License-Identifier: Apache-2.0
// The graph for Graphviz: https://graphviz.org/doc/info/lang.html
#include <fmt/format.h>

#include <string_view>

#include "base/check.h"
#include "cmd/job_graph.h"

namespace jobq::cmd {
namespace {

using sched::Condition;
using sched::StepState;
using sched::StepView;

std::string_view fill_of(StepState state) {
  switch (state) {
    case StepState::kPending: return "white";
    case StepState::kWaiting: return "lightyellow";
    case StepState::kStarting:
    case StepState::kRunning: return "lightblue";
    case StepState::kEnding: return "lightsteelblue";
    case StepState::kSucceeded: return "palegreen";
    case StepState::kFailed: return "salmon";
    case StepState::kCancelled: return "plum";
    case StepState::kSkipped: return "gray90";
  }
  unreachable("step state out of range");
}

// A quoted string of the language: names and event values come from users.
std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : printable(text)) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + "\"";
}

// Lines below one another; what is put between is escaped already.
std::string label_of(const StepView& step) {
  std::string below = std::string(sched::to_string(step.state));
  const std::string node = step.attempts.empty() ? "" : step.attempts.back().node;
  if (!node.empty()) below += " on " + node;
  if (step.event) below += ", event " + *step.event;
  std::string name = quoted(step.name);
  name.pop_back();
  return name + "\\n" + quoted(below).substr(1);
}

std::string_view word_of(Condition::On on) {
  switch (on) {
    case Condition::On::kSuccess: return "";
    case Condition::On::kFailure: return "failure";
    case Condition::On::kCancel: return "cancel";
    case Condition::On::kEnded: return "ended";
    case Condition::On::kEvent: return "event=";
  }
  unreachable("condition out of range");
}

std::string edge(const Condition& condition, const StepView& to, std::string_view style) {
  const std::string label = std::string(word_of(condition.on)) + condition.value;
  return fmt::format("  {} -> {} [label={}, style={}];\n", quoted(condition.step), quoted(to.name),
                     quoted(label), style);
}

std::string back_edge(const StepView& step) {
  return fmt::format("  {} -> {} [label={}, style=dotted, constraint=false];\n", quoted(step.name),
                     quoted(step.again->to), quoted(when_text(*step.again)));
}

}  // namespace

std::string graph_dot(const sched::JobDetail& job) {
  const std::string title = to_string(job.summary.ref()) + " " + job.summary.name;
  std::string text = fmt::format("digraph {} {{\n", quoted("job " + title));
  text += "  node [shape=box, style=filled];\n";
  for (const StepView& step : job.steps) {
    text += fmt::format("  {} [label={}, fillcolor={}];\n", quoted(step.name), label_of(step),
                        fill_of(step.state));
  }
  for (const StepView& step : job.steps) {
    for (const Condition& condition : step.after) text += edge(condition, step, "solid");
    for (const Condition& condition : step.after_any) text += edge(condition, step, "dashed");
    if (step.again) text += back_edge(step);
  }
  return text + "}\n";
}

}  // namespace jobq::cmd
