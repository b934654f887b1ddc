// SPDX-License-Identifier: Apache-2.0
// What every reader of wire messages uses: an enum that is in range, and the error for one that is
// not.
#pragma once

#include <fmt/format.h>

#include <string_view>

#include "base/result.h"

namespace jobq::controller {

inline Error malformed(std::string_view what) {
  return Error{ErrorCode::kUsage, fmt::format("malformed message: {}", what)};
}

// Enums count from 0 to `last` without gaps.
template <class Enum>
Result<Enum> checked_enum(std::uint32_t value, Enum last, std::string_view what) {
  if (value > static_cast<std::uint32_t>(last)) {
    return tl::unexpected(malformed(fmt::format("{} is {}, at most {} is known", what, value,
                                                static_cast<std::uint32_t>(last))));
  }
  return static_cast<Enum>(value);
}

}  // namespace jobq::controller
