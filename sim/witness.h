// SPDX-License-Identifier: Apache-2.0
// What the simulated world tells those who watch over it: the truth about processes, acknowledged
// requests and losses, which no part of jobq gets to see.
#pragma once

#include <functional>
#include <set>
#include <string>
#include <string_view>

#include "base/ids.h"
#include "sched/action.h"
#include "sched/event.h"

namespace jobq::sim {

class Witness {
 public:
  virtual ~Witness() = default;

  // A process of this attempt exists from now on; it exists no more.
  virtual void process_began(const std::string& node, const sched::Launch& launch) = 0;
  virtual void process_is_gone(const std::string& node, const AttemptId& id) = 0;
  // The keeper has written down how the attempt ended.
  virtual void end_is_recorded(const std::string& node, const AttemptId& id,
                               const sched::TaskEnd& end) = 0;
  // Its disk is full: the end is told, and may be told otherwise by the next keeper.
  virtual void end_is_not_recorded(const AttemptId& id) = 0;
  // The node's records were cut: only these ends are left.
  virtual void records_were_cut(const std::string& node, const std::set<AttemptId>& left) = 0;

  // Nothing that the node has is waited for any more, until the controller welcomes it.
  virtual void node_is_given_up(const std::string& node) = 0;
  virtual void node_is_welcomed(const std::string& node) = 0;
  // The controller hands to its journal that the attempt ended as lost.
  virtual void counted_as_lost(const std::string& node, const AttemptId& id) = 0;
  // The controller hands to its journal that the attempt is to end for the loss of this node, which
  // it has beside its own.
  virtual void ends_for_loss_of(const std::string& node, const AttemptId& id) = 0;

  // For the trace and the log: something happened; a fault was put in.
  virtual void happened(const std::function<std::string()>& what) = 0;
  virtual void fault(std::string_view kind, const std::function<std::string()>& what) = 0;
};

}  // namespace jobq::sim
