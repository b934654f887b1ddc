// SPDX-License-Identifier: Apache-2.0
// The resource limits of setrlimit(2) that a step's process gets, by name.
#pragma once

#include <sys/resource.h>

#include <string>
#include <vector>

#include "base/result.h"
#include "exec/keeper.pb.h"

namespace jobq::exec {

struct ChildLimit {
  const char* name = "";
  int resource = 0;
  rlimit value = {};
};

// This process's own limit, as it is now.
ChildLimit own_limit(const char* name);

// The error names the limit that does not exist.
Result<void> check_limits(const pb::Start& start);

// What the start asks for, in place of those among `usual` that it names. What check_limits refuses
// is left out.
std::vector<ChildLimit> limits_of(const pb::Start& start, std::vector<ChildLimit> usual);

// "nofile 1024", "core 0:unlimited"
std::string text_of(const ChildLimit& limit);

}  // namespace jobq::exec
