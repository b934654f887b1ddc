// SPDX-License-Identifier: Apache-2.0
// check(): conditions that only our own bugs can break. On in every build.
#pragma once

#include <source_location>
#include <string_view>

namespace jobq {

// Writes the place and the text to standard error and aborts.
[[noreturn]] void check_failed(std::string_view what, const std::source_location& where);

inline void check(bool holds, std::string_view what,
                  const std::source_location& where = std::source_location::current()) {
  if (!holds) [[unlikely]]
    check_failed(what, where);
}

[[noreturn]] inline void unreachable(
    std::string_view what, const std::source_location& where = std::source_location::current()) {
  check_failed(what, where);
}

}  // namespace jobq
