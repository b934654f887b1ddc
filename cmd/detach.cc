// SPDX-License-Identifier: Apache-2.0
// Two processes and a pipe between them: one byte says how it went ('R' ready, else the code of an
// error), the message follows, the end of the file ends it.
#include "cmd/detach.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "cmd/messages.h"
#include "cmd/paths.h"

namespace jobq::cmd {
namespace {

constexpr char kReady = 'R';
constexpr char kFirstCode = 'a';

tl::unexpected<Error> cannot(const std::string& what) {
  return fail(ErrorCode::kUnavailable, fmt::format("cannot {}: {}", what, std::strerror(errno)));
}

void say(int pipe, char how, const std::string& message) {
  const std::string text = how + message;
  const ssize_t written = ::write(pipe, text.data(), text.size());
  static_cast<void>(written);  // the caller is gone: the log has it all
}

// Negative: standard error stays what it is.
Result<int> open_log(const std::string& log) {
  if (log.empty()) return -1;
  if (Result<void> made = make_directories(log.substr(0, log.rfind('/'))); !made) {
    return tl::unexpected(made.error());
  }
  const int file = ::open(log.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
  if (file < 0) return cannot(fmt::format("open the log {}", log));
  return file;
}

void redirect(int log) {
  const int null = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  ::dup2(null, STDIN_FILENO);
  ::dup2(null, STDOUT_FILENO);
  if (log >= 0) ::dup2(log, STDERR_FILENO);
  ::close(null);
  ::close(log);
}

}  // namespace

Detached::~Detached() {
  if (pipe_ >= 0) ::close(pipe_);
}

Result<Detached::Side> Detached::detach(const std::string& log) {
  const Result<int> file = open_log(log);
  if (!file) return tl::unexpected(file.error());
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return cannot("make a pipe");
  const pid_t child = ::fork();
  if (child < 0) return cannot("fork");
  if (child > 0) {
    ::close(ends[1]);
    ::close(*file);
    pipe_ = ends[0];
    return wait_for_service(child, log);
  }
  ::close(ends[0]);
  pipe_ = ends[1];
  log_ = log;
  ::setsid();
  redirect(*file);
  return Side::kService;
}

Result<Detached::Side> Detached::wait_for_service(int service, const std::string& log) {
  const Result<std::string> said = read_descriptor(pipe_, "the service");
  if (!said) return tl::unexpected(said.error());
  const std::string place = log.empty() ? "standard error" : log;
  if (said->starts_with(kReady)) {
    note(fmt::format("process {} is ready; its log is {}; `kill {}` ends it", service, place,
                     service));
    return Side::kCaller;
  }
  if (!said->empty()) {
    return fail(static_cast<ErrorCode>(said->front() - kFirstCode), said->substr(1));
  }
  return fail(ErrorCode::kInternal,
              fmt::format("it ended before it was ready; its log is {}", place));
}

void Detached::tell_ready() {
  if (pipe_ < 0) return;
  say(pipe_, kReady, "");
  ::close(pipe_);
  pipe_ = -1;
}

void Detached::tell_failure(const Error& error) {
  if (pipe_ < 0) return;
  say(pipe_, static_cast<char>(kFirstCode + static_cast<int>(error.code)), error.message);
}

}  // namespace jobq::cmd
