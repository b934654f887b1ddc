// SPDX-License-Identifier: Apache-2.0
// Precedence of a controller's options.
#include "cmd/controller_plan.h"

#include <fmt/format.h>
#include <unistd.h>

#include "cmd/paths.h"
#include "cmd/spool_reader.h"

namespace jobq::cmd {
namespace {

Result<std::string> socket_path(const ControllerArguments& arguments,
                                const conf::ControllerSettings& settings) {
  const std::string said = first_of(arguments.socket, settings.socket, "");
  if (!said.empty()) return absolute_path(said);
  const std::string directory =
      ::geteuid() == 0 ? std::string(kSystemRuntimeDirectory) : user_runtime_directory();
  const Result<void> made = make_runtime_directory(directory);
  if (!made) return tl::unexpected(made.error());
  return fmt::format("{}/{}", directory, kControllerSocket);
}

}  // namespace

std::string first_of(const std::optional<std::string>& argument, const std::string& setting,
                     const std::string& fallback) {
  if (argument && !argument->empty()) return *argument;
  return setting.empty() ? fallback : setting;
}

Result<controller::Options> controller_options(const ControllerArguments& arguments,
                                               const conf::ControllerSettings& settings,
                                               const std::string& state) {
  controller::Options options;
  options.state = absolute_path(state);
  Result<std::string> socket = socket_path(arguments, settings);
  if (!socket) return tl::unexpected(socket.error());
  options.socket = std::move(*socket);
  const std::string listen = first_of(arguments.listen, settings.listen, "");
  if (!listen.empty()) {
    const Result<net::TcpAddress> address = net::parse_address(listen);
    if (!address) {
      return fail(ErrorCode::kUsage, fmt::format("--listen: {}", address.error().message));
    }
    options.listen = *address;
  }
  const std::string key = first_of(arguments.key, settings.key, "");
  if (!key.empty()) options.key = absolute_path(key);
  options.operators = settings.operators;
  options.node_timeout = settings.node_timeout;
  options.lease = settings.lease;
  options.keep_jobs = settings.keep_jobs;
  options.max_connections = settings.max_connections;
  if (settings.flight_recorder) options.flight_recorder = *settings.flight_recorder;
  options.policy = settings.policy;
  for (const conf::AreaSettings& area : settings.areas) {
    options.areas.push_back({area.name, area.path, area.node, area.quota.value_or(Bytes{})});
  }
  if (!settings.spool.empty()) {
    options.spool = {absolute_path(settings.spool), settings.keep_spooled, read_spooled};
  }
  return options;
}

std::string greeting_of(const controller::Controller& controller, const std::string& socket,
                        const std::string& state) {
  std::string text = fmt::format("socket {}", socket);
  if (const auto address = controller.tcp_address()) {
    text += fmt::format(", listening on {}", net::to_string(*address));
  }
  return text + fmt::format(", state in {}", state);
}

}  // namespace jobq::cmd
