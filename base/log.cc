// SPDX-License-Identifier: Apache-2.0
// Writing of log lines.
#include "base/log.h"

#include <unistd.h>

#include <cstdlib>

#include "base/time.h"

namespace jobq::log {
namespace {

struct Sink {
  std::string origin = "jobq";
  Level level = Level::kInfo;
  bool journald = std::getenv("JOURNAL_STREAM") != nullptr;
};

Sink& sink() {
  static Sink instance;
  return instance;
}

std::string_view name_of(Level level) {
  switch (level) {
    case Level::kError: return "error";
    case Level::kWarning: return "warning";
    case Level::kNotice: return "notice";
    case Level::kInfo: return "info";
    case Level::kDebug: return "debug";
  }
  return "?";
}

// Peers can put anything into names: a log line stays one printable line.
void append_escaped(std::string& line, std::string_view text) {
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f) {
      line += fmt::format("\\x{:02x}", byte);
    } else {
      line += c;
    }
  }
}

}  // namespace

void set_origin(std::string origin) { sink().origin = std::move(origin); }
void set_level(Level level) { sink().level = level; }
bool enabled(Level level) { return level <= sink().level; }

void write(Level level, std::string_view text) {
  if (!enabled(level)) return;
  const Sink& to = sink();
  std::string line = to.journald ? fmt::format("<{}>{}: ", static_cast<int>(level), to.origin)
                                 : fmt::format("{} {} {}: ", format_rfc3339(wall_now()), to.origin,
                                               name_of(level));
  append_escaped(line, text);
  line += '\n';
  const ssize_t written = ::write(STDERR_FILENO, line.data(), line.size());
  static_cast<void>(written);  // there is nowhere to report that the log is gone
}

}  // namespace jobq::log
