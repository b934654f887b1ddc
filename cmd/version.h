// SPDX-License-Identifier: Apache-2.0
// The version of this program; CMakeLists.txt says the same, and a test compares them.
#pragma once

#include <string_view>

namespace jobq::cmd {

inline constexpr std::string_view kVersion = "0.1.0";

}  // namespace jobq::cmd
