// SPDX-License-Identifier: Apache-2.0
// The graph for a terminal.
#include "cmd/job_graph.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/check.h"
#include "cmd/job_views.h"
#include "cmd/phrases.h"
#include "cmd/step_lanes.h"

namespace jobq::cmd {
namespace {

using sched::Condition;
using sched::StepState;
using sched::StepView;

constexpr std::size_t kMostLanes = 60;  // where no terminal says how wide it is

std::string_view mark_of(StepState state, bool unicode) {
  switch (state) {
    case StepState::kPending:
    case StepState::kWaiting: return unicode ? "○" : "o";
    case StepState::kStarting:
    case StepState::kRunning:
    case StepState::kEnding: return unicode ? "●" : "@";
    case StepState::kSucceeded: return unicode ? "✓" : "*";
    case StepState::kFailed: return unicode ? "✗" : "x";
    case StepState::kCancelled: return unicode ? "⊘" : "/";
    case StepState::kSkipped: return unicode ? "·" : ".";
  }
  unreachable("step state out of range");
}

using Sources = std::vector<std::vector<std::size_t>>;

Sources sources_of(const std::vector<StepView>& steps) {
  std::unordered_map<std::string_view, std::size_t> by_name;
  for (std::size_t i = 0; i < steps.size(); ++i) by_name.emplace(steps[i].name, i);
  Sources sources(steps.size());
  for (std::size_t i = 0; i < steps.size(); ++i) {
    for (const auto* conditions : {&steps[i].after, &steps[i].after_any}) {
      for (const Condition& condition : *conditions) {
        const auto found = by_name.find(condition.step);
        if (found != by_name.end()) sources[i].push_back(found->second);
      }
    }
  }
  return sources;
}

std::string loop_of(const StepView& step) {
  if (!step.again) return "";
  return fmt::format("goes back to {} on {}", step.again->to, when_text(*step.again));
}

// "calc.failure and one of a, b.ended". What the lines say by themselves, that a step comes after
// the success of another, is said only where there are none.
std::string conditions_of(const StepView& step, bool has_lines) {
  std::vector<std::string> all;
  for (const Condition& condition : step.after) {
    if (has_lines && condition.on == Condition::On::kSuccess) continue;
    all.push_back(to_string(condition));
  }
  std::vector<std::string> any;
  for (const Condition& condition : step.after_any) any.push_back(to_string(condition));
  if (!any.empty()) all.push_back(fmt::format("one of {}", fmt::join(any, ", ")));
  return all.empty() ? std::string() : fmt::format("after {}", fmt::join(all, " and "));
}

// A step that reports nothing has its exit code for an event value.
bool says_more_than_exit_code(const StepView& step) {
  if (!step.event || step.attempts.empty()) return step.event.has_value();
  const sched::TaskEnd& end = step.attempts.back().end;
  return end.how != sched::TaskEnd::How::kExited || *step.event != std::to_string(end.exit_code);
}

// "on n1, 12s, try 2, event differs".
std::string facts_of(const StepView& step, Time now) {
  std::vector<std::string> facts;
  if (!step.attempts.empty()) {
    const sched::AttemptView& last = step.attempts.back();
    if (!last.node.empty()) facts.push_back("on " + last.node);
    if (last.started) facts.push_back(elapsed((last.ended ? last.ended : now) - last.started));
    if (last.attempt.value > 1) facts.push_back(fmt::format("try {}", last.attempt.value));
  }
  if (const std::string round = round_text(step); !round.empty()) facts.push_back(round);
  if (says_more_than_exit_code(step)) facts.push_back("event " + *step.event);
  return fmt::format("{}", fmt::join(facts, ", "));
}

// What stands right of the lines.
struct Label {
  std::string name;
  std::string state;
  Colour colour = Colour::kNone;
  std::string rest;
};

Label label_of(const StepView& step, bool has_lines, Time now) {
  Label label{printable(step.name), std::string(sched::to_string(step.state)),
              colour_of(step.state), facts_of(step, now)};
  for (const std::string& more : {step.reason, conditions_of(step, has_lines), loop_of(step)}) {
    if (!more.empty()) label.rest += (label.rest.empty() ? "" : "; ") + more;
  }
  label.rest = printable(label.rest);
  return label;
}

struct Widths {
  std::size_t drawing = 0;
  std::size_t name = 0;
  std::size_t state = 0;
};

std::string padded(const std::string& text, std::size_t width) {
  return text + std::string(width - std::min(width, columns_of(text)), ' ');
}

std::string line_of(const DrawnRow& row, const StepView& step, const Label& label,
                    const Widths& widths, const Terminal& terminal) {
  constexpr std::size_t kGap = 2;
  std::string text = row.before;
  text += coloured(mark_of(step.state, terminal.unicode), label.colour, terminal);
  text += row.after + std::string(widths.drawing - row.columns + 1, ' ');
  text += padded(label.name, widths.name) + "  ";
  text += coloured(padded(label.state, widths.state), label.colour, terminal);
  const std::size_t used = widths.drawing + 1 + widths.name + kGap + widths.state + kGap;
  const bool fits = terminal.width == 0 || used + columns_of(label.rest) <= terminal.width;
  const std::size_t room = terminal.width > used ? terminal.width - used : 0;
  text += "  " + (fits ? label.rest : cut_to(label.rest, room, terminal));
  text.erase(text.find_last_not_of(' ') + 1);
  return text + "\n";
}

std::vector<DrawnRow> without_lines(const Sources& sources) {
  std::vector<DrawnRow> rows;
  for (const std::size_t step : running_order(sources)) rows.push_back({"", "", step, 1});
  return rows;
}

}  // namespace

std::string graph_text(const sched::JobDetail& job, const Terminal& terminal, Time now) {
  const Sources sources = sources_of(job.steps);
  const std::size_t most = terminal.width == 0 ? kMostLanes : terminal.width / 4;
  std::optional<std::vector<DrawnRow>> drawn = draw(sources, most, terminal.unicode);
  const bool has_lines = drawn.has_value();
  if (!has_lines) drawn = without_lines(sources);
  std::vector<Label> labels;
  Widths widths;
  for (const StepView& step : job.steps) {
    labels.push_back(label_of(step, has_lines, now));
    widths.name = std::max(widths.name, columns_of(labels.back().name));
    widths.state = std::max(widths.state, columns_of(labels.back().state));
  }
  for (const DrawnRow& row : *drawn) widths.drawing = std::max(widths.drawing, row.columns);
  std::string text;
  for (const DrawnRow& row : *drawn) {
    text += row.step ? line_of(row, job.steps[*row.step], labels[*row.step], widths, terminal)
                     : row.before + "\n";
  }
  return text;
}

}  // namespace jobq::cmd
