// SPDX-License-Identifier: Apache-2.0
// What runs where, until when.
#include "sim/virtual_nodes.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace jobq::sim {

VirtualNodes::VirtualNodes(const Machine& machine, const Dispatch& dispatch,
                           const FailureModel& failures, std::size_t jobs, Time start)
    : cpus_per_node_(machine.cpus_per_node),
      dispatch_(dispatch),
      failures_(failures, machine.nodes, start),
      nodes_(machine.nodes),
      places_(jobs + 1) {}

sched::NodeJoined VirtualNodes::joined(std::uint32_t node) const {
  resmgr::Capacity capacity;
  capacity.cpus = cpus_per_node_;
  return {fmt::format("n{}", node + 1), std::to_string(nodes_[node].life), capacity, {}};
}

std::vector<sched::NodeJoined> VirtualNodes::joins() const {
  std::vector<sched::NodeJoined> all;
  for (std::uint32_t node = 0; node < nodes_.size(); ++node) all.push_back(joined(node));
  return all;
}

// In millionths of a second, so that many small costs add up; starts are on whole milliseconds.
Time VirtualNodes::dispatched(Time now) {
  if (dispatch_.cost_us == 0) return now;
  const std::int64_t from = now.ms * 1000;
  const std::int64_t at =
      (dispatch_.parallel ? from : std::max(from, dispatcher_free_us_)) + dispatch_.cost_us;
  dispatcher_free_us_ = at;
  return Time{(at + 999) / 1000};
}

Time VirtualNodes::launch(const sched::Launch& launch, Time now, Millis length) {
  const Time begins = dispatched(now);
  const std::uint32_t node = launch.node.value - 1;
  const std::uint32_t life = nodes_[node].life;
  places_[launch.id.job.value] = {node, life};
  ends_.push({begins + length, launch.id, node, life});
  return begins;
}

void VirtualNodes::kill(const sched::Kill& kill, Time now) {
  const std::uint32_t node = kill.node.value - 1;
  ends_.push({now, kill.id, node, nodes_[node].life});
}

std::optional<Time> VirtualNodes::next() const {
  const std::optional<Time> change = failures_.next();
  if (ends_.empty()) return change;
  return change ? std::min(*change, ends_.top().at) : ends_.top().at;
}

void VirtualNodes::report(Time now, const std::function<void(sched::Event)>& to) {
  for (; !ends_.empty() && ends_.top().at <= now; ends_.pop()) {
    const End& end = ends_.top();
    if (end.life == nodes_[end.node].life)
      to(sched::TaskComplete{NodeId{end.node + 1}, end.id, {}});
  }
  for (auto due = failures_.next(); due && *due <= now; due = failures_.next()) {
    const Failures::Change change = failures_.take();
    if (!change.fails) {
      to(joined(change.node));
      continue;
    }
    ++nodes_[change.node].life;
    nodes_[change.node].failed = change.at;
    to(sched::NodeLost{NodeId{change.node + 1}, "it failed"});
  }
}

std::optional<Time> VirtualNodes::lost_at(JobNumber job) const {
  const Place& place = places_[job.value];
  const Node& node = nodes_[place.node];
  return node.life == place.life ? std::nullopt : std::optional(node.failed);
}

}  // namespace jobq::sim
