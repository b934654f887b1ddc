// SPDX-License-Identifier: Apache-2.0
// Text that users gave, before it goes where only UTF-8 may, and where the kernel takes it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace jobq::exec {

bool is_utf8(std::string_view text);

// The text with every byte that is not part of UTF-8 replaced by '?'.
std::string as_utf8(std::string_view text);

// What execve() takes: each string's characters, and a null at the end.
std::vector<char*> pointers_to(std::vector<std::string>& strings);

}  // namespace jobq::exec
