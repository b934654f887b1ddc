// SPDX-License-Identifier: Apache-2.0
// The verb class: register, list, show, retire.
#include <fmt/format.h>
#include <unistd.h>

#include <array>

#include "cmd/class_views.h"
#include "cmd/configuration.h"
#include "cmd/json_writer.h"
#include "cmd/messages.h"
#include "cmd/paths.h"
#include "cmd/phrases.h"
#include "cmd/subverbs.h"
#include "cmd/table.h"
#include "conf/ticket_file.h"
#include "controller/translate.h"

namespace jobq::cmd {
namespace {

struct ClassOptions {
  std::vector<std::string> words;
  ControllerOptions where;
  bool json = false;
};

Result<Options::Next> parse(Options& options, ClassOptions& to, const Words& words,
                            const char* json_means) {
  options.words(to.words);
  options.flag("--json", to.json, json_means);
  add_controller_options(options, to.where);
  return options.parse(words);
}

Result<sched::ClassDefinition> read_class(const std::string& path) {
  const bool is_input = path == "-";
  const Result<std::string> text =
      is_input ? read_descriptor(STDIN_FILENO, "standard input") : read_file(path);
  if (!text) return tl::unexpected(text.error());
  const std::string name = is_input ? "<stdin>" : path;
  conf::Parsed<sched::ClassDefinition> definition = conf::parse_class(*text, name);
  if (!definition.ok()) return tl::unexpected(faults_error(name, definition.faults));
  return std::move(definition.value);
}

Result<void> register_one(Client& client, const sched::ClassDefinition& definition, bool as_json) {
  wire::Frame request;
  wire::ClassRequest& about = *request.mutable_class_request();
  about.set_verb(wire::ClassRequest::REGISTER);
  controller::to_wire(*definition.spec, *about.mutable_spec());
  about.set_text(definition.text);
  about.set_file(definition.file);
  const Result<wire::Frame> answer = client.ask(std::move(request));
  if (!answer) return tl::unexpected(answer.error());
  const sched::JobSpec& spec = *definition.spec;
  if (!as_json) {
    print(fmt::format("{}@{}\n", spec.class_name, spec.class_version));
    return {};
  }
  JsonWriter json;
  json.object();
  json.field("name", spec.class_name);
  json.field("version", spec.class_version);
  json.end();
  print(json.line());
  return {};
}

Result<int> register_classes(const Words& words) {
  ClassOptions verb;
  Options options(
      "jq class register FILE...",
      "Registers the classes in these files (- is standard input). A class is checked "
      "whole before it\nis recorded. Registering the same text again changes nothing, or "
      "brings a retired version\nback; a changed class needs a new version.");
  options.examples("  jq class register daily-plan.toml\n");
  const auto next = parse(options, verb, words, "a line of JSON for each class");
  if (!next) return tl::unexpected(next.error());
  if (*next == Options::Next::kDone) return 0;
  if (verb.words.empty()) return fail(ErrorCode::kUsage, "no file is named; give a class file");
  // A file that is faulty is told, and does not keep the others out.
  int code = 0;
  const auto refused = [&code](const Error& error) {
    complain(error);
    if (code == 0) code = exit_code(error.code);
  };
  std::vector<sched::ClassDefinition> definitions;
  for (const std::string& path : verb.words) {
    Result<sched::ClassDefinition> definition = read_class(path);
    definition ? definitions.push_back(std::move(*definition)) : refused(definition.error());
  }
  if (definitions.empty()) return code;
  Result<Client> client = Client::connect(verb.where);
  if (!client) return tl::unexpected(client.error());
  for (const sched::ClassDefinition& definition : definitions) {
    const Result<void> registered = register_one(*client, definition, verb.json);
    if (!registered) refused(registered.error());
  }
  return code;
}

void print_table(const wire::ClassList& list) {
  const Terminal terminal = standard_output();
  const Time now = wall_now();
  Table table({{"CLASS", false, 8},
               {"VERSION", false, 7},
               {"USER", false, 6},
               {"REGISTERED"},
               {"RETIRED"}});
  for (const wire::ClassView& view : list.classes()) {
    table.add({view.name(), view.version(), view.user(), at_local(Time{view.registered()}, now),
               at_local(Time{view.retired()}, now)});
  }
  print(table.take_text(terminal));
}

Result<int> list_classes(const Words& words) {
  ClassOptions verb;
  Options options("jq class list", "Lists the classes with all their versions.");
  options.examples("  jq class list\n");
  const auto next = parse(options, verb, words, "a line of JSON for each class");
  if (!next) return tl::unexpected(next.error());
  if (*next == Options::Next::kDone) return 0;
  if (!verb.words.empty()) return fail(ErrorCode::kUsage, "`class list` takes no words");
  Result<Client> client = Client::connect(verb.where);
  if (!client) return tl::unexpected(client.error());
  wire::Frame request;
  request.mutable_class_request()->set_verb(wire::ClassRequest::LIST);
  const Result<wire::Frame> answer = client->ask(std::move(request));
  if (!answer) return tl::unexpected(answer.error());
  if (!answer->has_classes()) return unexpected_answer();
  if (!verb.json) print_table(answer->classes());
  for (const wire::ClassView& view : answer->classes().classes()) {
    if (verb.json) print_class_as_json(view, false);
  }
  return 0;
}

Result<int> show_class(const Words& words) {
  ClassOptions verb;
  Options options(
      "jq class show NAME[@VERSION]",
      "Prints a class as its author wrote it; without a version, the newest that is not "
      "retired.");
  options.examples("  jq class show daily-plan\n  jq class show daily-plan@2 >old.toml\n");
  const auto next = parse(options, verb, words, "as JSON, with the text");
  if (!next) return tl::unexpected(next.error());
  if (*next == Options::Next::kDone) return 0;
  if (verb.words.size() != 1) return fail(ErrorCode::kUsage, "expected one class");
  Result<Client> client = Client::connect(verb.where);
  if (!client) return tl::unexpected(client.error());
  const Result<wire::ClassView> view = ask_for_class(*client, parse_class_name(verb.words.front()));
  if (!view) return tl::unexpected(view.error());
  verb.json ? print_class_as_json(*view, true) : print_class_text(*view);
  return 0;
}

Result<int> retire_class(const Words& words) {
  ClassOptions verb;
  Options options(
      "jq class retire NAME[@VERSION]",
      "Retires a class, or one version of it: nothing new is submitted from it. Its jobs "
      "run on.");
  options.examples("  jq class retire daily-plan@2\n");
  const auto next = parse(options, verb, words, "errors as JSON");
  if (!next) return tl::unexpected(next.error());
  if (*next == Options::Next::kDone) return 0;
  if (verb.words.size() != 1) return fail(ErrorCode::kUsage, "expected one class");
  Result<Client> client = Client::connect(verb.where);
  if (!client) return tl::unexpected(client.error());
  const ClassName name = parse_class_name(verb.words.front());
  wire::Frame request;
  wire::ClassRequest& about = *request.mutable_class_request();
  about.set_verb(wire::ClassRequest::RETIRE);
  about.set_name(name.name);
  about.set_version(name.version);
  const Result<wire::Frame> answer = client->ask(std::move(request));
  if (!answer) return tl::unexpected(answer.error());
  return 0;
}

constexpr std::array kSubverbs = {
    Subverb{"register", "register classes from files", register_classes},
    Subverb{"list", "list classes and versions", list_classes},
    Subverb{"show", "print a class as it was written", show_class},
    Subverb{"retire", "take a class out of use", retire_class},
};

}  // namespace

Result<int> run_class(const Words& words) {
  return run_subverb("class", "Job classes: named, versioned definitions of jobs.", kSubverbs,
                     words);
}

}  // namespace jobq::cmd
