// SPDX-License-Identifier: Apache-2.0
// From text to tree: the only doors to toml++ and nlohmann-json.
//
// A text of any bytes is taken. Syntax errors end the reading with one fault; repeated keys and NUL
// bytes are faults beside which the reading goes on. Depth is limited, so that nothing recurses
// far.
#pragma once

#include <cstddef>
#include <string_view>

#include "conf/node.h"

namespace jobq::conf {

inline constexpr std::size_t kMaxDepth = 32;  // of tables and lists in each other

// Each is false after a fault that leaves no tree worth reading. A text longer than kMaxTextBytes
// is one. The root is a table.
bool parse_toml(std::string_view text, Node& root, FaultSink& faults);
// The text begins at the given line of its file.
bool parse_json(std::string_view text, std::uint32_t line, Node& root, FaultSink& faults);
// JSON where the first character that is not blank is '{', else TOML.
bool parse_text(std::string_view text, Node& root, FaultSink& faults);

// False, with a fault, for a text that is too long.
bool fits(std::string_view text, FaultSink& faults);

// The text without a byte order mark at its front.
std::string_view without_mark(std::string_view text);

}  // namespace jobq::conf
