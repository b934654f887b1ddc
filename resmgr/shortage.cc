// SPDX-License-Identifier: Apache-2.0
// Comparing needs with nodes.
#include "resmgr/shortage.h"

#include <fmt/format.h>

#include <algorithm>
#include <compare>

namespace jobq::resmgr {
namespace {

std::uint64_t count_of(const std::vector<Count>& counts, const std::string& name) {
  const auto found = std::ranges::find(counts, name, &Count::name);
  return found == counts.end() ? 0 : found->amount;
}

std::uint64_t positive(Amount amount) {
  return static_cast<std::uint64_t>(std::max<Amount>(amount, 0));
}

}  // namespace

Capacity free_of(const Ledger& ledger, const Node& node) {
  Capacity free;
  free.cpus = static_cast<std::uint32_t>(positive(at(node.free, kCpus)));
  free.memory = Bytes{positive(at(node.free, kMemory))};
  free.gpus = static_cast<std::uint32_t>(positive(at(node.free, kGpus)));
  for (const Count& count : node.capacity.counts) {
    free.counts.push_back({count.name, positive(at(node.free, ledger.dimension(count.name)))});
  }
  return free;
}

std::vector<Line> lines(const Needs& needs, const Capacity& present) {
  std::vector<Line> all;
  if (needs.cpus) all.push_back({"cpus", needs.cpus, present.cpus});
  if (needs.memory.count) all.push_back({"memory", needs.memory.count, present.memory.count});
  if (needs.gpus) all.push_back({"gpus", needs.gpus, present.gpus});
  for (const Count& count : needs.counts) {
    all.push_back({count.name, count.amount, count_of(present.counts, count.name)});
  }
  return all;
}

std::string amount_text(const Line& line) {
  const bool one = line.needed == 1;
  if (line.name == "cpus") return fmt::format("{} {}", line.needed, one ? "cpu" : "cpus");
  if (line.name == "gpus") return fmt::format("{} {}", line.needed, one ? "gpu" : "gpus");
  return fmt::format("{} {}", number_text(line, line.needed), line.name);
}

std::string number_text(const Line& line, std::uint64_t number) {
  return line.name == "memory" ? format_bytes(Bytes{number}) : fmt::format("{}", number);
}

bool nearer(const std::vector<Line>& a, const std::vector<Line>& b) {
  const auto by_lacking =
      std::ranges::count_if(a, &Line::lacks) <=> std::ranges::count_if(b, &Line::lacks);
  if (by_lacking != 0) return by_lacking < 0;
  return std::ranges::lexicographical_compare(a, b, {}, &Line::missing, &Line::missing);
}

}  // namespace jobq::resmgr
