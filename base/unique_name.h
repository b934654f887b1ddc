// SPDX-License-Identifier: Apache-2.0
// What mkstemp(3) and mkdtemp(3) make a name from that nothing has yet.
#pragma once

#include <string>
#include <string_view>

namespace jobq {

// `start`, a dot and the six places that those calls fill in; they write into the string.
inline std::string unique_name_after(std::string_view start) {
  constexpr std::size_t kPlaces = 6;  // mkstemp(3): the last six characters must be "X"
  return std::string(start) + "." + std::string(kPlaces, 'X');
}

}  // namespace jobq
