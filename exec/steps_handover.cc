// SPDX-License-Identifier: Apache-2.0
// What a program leaves of its attempts to the one that it executes in its own place. The process
// stays, and with it children, descriptors and the steady clock; what is not in the message is in
// the log, or was idle and is made anew.
#include <utility>

#include "exec/step.h"
#include "exec/steps.h"

namespace jobq::exec {
namespace {

// The numbers of pb::HeldStep::Phase are those of Step::Phase.
template <class To, class From>
To same(From phase) {
  return static_cast<To>(phase);
}

void hand_over(const Slot& slot, pb::HeldSlot& to) {
  to.set_number(slot.number);
  to.set_file(slot.file.get());
  to.set_owner(slot.owner);
}

Slot taken_over(const pb::HeldSlot& held) {
  if (held.number() == 0) return {};
  return {held.number(), Descriptor(held.file()), held.owner()};
}

}  // namespace

void Steps::hand_over(pb::Handover& to) {
  *to.mutable_children() = launcher_.defaults();
  for (const auto& [id, step] : steps_) {
    // The next program shall not have to know of it: one before this would lend them as they are.
    slots_.make_empty(step->output);
    slots_.make_empty(step->error);
    pb::HeldStep& held = *to.add_steps();
    *held.mutable_id() = to_pb(id);
    held.set_phase(same<pb::HeldStep::Phase>(step->phase));
    held.set_pid(step->pid);
    if (step->cell) *held.mutable_cell() = step->cell->held();
    exec::hand_over(step->output, *held.mutable_output());
    exec::hand_over(step->error, *held.mutable_error());
    held.set_token(step->token);
    held.set_script_file(step->script_file);
    held.set_started_ns(step->started_ns);
    held.set_suspended(step->suspended);
    held.set_fenced(step->fenced);
    *held.mutable_end() = step->end;
    if (step->phase != Step::Phase::kEnded) {
      const CellUsage usage = step->cell && !step->adopted ? step->cell->usage() : CellUsage();
      held.mutable_end()->set_max_rss(peak_of(*step, usage).count);
    }
    held.set_adopted(step->adopted);
    held.set_recorded(step->recorded);
    held.set_grace_ns(step->grace_ns);
    held.set_due_ns(step->due_ns);
    held.set_pause_ns(step->pause_ns);
    held.set_cpus(step->limits.cpus);
    held.set_memory(step->limits.memory.count);
    held.set_processes(step->limits.processes);
    if (step->verdict) *held.mutable_verdict() = *step->verdict;
  }
}

void Steps::take_over(const pb::Handover& from) {
  launcher_.take_over(from.children());
  for (const pb::HeldStep& held : from.steps()) take_over(held);
  // What was to be forgotten, and the disk did not take it, is told once more.
  for (const auto& [id, known] : log_.ledger().attempts) {
    if (known.end && !steps_.contains(id)) adopt(id, known);
  }
}

void Steps::take_over(const pb::HeldStep& held) {
  auto made = std::make_unique<Step>();
  Step& step = *made;
  step.id = id_of(held.id());
  steps_.emplace(step.id, std::move(made));
  step.phase = same<Step::Phase>(held.phase());
  step.pid = held.pid();
  step.adopted = held.adopted();
  if (held.has_cell()) {
    step.cell = step.adopted ? adopt_cell(held.cell().place(), held.cell().running())
                             : containment_.take_over(held.cell());
  }
  step.output = taken_over(held.output());
  step.error = taken_over(held.error());
  step.token = held.token();
  step.script_file = held.script_file();
  step.started_ns = held.started_ns();
  step.suspended = held.suspended();
  step.fenced = held.fenced();
  step.end = held.end();
  step.recorded = held.recorded();
  step.grace_ns = held.grace_ns();
  step.due_ns = held.due_ns();
  step.pause_ns = held.pause_ns();
  step.limits = {held.cpus(), Bytes{held.memory()}, held.processes()};
  if (held.has_verdict()) step.verdict = held.verdict();
  const bool ended = step.phase == Step::Phase::kEnded;
  if (!ended) ++running_;
  if (!ended && step.adopted) ++adopted_;
  if (step.pid != 0) by_pid_.emplace(step.pid, &step);
  if (!ended && !step.token.empty()) by_token_.emplace(step.token, &step);
  const bool tended = ended ? !step.recorded : step.phase != Step::Phase::kRunning;
  if (tended) tended_.push_back(&step);
  if (!ended && step.cell && !step.adopted) watch(step);
}

}  // namespace jobq::exec
