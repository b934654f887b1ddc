// SPDX-License-Identifier: Apache-2.0
// Digests of everything that a step of the core gives: two runs that decide the same have the same.
#pragma once

#include <cstdint>
#include <span>

#include "sched/action.h"
#include "sched/rows.h"

namespace jobq::controller {

std::uint64_t digest_of(std::span<const sched::Action> actions);
std::uint64_t digest_of(std::span<const sched::Row> rows);

}  // namespace jobq::controller
