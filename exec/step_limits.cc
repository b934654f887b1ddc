// SPDX-License-Identifier: Apache-2.0
// Attempts and what they were granted: who goes past it is ended, and what all of an attempt's
// processes used is counted.
#include <algorithm>
#include <csignal>

#include "exec/step.h"
#include "exec/steps.h"

namespace jobq::exec {

CellLimits Steps::granted_to(const pb::Start& start) {
  return {start.cpus(), Bytes{start.memory()}, start.processes()};
}

void Steps::watch(const Step& step) {
  accounting_.watch(step.id, *step.cell, step.limits, containment_.enforced(), steady_now_ns());
}

void Steps::enforce(std::int64_t now_ns) {
  for (Accounting::Excess& excess : accounting_.look(now_ns)) {
    end_for(*steps_.at(excess.id), excess.how, std::move(excess.reason));
  }
}

// The first verdict on a step that runs stands.
void Steps::judge(Step& step, pb::End::How how, std::string reason) {
  if (step.pid == 0 || step.verdict) return;
  step.verdict.emplace();
  step.verdict->set_how(how);
  step.verdict->set_reason(std::move(reason));
}

// At once: who asks such a step to end gives it the time to take more.
void Steps::end_for(Step& step, pb::End::How how, std::string reason) {
  judge(step, how, std::move(reason));
  kill_at_once(step);
}

// The main process has ended, and its status is known.
void Steps::judge_end(Step& step) {
  const bool killed = step.end.how() == pb::End::SIGNALLED && step.end.signal() == SIGKILL;
  const OutOfMemory reason = killed ? step.cell->out_of_memory() : OutOfMemory::kNo;
  if (step.verdict) {
    step.end.set_how(step.verdict->how());
    step.end.set_reason(step.verdict->reason());
  } else if (reason == OutOfMemory::kLimit) {
    step.end.set_how(pb::End::MEMORY);
    step.end.set_reason("memory: used all of " + format_bytes(step.limits.memory) + " granted");
  } else if (reason == OutOfMemory::kNode) {
    step.end.set_how(pb::End::MEMORY);
    step.end.set_reason("memory: the node had none left");
  }
}

Bytes Steps::peak_of(const Step& step, const CellUsage& usage) const {
  const Bytes known = std::max(Bytes{step.end.max_rss()}, accounting_.peak(step.id));
  return std::max(known, Bytes{usage.peak_memory.value_or(0)});
}

// The cell is empty. What the kernel counted of the whole of it is more than what was waited for;
// what a predecessor's cell has counted says nothing about the step.
void Steps::add_usage(Step& step) {
  const bool ran = step.cell && !step.adopted && step.end.how() != pb::End::NOT_STARTED;
  if (!ran) return;
  const CellUsage usage = step.cell->usage();
  step.end.set_max_rss(peak_of(step, usage).count);
  accounting_.forget(step.id);
  if (usage.cpu_ms) step.end.set_cpu_ms(std::max(step.end.cpu_ms(), *usage.cpu_ms));
}

}  // namespace jobq::exec
