// SPDX-License-Identifier: Apache-2.0
// The verb up: the composition root of a controller and a node in one process.
#include <fmt/format.h>
#include <unistd.h>
#include <uv.h>

#include <memory>

#include "cmd/configuration.h"
#include "cmd/controller_plan.h"
#include "cmd/node_plan.h"
#include "cmd/options.h"
#include "cmd/paths.h"
#include "cmd/service.h"
#include "cmd/verbs.h"

namespace jobq::cmd {
namespace {

struct UpVerb {
  ControllerArguments arguments;
  NodeArguments offers;
  ServiceOptions service;
  std::optional<std::string> config;
  std::optional<std::string> name;
};

struct Both {
  std::unique_ptr<controller::Controller> controller;
  std::unique_ptr<exec::Agent> agent;
};

std::string advice(const std::string& socket, bool is_usual_socket) {
  const std::string where = is_usual_socket ? "" : fmt::format("  export JOBQ_SOCKET={}\n", socket);
  return fmt::format(
      "\njobq is up. In another terminal:\n{}"
      "  jq submit -- echo hello\n"
      "  jq queue\n"
      "  jq output 1\n"
      "Ctrl-C ends it; what runs, runs on, and is found again at the next start.\n",
      where);
}

// A controller must not go without its stop.
void stop_now(uv_loop_s* loop, controller::Controller& controller) {
  bool stopped = false;
  controller.stop([&stopped] { stopped = true; });
  while (!stopped && uv_run(loop, UV_RUN_ONCE) != 0) continue;
}

Result<Service> start(uv_loop_s* loop, const controller::Options& controller_options,
                      const exec::AgentOptions& agent_options, const std::string& advice) {
  auto controller = controller::Controller::start(loop, controller_options);
  if (!controller) return tl::unexpected(controller.error());
  auto agent = exec::Agent::start(loop, agent_options);
  if (!agent) {
    stop_now(loop, **controller);
    return tl::unexpected(agent.error());
  }
  const auto both = std::make_shared<Both>(Both{std::move(*controller), std::move(*agent)});
  Service service;
  service.ready = [both] { return both->agent->joined(); };
  service.works = [both] { return both->controller->journal_answers(kJournalPatience); };
  // The node leaves first: it still speaks to the controller. The service keeps both alive
  // meanwhile.
  service.stop = [both](std::function<void()> stopped) {
    both->agent->stop(
        [of = both.get(), stopped = std::move(stopped)] { of->controller->stop(stopped); });
  };
  service.greeting = fmt::format(
      "node {}, {}", agent_options.name,
      greeting_of(*both->controller, controller_options.socket, controller_options.state));
  service.advice = advice;
  return service;
}

struct Places {
  std::string controller;
  std::string node;
  std::string log;  // with --detach
};

// --state moves everything; without it the configuration file moves what it names.
Result<Places> places_of(const UpVerb& verb, const conf::Settings& settings) {
  Places places{settings.controller.state, settings.node.state, settings.controller.state + "/log"};
  if (verb.arguments.state) places = {};
  if (places.controller.empty() || places.node.empty()) {
    const Result<std::string> base = verb.arguments.state
                                         ? Result<std::string>(absolute_path(*verb.arguments.state))
                                         : state_directory();
    if (!base) return tl::unexpected(base.error());
    if (Result<void> made = make_directories(*base); !made) return tl::unexpected(made.error());
    if (places.controller.empty()) places.controller = *base + "/controller";
    if (places.node.empty()) places.node = *base + "/node";
    places.log = *base + "/log";
  }
  return Places{absolute_path(places.controller), absolute_path(places.node), places.log};
}

Result<int> run(const UpVerb& verb) {
  const Result<conf::Settings> settings = read_configuration(verb.config);
  if (!settings) return tl::unexpected(settings.error());
  const Result<Places> places = places_of(verb, *settings);
  if (!places) return tl::unexpected(places.error());
  Result<controller::Options> controller =
      controller_options(verb.arguments, settings->controller, places->controller);
  if (!controller) return tl::unexpected(controller.error());
  // An ordinary user's controller starts steps as this user: nobody else may ask it to.
  if (::geteuid() != 0) controller->socket_mode = 0600;
  Result<exec::AgentOptions> agent = agent_options(verb.offers, settings->node);
  if (!agent) return tl::unexpected(agent.error());
  agent->name = first_of(verb.name, settings->node.name, default_node_name());
  agent->state = places->node;
  if (!settings->node.socket.empty()) agent->socket = absolute_path(settings->node.socket);
  agent->controller = exec::LocalController{controller->socket};
  const bool usual = !verb.arguments.socket && settings->controller.socket.empty();
  const std::string help = advice(controller->socket, usual);
  return run_service(verb.service, {"jobq", places->log, [&](uv_loop_s* loop) {
                                      return start(loop, *controller, *agent, help);
                                    }});
}

}  // namespace

Result<int> run_up(const Words& words) {
  UpVerb verb;
  Options options(
      "jobq up [OPTIONS]",
      "Runs a controller and a node in one process, for this user or, as root, for this "
      "machine. Nothing needs\nto be configured. It stays in the foreground, logs to standard "
      "error, and ends cleanly on SIGTERM and\nSIGINT; steps run on meanwhile.");
  options.value("--config", "FILE", into(verb.config),
                "the configuration file instead of the usual ones; see jobq.toml(5)");
  options.value(
      "--state", "DIR", into(verb.arguments.state),
      "where it keeps what must survive; /var/lib/jobq for root, else ~/.local/state/jobq");
  options.value("--socket", "PATH", into(verb.arguments.socket),
                "the Unix socket for users; /run/jobq/controller.sock for root, else in "
                "XDG_RUNTIME_DIR");
  options.value("--listen", "ADDR:PORT", into(verb.arguments.listen),
                "let other nodes join and remote users ask");
  options.value("--key", "FILE", into(verb.arguments.key),
                "the key for --listen; made at the first start");
  options.value("--name", "NAME", name_into(verb.name, "a node"), "the node's name; the host's");
  add_service_options(options, verb.service);
  add_node_arguments(options, verb.offers);
  options.examples(
      "  jobq up\n"
      "  jobq up --detach --cpus 4 --memory 8G\n"
      "  jobq up --listen 0.0.0.0:7117\n");
  const auto next = options.parse(words);
  if (!next) return tl::unexpected(next.error());
  return *next == Options::Next::kDone ? Result<int>(0) : run(verb);
}

}  // namespace jobq::cmd
