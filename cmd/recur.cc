// SPDX-License-Identifier: Apache-2.0
// The verb recur: the times to come of a recurring ticket, or of a calendar expression, for which
// no controller is asked. The rest is in recur_tickets.cc.
#include <fmt/format.h>

#include <array>
#include <cstdlib>

#include "cmd/json_writer.h"
#include "cmd/messages.h"
#include "cmd/options.h"
#include "cmd/recur_tickets.h"
#include "cmd/subverbs.h"
#include "cmd/table.h"
#include "conf/zone.h"
#include "controller/translate_recur.h"
#include "sched/calendar.h"
#include "sched/civil.h"

namespace jobq::cmd {
namespace {

constexpr std::uint32_t kDefaultCount = 10;
constexpr std::uint32_t kMostCount = 10'000;

struct NextOptions {
  std::vector<std::string> words;
  std::string zone;
  std::string user;
  ControllerOptions where;
  std::optional<std::uint32_t> count;
  std::optional<Time> from;
  bool json = false;
};

// Local seconds, with `between` date and time.
std::string clock_text(std::int64_t local_s, char between) {
  const std::int64_t day = sched::floor_div(local_s, sched::kSecondsPerDay);
  const std::int64_t second = local_s - day * sched::kSecondsPerDay;
  const sched::CivilDate date = sched::date_of(day);
  return fmt::format("{:04}-{:02}-{:02}{}{:02}:{:02}:{:02}", date.year, date.month, date.day,
                     between, second / 3600, second / 60 % 60, second % 60);
}

std::string offset_text(std::int32_t offset_s) {
  const std::int32_t size = std::abs(offset_s);
  std::string text =
      fmt::format("{}{:02}:{:02}", offset_s < 0 ? '-' : '+', size / 3600, size / 60 % 60);
  if (size % 60 != 0) text += fmt::format(":{:02}", size % 60);  // local mean times had seconds
  return text;
}

std::int64_t local_of(const sched::Firing& firing) { return firing.at.ms / 1000 + firing.offset_s; }

std::string local_text(const sched::Firing& firing) {
  static constexpr std::array<std::string_view, 7> kWeekdays{"Sun", "Mon", "Tue", "Wed",
                                                             "Thu", "Fri", "Sat"};
  const std::int64_t local_s = local_of(firing);
  const int weekday = sched::weekday_of(sched::floor_div(local_s, sched::kSecondsPerDay));
  return fmt::format("{} {} {}", kWeekdays[static_cast<std::size_t>(weekday)],
                     clock_text(local_s, ' '), offset_text(firing.offset_s));
}

std::string note_of(const sched::Firing& firing, const sched::Calendar& calendar) {
  if (firing.left_out_s) {
    return fmt::format("for {}, which the clock leaves out",
                       clock_text(*firing.left_out_s, ' ').substr(11));
  }
  switch (firing.showing) {
    case sched::Firing::Showing::kOnly: return "";
    case sched::Firing::Showing::kFirst:
      return calendar.wildcard ? "comes twice: the first time" : "comes twice: runs once";
    case sched::Firing::Showing::kSecond: return "comes twice: the second time";
  }
  return "";
}

void print_json(const sched::Firing& firing, const sched::Zone& zone) {
  using Showing = sched::Firing::Showing;
  JsonWriter json;
  json.object();
  json.field("at", firing.at);
  json.field("local", clock_text(local_of(firing), 'T') + offset_text(firing.offset_s));
  json.field("zone", zone.name);
  json.name("left_out");
  firing.left_out_s ? json.value(clock_text(*firing.left_out_s, 'T')) : json.null();
  json.name("repeated");
  firing.showing == Showing::kOnly
      ? json.null()
      : json.value(firing.showing == Showing::kFirst ? "first" : "second");
  json.end();
  print(json.line());
}

void print_table(const std::vector<sched::Firing>& firings, const sched::Calendar& calendar,
                 const sched::Zone& zone) {
  Table table({{fmt::format("LOCAL ({})", zone.name)}, {"UTC"}, {"NOTE", false, 10}});
  for (const sched::Firing& firing : firings) {
    table.add(
        {local_text(firing), clock_text(firing.at.ms / 1000, ' '), note_of(firing, calendar)});
  }
  print(table.take_text(standard_output()));
}

// What begins in the second in which one asks from counts as well.
std::vector<sched::Firing> firings_of(const sched::Calendar& calendar, const sched::Zone& zone,
                                      Time from, std::uint32_t count) {
  std::vector<sched::Firing> firings;
  Time after = from - Millis{1};
  while (firings.size() < count) {
    const auto firing = sched::next_firing(calendar, zone, after);
    if (!firing) break;
    firings.push_back(*firing);
    after = firing->at;
  }
  return firings;
}

struct Meant {
  sched::Calendar calendar;
  sched::Zone zone;
};

Result<Meant> of_expression(const NextOptions& verb) {
  auto calendar = sched::parse_calendar(fmt::format("{}", fmt::join(verb.words, " ")));
  if (!calendar) return tl::unexpected(calendar.error());
  auto zone = conf::read_zone(verb.zone.empty() ? "local" : verb.zone, zone_places());
  if (!zone) return tl::unexpected(zone.error());
  return Meant{*std::move(calendar), *std::move(zone)};
}

// In its zone, by the rules that the controller goes by.
Result<Meant> of_ticket(const NextOptions& verb) {
  Result<Client> client = Client::connect(verb.where);
  if (!client) return tl::unexpected(client.error());
  const auto list = ask_for_recur(*client, verb.user, verb.words.front(), false);
  if (!list) return tl::unexpected(list.error());
  auto calendar = sched::parse_calendar(list->tickets(0).recur().cron());
  if (!calendar) return tl::unexpected(calendar.error());
  if (!verb.zone.empty()) {
    auto zone = conf::read_zone(verb.zone, zone_places());
    if (!zone) return tl::unexpected(zone.error());
    return Meant{*std::move(calendar), *std::move(zone)};
  }
  const auto zone = controller::from_wire(list->tickets(0).zone());
  if (!zone) return tl::unexpected(zone.error());
  return Meant{*std::move(calendar), **zone};
}

// An expression has several words, or begins with '@'.
Result<Meant> what_is_meant(const NextOptions& verb) {
  const std::string& word = verb.words.front();
  const bool is_name = verb.words.size() == 1 && !word.starts_with('@') &&
                       word.find_first_of(" \t*") == std::string::npos;
  return is_name ? of_ticket(verb) : of_expression(verb);
}

Result<int> show_next(const NextOptions& verb) {
  if (verb.words.empty()) {
    return fail(ErrorCode::kUsage,
                "no recurring ticket and no calendar expression is given; expected a name, or "
                "an expression such as '30 2 * * mon-fri'");
  }
  const std::uint32_t count = verb.count.value_or(kDefaultCount);
  if (count < 1 || count > kMostCount) {
    return fail(ErrorCode::kUsage,
                fmt::format("--count: {} is out of range; expected 1 to {}", count, kMostCount));
  }
  const auto meant = what_is_meant(verb);
  if (!meant) return tl::unexpected(meant.error());
  const sched::Calendar& calendar = meant->calendar;
  const sched::Zone& zone = meant->zone;
  const Time from = verb.from.value_or(wall_now());
  const std::vector<sched::Firing> firings = firings_of(calendar, zone, from, count);
  if (firings.empty()) {
    return fail(ErrorCode::kRefused,
                fmt::format("'{}' does not come in {} in the {} years from {} on", calendar.text,
                            zone.name, sched::kCalendarYears, format_rfc3339(from)));
  }
  if (!verb.json) print_table(firings, calendar, zone);
  for (const sched::Firing& firing : firings) {
    if (verb.json) print_json(firing, zone);
  }
  return 0;
}

Result<int> run_next(const Words& words) {
  NextOptions verb;
  Options options(
      "jq recur next NAME|EXPRESSION [OPTIONS]",
      "Shows when a recurring ticket, or a calendar expression, comes next, and what the changes "
      "of\nclocks make of it. An expression is that of cron: minute, hour, day of month, month,\n"
      "day of week; with six fields the first is the second; or @hourly, @daily, @weekly,\n"
      "@monthly, @yearly. For an expression no controller is asked.");
  options.words(verb.words);
  options.value("--zone", "ZONE", into(verb.zone),
                "a zone of the time-zone database; else the ticket's own, or the machine's");
  options.value("--user", "USER", into(verb.user),
                "whose recurring ticket; yours, where it is left out");
  options.value("-n,--count", "N", into(verb.count), "how many times; 10, where it is left out");
  options.value("--from", "TIME", into(verb.from),
                "from there on: 2026-11-21, 2026-11-21T20:05:00Z, or how long ago (2h); now");
  options.flag("--json", verb.json, "a line of JSON for each time");
  add_controller_options(options, verb.where);
  options.examples(
      "  jq recur next nightly -n 3\n"
      "  jq recur next '30 2 * * mon-fri'\n"
      "  jq recur next @hourly --zone America/New_York --from 2027-11-07\n"
      "  jq recur next '*/10 0 12 1 * *' -n 3 --json\n");
  const auto next = options.parse(words);
  if (!next) return tl::unexpected(next.error());
  return *next == Options::Next::kDone ? Result<int>(0) : show_next(verb);
}

constexpr std::array kSubverbs = {
    Subverb{"add", "add recurring tickets from files", run_recur_add},
    Subverb{"list", "list recurring tickets with their next times", run_recur_list},
    Subverb{"show", "show one, with its newest times", run_recur_show},
    Subverb{"next", "the times to come of one, or of a calendar expression", run_next},
    Subverb{"firings", "what became of its times: fired, skipped, missed", run_recur_firings},
    Subverb{"pause", "let it fire nothing for a while", run_recur_pause},
    Subverb{"resume", "let it fire again", run_recur_resume},
    Subverb{"remove", "remove it; its jobs stay", run_recur_remove},
};

}  // namespace

Result<int> run_recur(const Words& words) {
  return run_subverb("recur",
                     "Recurring tickets: what is submitted again and again, by a calendar.",
                     kSubverbs, words);
}

}  // namespace jobq::cmd
