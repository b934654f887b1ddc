// SPDX-License-Identifier: Apache-2.0
// `client:PATH` in a ticket: files of the machine of who submits. They must be there when the job
// runs, though the client is gone by then. Where this machine is a node of the cluster, the place
// becomes one on that node. It is one where a node has its host's name, or speaks to the same local
// socket. Elsewhere, and where it is asked for, what is read is staged (cmd/staging.h).
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "base/result.h"
#include "cmd/locate.h"
#include "cmd/staging.h"
#include "sched/spec.h"

namespace jobq::cmd {

bool names_client(const sched::JobSpec& spec);

// What lies in a storage area for the tickets that share a spec.
struct StagedFiles {
  std::string directory;      // "area:stage/ann-KEY"
  std::size_t use_count = 0;  // tickets that were not refused
};

class ClientPlaces {
 public:
  struct Settings {
    ControllerOptions where;
    std::optional<std::string> stage;  // an area: staged even where this machine is a node
    bool trial = false;                // everything is looked up, nothing is carried
    Millis patience = kPatience;
  };
  explicit ClientPlaces(Settings settings);

  // What was staged, if anything. Refused where this machine is no node and there is no area.
  using Staged = std::shared_ptr<StagedFiles>;
  Result<Staged> resolve(sched::Ticket& ticket);
  // The controller has not taken a ticket that resolve() gave this for: what nobody needs goes.
  void refused(const Staged& staged);

 private:
  Result<void> resolve(sched::StepSpec& step, Staged& staged);
  Result<void> resolve_source(const sched::StepSpec& step, std::string& place, Staged& staged);
  Result<void> stage(const sched::StepSpec& step, std::string& place, Staged& staged);
  Result<void> put_on_node(std::string& place);
  Result<bool> is_staged(const sched::StepSpec& step);
  Result<std::string> area();
  Result<std::string> own_node();
  void remove(const StagedFiles& staged);

  Settings settings_;
  Staging staging_;
  std::optional<std::string> node_;  // once it was asked for; empty: none
  std::optional<bool> has_area_;     // likewise, of the usual area
  std::size_t place_count_ = 0;      // of the ticket that is resolved
  // Equal tickets share a spec, before and after.
  std::shared_ptr<const sched::JobSpec> last_;
  std::shared_ptr<const sched::JobSpec> last_resolved_;
  Staged last_staged_;
};

}  // namespace jobq::cmd
