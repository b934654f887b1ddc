// SPDX-License-Identifier: Apache-2.0
// The verb event: send, receive, list, drop events between flows.
//
// Requests to send and to receive have keys, so that they can be sent again when the connection
// breaks: an event is sent once, and what was received for a request comes again for its key.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "base/time.h"
#include "cmd/event_views.h"
#include "cmd/messages.h"
#include "cmd/options.h"
#include "cmd/paths.h"
#include "cmd/submission.h"
#include "cmd/subverbs.h"
#include "cmd/utf8.h"
#include "cmd/waiting.h"

namespace jobq::cmd {
namespace {

struct EventOptions {
  std::vector<std::string> words;
  ControllerOptions where;
  std::optional<std::string> key;
  bool json = false;
};

Result<Options::Next> parse(Options& options, EventOptions& to, const Words& words,
                            const char* json_means) {
  options.words(to.words);
  options.flag("--json", to.json, json_means);
  add_controller_options(options, to.where);
  return options.parse(words);
}

template <class Number>
std::optional<Number> number_in(const std::string& text) {
  Number number{};
  const char* const end = text.data() + text.size();
  const auto [at, error] = std::from_chars(text.data(), end, number);
  return error == std::errc{} && at == end ? std::optional(number) : std::nullopt;
}

// Inside a step: which one.
void add_step(wire::EventRequest& request) {
  const auto job = number_in<std::uint64_t>(environment("JOBQ_JOB"));
  if (!job) return;
  request.set_job(*job);
  request.set_step(environment("JOBQ_STEP"));
  const auto index = number_in<std::uint32_t>(environment("JOBQ_ARRAY_INDEX"));
  if (index) request.set_index(*index);
}

Result<void> check_texts(const std::vector<std::string>& texts) {
  if (std::all_of(texts.begin(), texts.end(), [](const auto& text) { return is_utf8(text); })) {
    return {};
  }
  return fail(ErrorCode::kUsage, "events, mailboxes and payloads are UTF-8, and this is not");
}

// Until it is answered, over connections that break; its key makes the same of it each time.
Result<wire::EventReply> ask_until_answered(const ControllerOptions& where,
                                            wire::EventRequest request) {
  const Time begun = wall_now();
  const std::int64_t patience = request.patience();
  Result<Client> client = Client::connect(where);
  while (client) {
    wire::Frame frame;
    *frame.mutable_event_request() = request;
    Result<wire::Frame> answer = client->ask(std::move(frame));
    if (answer) {
      if (!answer->has_event_reply()) return unexpected_answer();
      return std::move(*answer->mutable_event_reply());
    }
    if (answer.error().code != ErrorCode::kUnreachable) return tl::unexpected(answer.error());
    client = Client::connect_patiently(where, kPatience, true);
    const std::int64_t left = patience - (wall_now() - begun).count;
    if (patience != 0) request.set_patience(std::clamp<std::int64_t>(left, 1, patience));
  }
  return tl::unexpected(client.error());
}

// --- send

struct SendOptions : EventOptions {
  std::optional<Millis> ttl;
  bool broadcast = false;
};

Result<int> send(const SendOptions& verb) {
  if (verb.words.size() < 2 || verb.words.size() > 3) {
    return fail(ErrorCode::kUsage, "expected where to, which event, and perhaps a payload");
  }
  if (const auto right = check_texts(verb.words); !right) return tl::unexpected(right.error());
  if (verb.ttl && verb.ttl->count <= 0) {
    return fail(ErrorCode::kUsage, "--ttl: expected 1s to 365d");
  }
  wire::EventRequest request;
  request.set_verb(wire::EventRequest::SEND);
  request.set_mailbox(verb.words[0]);
  request.set_event(verb.words[1]);
  if (verb.words.size() == 3) request.set_payload(verb.words[2]);
  if (verb.ttl) request.set_ttl(verb.ttl->count);
  request.set_broadcast(verb.broadcast);
  request.set_key(verb.key.value_or(random_key()));
  add_step(request);
  const auto answer = ask_until_answered(verb.where, std::move(request));
  if (!answer) return tl::unexpected(answer.error());
  if (answer->events_size() != 1) return unexpected_answer();
  print_sent(answer->events(0).id(), verb.json);
  return 0;
}

Result<int> send_event(const Words& words) {
  SendOptions verb;
  Options options(
      "jq event send TO EVENT [PAYLOAD]",
      "Sends an event: to a job by its number or name, to a mailbox of one's own (mailbox:NAME), "
      "or to one\nthat all users share (shared:NAME). It is kept until it is received, or its "
      "time to live ends. Prints\nthe event's number. Inside a step it is sent by that job.");
  options.value("--ttl", "TIME", into(verb.ttl), "how long it is kept; 7d");
  options.flag("--broadcast", verb.broadcast,
               "for everybody who receives it until its time to live ends, not for one");
  options.value("--key", "KEY", into(verb.key),
                "sent once, however often it is asked for with this key within an hour");
  options.examples(
      "  jq event send 41 ready\n"
      "  jq event send nightly data-there \"$(date -I)\" --ttl 1d\n"
      "  jq event send shared:news release 4.2 --broadcast\n");
  const auto next = parse(options, verb, words, "the number as JSON");
  if (!next) return tl::unexpected(next.error());
  return *next == Options::Next::kDone ? Result<int>(0) : send(verb);
}

// --- recv

struct ReceiveOptions : EventOptions {
  std::optional<std::string> mailbox;
  std::optional<std::string> from;
  std::optional<Millis> timeout;
};

Result<int> receive(const ReceiveOptions& verb) {
  if (verb.words.size() != 1) return fail(ErrorCode::kUsage, "expected the name of one event");
  std::vector<std::string> texts = verb.words;
  texts.push_back(verb.mailbox.value_or(""));
  texts.push_back(verb.from.value_or(""));
  if (const auto right = check_texts(texts); !right) return tl::unexpected(right.error());
  wire::EventRequest request;
  request.set_verb(wire::EventRequest::RECEIVE);
  request.set_event(verb.words[0]);
  request.set_mailbox(verb.mailbox.value_or(""));
  request.set_from(verb.from.value_or(""));
  if (verb.timeout) request.set_patience(std::max<std::int64_t>(verb.timeout->count, 1));
  request.set_key(verb.key.value_or(random_key()));
  add_step(request);
  leave_on_interrupt("no longer waiting for the event");
  const auto answer = ask_until_answered(verb.where, std::move(request));
  if (!answer) return tl::unexpected(answer.error());
  if (answer->events_size() != 1) return unexpected_answer();
  print_received(answer->events(0), verb.json);
  return 0;
}

Result<int> receive_event(const Words& words) {
  ReceiveOptions verb;
  Options options(
      "jq event recv EVENT [--mailbox MAILBOX]",
      "Waits for an event, takes it, and prints its payload. Inside a step it takes what is sent "
      "to the job,\nunless a mailbox is named; outside one must be. It waits across a restart of "
      "the controller.");
  options.value("--mailbox", "MAILBOX", into(verb.mailbox),
                "mailbox:NAME, shared:NAME, or a job's number or name");
  options.value("--from", "JOB", into(verb.from), "only what this job sent: its number or name");
  options.value("--timeout", "TIME", into(verb.timeout), "give up after so long");
  options.value("--key", "KEY", into(verb.key),
                "within an hour the same event comes again for the same key");
  options.examples(
      "  jq event recv ready --mailbox mailbox:plans --timeout 10m\n"
      "  jq event recv release --mailbox shared:news --from nightly\n");
  const auto next = parse(options, verb, words, "the event as JSON");
  if (!next) return tl::unexpected(next.error());
  return *next == Options::Next::kDone ? Result<int>(0) : receive(verb);
}

// --- list, drop

Result<int> list(const EventOptions& verb) {
  if (verb.words.size() > 1) return fail(ErrorCode::kUsage, "expected one mailbox at most");
  if (const auto right = check_texts(verb.words); !right) return tl::unexpected(right.error());
  Result<Client> client = Client::connect(verb.where);
  if (!client) return tl::unexpected(client.error());
  wire::Frame request;
  request.mutable_event_request()->set_verb(wire::EventRequest::LIST);
  if (!verb.words.empty()) request.mutable_event_request()->set_mailbox(verb.words[0]);
  EventPrinter printer(verb.json);
  const auto asked = client->ask(std::move(request), [&](wire::Frame& answer) -> Result<void> {
    if (!answer.has_event_reply()) return unexpected_answer();
    printer.add(answer.event_reply());
    return {};
  });
  if (!asked) return tl::unexpected(asked.error());
  printer.finish();
  return 0;
}

Result<int> list_events(const Words& words) {
  EventOptions verb;
  Options options("jq event list [MAILBOX]",
                  "Lists the events that wait to be received, and who waits for one: one's own and "
                  "those of shared\nmailboxes; operators see all.");
  options.examples("  jq event list\n  jq event list mailbox:plans\n  jq event list 41 --json\n");
  const auto next = parse(options, verb, words, "a line of JSON for each event and each receiver");
  if (!next) return tl::unexpected(next.error());
  return *next == Options::Next::kDone ? Result<int>(0) : list(verb);
}

Result<int> drop(const EventOptions& verb) {
  if (verb.words.empty()) return fail(ErrorCode::kUsage, "no event is named; give its number");
  Result<Client> client = Client::connect(verb.where);
  if (!client) return tl::unexpected(client.error());
  int code = 0;
  for (const std::string& word : verb.words) {
    const auto id = number_in<std::uint64_t>(word);
    if (!id) return fail(ErrorCode::kUsage, fmt::format("'{}' is no number of an event", word));
    wire::Frame request;
    request.mutable_event_request()->set_verb(wire::EventRequest::DROP);
    request.mutable_event_request()->set_id(*id);
    const Result<wire::Frame> answer = client->ask(std::move(request));
    if (answer) continue;
    complain(answer.error());
    if (code == 0) code = exit_code(answer.error().code);
  }
  return code;
}

Result<int> drop_events(const Words& words) {
  EventOptions verb;
  Options options("jq event drop ID...",
                  "Drops events that wait: nobody receives them any more. Who sent one may drop "
                  "it, and who it was\nsent to.");
  options.examples("  jq event drop 17\n");
  const auto next = parse(options, verb, words, "errors as JSON");
  if (!next) return tl::unexpected(next.error());
  return *next == Options::Next::kDone ? Result<int>(0) : drop(verb);
}

constexpr std::array kSubverbs = {
    Subverb{"send", "send an event to a job or a mailbox", send_event},
    Subverb{"recv", "wait for an event and take it", receive_event},
    Subverb{"list", "list what waits, and who waits", list_events},
    Subverb{"drop", "drop events that wait", drop_events},
};

}  // namespace

Result<int> run_event(const Words& words) {
  return run_subverb("event", "Events between flows: kept until they are received.", kSubverbs,
                     words);
}

}  // namespace jobq::cmd
