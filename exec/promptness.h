// SPDX-License-Identifier: Apache-2.0
// The daemons of a node among the steps, which may take all processors.
#pragma once

namespace jobq::exec {

// Asks the kernel for short turns on a processor (0.1 ms, Linux since 6.12): whoever asks for less
// at a time goes before those that compute, as soon as it is woken. It gets no more of them in all.
// What is started from here has the kernel's usual turns, and no better priority than usual.
void ask_for_short_turns();

}  // namespace jobq::exec
