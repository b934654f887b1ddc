// SPDX-License-Identifier: Apache-2.0
// What every daemon is: a process that is prepared once, one loop, a service on it that becomes
// ready, and an end by SIGTERM or SIGINT. A service manager that listens (cmd/notify.h) is told of
// all of it, and, where it wants to know, that the loop still turns and the service still works.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "base/result.h"
#include "cmd/options.h"

struct uv_loop_s;

namespace jobq::cmd {

struct ServiceOptions {
  bool detach = false;
  std::optional<std::string> log;
};
void add_service_options(Options& options, ServiceOptions& to);

// A started service.
struct Service {
  std::function<bool()> ready;
  // Where it becomes ready by what others do, who may be away for as long as they like: what it
  // waits for. Whoever waits with --detach waits for it as well; a service manager does not, and
  // shows it.
  std::string waits_for;
  std::function<bool()> works;  // more than that the loop turns; may be empty
  std::function<void(std::function<void()> stopped)> stop;
  std::string greeting;  // logged when it is ready: where it listens, what it keeps
  std::string advice;    // for a person at a terminal, when it is ready; may be empty
};

struct ServicePlan {
  std::string origin;  // of log lines
  std::string log;     // where a detached service logs, unless it was said
  std::function<Result<Service>(uv_loop_s* loop)> start;
};

// In the foreground until it is stopped; or detached: then the caller's process returns as soon as
// the service is ready or has failed, with the failure's message.
Result<int> run_service(const ServiceOptions& options, const ServicePlan& plan);

}  // namespace jobq::cmd
