// SPDX-License-Identifier: Apache-2.0
// UTF-8: messages and JSON carry nothing else.
#pragma once

#include <cstddef>
#include <string_view>

namespace jobq::cmd {

// The length of the sequence at the front of a text that is not empty, 0 where there is none:
// overlong forms, surrogates and values above U+10FFFF are none.
std::size_t sequence_length(std::string_view text);

bool is_utf8(std::string_view text);

}  // namespace jobq::cmd
