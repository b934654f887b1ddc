// SPDX-License-Identifier: Apache-2.0
// Text that users gave, before it goes where only UTF-8 may.
#pragma once

#include <string>
#include <string_view>

namespace jobq::exec {

bool is_utf8(std::string_view text);

// The text with every byte that is not part of UTF-8 replaced by '?'.
std::string as_utf8(std::string_view text);

}  // namespace jobq::exec
