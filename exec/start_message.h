// SPDX-License-Identifier: Apache-2.0
// From the controller's launch to what the keeper starts: the step's environment, its identity and
// its working directory.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "exec/keeper.pb.h"
#include "exec/users.h"
#include "net/jobq.pb.h"

namespace jobq::exec {

// What every step of this node is told.
struct NodeFacts {
  std::string name;
  std::string socket;             // for jq report
  std::string program_directory;  // where jobq and jq are
};

// "NAME=value", sorted: HOME, PATH and so on, then what the launch says, then what only the node
// may say.
std::vector<std::string> environment_of(const wire::Launch& launch, const User& user,
                                        const NodeFacts& node, const std::string& token);

// The directory in front of the path, unless it stands there already: `jq report` must be ours even
// where another jq is installed (ours hands everything else on to it), and a directory of the
// user's PATH keeps its place.
std::string with_program_directory(std::string_view path, const std::string& directory);

pb::Start start_message(const wire::Launch& launch, const User& user, const NodeFacts& node,
                        const std::string& token);

}  // namespace jobq::exec
