// SPDX-License-Identifier: Apache-2.0
// recur add, list, show, firings, pause, resume and remove.
#include "cmd/recur_tickets.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdlib>

#include "cmd/json_writer.h"
#include "cmd/messages.h"
#include "cmd/options.h"
#include "cmd/paths.h"
#include "cmd/recur_views.h"
#include "cmd/submit_sources.h"
#include "controller/translate.h"

namespace jobq::cmd {
namespace {

struct RecurOptions {
  std::vector<std::string> words;
  ControllerOptions where;
  std::string user;
  std::optional<std::uint32_t> count;
  bool replace = false;
  bool missed = false;
  bool json = false;
};

using Next = Options::Next;

Result<Next> parse(Options& options, RecurOptions& to, const Words& words, const char* json_means) {
  options.words(to.words);
  options.flag("--json", to.json, json_means);
  add_controller_options(options, to.where);
  return options.parse(words);
}

void add_user(Options& options, RecurOptions& to, const char* means) {
  options.value("--user", "USER", into(to.user), means);
}

Result<std::string> only_name(const RecurOptions& verb) {
  if (verb.words.size() == 1) return verb.words.front();
  return fail(ErrorCode::kUsage,
              "expected the name of one recurring ticket; `jq recur list` shows "
              "them");
}

Result<sched::Ticket> read_ticket(const std::string& path) {
  const bool is_input = path == "-";
  const Result<std::string> text =
      is_input ? read_descriptor(STDIN_FILENO, "standard input") : read_file(path);
  if (!text) return tl::unexpected(text.error());
  const std::string file = is_input ? "<stdin>" : path;
  auto ticket = ticket_from_text({}, *text, file);
  if (!ticket) return ticket;
  if (!ticket->recur) {
    return fail(ErrorCode::kUsage,
                fmt::format("{} has no [recur]: it says not when it recurs; add one with `cron`, "
                            "or submit it once with `jq submit {}`",
                            file, file));
  }
  if (ticket->recur->zone == "local") {
    auto name = conf::local_zone_name(zone_places());
    if (!name) return tl::unexpected(name.error());
    ticket->recur->zone = *std::move(name);
  }
  return ticket;
}

Result<void> add_one(Client& client, const sched::Ticket& ticket, const RecurOptions& verb) {
  wire::Frame request;
  wire::RecurRequest& about = *request.mutable_recur_request();
  about.set_verb(wire::RecurRequest::ADD);
  controller::to_wire(ticket, *about.mutable_ticket());
  if (ticket.spec) controller::to_wire(*ticket.spec, *about.mutable_spec());
  about.set_replace(verb.replace);
  const Result<wire::Frame> answer = client.ask(std::move(request));
  if (!answer) return tl::unexpected(answer.error());
  if (!verb.json) {
    print(ticket.name + "\n");
    return {};
  }
  const auto added = ask_for_recur(client, "", ticket.name, false);
  if (!added) return tl::unexpected(added.error());
  for (const wire::RecurView& view : added->tickets()) print_recur_as_json(view);
  return {};
}

// One order about one ticket; nothing is printed.
Result<int> order(const Words& words, wire::RecurRequest::Verb what, Options& options) {
  RecurOptions verb;
  add_user(options, verb, "whose it is, for operators; yours, where it is left out");
  const auto next = parse(options, verb, words, "errors as JSON");
  if (!next) return tl::unexpected(next.error());
  if (*next == Next::kDone) return 0;
  const auto name = only_name(verb);
  if (!name) return tl::unexpected(name.error());
  Result<Client> client = Client::connect(verb.where);
  if (!client) return tl::unexpected(client.error());
  wire::Frame request;
  wire::RecurRequest& about = *request.mutable_recur_request();
  about.set_verb(what);
  about.set_user(verb.user);
  about.set_name(*name);
  const Result<wire::Frame> answer = client->ask(std::move(request));
  if (!answer) return tl::unexpected(answer.error());
  return 0;
}

Result<wire::RecurList> ask_about(const RecurOptions& verb) {
  const auto name = only_name(verb);
  if (!name) return tl::unexpected(name.error());
  Result<Client> client = Client::connect(verb.where);
  if (!client) return tl::unexpected(client.error());
  return ask_for_recur(*client, verb.user, *name, true);
}

}  // namespace

conf::ZonePlaces zone_places() {
  conf::ZonePlaces places;
  if (const char* tz = std::getenv("TZ")) places.tz = *tz == '\0' ? "UTC" : tz;
  const char* database = std::getenv("TZDIR");
  if (database != nullptr && *database != '\0') places.database = database;
  return places;
}

Result<wire::RecurList> ask_for_recur(Client& client, const std::string& user,
                                      const std::string& name, bool with_firings) {
  wire::Frame request;
  wire::RecurRequest& about = *request.mutable_recur_request();
  about.set_verb(with_firings ? wire::RecurRequest::FIRINGS : wire::RecurRequest::SHOW);
  about.set_user(user);
  about.set_name(name);
  const Result<wire::Frame> answer = client.ask(std::move(request));
  if (!answer) return tl::unexpected(answer.error());
  if (!answer->has_recur_list() || answer->recur_list().tickets().empty()) {
    return unexpected_answer();
  }
  return answer->recur_list();
}

Result<int> run_recur_add(const Words& words) {
  RecurOptions verb;
  Options options("jq recur add FILE... [OPTIONS]",
                  "Adds the recurring tickets in these files (- is standard input): tickets with "
                  "[recur]. One\nthat is there already with the same contents is left as it is.");
  options.flag("--replace", verb.replace,
               "put it in the place of one of its name that says something else; what has fired "
               "stays");
  options.examples("  jq recur add nightly.toml\n  jq recur add --replace nightly.toml\n");
  const auto next = parse(options, verb, words, "a line of JSON for each ticket");
  if (!next) return tl::unexpected(next.error());
  if (*next == Next::kDone) return 0;
  if (verb.words.empty()) return fail(ErrorCode::kUsage, "no file is named; give a ticket file");
  // A file that is faulty is told, and does not keep the others out.
  int code = 0;
  std::optional<Client> client;
  for (const std::string& path : verb.words) {
    Result<void> added;
    const Result<sched::Ticket> ticket = read_ticket(path);
    if (ticket && !client) {
      Result<Client> made = Client::connect(verb.where);
      if (!made) return tl::unexpected(made.error());
      client = std::move(*made);
    }
    if (ticket) {
      added = add_one(*client, *ticket, verb).map_error([&](Error error) {
        error.message = fmt::format("{}: {}", path, error.message);
        return error;
      });
    } else {
      added = tl::unexpected(ticket.error());
    }
    if (added) continue;
    complain(added.error());
    if (code == 0) code = exit_code(added.error().code);
  }
  return code;
}

Result<int> run_recur_list(const Words& words) {
  RecurOptions verb;
  Options options("jq recur list [OPTIONS]",
                  "Lists the recurring tickets of all users, by name, with their next times.");
  add_user(options, verb, "only those of this user");
  options.examples("  jq recur list\n  jq recur list --user ann --json\n");
  const auto next = parse(options, verb, words, "a line of JSON for each ticket");
  if (!next) return tl::unexpected(next.error());
  if (*next == Next::kDone) return 0;
  if (!verb.words.empty()) return fail(ErrorCode::kUsage, "`recur list` takes no words");
  Result<Client> client = Client::connect(verb.where);
  if (!client) return tl::unexpected(client.error());
  wire::Frame request;
  request.mutable_recur_request()->set_verb(wire::RecurRequest::LIST);
  const Result<wire::Frame> answer = client->ask(std::move(request));
  if (!answer) return tl::unexpected(answer.error());
  if (!answer->has_recur_list()) return unexpected_answer();
  std::vector<wire::RecurView> tickets;
  for (const wire::RecurView& one : answer->recur_list().tickets()) {
    if (verb.user.empty() || one.user() == verb.user) tickets.push_back(one);
  }
  if (!verb.json) print_recur_table(tickets);
  for (const wire::RecurView& one : tickets) {
    if (verb.json) print_recur_as_json(one);
  }
  return 0;
}

Result<int> run_recur_show(const Words& words) {
  RecurOptions verb;
  Options options("jq recur show NAME [OPTIONS]",
                  "Shows a recurring ticket: when it fires, what it runs, and its newest times.");
  add_user(options, verb, "whose it is; yours, where it is left out");
  options.examples("  jq recur show nightly\n");
  const auto next = parse(options, verb, words, "as JSON");
  if (!next) return tl::unexpected(next.error());
  if (*next == Next::kDone) return 0;
  const auto list = ask_about(verb);
  if (!list) return tl::unexpected(list.error());
  if (verb.json) {
    print_recur_as_json(list->tickets(0));
    return 0;
  }
  constexpr int kShown = 10;
  print_recur(list->tickets(0));
  const int shown = std::min(kShown, list->firings_size());
  if (shown == 0) return 0;
  print("\n");
  print_firings_table({list->firings().begin(), list->firings().begin() + shown});
  return 0;
}

Result<int> run_recur_firings(const Words& words) {
  RecurOptions verb;
  Options options("jq recur firings NAME [OPTIONS]",
                  "Lists what became of the times of a recurring ticket, newest first: fired, "
                  "waiting, skipped,\nmissed, paused or refused. The newest 1000 rows are kept.");
  add_user(options, verb, "whose it is; yours, where it is left out");
  options.flag("--missed", verb.missed, "only those that passed while no controller could act");
  options.value("-n,--count", "N", into(verb.count), "how many rows; all, where it is left out");
  options.examples("  jq recur firings nightly --missed\n  jq recur firings nightly -n 5 --json\n");
  const auto next = parse(options, verb, words, "a line of JSON for each row");
  if (!next) return tl::unexpected(next.error());
  if (*next == Next::kDone) return 0;
  const auto list = ask_about(verb);
  if (!list) return tl::unexpected(list.error());
  std::vector<wire::FiringView> firings;
  for (const wire::FiringView& one : list->firings()) {
    const bool missed = one.what() == static_cast<std::uint32_t>(sched::FiringEnd::kMissed);
    if (verb.count && firings.size() >= *verb.count) break;
    if (missed || !verb.missed) firings.push_back(one);
  }
  if (!verb.json) print_firings_table(firings);
  for (const wire::FiringView& one : firings) {
    if (verb.json) print_firing_as_json(list->tickets(0).name(), one);
  }
  return 0;
}

Result<int> run_recur_pause(const Words& words) {
  Options options("jq recur pause NAME [OPTIONS]",
                  "Pauses a recurring ticket: it fires nothing until it is resumed. What it fired "
                  "before runs on.");
  options.examples("  jq recur pause nightly\n");
  return order(words, wire::RecurRequest::PAUSE, options);
}

Result<int> run_recur_resume(const Words& words) {
  Options options("jq recur resume NAME [OPTIONS]",
                  "Lets a paused recurring ticket fire again. Times that fell into the pause are "
                  "not caught up with.");
  options.examples("  jq recur resume nightly\n");
  return order(words, wire::RecurRequest::RESUME, options);
}

Result<int> run_recur_remove(const Words& words) {
  Options options("jq recur remove NAME [OPTIONS]",
                  "Removes a recurring ticket, with the list of what became of its times. Its jobs "
                  "stay.");
  options.examples("  jq recur remove nightly\n");
  return order(words, wire::RecurRequest::REMOVE, options);
}

}  // namespace jobq::cmd
