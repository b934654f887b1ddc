// SPDX-License-Identifier: Apache-2.0
// Writing of messages and answers.
#include "cmd/messages.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "cmd/json_writer.h"

namespace jobq::cmd {
namespace {

struct Voice {
  std::string speaker = "jobq";
  bool json = false;
  int write_error = 0;
};

Voice& voice() {
  static Voice instance;
  return instance;
}

}  // namespace

void set_speaker(std::string speaker) { voice().speaker = std::move(speaker); }
void set_json_errors(bool wanted) { voice().json = wanted; }
bool json_errors() { return voice().json; }

void complain(const Error& error) {
  note(fmt::format("{}: {}", voice().speaker, error.message));
  if (!voice().json) return;
  JsonWriter json;
  json.object();
  json.name("error");
  write_error(json, error);
  json.end();
  print(json.line());
}

void note(std::string_view text) {
  std::fflush(stdout);  // in the order in which it was said, where both go to one place
  std::string line(text);
  if (!line.ends_with('\n')) line += '\n';
  std::fwrite(line.data(), 1, line.size(), stderr);
}

void print(std::string_view text) {
  if (std::fwrite(text.data(), 1, text.size(), stdout) < text.size()) voice().write_error = errno;
}

Result<void> flush_output() {
  if (std::fflush(stdout) != 0) voice().write_error = errno;
  if (voice().write_error == 0) return {};
  return fail(ErrorCode::kUnavailable, fmt::format("cannot write to standard output: {}",
                                                   std::strerror(voice().write_error)));
}

}  // namespace jobq::cmd
