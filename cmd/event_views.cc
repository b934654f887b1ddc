// SPDX-License-Identifier: Apache-2.0
// Tables of events and of those who wait for one, and their JSON.
#include "cmd/event_views.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "cmd/json_writer.h"
#include "cmd/messages.h"
#include "cmd/phrases.h"
#include "cmd/table.h"
#include "controller/translate.h"

namespace jobq::cmd {
namespace {

void write_event(JsonWriter& json, const wire::EventReply::Event& event) {
  json.field("id", event.id());
  json.field("event", event.event());
  json.field("mailbox", event.mailbox());
  json.field("payload", event.payload());
  json.field("payload_bytes", event.payload_bytes());
  json.field("user", event.user());
  json.field("from", unless_empty(event.from()));
  json.field("sent", Time{event.sent()});
}

void print_json(const wire::EventReply::Event& event) {
  JsonWriter json;
  json.object();
  json.field("kind", "event");
  write_event(json, event);
  json.field("from_name", unless_empty(event.from_name()));
  json.field("from_step", unless_empty(event.from_step()));
  json.field("broadcast", event.broadcast());
  json.field("expires", Time{event.expires()});
  json.end();
  print(json.line());
}

std::string job_of(const wire::EventReply::Receiver& receiver) {
  return receiver.job() == 0 ? "" : to_string(controller::ref_from_wire(receiver));
}

void print_json(const wire::EventReply::Receiver& receiver) {
  JsonWriter json;
  json.object();
  json.field("kind", "receiver");
  json.field("event", receiver.event());
  json.name("mailboxes");
  json.array();
  for (const std::string& mailbox : receiver.mailboxes()) json.value(mailbox);
  json.end();
  json.field("from", unless_empty(receiver.from()));
  json.field("user", receiver.user());
  json.field("job", unless_empty(job_of(receiver)));
  json.field("step", unless_empty(receiver.step()));
  json.field("since", Time{receiver.since()});
  json.field("until", Time{receiver.until()});
  json.end();
  print(json.line());
}

std::string sender_of(const wire::EventReply::Event& event) {
  if (event.from().empty()) return event.user();
  return fmt::format("{} ({}) {}", event.from(), event.from_name(), event.from_step());
}

std::string receiver_of(const wire::EventReply::Receiver& receiver) {
  const std::string job = job_of(receiver);
  return job.empty() ? receiver.user() + " by hand" : fmt::format("{}.{}", job, receiver.step());
}

void print_table(const std::vector<wire::EventReply::Event>& events) {
  const Time now = wall_now();
  Table table({{"ID", true},
               {"MAILBOX", false, 8},
               {"EVENT", false, 6},
               {"FROM", false, 6},
               {"SENT"},
               {"EXPIRES"},
               {"FOR"},
               {"PAYLOAD", false, 8}});
  for (const auto& event : events) {
    table.add({std::to_string(event.id()), event.mailbox(), event.event(), sender_of(event),
               at_local(Time{event.sent()}, now), at_local(Time{event.expires()}, now),
               event.broadcast() ? "all" : "one", event.payload()});
  }
  print(table.take_text(standard_output()));
}

void print_table(const std::vector<wire::EventReply::Receiver>& receivers) {
  const Time now = wall_now();
  Table table({{"WAITS", false, 6},
               {"FOR EVENT", false, 6},
               {"IN", false, 8},
               {"FROM"},
               {"SINCE"},
               {"UNTIL"}});
  for (const auto& receiver : receivers) {
    table.add({receiver_of(receiver), receiver.event(),
               fmt::format("{}", fmt::join(receiver.mailboxes(), ", ")),
               receiver.from().empty() ? "anybody" : receiver.from(),
               at_local(Time{receiver.since()}, now), at_local(Time{receiver.until()}, now)});
  }
  print(table.take_text(standard_output()));
}

}  // namespace

void print_sent(std::uint64_t id, bool as_json) {
  if (!as_json) return print(fmt::format("{}\n", id));
  JsonWriter json;
  json.object();
  json.field("id", id);
  json.end();
  print(json.line());
}

void print_received(const wire::EventReply::Event& event, bool as_json) {
  if (!as_json) return print(event.payload() + "\n");
  JsonWriter json;
  json.object();
  write_event(json, event);
  json.end();
  print(json.line());
}

void EventPrinter::add(const wire::EventReply& part) {
  if (as_json_) {
    for (const auto& event : part.events()) print_json(event);
    for (const auto& receiver : part.receivers()) print_json(receiver);
    return;
  }
  events_.insert(events_.end(), part.events().begin(), part.events().end());
  receivers_.insert(receivers_.end(), part.receivers().begin(), part.receivers().end());
}

void EventPrinter::finish() {
  if (as_json_) return;
  if (!events_.empty() || receivers_.empty()) print_table(events_);
  if (!events_.empty() && !receivers_.empty()) print("\n");
  if (!receivers_.empty()) print_table(receivers_);
}

}  // namespace jobq::cmd
