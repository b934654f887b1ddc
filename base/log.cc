// SPDX-License-Identifier: Apache-2.0
// Writing of log lines.
#include "base/log.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "base/time.h"

namespace jobq::log {
namespace {

struct Sink {
  std::string origin = "jobq";
  Level level = Level::kInfo;
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

// How many bytes at the front are a control character: terminals obey the ones above ASCII too,
// which UTF-8 writes as 0xc2 and 0x80 to 0x9f.
std::size_t control_bytes(std::string_view text) {
  const auto byte = static_cast<unsigned char>(text[0]);
  if (byte < 0x20 || byte == 0x7f) return 1;
  if (byte != 0xc2 || text.size() < 2) return 0;
  const auto next = static_cast<unsigned char>(text[1]);
  return next >= 0x80 && next <= 0x9f ? 2 : 0;
}

// Peers can put anything into names: a log line stays one printable line.
void append_escaped(std::string& line, std::string_view text) {
  while (!text.empty()) {
    const std::size_t control = control_bytes(text);
    for (const char c : text.substr(0, control)) {
      line += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    }
    if (control == 0) line += text[0];
    text.remove_prefix(std::max<std::size_t>(control, 1));
  }
}

}  // namespace

void set_origin(std::string origin) { sink().origin = std::move(origin); }
void set_level(Level level) { sink().level = level; }
bool enabled(Level level) { return level <= sink().level; }

// As systemd.exec(5) says. The variable alone says nothing: whoever is started with another
// standard error inherits it too. Asked for every line: a daemon that goes to the background has
// logged before.
bool goes_to_journal() {
  const char* stream = std::getenv("JOURNAL_STREAM");
  struct stat status {};
  if (stream == nullptr || ::fstat(STDERR_FILENO, &status) != 0) return false;
  return stream == fmt::format("{}:{}", status.st_dev, status.st_ino);
}

void write(Level level, std::string_view text) {
  if (!enabled(level)) return;
  const Sink& to = sink();
  std::string line = goes_to_journal() ? fmt::format("<{}>{}: ", static_cast<int>(level), to.origin)
                                       : fmt::format("{} {} {}: ", format_rfc3339(wall_now()),
                                                     to.origin, name_of(level));
  append_escaped(line, text);
  line += '\n';
  const ssize_t written = ::write(STDERR_FILENO, line.data(), line.size());
  static_cast<void>(written);  // there is nowhere to report that the log is gone
}

}  // namespace jobq::log
