// SPDX-License-Identifier: Apache-2.0
// The %-letters in the names of output files: "logs/%j-%4a.log".
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace jobq::sched {

// "%j", or "%4a": zeros in front of a number make it so wide.
struct PatternLetter {
  std::size_t at = 0;     // where it begins
  std::string_view text;  // all of it
  char letter = '\0';     // '\0': there is none at the end of the pattern
  std::size_t width = 0;
};

// The first one at or after a place.
std::optional<PatternLetter> find_letter(std::string_view pattern, std::size_t from = 0);

// What is wrong with it, in words for the user; empty when nothing is.
std::string letter_fault(const PatternLetter& letter);

// The value with its zeros.
std::string padded(std::string value, const PatternLetter& letter);

}  // namespace jobq::sched
