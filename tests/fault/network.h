// SPDX-License-Identifier: Apache-2.0
// Which of the two networks a test has: links between namespaces of its own, or, without the right
// to make them, loopback proxies.
#pragma once

#include <optional>
#include <string_view>

#include "base/result.h"

namespace jobq::fault {

enum class Network {
  kNamespaces,  // each node in its own, behind a Link
  kProxies,     // all in the machine's, each node behind a Proxy
};

// "namespaces", "proxies": how they are called where they are chosen.
std::string_view to_string(Network network);
std::optional<Network> network_named(std::string_view name);

// The one that was asked for, else the best that can be had.
Result<Network> network_to_use(std::optional<Network> wanted);

}  // namespace jobq::fault
