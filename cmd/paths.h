// SPDX-License-Identifier: Apache-2.0
// Directories and files by their rules: XDG directories of users, /var/lib and /run of root.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace jobq::cmd {

std::string environment(const char* name);  // empty where it is not set

// $XDG_CONFIG_HOME/jobq, or ~/.config/jobq; empty without a home.
std::string user_config_directory();

inline constexpr const char* kSystemStateDirectory = "/var/lib/jobq";

// Where this user's daemons keep what must survive: that of the system for root, else
// $XDG_STATE_HOME/jobq or ~/.local/state/jobq.
Result<std::string> state_directory();

// Where this user's sockets are: $XDG_RUNTIME_DIR/jobq, else /run/user/UID/jobq where there is one,
// else /tmp/jobq-UID. Nothing is made.
std::string user_runtime_directory();

inline constexpr const char* kSystemRuntimeDirectory = "/run/jobq";
inline constexpr const char* kControllerSocket = "controller.sock";

// Makes the directory of a daemon's socket where it is missing (0755 for root, else 0700), and
// refuses one in /tmp that belongs to somebody else or that others may write.
Result<void> make_runtime_directory(const std::string& directory);

// The user's runtime directory can be trusted: it is in no place where others could have made it,
// or it is ours alone.
bool is_safe_runtime_directory(const std::string& directory);

// Makes the directory and those above it that are missing (0711 for root, whose steps belong to
// others, else 0700).
Result<void> make_directories(const std::string& directory);

std::string current_directory();  // as the shell names it ($PWD), where that is right
std::string absolute_path(std::string_view path);
std::string host_name();  // up to the first dot

Result<std::string> read_file(const std::string& path);
Result<std::string> read_descriptor(int descriptor, const std::string& name);

}  // namespace jobq::cmd
