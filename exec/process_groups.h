// SPDX-License-Identifier: Apache-2.0
// Containment without cgroups: a session, the tree of parents, and a mark in the environment.
//
// What a step started is found by any of: its session is the step's, it descends from such a
// process, or it carries the step's JOBQ_MARK. The keeper is a child subreaper, so whatever loses
// its parent becomes the keeper's child. What a step starts in a session of its own, with its
// environment wiped, while other steps run, is found when the last of them ends: a single step owns
// all descendants of the keeper.
#pragma once

#include <memory>
#include <optional>

#include "exec/containment.h"

namespace jobq::exec {

std::unique_ptr<Containment> make_process_groups();

std::unique_ptr<Cell> adopt_marked(const pb::Place& place,
                                   const std::optional<pb::Running>& running);

}  // namespace jobq::exec
