// SPDX-License-Identifier: Apache-2.0
// The checks of what a ticket says by itself, and of its parameters against its job's.
#include <fmt/format.h>

#include <algorithm>

#include "base/nearest.h"
#include "sched/calendar.h"
#include "sched/check_parts.h"
#include "sched/check_spec.h"

namespace jobq::sched {
namespace {

constexpr std::size_t kLongestName = 128;
constexpr std::size_t kLongestKey = 256;

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

// A text for one line of a table: short, without control characters.
void check_line(const std::string& path, std::string_view text, std::size_t longest,
                FaultList& faults) {
  if (text.size() > longest) {
    faults.add(path, fmt::format("expected {} bytes at most, found {}", longest, text.size()));
  }
  if (std::any_of(text.begin(), text.end(), is_control)) {
    faults.add(path, "a control character is in the text");
  }
}

// What is later cannot be written again, and the longest durations are those that can be read.
void check_when(const std::string& path, const std::optional<When>& when, FaultList& faults) {
  constexpr Time kLast{253'402'300'799'999};
  constexpr Millis kLongest = seconds(std::int64_t{36500} * 86400);
  if (!when) return;
  const Time* time = std::get_if<Time>(&*when);
  const bool good =
      time != nullptr ? *time >= Time{} && *time <= kLast
                      : std::get<Millis>(*when) >= Millis{} && std::get<Millis>(*when) <= kLongest;
  if (!good) faults.add(path, "expected a time of 1970 to 9999");
}

void check_after(const Ticket& ticket, FaultList& faults) {
  if (ticket.after.size() > kMostJobConditions) {
    faults.add("ticket.after", fmt::format("expected {} conditions at most, found {}",
                                           kMostJobConditions, ticket.after.size()));
  }
  for (std::size_t i = 0; i < ticket.after.size(); ++i) {
    const JobCondition& it = ticket.after[i];
    const std::string path = fmt::format("ticket.after[{}]", i);
    check_line(path, it.job, kLongestName, faults);
    if (it.job.empty()) faults.add(path, "expected the number or name of a job");
    if (it.delay < Millis{} || it.delay > kLongestFollowDelay) {
      faults.add(path, "expected a delay of 0 to a year");
    }
  }
}

std::string of_class(const JobSpec& job) {
  return job.class_name.empty() ? "this job" : fmt::format("class {}", job.class_name);
}

void check_known(const JobSpec& job, const std::vector<NameValue>& params, FaultList& faults) {
  const std::vector<std::string_view> known = param_names(job);
  std::vector<std::string_view> seen;
  for (const auto& [name, value] : params) {
    const auto path = [&name = name] { return fmt::format("ticket.params.{}", name); };
    check_no_nul(path, value, faults);
    seen.push_back(name);
    if (faults.full() || std::binary_search(known.begin(), known.end(), name)) continue;
    faults.add(path(), fmt::format("{} has no parameter '{}'{}", of_class(job), name,
                                   did_you_mean(name, known)));
  }
  std::sort(seen.begin(), seen.end());
  for (auto at = std::adjacent_find(seen.begin(), seen.end()); at != seen.end();
       at = std::adjacent_find(at + 1, seen.end())) {
    faults.add(fmt::format("ticket.params.{}", *at), fmt::format("'{}' is given twice", *at));
  }
}

void check_required(const JobSpec& job, const std::vector<NameValue>& params, FaultList& faults) {
  std::vector<std::string_view> given;
  for (const auto& [name, value] : params) given.push_back(name);
  std::sort(given.begin(), given.end());
  for (const ParamSpec& param : job.params) {
    if (!param.required || std::binary_search(given.begin(), given.end(), param.name)) continue;
    faults.add("ticket.params",
               fmt::format("{} requires the parameter '{}'", of_class(job), param.name));
  }
}

void check_all_params(const JobSpec& job, const std::vector<NameValue>& params, FaultList& faults) {
  check_known(job, params, faults);
  check_required(job, params, faults);
}

void check_calendar(const Recurrence& recur, FaultList& faults) {
  const auto calendar = parse_calendar(recur.cron);
  if (!calendar) return faults.add("recur.cron", calendar.error().message);
  const bool six = has_seconds(*calendar);
  if (six == recur.seconds) return;
  faults.add("recur.cron",
             six ? "the expression has six fields; expected five, or seconds = true"
                 : "seconds = true, and the expression has no field for them; expected six fields");
}

// Each firing is a ticket of its own, and goes by its own time.
void check_recurrence(const Ticket& ticket, FaultList& faults) {
  const Recurrence& recur = *ticket.recur;
  check_calendar(recur, faults);
  if (recur.zone.empty()) faults.add("recur.zone", "expected a zone, such as Europe/Moscow");
  if (recur.catchup_max < 1 || recur.catchup_max > kMostCatchUp) {
    faults.add("recur.catchup_max",
               fmt::format("expected 1 to {}, found {}", kMostCatchUp, recur.catchup_max));
  }
  if (ticket.name.empty()) {
    faults.add("recur", "a recurring ticket goes by its name; expected `name` in [ticket]");
  }
  if (!ticket.key.empty()) {
    faults.add("ticket.key", "a key would make one job of all that the ticket fires; leave it out");
  }
  const auto check_relative = [&](const char* path, const std::optional<When>& when) {
    if (!when || std::holds_alternative<Millis>(*when)) return;
    faults.add(path, "expected so long after each firing, such as \"+2h\", found a fixed time");
  };
  for (std::size_t i = 0; i < ticket.after.size(); ++i) {
    if (!number_in(ticket.after[i].job)) continue;
    faults.add(fmt::format("ticket.after[{}]", i),
               fmt::format("job {} ends once, and the ticket fires again and again; expected the "
                           "name of a job, of which each firing takes the newest in the queue",
                           ticket.after[i].job));
  }
  check_relative("ticket.begin", ticket.begin);
  check_relative("ticket.deadline", ticket.deadline);
}

// A ticket says its steps, or whose steps.
void check_job_of(const Ticket& ticket, FaultList& faults) {
  if (ticket.spec && !ticket.class_name.empty()) {
    faults.add("ticket.class", "a ticket that names a class has no steps of its own");
  }
  if (!ticket.spec && ticket.class_name.empty()) {
    faults.add("ticket", "expected a class or steps, found neither");
  }
  const auto check_one = [&](std::string_view key, std::string_view value) {
    if (value.empty() || resmgr::valid_name(value)) return;
    faults.add(fmt::format("ticket.{}", key),
               fmt::format("'{}' is not a {} of a class; expected letters, digits, '.', '_' and "
                           "'-', a letter or digit first, at most 64",
                           value, key == "class" ? "name" : key));
  };
  check_one("class", ticket.class_name);
  check_one("version", ticket.class_version);
}

}  // namespace

std::vector<Fault> check_params(const JobSpec& spec, const std::vector<NameValue>& params) {
  FaultList faults;
  check_all_params(spec, params, faults);
  return faults.take();
}

std::vector<Fault> check_ticket(const Ticket& ticket, const JobSpec* job) {
  FaultList faults;
  check_job_of(ticket, faults);
  check_line("ticket.name", ticket.name, kLongestName, faults);
  check_line("ticket.key", ticket.key, kLongestKey, faults);
  if (ticket.priority) {
    check_priority([] { return std::string("ticket.priority"); }, *ticket.priority, faults);
  }
  check_limit([] { return std::string("ticket.time_limit"); }, ticket.time_limit, faults);
  check_when("ticket.begin", ticket.begin, faults);
  check_when("ticket.deadline", ticket.deadline, faults);
  check_after(ticket, faults);
  if (ticket.recur) check_recurrence(ticket, faults);
  const std::uint64_t elements = ticket.array ? ticket.array->elements.size() : 1;
  if (elements == 0 || elements > kMaxElements) {
    faults.add("ticket.array",
               fmt::format("expected 1 to {} elements, found {}", kMaxElements, elements));
  }
  const JobTexts texts{ticket.env,    ticket.workdir,           ticket.output,
                       ticket.error,  ticket.umask.value_or(0), ticket.limits,
                       ticket.warning};
  if (job == nullptr) {
    check_job_texts("ticket", texts, std::nullopt, faults);
    return faults.take();
  }
  check_all_params(*job, ticket.params, faults);
  const std::vector<std::string_view> params = param_names(*job);
  check_job_texts("ticket", texts, ValueScope{params}, faults);
  return faults.take();
}

}  // namespace jobq::sched
