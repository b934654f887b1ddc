// SPDX-License-Identifier: Apache-2.0
// The keeper lives for as long as its node, and most of what it touched of its program until it was
// ready is never used again: constructors of tables, options, the reading of the log.
#pragma once

namespace jobq::exec {

// Gives back the pages of code and constants that were read so far, and the heap's free ones. What
// is needed is mapped again when it is used: from the page cache, once.
void forget_startup_pages();

}  // namespace jobq::exec
