// SPDX-License-Identifier: Apache-2.0
// Which letters there are. Where Slurm has the same letter it means the same.
#include "sched/pattern.h"

#include <fmt/format.h>

namespace jobq::sched {
namespace {

constexpr std::string_view kLetters = "jxsauNtA%";
constexpr std::string_view kNumbers = "jatA";
constexpr std::size_t kMostWidth = 10;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

}  // namespace

std::optional<PatternLetter> find_letter(std::string_view pattern, std::size_t from) {
  const std::size_t at = pattern.find('%', from);
  if (at == std::string_view::npos) return std::nullopt;
  PatternLetter found;
  found.at = at;
  std::size_t end = at + 1;
  for (; end < pattern.size() && is_digit(pattern[end]); ++end) {
    const std::size_t digit = static_cast<std::size_t>(pattern[end] - '0');
    if (found.width <= kMostWidth) found.width = 10 * found.width + digit;
  }
  if (end < pattern.size()) found.letter = pattern[end++];
  found.text = pattern.substr(at, end - at);
  return found;
}

std::string letter_fault(const PatternLetter& letter) {
  if (letter.letter == '\0' || kLetters.find(letter.letter) == std::string_view::npos) {
    return fmt::format(
        "'{}' is not a letter of a pattern; expected %j or %A (job), %x (name), %s (step), %a "
        "(index), %t (attempt), %u (user), %N (node) or %%",
        letter.text);
  }
  if (letter.text.size() == 2) return {};
  if (kNumbers.find(letter.letter) == std::string_view::npos) {
    return fmt::format("'{}': only numbers take a width: %j, %A, %a and %t", letter.text);
  }
  if (letter.width > kMostWidth) {
    return fmt::format("'{}': a number is made at most {} wide", letter.text, kMostWidth);
  }
  return {};
}

std::string padded(std::string value, const PatternLetter& letter) {
  if (value.size() >= letter.width) return value;
  return std::string(letter.width - value.size(), '0') + value;
}

}  // namespace jobq::sched
