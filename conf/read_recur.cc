// SPDX-License-Identifier: Apache-2.0
// The section [recur] of a ticket.
#include "conf/read_recur.h"

#include <fmt/format.h>

#include <array>

#include "conf/scalars.h"

namespace jobq::conf {
namespace {

using sched::Recurrence;

template <class Enum, std::size_t N>
void read_choice(const Node& node, const std::array<std::string_view, N>& names, Enum& out,
                 FaultSink& faults) {
  std::string word;
  if (!read_word(node, word, faults)) return;
  for (std::size_t i = 0; i < N; ++i) {
    if (names[i] != word) continue;
    out = static_cast<Enum>(i);
    return;
  }
  faults.add(node.place,
             fmt::format("expected one of {}, found '{}'", fmt::join(names, ", "), word));
}

void read_catchup_max(const Node& node, Recurrence& out, FaultSink& faults) {
  std::int64_t most = 0;
  if (read_number(node, 1, sched::kMostCatchUp, most, faults)) {
    out.catchup_max = static_cast<std::uint32_t>(most);
  }
}

constexpr std::array<Key<Recurrence>, 6> kKeys = {{
    {"cron", [](const Node& n, Recurrence& r, FaultSink& f) { read_word(n, r.cron, f); }},
    {"seconds", [](const Node& n, Recurrence& r, FaultSink& f) { read_flag(n, r.seconds, f); }},
    {"zone", [](const Node& n, Recurrence& r, FaultSink& f) { read_word(n, r.zone, f); }},
    {"catchup", [](const Node& n, Recurrence& r,
                   FaultSink& f) { read_choice(n, sched::kCatchUpNames, r.catchup, f); }},
    {"catchup_max", read_catchup_max},
    {"overlap", [](const Node& n, Recurrence& r,
                   FaultSink& f) { read_choice(n, sched::kOverlapNames, r.overlap, f); }},
}};

}  // namespace

void read_recur(const Node& node, Draft& out, FaultSink& faults) {
  Recurrence& recur = out.ticket.recur.emplace();
  read_section<Recurrence>(node, {"[recur]", kKeys, {}}, recur, faults);
  if (node.kind == Node::Kind::kTable && node.find("cron") == nullptr) {
    faults.add(node.place, "[recur] has no 'cron'; expected one, such as \"30 2 * * mon-fri\"");
  }
}

}  // namespace jobq::conf
