// SPDX-License-Identifier: Apache-2.0
// The resource manager: it knows nodes and named resources, queues requests, and grants each whole
// or not at all, in the order of the job queue.
//
// Protocol: enqueue() a request; schedule() says which waiting requests are satisfied now
// (ResourcesSatisfied); the caller then holds the grant until release(). What is free changes only
// by a grant, a release, and by nodes and named resources that come, go or change.
//
// Who may overtake. Requests are considered in queue order (priority, then job number, then part).
// One that fits starts. One that does not fit gets a reservation at the earliest time at which, by
// the time limits of what holds the resources, it fits; a lower one may start only where it leaves
// every reservation above it untouched. A holder without a time limit, or past it, may end at any
// moment; so may the holder of a named resource, whatever its limit. So a request that lacks only a
// named resource keeps the rest of its needs in reach, and one behind a holder without a limit
// keeps what becomes free. This is conservative backfilling (Mu'alem and Feitelson, 2001) with "may
// end at any moment" as a kind of end.
//
// Pure: no clock, no randomness, no I/O; the same calls give the same answers.
#pragma once

#include <compare>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "resmgr/needs.h"

namespace jobq::resmgr {

// Part 0 is the job's own needs (held from its first step until after cleanup); part s+1 those of
// step s.
struct RequestId {
  JobNumber job;
  std::uint32_t part = 0;
  auto operator<=>(const RequestId&) const = default;
};

struct Request {
  RequestId id;
  int priority = 0;             // higher goes first
  Needs needs;                  // not empty
  std::optional<Millis> limit;  // holds it at most so long; none: no promise
};

// What a request was given. node is 0 when it takes nothing from a node.
struct Grant {
  RequestId id;
  NodeId node;
  std::vector<std::uint32_t> gpus;  // indexes on that node, ascending
  bool operator==(const Grant&) const = default;
};

enum class NodeState { kUp, kDraining, kDrained, kLost };
std::string_view to_string(NodeState state);  // "up", "draining", "drained", "lost"

struct NodeView {
  NodeId id;
  std::string name;
  NodeState state = NodeState::kLost;
  Capacity total;
  Capacity free;
};

struct NamedView {
  NamedResource resource;
  std::uint64_t free = 0;
  struct Holder {
    JobNumber job;
    std::uint64_t amount = 0;
  };
  std::vector<Holder> holders;  // in the order of their grants
};

enum class BlockerKind { kResources, kExclusive, kTokens, kPriority, kNodeState };

// One reason that a request is not granted now, and what would remove it.
struct Blocker {
  BlockerKind kind = BlockerKind::kResources;
  std::string text;    // "exclusive plan-db is held by job 12"
  std::string remedy;  // "wait for job 12 to end, or cancel it"
};

// How much was looked at since the manager was made, for tests and benchmarks: the cost of a pass
// without a clock.
struct Work {
  std::uint64_t passes = 0;
  std::uint64_t placements = 0;    // requests tried for a start now
  std::uint64_t reservations = 0;  // requests placed in the future
  std::uint64_t visits = 0;        // nodes looked at for those
};

class ResourceManager {
 public:
  ResourceManager();
  ~ResourceManager();
  ResourceManager(ResourceManager&&) noexcept;
  ResourceManager& operator=(ResourceManager&&) noexcept;

  // --- what there is
  // --------------------------------------------------------------------------------- Adds the
  // node, or gives a known one new capacities (grants that it holds stay, also above them).
  void set_node(NodeId id, const std::string& name, const Capacity& capacity);
  // A node gives new grants only while it is connected and not draining.
  void set_connected(NodeId id, bool connected);
  void set_draining(NodeId id, bool draining);

  // Refused: a name that exists with another kind or total; the same again is accepted.
  Result<void> create(const NamedResource& resource);
  // Refused while it is held or waited for; kNotFound for an unknown name.
  Result<void> remove(const std::string& name);

  // Could the cluster as it is known ever grant this? The error names the nearest miss: "needs 64
  // cpus; the largest node, n1, has 2". Nodes count also while lost or draining. Where no node was
  // ever known, needs on nodes pass.
  Result<void> feasible(const Needs& needs) const;

  // --- the queue of requests
  // ------------------------------------------------------------------------- Refused (kRefused,
  // with the circle in the message) when the request would close a circle of jobs that hold named
  // resources and wait for each other's.
  Result<void> enqueue(const Request& request);
  // Takes a waiting request away; false when it is not waiting.
  bool withdraw(RequestId id);
  // Grants in queue order all that may start now; each is held from here on.
  std::vector<Grant> schedule(Time now);
  // Gives a grant back; false when it is not held.
  bool release(RequestId id);
  // When the holder must have ended by its limit, where that is known (started, resumed,
  // suspended).
  void set_end(RequestId id, std::optional<Time> end);
  // Recovery: takes the grant again, as it was, without a queue.
  void restore(const Request& request, const Grant& grant);

  // --- questions
  // -------------------------------------------------------------------------------------
  bool is_waiting(RequestId id) const;
  bool is_held(RequestId id) const;
  // All reasons, most important first; empty when the request is not waiting. `now` as for
  // schedule().
  std::vector<Blocker> explain(RequestId id, Time now) const;
  // The reserved start by the time limits known now; none where it cannot be known.
  std::optional<Time> expected_start(RequestId id, Time now) const;
  std::vector<NodeView> nodes() const;  // by id
  std::optional<NodeView> node(NodeId id) const;
  std::vector<NamedView> named() const;  // by name
  std::size_t waiting_count() const;
  const Work& work() const;

  // Recounts everything that is kept incrementally: free against capacity and grants, one holder of
  // each exclusive resource, queue order, shapes. The error says what does not hold.
  Result<void> check_invariants() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace jobq::resmgr
