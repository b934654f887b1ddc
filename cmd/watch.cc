// SPDX-License-Identifier: Apache-2.0
// The loop of --watch, and the terminal's state around it.
#include "cmd/watch.h"

#include <fmt/format.h>
#include <poll.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <optional>

#include "cmd/messages.h"

namespace jobq::cmd {
namespace {

volatile sig_atomic_t g_interrupted = 0;

void on_interrupt(int) { g_interrupted = 1; }
void on_resize(int) {}  // ends poll(2), so that the screen is drawn again

void install(int signal, void (*handler)(int), int flags) {
  struct sigaction action {};
  action.sa_handler = handler;
  action.sa_flags = flags;
  ::sigaction(signal, &action, nullptr);
}

// The other screen, keys without a line feed, no cursor; all of it undone at the end.
class Screen {
 public:
  explicit Screen(bool is_terminal) : active_(is_terminal) {
    if (!active_) return;
    if (::tcgetattr(STDIN_FILENO, &before_) == 0) {
      termios keys = before_;
      keys.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);
      reads_keys_ = ::tcsetattr(STDIN_FILENO, TCSANOW, &keys) == 0;
    }
    print("\x1b[?1049h\x1b[?25l");
  }
  ~Screen() {
    if (!active_) return;
    print("\x1b[?25h\x1b[?1049l");
    static_cast<void>(flush_output());  // the command's own end tells of an output that is gone
    if (reads_keys_) ::tcsetattr(STDIN_FILENO, TCSANOW, &before_);
  }
  Screen(const Screen&) = delete;
  Screen& operator=(const Screen&) = delete;

  bool reads_keys() const { return reads_keys_; }
  void clear() const {
    if (active_) print("\x1b[H\x1b[2J");
  }

 private:
  bool active_;
  bool reads_keys_ = false;
  termios before_{};
};

// False when the user has seen enough.
bool wait_for_next(Millis interval, bool reads_keys) {
  pollfd keys{STDIN_FILENO, POLLIN, 0};
  const int ready = ::poll(&keys, reads_keys ? 1 : 0, static_cast<int>(interval.count));
  if (ready <= 0) return true;
  char key = 0;
  return ::read(STDIN_FILENO, &key, 1) != 1 || (key != 'q' && key != 'Q');
}

// An answer to one drawing; a connection that broke is given up and made again at the next.
Result<void> draw_once(std::optional<Client>& client, const ControllerOptions& where,
                       const Draw& draw, const Terminal& terminal) {
  if (!client) {
    Result<Client> connected = Client::connect(where);
    if (!connected) return tl::unexpected(connected.error());
    client = std::move(*connected);
  }
  Result<void> drawn = draw(*client, terminal);
  if (!drawn) client.reset();
  return drawn;
}

}  // namespace

Result<int> watch(const ControllerOptions& where, Millis interval, const Draw& draw) {
  interval = std::clamp(interval, Millis{100}, seconds(86400));
  install(SIGINT, on_interrupt, static_cast<int>(SA_RESETHAND));
  install(SIGWINCH, on_resize, 0);
  std::optional<Client> client;
  bool first = true;
  const Screen screen(standard_output().is_terminal);
  while (g_interrupted == 0) {
    const Terminal terminal = standard_output();
    screen.clear();
    const Result<void> drawn = draw_once(client, where, draw, terminal);
    const bool away = !drawn && drawn.error().code == ErrorCode::kUnreachable;
    if (!drawn && (first || !away)) return tl::unexpected(drawn.error());
    if (away) note("the controller does not answer; trying again");
    if (const Result<void> written = flush_output(); !written)
      return tl::unexpected(written.error());
    first = false;
    if (!wait_for_next(interval, screen.reads_keys())) break;
  }
  return 0;
}

}  // namespace jobq::cmd
