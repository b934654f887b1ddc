// SPDX-License-Identifier: Apache-2.0
// Recurring tickets come, change and go. What they fire is in firing.cc.
#include "sched/recurring.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "sched/check_spec.h"
#include "sched/core.h"

namespace jobq::sched {
namespace {

bool says_the_same(const Ticket& one, const Ticket& other) {
  if (static_cast<bool>(one.spec) != static_cast<bool>(other.spec)) return false;
  if (one.spec && !(*one.spec == *other.spec)) return false;
  Ticket with_its_spec = one;
  with_its_spec.spec = other.spec;
  return with_its_spec == other;
}

Error unknown(const std::string& user, const std::string& name) {
  return {ErrorCode::kNotFound,
          fmt::format("{} has no recurring ticket '{}'; `jq recur list` shows those that there "
                      "are",
                      user, name)};
}

}  // namespace

Recurring* Core::find_recurring(const RecurKey& key) {
  const auto at = recurring_.find(key);
  return at == recurring_.end() ? nullptr : &at->second;
}

Result<RecurKey> Core::key_of_recur(const Actor& actor, const std::string& user,
                                    const std::string& name) const {
  const bool own = user.empty() || user == actor.user;
  const auto is_meant = [&](const auto& entry) {
    return entry.first.name == name &&
           (own ? entry.first.uid == actor.uid : entry.second.row.user == user);
  };
  const auto at = std::find_if(recurring_.begin(), recurring_.end(), is_meant);
  if (at != recurring_.end()) return at->first;
  return tl::unexpected(unknown(own ? actor.user : user, name));
}

Result<Recurring*> Core::change_recur(const Actor& actor, const std::string& user,
                                      const std::string& name) {
  const auto key = key_of_recur(actor, user, name);
  if (!key) return tl::unexpected(key.error());
  Recurring& one = recurring_.at(*key);
  if (actor.is_operator || actor.uid == key->uid) return &one;
  return fail(ErrorCode::kDenied,
              fmt::format("the recurring ticket '{}' belongs to {}; only {} and operators may "
                          "change it",
                          name, one.row.user, one.row.user));
}

// Its class, its steps and its calendar are right now. Limits are looked at when it fires.
Result<void> Core::check_recur(const AddRecur& event) {
  if (!event.ticket || !event.ticket->recur || !event.zone ||
      event.zone->name != event.ticket->recur->zone) {
    return fail(ErrorCode::kUsage, "a recurring ticket needs [recur], and the zone named there");
  }
  const Ticket& ticket = *event.ticket;
  CheckedSpecs checked;
  CheckedSpec* spec = nullptr;
  if (ticket.spec && ticket.class_name.empty()) {
    spec = &check_inline(ticket.spec, checked);
  } else if (!ticket.spec && !ticket.class_name.empty()) {
    const auto of_class = check_class(ticket, checked);
    if (!of_class) return tl::unexpected(of_class.error());
    spec = *of_class;
  }
  if (spec != nullptr && spec->refusal) return tl::unexpected(*spec->refusal);
  const auto faults = check_ticket(ticket, spec == nullptr ? nullptr : spec->spec.get());
  if (!faults.empty()) return fail(ErrorCode::kUsage, to_string(faults));
  const auto calendar = parse_calendar(ticket.recur->cron);
  if (next_firing(*calendar, *event.zone, now_)) return {};
  return fail(ErrorCode::kRefused,
              fmt::format("'{}' does not come in {} in the next {} years", ticket.recur->cron,
                          event.zone->name, kCalendarYears));
}

Result<void> Core::add_recur(const AddRecur& event) {
  if (auto right = check_recur(event); !right) return right;
  const std::string& name = event.ticket->name;
  const RecurKey key{event.actor.uid, name};
  if (Recurring* known = find_recurring(key)) return replace_recur(*known, event);
  if (recurring_.size() >= kMostRecurring) {
    return fail(ErrorCode::kRefused,
                fmt::format("there are {} recurring tickets already, as many as there may be; "
                            "remove some with `jq recur remove`",
                            kMostRecurring));
  }
  Recurring& one = recurring_[key];
  one.row.uid = event.actor.uid;
  one.row.gid = event.actor.gid;
  one.row.user = event.actor.user;
  one.row.name = name;
  one.row.ticket = event.ticket;
  one.row.zone = event.zone;
  one.row.added = now_;
  one.calendar = *parse_calendar(event.ticket->recur->cron);
  // Jobs of one that had its name and was removed count: they do the same work.
  const auto same_name = jobs_.named(name);
  for (const JobNumber number : same_name.value_or(std::vector<JobNumber>{})) {
    const Job& job = *jobs_.find(number);
    if (job.facts().nominal) note_run(job);
  }
  look_from(one, now_);
  return {};
}

Result<void> Core::replace_recur(Recurring& one, const AddRecur& event) {
  if (says_the_same(*one.row.ticket, *event.ticket)) return {};
  if (!event.replace) {
    return fail(ErrorCode::kRefused,
                fmt::format("there is a recurring ticket '{}' already, and it says something else; "
                            "use --replace to put this one in its place",
                            one.row.name));
  }
  one.row.ticket = event.ticket;
  one.row.zone = event.zone;
  one.row.gid = event.actor.gid;
  one.calendar = *parse_calendar(event.ticket->recur->cron);
  // What came before is not for the new calendar, whatever is learned of its zone later. While it
  // is paused, all times up to its resumption are recorded as paused.
  one.row.decided = std::max(now_, one.row.decided);
  look_from(one, one.row.decided);
  return {};
}

// The first time after this one is the next.
void Core::look_from(Recurring& one, Time after) {
  const auto next = next_firing(one.calendar, *one.row.zone, after);
  one.late.clear();
  one.scan = next ? next->at : Time{};
  one.row.next = one.scan;
  set_due(one);
  touch(one);
}

void Core::touch(const Recurring& one) { changes_.add(RecurKey{one.row.uid, one.row.name}); }

void Core::touch(const Recurring& one, const FiringRow& firing) {
  changes_.add(FiringKey{{one.row.uid, one.row.name}, firing.nominal});
}

void Core::on(AddRecur& event) { reply(event.reply, add_recur(event)); }

void Core::on(RemoveRecur& event) {
  const auto found = change_recur(event.actor, event.user, event.name);
  if (!found) return reply(event.reply, found.error());
  Recurring& one = **found;
  for (const auto& [nominal, firing] : one.firings) touch(one, firing);
  touch(one);
  if (one.due) recur_due_.erase({one.due, {one.row.uid, one.row.name}});
  recurring_.erase(RecurKey{one.row.uid, one.row.name});
  reply(event.reply, Done{});
}

void Core::on(PauseRecur& event) {
  const auto found = change_recur(event.actor, event.user, event.name);
  if (!found) return reply(event.reply, found.error());
  Recurring& one = **found;
  if (!one.row.paused) {
    one.row.paused = now_;
    one.row.paused_by = event.actor.user;
    if (one.row.waiting) {
      note_firing(one, FiringEnd::kPaused, std::exchange(one.row.waiting, Time{}));
    }
    one.late.clear();
    one.scan = one.row.next;
    set_due(one);
    touch(one);
  }
  reply(event.reply, Done{});
}

// The times that fell into the pause are not missed: nothing is caught up with.
void Core::on(ResumeRecur& event) {
  const auto found = change_recur(event.actor, event.user, event.name);
  if (!found) return reply(event.reply, found.error());
  Recurring& one = **found;
  if (one.row.paused) {
    one.row.paused = Time{};
    one.row.paused_by.clear();
    one.row.paused_until = now_;
    set_due(one);
    touch(one);
  }
  reply(event.reply, Done{});
}

void Core::on(ZoneLearned& event) {
  if (!event.zone) return;
  for (auto& [key, one] : recurring_) {
    if (one.recur().zone != event.zone->name || *one.row.zone == *event.zone) continue;
    one.row.zone = event.zone;
    // From where it was decided last, or else from its beginning: what was missed is found again.
    look_from(one, std::max(one.row.decided, one.row.added));
  }
}

std::vector<RecurView> Core::recur_views() const {
  std::vector<RecurView> views;
  views.reserve(recurring_.size());
  for (const auto& [key, one] : recurring_) {
    views.push_back({one.row, {one.running.begin(), one.running.end()}});
  }
  std::stable_sort(views.begin(), views.end(),
                   [](const RecurView& a, const RecurView& b) { return a.row.name < b.row.name; });
  return views;
}

Result<std::vector<FiringRow>> Core::firings(const Actor& actor, const std::string& user,
                                             const std::string& name) const {
  const auto key = key_of_recur(actor, user, name);
  if (!key) return tl::unexpected(key.error());
  std::vector<FiringRow> newest_first;
  for (const auto& [nominal, row] : recurring_.at(*key).firings) newest_first.push_back(row);
  std::reverse(newest_first.begin(), newest_first.end());
  return newest_first;
}

}  // namespace jobq::sched
