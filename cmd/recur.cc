// SPDX-License-Identifier: Apache-2.0
// The verb recur: the times to come of a calendar expression. It asks no controller.
#include <fmt/format.h>

#include <array>
#include <cstdlib>

#include "cmd/json_writer.h"
#include "cmd/messages.h"
#include "cmd/options.h"
#include "cmd/subverbs.h"
#include "cmd/table.h"
#include "conf/zone.h"
#include "sched/calendar.h"
#include "sched/civil.h"

namespace jobq::cmd {
namespace {

constexpr std::uint32_t kDefaultCount = 10;
constexpr std::uint32_t kMostCount = 10'000;

struct NextOptions {
  std::vector<std::string> words;
  std::string zone = "local";
  std::optional<std::uint32_t> count;
  std::optional<Time> from;
  bool json = false;
};

// As the C library: TZ set to nothing is UTC.
conf::ZonePlaces zone_places() {
  conf::ZonePlaces places;
  if (const char* tz = std::getenv("TZ")) places.tz = *tz == '\0' ? "UTC" : tz;
  const char* database = std::getenv("TZDIR");
  if (database != nullptr && *database != '\0') places.database = database;
  return places;
}

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

Result<int> show_next(const NextOptions& verb) {
  if (verb.words.empty()) {
    return fail(ErrorCode::kUsage,
                "no calendar expression is given; expected one such as "
                "'30 2 * * mon-fri'");
  }
  const std::uint32_t count = verb.count.value_or(kDefaultCount);
  if (count < 1 || count > kMostCount) {
    return fail(ErrorCode::kUsage,
                fmt::format("--count: {} is out of range; expected 1 to {}", count, kMostCount));
  }
  const auto calendar = sched::parse_calendar(fmt::format("{}", fmt::join(verb.words, " ")));
  if (!calendar) return tl::unexpected(calendar.error());
  const auto zone = conf::read_zone(verb.zone, zone_places());
  if (!zone) return tl::unexpected(zone.error());
  const Time from = verb.from.value_or(wall_now());
  const std::vector<sched::Firing> firings = firings_of(*calendar, *zone, from, count);
  if (firings.empty()) {
    return fail(ErrorCode::kRefused,
                fmt::format("'{}' does not come in {} in the {} years from {} on", calendar->text,
                            zone->name, sched::kCalendarYears, format_rfc3339(from)));
  }
  if (!verb.json) print_table(firings, *calendar, *zone);
  for (const sched::Firing& firing : firings) {
    if (verb.json) print_json(firing, *zone);
  }
  return 0;
}

Result<int> run_next(const Words& words) {
  NextOptions verb;
  Options options(
      "jq recur next EXPRESSION [OPTIONS]",
      "Shows when a calendar expression comes next, and what the changes of clocks make "
      "of it.\nAn expression is that of cron: minute, hour, day of month, month, day of "
      "week; with six fields\nthe first is the second; or @hourly, @daily, @weekly, "
      "@monthly, @yearly. No controller is asked.");
  options.words(verb.words);
  options.value("--zone", "ZONE", into(verb.zone),
                "a zone of the time-zone database; the machine's own, where it is left out");
  options.value("-n,--count", "N", into(verb.count), "how many times; 10, where it is left out");
  options.value("--from", "TIME", into(verb.from),
                "from there on: 2026-11-21, 2026-11-21T20:05:00Z, or how long ago (2h); now");
  options.flag("--json", verb.json, "a line of JSON for each time");
  options.examples(
      "  jq recur next '30 2 * * mon-fri'\n"
      "  jq recur next @hourly --zone America/New_York --from 2027-11-07\n"
      "  jq recur next '*/10 0 12 1 * *' -n 3 --json\n");
  const auto next = options.parse(words);
  if (!next) return tl::unexpected(next.error());
  return *next == Options::Next::kDone ? Result<int>(0) : show_next(verb);
}

constexpr std::array kSubverbs = {
    Subverb{"next", "the times to come of a calendar expression", run_next},
};

}  // namespace

Result<int> run_recur(const Words& words) {
  return run_subverb("recur", "Calendar expressions, and the times at which they come.", kSubverbs,
                     words);
}

}  // namespace jobq::cmd
