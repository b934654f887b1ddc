// SPDX-License-Identifier: Apache-2.0
// The table of signals is the C library's.
#include "cmd/signal_names.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <csignal>
#include <cstring>
#include <vector>

#include "base/nearest.h"

namespace jobq::cmd {
namespace {

std::string in_capitals(std::string_view text) {
  std::string capitals(text);
  std::transform(capitals.begin(), capitals.end(), capitals.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return capitals;
}

Result<int> unknown(std::string_view text) {
  std::vector<std::string_view> known;
  for (int number = 1; number < NSIG; ++number) {
    if (const char* name = ::sigabbrev_np(number)) known.emplace_back(name);
  }
  return fail(ErrorCode::kUsage,
              fmt::format("there is no signal '{}'{}; expected a name such as USR1 or a number",
                          text, did_you_mean(text, known)));
}

}  // namespace

Result<int> parse_signal(std::string_view text) {
  int number = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  if (error == std::errc() && stop == end) {
    if (number >= 1 && number < NSIG) return number;
    return unknown(text);
  }
  std::string name = in_capitals(text);
  if (name.starts_with("SIG")) name.erase(0, 3);
  for (number = 1; number < NSIG; ++number) {
    const char* known = ::sigabbrev_np(number);
    if (known != nullptr && name == known) return number;
  }
  return unknown(text);
}

std::string signal_name(int number) {
  const char* name = ::sigabbrev_np(number);
  return name == nullptr ? std::to_string(number) : std::string(name);
}

}  // namespace jobq::cmd
