// SPDX-License-Identifier: Apache-2.0
// `client:PATH` in a ticket: files of the machine of who submits. They must be there when the job
// runs, though the client is gone by then; so this machine must be a node of the cluster, and the
// place becomes one on that node. It is one where a node has its host's name, or speaks to the same
// local socket.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "base/result.h"
#include "cmd/locate.h"
#include "sched/spec.h"

namespace jobq::cmd {

bool names_client(const sched::JobSpec& spec);

class ClientPlaces {
 public:
  explicit ClientPlaces(ControllerOptions where) : where_(std::move(where)) {}

  // Refused where this machine is no node: a storage area is the way then.
  Result<void> resolve(sched::Ticket& ticket);

 private:
  Result<std::string> own_node();

  ControllerOptions where_;
  std::string node_;  // once it was asked for
  // Equal tickets share a spec, before and after.
  std::shared_ptr<const sched::JobSpec> last_;
  std::shared_ptr<const sched::JobSpec> last_resolved_;
};

}  // namespace jobq::cmd
