// SPDX-License-Identifier: Apache-2.0
// Log lines of the daemons, to standard error, one line each:
//
//   2026-11-21T20:05:00.123Z controller warning: node n2 is silent for 15 s
//
// Under journald (JOURNAL_STREAM names standard error) the time is left out and the level is a
// "<4>" prefix. A line is one write(2), so lines of several processes do not mix. Control
// characters in the text are escaped.
#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>
#include <utility>

namespace jobq::log {

enum class Level { kError = 3, kWarning = 4, kNotice = 5, kInfo = 6, kDebug = 7 };

// Who speaks ("controller", "node n1", "keeper n1") and the least important level that is written.
void set_origin(std::string origin);
void set_level(Level level);
bool enabled(Level level);

// Whether standard error is the stream that journald gave, as JOURNAL_STREAM names it.
bool goes_to_journal();

void write(Level level, std::string_view text);

template <class... Args>
void error(fmt::format_string<Args...> format, Args&&... args) {
  write(Level::kError, fmt::format(format, std::forward<Args>(args)...));
}
template <class... Args>
void warning(fmt::format_string<Args...> format, Args&&... args) {
  write(Level::kWarning, fmt::format(format, std::forward<Args>(args)...));
}
template <class... Args>
void notice(fmt::format_string<Args...> format, Args&&... args) {
  write(Level::kNotice, fmt::format(format, std::forward<Args>(args)...));
}
template <class... Args>
void info(fmt::format_string<Args...> format, Args&&... args) {
  if (enabled(Level::kInfo)) write(Level::kInfo, fmt::format(format, std::forward<Args>(args)...));
}
template <class... Args>
void debug(fmt::format_string<Args...> format, Args&&... args) {
  if (enabled(Level::kDebug))
    write(Level::kDebug, fmt::format(format, std::forward<Args>(args)...));
}

}  // namespace jobq::log
