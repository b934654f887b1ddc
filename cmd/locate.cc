// SPDX-License-Identifier: Apache-2.0
// The search for the controller's place.
#include "cmd/locate.h"

#include <fmt/format.h>

#include "cmd/configuration.h"
#include "cmd/paths.h"

namespace jobq::cmd {
namespace {

using Places = std::vector<Place>;

// A socket or an address from one source; empty when the source says neither.
Result<Places> from_source(const std::string& socket, const std::string& address,
                           const std::string& key, const std::string& socket_from,
                           const std::string& address_from) {
  if (!socket.empty() && !address.empty()) {
    return fail(ErrorCode::kUsage, fmt::format("both {} and {} are given; give one of them",
                                               socket_from, address_from));
  }
  if (!socket.empty()) return Places{{absolute_path(socket), "", "", socket_from}};
  if (!address.empty()) return Places{{"", address, key, address_from}};
  return Places{};
}

// In a step it is the controller of its job, whose node leads there.
Places place_of_step() {
  const std::string socket = environment("JOBQ_NODE_SOCKET");
  const std::string token = environment("JOBQ_TOKEN");
  if (socket.empty() || token.empty()) return {};
  return {{socket, "", "", "this step's node", token}};
}

// Nothing was said: the user's own controller, then the system's.
Places usual_places() {
  Places places;
  const std::string own = user_runtime_directory();
  if (is_safe_runtime_directory(own)) {
    places.push_back({fmt::format("{}/{}", own, kControllerSocket), "", "", "your own"});
  }
  places.push_back(
      {fmt::format("{}/{}", kSystemRuntimeDirectory, kControllerSocket), "", "", "the system's"});
  return places;
}

Result<Places> from_configuration(const ControllerOptions& options, const std::string& key) {
  const Result<std::string> path = find_configuration(options.config);
  if (!path) return tl::unexpected(path.error());
  if (path->empty()) return Places{};
  const Result<conf::Settings> settings = read_configuration(options.config);
  if (!settings) return tl::unexpected(settings.error());
  const conf::ClientSettings& client = settings->client;
  Result<Places> places = from_source(
      client.socket, client.controller, key.empty() ? client.key : key,
      fmt::format("client.socket in {}", *path), fmt::format("client.controller in {}", *path));
  if (!places || !places->empty()) return places;
  return from_source(settings->controller.socket, "", "",
                     fmt::format("controller.socket in {}", *path), "");
}

}  // namespace

void add_controller_options(Options& options, ControllerOptions& to) {
  options.group("Where the controller is");
  options.value("--socket", "PATH", into(to.socket), "its Unix socket (or JOBQ_SOCKET)");
  options.value("--controller", "ADDR:PORT", into(to.controller),
                "its address on the network (or JOBQ_CONTROLLER)");
  options.value("--cluster-key", "FILE", into(to.key),
                "the key file of the cluster, for --controller (or JOBQ_KEY)");
  options.value("--config", "FILE", into(to.config),
                "the configuration file (or JOBQ_CONFIG) instead of ~/.config/jobq/jobq.toml or "
                "/etc/jobq/jobq.toml");
  options.group("Options");
}

Result<std::vector<Place>> places_of_controller(const ControllerOptions& options) {
  const std::string key = options.key ? *options.key : environment("JOBQ_KEY");
  Result<Places> places = from_source(options.socket.value_or(""), options.controller.value_or(""),
                                      key, "--socket", "--controller");
  if (places && places->empty()) {
    places = from_source(environment("JOBQ_SOCKET"), environment("JOBQ_CONTROLLER"), key,
                         "JOBQ_SOCKET", "JOBQ_CONTROLLER");
  }
  if (places && places->empty() && !options.config) places = place_of_step();
  if (places && places->empty()) places = from_configuration(options, key);
  if (places && places->empty()) places = usual_places();
  return places;
}

}  // namespace jobq::cmd
