// SPDX-License-Identifier: Apache-2.0
// Tables, lines and JSON of recurring tickets.
#include "cmd/recur_views.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "cmd/json_writer.h"
#include "cmd/messages.h"
#include "cmd/phrases.h"
#include "cmd/table.h"
#include "sched/recurrence.h"

namespace jobq::cmd {
namespace {

std::string_view name_of(std::uint32_t value, const auto& names) {
  return value < names.size() ? names.at(value) : std::string_view("unknown");
}

std::string state_of(const wire::RecurView& ticket) {
  if (ticket.paused() != 0) return "paused by " + ticket.paused_by();
  if (ticket.waiting() != 0) return "running, one waits";
  return ticket.running().empty() ? "" : "running";
}

std::string next_of(const wire::RecurView& ticket, Time now) {
  return ticket.next() == 0 ? "" : at_local(Time{ticket.next()}, now);
}

std::string number_text(std::uint64_t number) {
  return number == 0 ? std::string() : fmt::to_string(number);
}

std::string job_text(const wire::RecurView& ticket) {
  if (ticket.class_name().empty()) return "its own steps";
  if (ticket.class_version().empty()) return "class " + ticket.class_name();
  return fmt::format("class {}@{}", ticket.class_name(), ticket.class_version());
}

void line(std::string_view name, const std::string& text) {
  if (!text.empty()) print(fmt::format("{:<10} {}\n", name, printable(text)));
}

std::string note_of(const wire::FiringView& firing) {
  if (!firing.detail().empty()) return firing.detail();
  const auto what = static_cast<sched::FiringEnd>(firing.what());
  const bool because = what == sched::FiringEnd::kSkipped || what == sched::FiringEnd::kWaiting;
  return because ? fmt::format("job {} was not over", firing.job()) : std::string();
}

// Of a time that was left out, the job stands in the note: it is not its own.
std::uint64_t own_job(const wire::FiringView& firing) {
  return firing.what() == static_cast<std::uint32_t>(sched::FiringEnd::kFired) ? firing.job() : 0;
}

}  // namespace

void print_recur_table(const std::vector<wire::RecurView>& tickets) {
  const Time now = wall_now();
  Table table({{"NAME", false, 8},
               {"USER", false, 6},
               {"CRON", false, 8},
               {"ZONE", false, 6},
               {"NEXT"},
               {"LAST JOB", true},
               {"STATE", false, 8}});
  for (const wire::RecurView& one : tickets) {
    table.add({one.name(), one.user(), one.recur().cron(), one.recur().zone(), next_of(one, now),
               number_text(one.last_job()), state_of(one)});
  }
  print(table.take_text(standard_output()));
}

void print_recur(const wire::RecurView& ticket) {
  const Time now = wall_now();
  const wire::Recurrence& recur = ticket.recur();
  line("name", ticket.name());
  line("user", ticket.user());
  line("runs", job_text(ticket));
  line("cron", recur.cron());
  line("zone", recur.zone());
  line("catchup", recur.catchup() == static_cast<std::uint32_t>(sched::CatchUp::kAll)
                      ? fmt::format("all, at most {}", recur.catchup_max())
                      : std::string(name_of(recur.catchup(), sched::kCatchUpNames)));
  line("overlap", std::string(name_of(recur.overlap(), sched::kOverlapNames)));
  line("added", at_local(Time{ticket.added()}, now));
  line("next", next_of(ticket, now));
  line("state", state_of(ticket));
  line("running", fmt::format("{}", fmt::join(ticket.running(), ", ")));
  line("last job", number_text(ticket.last_job()));
}

void print_recur_as_json(const wire::RecurView& ticket) {
  const wire::Recurrence& recur = ticket.recur();
  JsonWriter json;
  json.object();
  json.field("name", ticket.name());
  json.field("user", ticket.user());
  json.field("class", unless_empty(ticket.class_name()));
  json.field("class_version", unless_empty(ticket.class_version()));
  json.field("cron", recur.cron());
  json.field("zone", recur.zone());
  json.field("catchup", name_of(recur.catchup(), sched::kCatchUpNames));
  json.field("catchup_max", recur.catchup_max());
  json.field("overlap", name_of(recur.overlap(), sched::kOverlapNames));
  json.field("added", Time{ticket.added()});
  json.field("next", Time{ticket.next()});
  json.field("paused", Time{ticket.paused()});
  json.field("paused_by", unless_empty(ticket.paused_by()));
  json.field("waiting", Time{ticket.waiting()});
  json.name("last_job");
  ticket.last_job() == 0 ? json.null() : json.value(ticket.last_job());
  json.name("running");
  json.array();
  for (const std::uint64_t job : ticket.running()) json.value(job);
  json.end();
  json.end();
  print(json.line());
}

void print_firings_table(const std::vector<wire::FiringView>& firings) {
  const Time now = wall_now();
  Table table({{"TIME"}, {"UNTIL"}, {"COUNT", true}, {"WHAT"}, {"JOB", true}, {"NOTE", false, 10}});
  for (const wire::FiringView& one : firings) {
    table.add({at_local(Time{one.nominal()}, now),
               one.count() > 1 ? at_local(Time{one.last()}, now) : std::string(),
               fmt::to_string(one.count()),
               std::string(name_of(one.what(), sched::kFiringEndNames)), number_text(own_job(one)),
               note_of(one)});
  }
  print(table.take_text(standard_output()));
}

void print_firing_as_json(const std::string& name, const wire::FiringView& firing) {
  const auto number = [](std::uint64_t value) {
    return value == 0 ? std::optional<std::uint64_t>() : value;
  };
  JsonWriter json;
  json.object();
  json.field("name", name);
  json.field("nominal", Time{firing.nominal()});
  json.field("last", Time{firing.last()});
  json.field("count", firing.count());
  json.field("what", name_of(firing.what(), sched::kFiringEndNames));
  json.field("job", number(own_job(firing)));
  json.field("because_of", number(firing.job() - own_job(firing)));
  json.field("detail", unless_empty(firing.detail()));
  json.field("at", Time{firing.at()});
  json.end();
  print(json.line());
}

}  // namespace jobq::cmd
