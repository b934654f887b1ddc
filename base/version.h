// SPDX-License-Identifier: Apache-2.0
// The version of jobq; the same as in CMakeLists.txt and CHANGELOG.md (tests/tidy_test.cc compares
// them).
#pragma once

#include <string_view>

namespace jobq {

inline constexpr std::string_view kVersion = "0.1.0";
inline constexpr std::string_view kSoftware = "jobq 0.1.0";  // how peers introduce themselves

}  // namespace jobq
