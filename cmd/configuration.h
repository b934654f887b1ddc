// SPDX-License-Identifier: Apache-2.0
// Finding and reading jobq.toml.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "conf/settings.h"

namespace jobq::cmd {

// --config, else JOBQ_CONFIG, else the user's own file, else /etc/jobq/jobq.toml; empty when there
// is none. A file that was asked for by name and is not there is an error.
Result<std::string> find_configuration(const std::optional<std::string>& option);

// The settings of that file, or the defaults.
Result<conf::Settings> read_configuration(const std::optional<std::string>& option);

// Everything that is wrong with a file, one fault a line.
Error faults_error(const std::string& what, const std::vector<conf::Fault>& faults);

}  // namespace jobq::cmd
