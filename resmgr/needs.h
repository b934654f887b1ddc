// SPDX-License-Identifier: Apache-2.0
// What a job or step needs, what a node has, and the names under which both are known.
//
// All lists are sorted by name and hold no name twice; normalise() makes them so. Amounts are whole
// numbers; memory is in bytes.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/ids.h"
#include "base/result.h"

namespace jobq::resmgr {

struct Count {
  std::string name;
  std::uint64_t amount = 0;
  auto operator<=>(const Count&) const = default;
};

// A request is granted whole or not at all. The first four are taken from one node, or from each of
// several together; the others from the cluster.
struct Needs {
  std::uint32_t cpus = 0;
  Bytes memory;
  std::uint32_t gpus = 0;
  std::vector<Count> counts;            // site-defined resources of nodes
  std::vector<std::string> exclusive;   // named things that one job holds at a time
  std::vector<Count> tokens;            // named counts of the cluster
  std::string element;                  // the group of nodes to take from; empty: any
  std::string service;                  // that the node must offer when it is taken; empty: none
  std::vector<std::string> features{};  // that the node must have, by the word of its operators
  std::uint32_t nodes = 1;  // that it takes together, each with all that is asked of one

  auto operator<=>(const Needs&) const = default;  // an order for sorted tables, without a meaning
  bool takes_from_node() const { return cpus || memory.count || gpus || !counts.empty(); }
  bool takes_several_nodes() const { return nodes > 1; }
  bool takes_named() const { return !exclusive.empty() || !tokens.empty(); }
  bool empty() const { return !takes_from_node() && !takes_named(); }
};

// Of all its nodes together.
constexpr std::int64_t all_cpus(const Needs& needs) {
  return std::int64_t{needs.cpus} * std::int64_t{needs.nodes};
}

// Sorts the lists, joins equal names (counts add up), drops counts of nothing, and the element
// where nothing is taken from a node. With a service, features or several nodes alone, a processor
// of each is taken.
void normalise(Needs& needs);

// The part that one node is asked for, and the part that the cluster is.
Needs of_node(Needs needs);
Needs of_cluster(Needs needs);

// "4 cpus, 8G memory of element batch, exclusive plan-db, 2 of solver"; "nothing" when empty. Of
// several nodes: "4 cpus, 8G memory on each of 3 nodes".
std::string to_string(const Needs& needs);

// The most nodes that may be asked for together.
inline constexpr std::uint32_t kMostNodes = 65'536;

// What a node offers. gpus are known by index, 0 to gpus-1.
struct Capacity {
  std::uint32_t cpus = 0;
  Bytes memory;
  std::uint32_t gpus = 0;
  std::vector<Count> counts;
  std::vector<std::string> features{};  // what it has that is not counted, sorted
  bool operator==(const Capacity&) const = default;
};

// Does the node have all of these, which are sorted?
bool has_features(const Capacity& node, const std::vector<std::string>& wanted);
// "feature ssd", "features avx512 and ssd"
std::string features_text(const std::vector<std::string>& features);

enum class NamedKind { kExclusive, kTokens };

// A resource of the cluster that has a name; an exclusive one has a total of 1.
struct NamedResource {
  std::string name;
  NamedKind kind = NamedKind::kExclusive;
  std::uint64_t total = 1;
  std::string command{};  // of a device: what an export to it runs; empty: it is none
  bool operator==(const NamedResource&) const = default;
};

// Names of nodes, classes, resources, steps and parameters: a letter or digit, then letters,
// digits,
// '.', '_' or '-', at most 64 bytes (steps, params: no '.'; checked by sched).
bool valid_name(std::string_view name);

}  // namespace jobq::resmgr
