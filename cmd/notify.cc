// SPDX-License-Identifier: Apache-2.0
// The datagrams of sd_notify(3), and what the environment says about them.
#include "cmd/notify.h"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <charconv>
#include <cstddef>
#include <cstring>
#include <string>

#include "cmd/paths.h"

namespace jobq::cmd {
namespace {

void send_state(const std::string& state) {
  std::string path = environment("NOTIFY_SOCKET");
  sockaddr_un address{};
  if (path.empty() || path.size() >= sizeof address.sun_path) return;
  if (path.front() == '@') path.front() = '\0';  // an abstract name
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.data(), path.size());
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size());
  const int socket = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (socket < 0) return;
  ::sendto(socket, state.data(), state.size(), MSG_NOSIGNAL, reinterpret_cast<sockaddr*>(&address),
           size);
  ::close(socket);
}

template <class Number>
std::optional<Number> number_in(const char* variable) {
  const std::string text = environment(variable);
  const char* end = text.data() + text.size();
  Number number = 0;
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  if (text.empty() || error != std::errc() || stop != end) return std::nullopt;
  return number;
}

}  // namespace

bool somebody_is_notified() { return !environment("NOTIFY_SOCKET").empty(); }
void notify_ready() { send_state(fmt::format("READY=1\nMAINPID={}", ::getpid())); }
void notify_stopping() { send_state("STOPPING=1"); }
void notify_status(std::string_view status) { send_state(fmt::format("STATUS={}", status)); }
void notify_alive() { send_state("WATCHDOG=1"); }

std::optional<Millis> watchdog_limit() {
  const auto limit_us = number_in<std::int64_t>("WATCHDOG_USEC");
  const bool is_for_us = environment("WATCHDOG_PID").empty() ||
                         number_in<pid_t>("WATCHDOG_PID") == std::optional(::getpid());
  if (!limit_us || *limit_us < 1000 || !is_for_us || !somebody_is_notified()) return std::nullopt;
  return Millis{*limit_us / 1000};
}

}  // namespace jobq::cmd
