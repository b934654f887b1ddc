// SPDX-License-Identifier: Apache-2.0
// The verb controller: the composition root of the controller's process.
#include "controller/controller.h"

#include <memory>

#include "cmd/configuration.h"
#include "cmd/controller_plan.h"
#include "cmd/options.h"
#include "cmd/paths.h"
#include "cmd/service.h"
#include "cmd/verbs.h"

namespace jobq::cmd {
namespace {

struct ControllerVerb {
  ControllerArguments arguments;
  ServiceOptions service;
  std::optional<std::string> config;
};

Result<Service> start(uv_loop_s* loop, const controller::Options& options) {
  auto started = controller::Controller::start(loop, options);
  if (!started) return tl::unexpected(started.error());
  const std::shared_ptr<controller::Controller> controller = std::move(*started);
  Service service;
  service.ready = [] { return true; };
  service.works = [controller] { return controller->journal_answers(kJournalPatience); };
  service.stop = [controller](std::function<void()> stopped) {
    controller->stop(std::move(stopped));
  };
  service.greeting = greeting_of(*controller, options.socket, options.state);
  return service;
}

Result<int> run(const ControllerVerb& verb) {
  const Result<conf::Settings> settings = read_configuration(verb.config);
  if (!settings) return tl::unexpected(settings.error());
  std::string state = first_of(verb.arguments.state, settings->controller.state, "");
  if (state.empty()) {
    const Result<std::string> base = state_directory();
    if (!base) return tl::unexpected(base.error());
    if (Result<void> made = make_directories(*base); !made) return tl::unexpected(made.error());
    state = *base + "/controller";
  }
  const Result<controller::Options> options =
      controller_options(verb.arguments, settings->controller, state);
  if (!options) return tl::unexpected(options.error());
  return run_service(verb.service, {"controller", options->state + "/log",
                                    [&](uv_loop_s* loop) { return start(loop, *options); }});
}

}  // namespace

Result<int> run_controller(const Words& words) {
  ControllerVerb verb;
  Options options(
      "jobq controller [OPTIONS]",
      "Runs the controller: it keeps the job queue, decides, and speaks to users and nodes. "
      "It stays in the\nforeground, logs to standard error, and ends cleanly on SIGTERM and "
      "SIGINT; steps run on meanwhile.");
  options.value("--config", "FILE", into(verb.config),
                "the configuration file instead of the usual ones; see jobq.toml(5)");
  options.value("--state", "DIR", into(verb.arguments.state),
                "where the journal and the cluster key are; /var/lib/jobq/controller for root");
  options.value("--socket", "PATH", into(verb.arguments.socket),
                "the Unix socket for local users; /run/jobq/controller.sock for root");
  options.value("--listen", "ADDR:PORT", into(verb.arguments.listen),
                "where nodes and remote users connect; port 0 takes a free one");
  options.value(
      "--key", "FILE", into(verb.arguments.key),
      "the key that nodes and remote users must have; STATE/cluster.key, made at the first "
      "start");
  add_service_options(options, verb.service);
  options.examples(
      "  jobq controller --listen 0.0.0.0:7117\n"
      "  jobq controller --config /etc/jobq/jobq.toml --detach\n");
  const auto next = options.parse(words);
  if (!next) return tl::unexpected(next.error());
  return *next == Options::Next::kDone ? Result<int>(0) : run(verb);
}

}  // namespace jobq::cmd
