// SPDX-License-Identifier: Apache-2.0
// Where the controller is: options, then the environment, then of a step its node, then the
// configuration file, then the user's own socket, then the system's.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "cmd/options.h"

namespace jobq::cmd {

struct ControllerOptions {
  std::optional<std::string> socket;
  std::optional<std::string> controller;
  std::optional<std::string> key;
  std::optional<std::string> config;
};
void add_controller_options(Options& options, ControllerOptions& to);

// One place to try: a Unix socket, an address with its key file, or the node of this step.
struct Place {
  std::string socket;  // empty: address and key
  std::string address;
  std::string key;
  std::string from;        // "--socket", "JOBQ_SOCKET", "the system's socket": for messages
  std::string token = {};  // not empty: the socket is that of the node's agent, and this the step's
};

// In the order in which they are to be tried. More than one only where nothing was said: then the
// first that answers counts.
Result<std::vector<Place>> places_of_controller(const ControllerOptions& options);

}  // namespace jobq::cmd
