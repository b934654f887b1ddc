// SPDX-License-Identifier: Apache-2.0
// Steps and the cleanup step, as sections of a file.
#pragma once

#include <array>
#include <span>
#include <string_view>

#include "conf/section.h"
#include "sched/spec.h"

namespace jobq::conf {

// Kinds and properties of steps that later versions can do.
// Which say what kind of step it is; each step has exactly one.
inline constexpr std::array<std::string_view, 9> kKindKeys = {
    "run", "script", "spawn", "wait", "send", "recv", "give", "dispose", "inquire"};

// A [[step]]: all its keys, and exactly one kind.
void read_step(const Node& node, sched::StepSpec& out, FaultSink& faults);
// [cleanup]; its name is set.
void read_cleanup(const Node& node, sched::StepSpec& out, FaultSink& faults);

// The single keys, for a job that has a step's keys at its top.
void read_run(const Node& node, sched::StepSpec& out, FaultSink& faults);
void read_script(const Node& node, sched::StepSpec& out, FaultSink& faults);
void read_give(const Node& node, sched::StepSpec& out, FaultSink& faults);
void read_dispose(const Node& node, sched::StepSpec& out, FaultSink& faults);
void read_inquire(const Node& node, sched::StepSpec& out, FaultSink& faults);
void read_exit(const Node& node, sched::StepSpec& out, FaultSink& faults);
void read_retry(const Node& node, sched::StepSpec& out, FaultSink& faults);
void read_again(const Node& node, sched::StepSpec& out, FaultSink& faults);
// An [[export]], which becomes a step behind all others; `number` counts from 1.
void read_export(const Node& node, std::size_t number, sched::StepSpec& out, FaultSink& faults);
// That of these kinds there is one; `label` names the section.
void check_one_kind(const Node& node, std::string_view label,
                    std::span<const std::string_view> kinds, FaultSink& faults);

}  // namespace jobq::conf
