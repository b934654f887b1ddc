// SPDX-License-Identifier: Apache-2.0
// The names in a node's state directory; docs/nodes.md says what each is.
#pragma once

#include <string>

#include "base/result.h"
#include "exec/files.h"

namespace jobq::exec {

inline std::string keeper_socket(const std::string& state) { return state + "/keeper.sock"; }
inline std::string keeper_lock(const std::string& state) { return state + "/keeper.lock"; }
inline std::string keeper_pid(const std::string& state) { return state + "/keeper.pid"; }
inline std::string attempts_log(const std::string& state) { return state + "/attempts.log"; }
inline std::string scripts_directory(const std::string& state) { return state + "/scripts"; }
inline std::string names_directory(const std::string& state) { return state + "/bin"; }
inline std::string step_socket(const std::string& state) { return state + "/node.sock"; }

// One keeper for a state directory: the lock goes with the process, however that ends. Empty where
// another one has it.
Result<Descriptor> take_keeper_lock(const std::string& state);

// Makes the directory where it is missing, and says so where its sockets' names would be too long.
Result<void> make_state(const std::string& state);

// This process is the keeper. What cannot be written is logged.
void write_keeper_pid(const std::string& state);

// Gives the executable both of its names, jobq and jq, in a directory that steps have first on
// their PATH: `jq report` works in a step wherever the executable is installed, and under what
// name.
Result<void> make_names(const std::string& state, const std::string& executable);

}  // namespace jobq::exec
