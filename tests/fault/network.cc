// SPDX-License-Identifier: Apache-2.0
// The choice of the network.
#include "tests/fault/network.h"

#include "tests/fault/net_namespace.h"

namespace jobq::fault {

std::string_view to_string(Network network) {
  return network == Network::kNamespaces ? "namespaces" : "proxies";
}

std::optional<Network> network_named(std::string_view name) {
  for (const Network network : {Network::kNamespaces, Network::kProxies}) {
    if (name == to_string(network)) return network;
  }
  return std::nullopt;
}

Result<Network> network_to_use(std::optional<Network> wanted) {
  if (wanted == Network::kProxies) return Network::kProxies;
  const std::string why_not = why_no_namespaces();
  if (why_not.empty()) return Network::kNamespaces;
  if (wanted) return fail(ErrorCode::kUsage, "the network cannot be namespaces: " + why_not);
  return Network::kProxies;
}

}  // namespace jobq::fault
