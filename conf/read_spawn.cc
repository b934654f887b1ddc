// SPDX-License-Identifier: Apache-2.0
// The keys of a spawn step.
#include "conf/read_spawn.h"

#include <fmt/format.h>

#include <array>
#include <memory>

#include "conf/draft.h"
#include "conf/read_job.h"
#include "conf/scalars.h"

namespace jobq::conf {
namespace {

using sched::Spawn;

struct SpawnDraft {
  Spawn spawn;
  Draft own;  // what the job does, where it has steps of its own
};

void read_priority(const Node& node, SpawnDraft& out, FaultSink& faults) {
  std::int64_t priority = 0;
  if (!read_number(node, 0, sched::kMaxPriority, priority, faults)) return;
  out.spawn.priority = static_cast<int>(priority);
}

void read_own(const Node& node, SpawnDraft& out, FaultSink& faults) {
  read_job_key(node, out.own, faults);
}

using Out = SpawnDraft;
constexpr std::array<Key<Out>, 18> kKeys = {{
    {"class",
     [](const Node& n, Out& out, FaultSink& f) { read_string(n, out.spawn.class_name, f); }},
    {"version",
     [](const Node& n, Out& out, FaultSink& f) { read_text(n, out.spawn.class_version, f); }},
    {"name", [](const Node& n, Out& out, FaultSink& f) { read_string(n, out.spawn.name, f); }},
    {"params", [](const Node& n, Out& out, FaultSink& f) { read_pairs(n, out.spawn.params, f); }},
    {"priority", read_priority},
    {"wait", [](const Node& n, Out& out, FaultSink& f) { read_flag(n, out.spawn.wait, f); }},
    {"needs", read_own},
    {"step", read_own},
    {"cleanup", read_own},
    {"export", read_own},
    {"run", read_own},
    {"script", read_own},
    {"give", read_own},
    {"dispose", read_own},
    {"inquire", read_own},
    {"exit", read_own},
    {"retry", read_own},
    {"again", read_own},
}};

// Its parameters are those that it is given.
std::shared_ptr<const sched::JobSpec> own_job(const Node& node, SpawnDraft& draft,
                                              FaultSink& faults) {
  finish_steps(node, draft.own, faults);
  for (const sched::NameValue& param : draft.spawn.params) {
    draft.own.spec.params.push_back({param.first, true, std::nullopt});
  }
  return std::make_shared<const sched::JobSpec>(std::move(draft.own.spec));
}

}  // namespace

void read_spawn(const Node& node, sched::StepSpec& out, FaultSink& faults) {
  out.kind = sched::StepKind::kSpawn;
  SpawnDraft draft;
  read_section<SpawnDraft>(node, {"spawn", kKeys, {}}, draft, faults);
  const bool is_table = node.kind == Node::Kind::kTable;
  if (is_table && node.find("class") != nullptr) {
    refuse_own_job(node, "a spawn", faults);
  } else if (is_table && has_steps(node)) {
    draft.spawn.spec = own_job(node, draft, faults);
  } else if (is_table) {
    faults.add(node.place, "spawn has no class and no steps; expected one of them");
  }
  out.spawn = std::move(draft.spawn);
}

}  // namespace jobq::conf
