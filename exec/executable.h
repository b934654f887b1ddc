// SPDX-License-Identifier: Apache-2.0
// Which program a process is, and where its file is: how agent and keeper see that one of them was
// replaced.
#pragma once

#include <string>

namespace jobq::exec {

// Where this program's file is, also after it was replaced by a newer one.
std::string own_executable();

// Device, inode and time of change of a program's file, or of what a link to it leads to; empty
// where there is none. Another text means another program; a copy counts as another one.
std::string identity_of(const std::string& executable);

// Of this process, also where its file is gone.
std::string own_identity();

}  // namespace jobq::exec
