// SPDX-License-Identifier: Apache-2.0
// Results of control requests, job by job.
#include "cmd/control.h"

#include <fmt/format.h>

#include "cmd/job_arguments.h"
#include "cmd/json_writer.h"
#include "cmd/messages.h"
#include "cmd/terminal.h"
#include "controller/translate.h"

namespace jobq::cmd {
namespace {

// "17", "17[3-9]".
std::string name_of(const wire::ControlReply::One& one) {
  const std::string number = std::to_string(one.job());
  return one.elements().empty() ? number : fmt::format("{}[{}]", number, one.elements());
}

void tell_as_json(const wire::ControlReply::One& one) {
  JsonWriter json;
  json.object();
  json.field("job", one.job());
  if (!one.elements().empty()) json.field("elements", one.elements());
  if (one.has_error()) {
    json.name("error");
    write_error(json, controller::from_wire(one.error()));
  }
  json.end();
  print(json.line());
}

void tell(const wire::ControlReply::One& one, const ControlOutput& output, bool on_terminal) {
  if (output.json) tell_as_json(one);
  if (one.has_error()) {
    const Error error = controller::from_wire(one.error());
    // As JSON it was already told, with its job.
    set_json_errors(false);
    complain(error);
    set_json_errors(output.json);
  } else if (on_terminal && !output.json) {
    print(fmt::format("job {} {}\n", name_of(one), output.done));
  }
}

}  // namespace

Result<int> control(const ControllerOptions& where, const wire::ControlRequest& request,
                    const ControlOutput& output) {
  Result<Client> client = Client::connect(where);
  if (!client) return tl::unexpected(client.error());
  wire::Frame frame;
  *frame.mutable_control() = request;
  const bool on_terminal = standard_output().is_terminal;
  int code = 0;
  bool any = false;
  const Result<void> asked = client->ask(frame, [&](wire::Frame& answer) -> Result<void> {
    if (!answer.has_controlled()) return unexpected_answer();
    for (const wire::ControlReply::One& one : answer.controlled().jobs()) {
      tell(one, output, on_terminal);
      any = true;
      if (one.has_error() && code == 0) code = exit_code(controller::from_wire(one.error()).code);
    }
    return {};
  });
  if (!asked) return tl::unexpected(asked.error());
  if (!any) note("no job is meant by this");
  return code;
}

Result<int> run_control(const Words& words, const ControlVerb& verb) {
  JobSelection jobs;
  ControllerOptions where;
  ControlOutput output{false, verb.done};
  Options options(verb.usage, verb.about);
  add_selection(options, jobs, "every job of yours that is not final");
  options.flag("--json", output.json, "a line of JSON for each job");
  add_controller_options(options, where);
  options.examples(verb.examples);
  const auto next = options.parse(words);
  if (!next) return tl::unexpected(next.error());
  if (*next == Options::Next::kDone) return 0;
  const Result<sched::Selector> selector = to_selector(jobs, false);
  if (!selector) return tl::unexpected(selector.error());
  wire::ControlRequest request;
  request.set_verb(verb.verb);
  controller::to_wire(*selector, *request.mutable_jobs());
  return control(where, request, output);
}

}  // namespace jobq::cmd
