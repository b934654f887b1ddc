// SPDX-License-Identifier: Apache-2.0
// What standard output is: a terminal of some width, or a file or pipe.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace jobq::cmd {

struct Terminal {
  bool is_terminal = false;
  std::size_t width = 0;   // columns; 0: no limit
  std::size_t height = 0;  // lines; 0: no limit
  bool colour = false;     // NO_COLOR is respected
  bool unicode = false;    // the locale can show … and ✓
};

// Asks the kernel; COLUMNS and LINES win over it, as in other programs.
Terminal standard_output();

// The text cut to so many columns, with an ellipsis where something was cut.
std::string cut_to(std::string_view text, std::size_t columns, const Terminal& terminal);

// Characters, not bytes.
std::size_t columns_of(std::string_view text);

// Names come from other users: what could move a terminal's cursor becomes '?'.
std::string printable(std::string_view text);

enum class Colour { kNone, kRed, kGreen, kYellow, kBlue, kMagenta, kGrey, kBold };
std::string coloured(std::string_view text, Colour colour, const Terminal& terminal);

}  // namespace jobq::cmd
