// SPDX-License-Identifier: Apache-2.0
// The options of a controller, from the command line, the configuration file and the defaults, in
// this order of precedence. Shared by `controller` and `up`.
#pragma once

#include <optional>
#include <string>

#include "base/result.h"
#include "cmd/options.h"
#include "conf/settings.h"
#include "controller/controller.h"

namespace jobq::cmd {

struct ControllerArguments {
  std::optional<std::string> state;
  std::optional<std::string> socket;
  std::optional<std::string> listen;
  std::optional<std::string> key;
};

// A controller whose disk does not answer for so long does not work: its watchdog is told no more.
inline constexpr Millis kJournalPatience = seconds(60);

// Everything but `state`, whose default differs.
Result<controller::Options> controller_options(const ControllerArguments& arguments,
                                               const conf::ControllerSettings& settings,
                                               const std::string& state);

// The first that is not empty.
std::string first_of(const std::optional<std::string>& argument, const std::string& setting,
                     const std::string& fallback);

// "socket /run/jobq/controller.sock, listening on 127.0.0.1:7117, state in
// /var/lib/jobq/controller"
std::string greeting_of(const controller::Controller& controller, const std::string& socket,
                        const std::string& state);

}  // namespace jobq::cmd
