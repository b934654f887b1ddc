// SPDX-License-Identifier: Apache-2.0
// Recurring tickets and zones, both ways.
#include "controller/translate_recur.h"

#include "controller/translate.h"
#include "controller/wire_checks.h"

namespace jobq::controller {
namespace {

constexpr std::int32_t kMostOffset = 7 * 86400;  // of POSIX times within a year's rule, in seconds

void yearly_to_wire(const sched::YearlyTime& time, wire::Zone::YearlyTime& out) {
  out.set_kind(static_cast<std::uint32_t>(time.kind));
  out.set_month(time.month);
  out.set_week(time.week);
  out.set_weekday(time.weekday);
  out.set_day(time.day);
  out.set_time(time.time_s);
}

bool in_range(std::int32_t value, std::int32_t least, std::int32_t most) {
  return least <= value && value <= most;
}

Result<sched::YearlyTime> yearly_from_wire(const wire::Zone::YearlyTime& in) {
  const auto kind = checked_enum(in.kind(), sched::YearlyTime::Kind::kDayOfYear, "kind of day");
  if (!kind) return tl::unexpected(kind.error());
  const bool right = in_range(in.month(), 1, 12) && in_range(in.week(), 1, 5) &&
                     in_range(in.weekday(), 0, 6) && in_range(in.day(), 0, 366) &&
                     in_range(in.time(), -kMostOffset, kMostOffset);
  if (!right) return tl::unexpected(malformed("a day of a zone's rule is out of range"));
  return sched::YearlyTime{*kind, in.month(), in.week(), in.weekday(), in.day(), in.time()};
}

Result<sched::ZoneRule> rule_from_wire(const wire::Zone::Rule& in) {
  const auto begins = yearly_from_wire(in.begins());
  if (!begins) return tl::unexpected(begins.error());
  const auto ends = yearly_from_wire(in.ends());
  if (!ends) return tl::unexpected(ends.error());
  return sched::ZoneRule{in.standard(), in.summer(), *begins, *ends};
}

}  // namespace

void to_wire(const sched::Recurrence& recur, wire::Recurrence& out) {
  out.set_cron(recur.cron);
  out.set_seconds(recur.seconds);
  out.set_zone(recur.zone);
  out.set_catchup(static_cast<std::uint32_t>(recur.catchup));
  out.set_catchup_max(recur.catchup_max);
  out.set_overlap(static_cast<std::uint32_t>(recur.overlap));
}

Result<sched::Recurrence> from_wire(const wire::Recurrence& in) {
  const auto catchup = checked_enum(in.catchup(), sched::CatchUp::kAll, "catchup");
  if (!catchup) return tl::unexpected(catchup.error());
  const auto overlap = checked_enum(in.overlap(), sched::Overlap::kReplace, "overlap");
  if (!overlap) return tl::unexpected(overlap.error());
  return sched::Recurrence{in.cron(), in.seconds(),     in.zone(),
                           *catchup,  in.catchup_max(), *overlap};
}

void to_wire(const sched::Zone& zone, wire::Zone& out) {
  out.set_name(zone.name);
  out.set_first_offset(zone.first_offset_s);
  for (const sched::ZoneChange& change : zone.changes) {
    wire::Zone::Change& entry = *out.add_changes();
    entry.set_at(change.at_s);
    entry.set_offset(change.offset_s);
  }
  if (!zone.rule) return;
  wire::Zone::Rule& rule = *out.mutable_rule();
  rule.set_standard(zone.rule->standard_s);
  rule.set_summer(zone.rule->summer_s);
  yearly_to_wire(zone.rule->summer_begins, *rule.mutable_begins());
  yearly_to_wire(zone.rule->summer_ends, *rule.mutable_ends());
}

Result<std::shared_ptr<const sched::Zone>> from_wire(const wire::Zone& in) {
  auto zone = std::make_shared<sched::Zone>();
  zone->name = in.name();
  zone->first_offset_s = in.first_offset();
  for (const wire::Zone::Change& change : in.changes()) {
    if (!zone->changes.empty() && zone->changes.back().at_s >= change.at()) {
      return tl::unexpected(malformed("the changes of a zone are not in order"));
    }
    zone->changes.push_back({change.at(), change.offset()});
  }
  if (in.has_rule()) {
    const auto rule = rule_from_wire(in.rule());
    if (!rule) return tl::unexpected(rule.error());
    zone->rule = *rule;
  }
  return zone;
}

void to_wire(const sched::RecurView& view, wire::RecurView& out) {
  const sched::RecurRow& row = view.row;
  out.set_name(row.name);
  out.set_user(row.user);
  out.set_uid(row.uid);
  to_wire(*row.ticket->recur, *out.mutable_recur());
  out.set_class_name(row.ticket->class_name);
  out.set_class_version(row.ticket->class_version);
  out.set_added(row.added.ms);
  out.set_next(row.paused ? 0 : row.next.ms);
  out.set_paused(row.paused.ms);
  out.set_paused_by(row.paused_by);
  out.set_waiting(row.waiting.ms);
  out.set_last_job(row.last_job.value);
  for (const JobNumber job : view.running) out.add_running(job.value);
}

void to_wire(const sched::FiringRow& row, wire::FiringView& out) {
  out.set_nominal(row.nominal.ms);
  out.set_last(row.last.ms);
  out.set_count(row.count);
  out.set_what(static_cast<std::uint32_t>(row.what));
  out.set_job(row.job.value);
  out.set_detail(row.detail);
  out.set_at(row.at.ms);
}

std::string encode_recur(const sched::RecurRow& row) {
  wire::RecurBody body;
  to_wire(*row.ticket, *body.mutable_ticket());
  if (row.ticket->spec) to_wire(*row.ticket->spec, *body.mutable_spec());
  to_wire(*row.zone, *body.mutable_zone());
  return body.SerializeAsString();
}

bool decode_recur(std::string_view bytes, sched::RecurRow& row) {
  wire::RecurBody body;
  if (!body.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return false;
  auto ticket = recur_ticket_from_wire(body);
  auto zone = from_wire(body.zone());
  if (!ticket || !zone || !(*ticket)->recur) return false;
  row.ticket = *std::move(ticket);
  row.zone = *std::move(zone);
  return true;
}

}  // namespace jobq::controller
