// SPDX-License-Identifier: Apache-2.0
// A job as people read it.
#include "cmd/job_views.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "cmd/job_build.h"
#include "cmd/messages.h"
#include "cmd/phrases.h"
#include "cmd/summaries.h"
#include "cmd/table.h"
#include "controller/translate.h"

namespace jobq::cmd {
namespace {

using sched::AttemptView;
using sched::JobDetail;
using sched::StepView;

void line(std::string_view name, std::string_view value) {
  if (!value.empty()) print(fmt::format("{:<12} {}\n", name, value));
}

std::string class_of(const JobDetail& job) {
  if (job.summary.class_name.empty()) return {};
  return fmt::format("{}@{}", job.summary.class_name, job.class_version);
}

std::string state_of(const sched::JobSummary& summary, const Terminal& terminal) {
  std::string text =
      fmt::format("{} {}", sched::code(summary.state),
                  coloured(sched::phrase(summary.state), colour_of(summary.state), terminal));
  if (!summary.reason.empty()) text += ": " + printable(summary.reason);
  return text;
}

std::string times_of(const sched::JobSummary& summary, Time now) {
  std::string text = "submitted " + at_local(summary.submitted, now);
  if (summary.started) text += ", started " + at_local(summary.started, now);
  if (summary.ended) text += ", ended " + at_local(summary.ended, now);
  if (summary.started) text += fmt::format(" ({})", run_time(summary, now));
  return text;
}

void print_array(const sched::ArrayView& array) {
  line("array", fmt::format("{} ({} elements)", array.elements, array.total));
  const auto count = [](std::uint64_t number, std::string_view what) {
    return number == 0 ? std::string() : fmt::format(", {} {}", number, what);
  };
  line("elements", fmt::format("{} done", array.done) + count(array.failed, "failed") +
                       count(array.cancelled, "cancelled") + count(array.running, "running") +
                       count(array.waiting, "not started") + count(array.held, "of these held"));
  std::string running;
  for (const sched::Index index : array.now_running) {
    running += (running.empty() ? "" : ",") + std::to_string(index);
  }
  if (array.now_running.size() < array.running) running += ",...";
  line("running", running);
  line("not started", array.not_started);
}

std::string in_words(std::string name) {
  std::replace(name.begin(), name.end(), '_', ' ');
  return printable(name);
}

// "73.2 = 50 base + 3.2 age + 10 element", and each part again with how it came about.
void print_priority(const JobDetail& job) {
  if (job.priority.size() < 2) return line("priority", std::to_string(job.summary.priority));
  double whole = 0;
  std::string parts;
  for (const sched::PriorityTerm& term : job.priority) {
    whole += term.points;
    const std::string_view sign = term.points < 0 ? " - " : " + ";
    parts += fmt::format("{}{} {}", parts.empty() ? "" : sign,
                         points(parts.empty() ? term.points : std::abs(term.points)),
                         in_words(term.name));
  }
  line("priority", fmt::format("{} = {}", points(whole), parts));
  for (const sched::PriorityTerm& term : job.priority) {
    print(fmt::format("{:<12} {:<10} {:>8}  {}\n", "", in_words(term.name), points(term.points),
                      printable(term.detail)));
  }
}

void print_limit(const JobDetail& job) {
  if (job.time_limit) {
    line("time limit", format_duration(*job.time_limit));
  } else if (job.estimate) {
    line("time limit",
         fmt::format("none; about {}, as jobs of its class took of late", elapsed(*job.estimate)));
  }
}

std::string text_of(const sched::Dependency& it) {
  using State = sched::Dependency::State;
  if (it.state == State::kNever) return it.why;
  const std::string how = it.state == State::kHolds ? "holds" : open_text(it);
  return fmt::format("{}: {}", to_string(it), how);
}

void print_head(const JobDetail& job, const Terminal& terminal, Time now) {
  const sched::JobSummary& summary = job.summary;
  line("job", fmt::format("{} {}", to_string(summary.ref()), printable(summary.name)));
  if (job.array) print_array(*job.array);
  line("class", class_of(job));
  line("user", printable(summary.user));
  line("state", state_of(summary, terminal));
  line("element", printable(summary.element));
  print_priority(job);
  line("needs", printable(job.asks));
  print_limit(job);
  if (job.nominal) {
    line("recurring",
         fmt::format("{}, for {}", printable(summary.name), at_local(job.nominal, now)));
  }
  if (job.begin) line("begin", at_local(job.begin, now));
  if (job.deadline) line("deadline", at_local(job.deadline, now));
  for (const sched::Dependency& it : job.after) line("after", printable(text_of(it)));
  if (job.parent) line("parent", fmt::format("job {}", job.parent.value));
  if (!summary.nodes.empty()) line("nodes", printable(joined(summary.nodes)));
  line("times", times_of(summary, now));
  line("directory", printable(as_given(job, job.workdir)));
  line("output", printable(as_given(job, job.output)));
  line("error", printable(as_given(job, job.error)));
  for (const auto& [name, value] : job.params) {
    line("param", printable(fmt::format("{} = {}", name, value)));
  }
}

struct Used {
  std::string time = "-";
  std::string cpu = "-";
  std::string memory = "-";
  std::string read = "-";
  std::string written = "-";
};

Used used_by(const AttemptView& attempt, Time now) {
  Used used;
  if (attempt.started) {
    used.time = elapsed((attempt.ended ? attempt.ended : now) - attempt.started);
  }
  if (attempt.ended) {
    used.cpu = format_duration(attempt.end.cpu);
    used.memory = about(attempt.end.max_rss);
    used.read = about(attempt.end.read_bytes);
    used.written = about(attempt.end.written_bytes);
  }
  return used;
}

std::string end_of(const StepView& step) {
  if (!step.reason.empty()) return step.reason;
  if (step.attempts.empty() || !step.attempts.back().ended) return "";
  if (step.attempts.back().round != step.round) return "";  // it has not begun this round
  return phrase_of(step.attempts.back().end);
}

std::string outcome_of(const StepView& step) {
  const std::string round = round_text(step);
  const std::string end = end_of(step);
  return round.empty() || end.empty() ? round + end : round + ": " + end;
}

// What storage was read and written stands there where that leaves room for the reason.
bool has_room_for_storage(const Terminal& terminal) {
  constexpr std::size_t kEnough = 96;
  return terminal.width == 0 || terminal.width >= kEnough;
}

std::vector<Column> columns_of_steps(bool with_storage) {
  std::vector<Column> columns = {{"STEP", false, 6}, {"STATE"},       {"TRIES", true},
                                 {"NODE", false, 6}, {"STARTED"},     {"TIME", true},
                                 {"CPU", true},      {"MEMORY", true}};
  if (with_storage) columns.insert(columns.end(), {{"READ", true}, {"WRITTEN", true}});
  columns.insert(columns.end(), {{"EVENT", false, 5}, {"REASON", false, 8}});
  return columns;
}

void print_steps(const JobDetail& job, const Terminal& terminal, Time now) {
  const bool with_storage = has_room_for_storage(terminal);
  Table table(columns_of_steps(with_storage));
  for (const StepView& step : job.steps) {
    const AttemptView* last = step.attempts.empty() ? nullptr : &step.attempts.back();
    const Used used = last == nullptr ? Used() : used_by(*last, now);
    std::vector<Cell> row = {step.name,
                             {std::string(sched::to_string(step.state)), colour_of(step.state)},
                             last == nullptr ? "0" : std::to_string(last->attempt.value),
                             last == nullptr ? "-" : last->node,
                             last == nullptr ? "-" : at_local(last->started, now),
                             used.time,
                             used.cpu,
                             used.memory};
    if (with_storage) row.insert(row.end(), {used.read, used.written});
    row.insert(row.end(), {step.event.value_or("-"), outcome_of(step)});
    table.add(std::move(row));
  }
  if (table.rows() > 0) print("\n" + table.take_text(terminal));
}

// Of steps that were tried more than once; else the table of steps says all.
void print_attempts(const JobDetail& job, const Terminal& terminal, Time now) {
  const bool rounds =
      std::ranges::any_of(job.steps, [](const StepView& step) { return step.round != 0; });
  std::vector<Column> columns{{"STEP", false, 6}, {"TRY", true},  {"NODE", false, 6},
                              {"STARTED"},        {"TIME", true}, {"CPU", true},
                              {"MEMORY", true},   {"READ", true}, {"WRITTEN", true}};
  if (rounds) columns.push_back({"ROUND", true});
  columns.push_back({"END", false, 8});
  Table table(std::move(columns));
  for (const StepView& step : job.steps) {
    if (step.attempts.size() < 2) continue;
    for (const AttemptView& attempt : step.attempts) {
      const Used used = used_by(attempt, now);
      std::vector<Cell> row{step.name,    std::to_string(attempt.attempt.value),
                            attempt.node, at_local(attempt.started, now),
                            used.time,    used.cpu,
                            used.memory,  used.read,
                            used.written};
      if (rounds) row.emplace_back(attempt.round == 0 ? "-" : std::to_string(attempt.round));
      row.emplace_back(attempt.ended ? phrase_of(attempt.end) : "-");
      table.add(std::move(row));
    }
  }
  if (table.rows() > 0) print("\n" + table.take_text(terminal));
}

void print_history(const JobDetail& job, const Terminal& terminal, Time now) {
  Table table({{"AT"}, {"WHAT"}, {"", false, 10}});
  for (const sched::HistoryEntry& entry : job.history) {
    table.add({at_local(entry.at, now), entry.what, entry.detail});
  }
  if (table.rows() > 0) print("\n" + table.take_text(terminal));
}

}  // namespace

std::string round_text(const StepView& step) {
  if (step.round == 0) return "";
  if (!step.again) return fmt::format("round {}", step.round);
  const std::uint32_t round = step.went_back + 1;
  const std::string in_all = round == step.round ? "" : fmt::format(" ({} in all)", step.round);
  return fmt::format("round {} of {}{}", round, step.again->max + 1, in_all);
}

std::string as_given(const JobDetail& job, const std::string& text) {
  return job.summary.class_name.empty() ? as_given(text) : text;
}

Result<JobDetail> ask_for_job(Client& client, JobRef job) {
  wire::Frame request;
  controller::ref_to_wire(job, *request.mutable_show());
  const Result<wire::Frame> answer = client.ask(std::move(request));
  if (!answer) return tl::unexpected(answer.error());
  if (!answer->has_job()) return unexpected_answer();
  return controller::from_wire(answer->job());
}

void print_job(const JobDetail& job) {
  const Terminal terminal = standard_output();
  const Time now = wall_now();
  print_head(job, terminal, now);
  print_steps(job, terminal, now);
  print_attempts(job, terminal, now);
  print_history(job, terminal, now);
}

}  // namespace jobq::cmd
