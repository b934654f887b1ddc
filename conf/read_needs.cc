// SPDX-License-Identifier: Apache-2.0
// Needs: the keys of the language, slips of them, and site-defined counts.
#include "conf/read_needs.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>
#include <optional>

#include "base/nearest.h"
#include "conf/scalars.h"

namespace jobq::conf {
namespace {

using resmgr::Needs;

constexpr std::array<std::string_view, 9> kKeys = {
    "cpus", "memory", "gpus", "exclusive", "tokens", "element", "service", "nodes", "features"};

struct Alias {
  std::string_view word;
  std::string_view key;
};
constexpr std::array<Alias, 9> kAliases = {{{"mem", "memory"},
                                            {"ram", "memory"},
                                            {"core", "cpus"},
                                            {"cores", "cpus"},
                                            {"ncpus", "cpus"},
                                            {"ngpus", "gpus"},
                                            {"licence", "tokens"},
                                            {"licenses", "tokens"},
                                            {"licences", "tokens"}}};

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

// The key that a word was probably meant to be. The first letter of a short key is seldom mistyped
// and makes other words ("tpus", "npus"), so only slips after it count there.
std::optional<std::string_view> meant_key(std::string_view word) {
  for (const Alias& alias : kAliases) {
    if (edit_distance(word, alias.word, 0)) return alias.key;
  }
  for (const std::string_view key : kKeys) {
    const bool is_long = key.size() >= 6;
    if (!is_long && lower(word.empty() ? ' ' : word.front()) != key.front()) continue;
    if (edit_distance(word, key, is_long ? 2 : 1)) return key;
  }
  return std::nullopt;
}

void read_small_count(const Node& node, std::uint32_t& out, FaultSink& faults) {
  std::int64_t count = 0;
  read_number(node, 0, std::numeric_limits<std::uint32_t>::max(), count, faults);
  out = static_cast<std::uint32_t>(count);
}

// A key of the language; false where it is none.
bool read_known(const Node& node, Needs& out, FaultSink& faults) {
  if (node.key == "cpus") {
    read_small_count(node, out.cpus, faults);
  } else if (node.key == "memory") {
    read_size(node, out.memory, faults);
  } else if (node.key == "gpus") {
    read_small_count(node, out.gpus, faults);
  } else if (node.key == "exclusive") {
    read_words(node, out.exclusive, faults);
  } else if (node.key == "tokens") {
    read_counts(node, out.tokens, faults);
  } else if (node.key == "element") {
    read_name(node, out.element, faults);
  } else if (node.key == "features") {
    read_words(node, out.features, faults);
  } else if (node.key == "nodes") {
    std::int64_t nodes = 1;
    read_number(node, 1, resmgr::kMostNodes, nodes, faults);
    out.nodes = static_cast<std::uint32_t>(nodes);
  } else if (node.key == "service") {
    read_name(node, out.service, faults);
  } else {
    return false;
  }
  return true;
}

void read_site_count(const Node& node, Needs& out, FaultSink& faults) {
  if (!resmgr::valid_name(node.key)) {
    faults.add(node.key_place, fmt::format("'{}' is not a name of a resource", node.key));
    return;
  }
  std::uint64_t amount = 0;
  if (read_amount(node, amount, faults) && amount > 0) out.counts.push_back({node.key, amount});
}

void read_key(const Node& node, Needs& out, FaultSink& faults) {
  if (read_known(node, out, faults)) return;
  if (const auto key = meant_key(node.key)) {
    faults.add(node.key_place,
               fmt::format("unknown key '{}' in needs; did you mean '{}'?", node.key, *key));
    return;
  }
  read_site_count(node, out, faults);
}

}  // namespace

void read_needs(const Node& node, Needs& out, FaultSink& faults) {
  if (node.kind != Node::Kind::kTable) {
    refuse(node, "a table like { cpus = 4, memory = \"8G\" }", faults);
    return;
  }
  for (const Node& child : node.children) read_key(child, out, faults);
  std::string element = std::move(out.element);
  resmgr::normalise(out);
  out.element = std::move(element);  // of a job, also where its steps alone take from nodes
}

}  // namespace jobq::conf
