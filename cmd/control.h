// SPDX-License-Identifier: Apache-2.0
// What hold, release and cancel have in common: jobs are selected, and each has a result of its
// own.
#pragma once

#include <string>

#include "base/result.h"
#include "cmd/client.h"
#include "cmd/verbs.h"
#include "net/jobq.pb.h"

namespace jobq::cmd {

struct ControlOutput {
  bool json = false;
  std::string done;  // "held", "released": what is said of each job on a terminal
};

// Sends the request and tells the results. The exit code is that of the first refusal.
Result<int> control(const ControllerOptions& where, const wire::ControlRequest& request,
                    const ControlOutput& output);

// A verb that does one thing to the jobs that are selected.
struct ControlVerb {
  wire::ControlRequest::Verb verb;
  std::string usage;
  std::string about;
  std::string examples;
  std::string done;
};
Result<int> run_control(const Words& words, const ControlVerb& verb);

}  // namespace jobq::cmd
