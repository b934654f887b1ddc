// SPDX-License-Identifier: Apache-2.0
// docs/states.md, made from the lifecycle tables.
#pragma once

#include <string>

namespace jobq::sched {

// The whole page, Markdown with Mermaid diagrams.
std::string states_page();

}  // namespace jobq::sched
