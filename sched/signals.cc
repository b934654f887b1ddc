// SPDX-License-Identifier: Apache-2.0
// The table of signals.
#include "sched/signals.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <vector>

#include "base/nearest.h"

namespace jobq::sched {
namespace {

constexpr std::array<std::string_view, 32> kNames{
    "",     "HUP",  "INT",  "QUIT", "ILL",    "TRAP",   "ABRT",  "BUS",  "FPE",  "KILL", "USR1",
    "SEGV", "USR2", "PIPE", "ALRM", "TERM",   "STKFLT", "CHLD",  "CONT", "STOP", "TSTP", "TTIN",
    "TTOU", "URG",  "XCPU", "XFSZ", "VTALRM", "PROF",   "WINCH", "IO",   "PWR",  "SYS"};

// What signal(7) calls synonyms.
struct OtherName {
  std::string_view name;
  int signal;
};
constexpr std::array kOtherNames{OtherName{"IOT", 6}, OtherName{"CLD", 17}, OtherName{"POLL", 29}};

// Without SIG, in capitals.
std::string bare_name(std::string_view text) {
  std::string name(text);
  for (char& c : name) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return name.starts_with("SIG") ? name.substr(3) : name;
}

int number_of(std::string_view name) {
  const auto* const other = std::find_if(kOtherNames.begin(), kOtherNames.end(),
                                         [&](const OtherName& one) { return one.name == name; });
  if (other != kOtherNames.end()) return other->signal;
  const auto* const found = std::find(kNames.begin() + 1, kNames.end(), name);
  return found == kNames.end() ? 0 : static_cast<int>(found - kNames.begin());
}

}  // namespace

Result<int> parse_signal(std::string_view text) {
  int number = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  if (error == std::errc() && stop == end && number >= 1 && number <= kMostSignal) return number;
  const std::string name = bare_name(text);
  if (const int known = number_of(name); known != 0) return known;
  const std::vector<std::string_view> names(kNames.begin() + 1, kNames.end());
  return fail(ErrorCode::kUsage,
              fmt::format("there is no signal '{}'{}; expected a name such as USR1 or a number",
                          text, did_you_mean(name, names)));
}

std::string_view signal_name(int signal) {
  if (signal < 0 || static_cast<std::size_t>(signal) >= kNames.size()) return {};
  return kNames.at(static_cast<std::size_t>(signal));
}

std::string name_or_number(int signal) {
  const std::string_view name = signal_name(signal);
  return name.empty() ? fmt::to_string(signal) : std::string(name);
}

std::string number_and_name(int signal) {
  const std::string_view name = signal_name(signal);
  return name.empty() ? fmt::to_string(signal) : fmt::format("{} ({})", signal, name);
}

}  // namespace jobq::sched
