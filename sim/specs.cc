// SPDX-License-Identifier: Apache-2.0
// Specs of simulated jobs.
#include "sim/specs.h"

#include <utility>

namespace jobq::sim {
namespace {

std::shared_ptr<const sched::JobSpec> make_spec(std::uint32_t processors) {
  sched::StepSpec step;
  step.name = "main";
  step.argv = {"job"};
  step.literal = true;
  auto spec = std::make_shared<sched::JobSpec>();
  spec->needs.cpus = processors;
  spec->steps.push_back(std::move(step));
  return spec;
}

}  // namespace

const std::shared_ptr<const sched::JobSpec>& Specs::of(std::uint32_t processors) {
  auto& spec = specs_[processors];
  if (!spec) spec = make_spec(processors);
  return spec;
}

}  // namespace jobq::sim
