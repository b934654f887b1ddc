// SPDX-License-Identifier: Apache-2.0
// Reading inotify's queue on the loop.
#include "controller/spool_watch.h"

#include <fmt/format.h>
#include <sys/inotify.h>
#include <unistd.h>
#include <uv.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "base/check.h"
#include "base/log.h"
#include "net/socket.h"

namespace jobq::controller {
namespace {

constexpr std::uint32_t kWanted =
    IN_CLOSE_WRITE | IN_MOVED_TO | IN_CREATE | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR;
constexpr std::uint32_t kComplete = IN_CLOSE_WRITE | IN_MOVED_TO;

}  // namespace

struct SpoolWatch::Handle {
  uv_poll_t uv{};
  net::Descriptor queue;
  std::string path;
  Handlers handlers;

  static void readable(uv_poll_t* poll, int, int) { static_cast<Handle*>(poll->data)->read(); }
  static void closed(uv_handle_t* handle) { delete static_cast<Handle*>(handle->data); }

  // One piece a turn of the loop; what is left makes it readable again.
  void read() {
    alignas(inotify_event) std::array<char, 1U << 14U> buffer{};
    const ssize_t got = ::read(queue.get(), buffer.data(), buffer.size());
    std::vector<Sighting> seen;
    bool lost = false;
    for (std::size_t at = 0; got > 0 && at < static_cast<std::size_t>(got);) {
      inotify_event event{};
      std::memcpy(&event, &buffer[at], sizeof event);
      take(event, &buffer[at] + sizeof event, seen, lost);
      at += sizeof event + event.len;
    }
    // A handler may be gone with its owner: copies are called.
    const Handlers copy = handlers;
    if (!seen.empty() && copy.seen) copy.seen(std::move(seen));
    if (lost && copy.lost_some) copy.lost_some();
  }

  void take(const inotify_event& event, const char* name, std::vector<Sighting>& seen,
            bool& lost) const {
    if ((event.mask & IN_Q_OVERFLOW) != 0) lost = true;
    if ((event.mask & (IN_DELETE_SELF | IN_MOVE_SELF)) != 0) {
      log::error(
          "the spool directory {} was moved or removed: nothing is taken from it until the "
          "controller is started again",
          path);
    }
    if (event.len == 0 || !is_spool_name(name)) return;
    seen.push_back(
        {name, (event.mask & kComplete) != 0 ? SpoolSight::kComplete : SpoolSight::kMade});
  }
};

Result<SpoolWatch> SpoolWatch::start(uv_loop_s* loop, const std::string& path, Handlers handlers) {
  net::Descriptor queue(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
  if (!queue || ::inotify_add_watch(queue.get(), path.c_str(), kWanted) < 0) {
    return fail(ErrorCode::kRefused, fmt::format("the spool directory {} cannot be watched: {}",
                                                 path, net::error_text(errno)));
  }
  auto* handle = new Handle{{}, std::move(queue), path, std::move(handlers)};
  handle->uv.data = handle;
  check(uv_poll_init(loop, &handle->uv, handle->queue.get()) == 0, "inotify can be polled");
  check(uv_poll_start(&handle->uv, UV_READABLE, &Handle::readable) == 0, "inotify can be polled");
  return SpoolWatch(handle);
}

SpoolWatch::SpoolWatch(SpoolWatch&& other) noexcept
    : handle_(std::exchange(other.handle_, nullptr)) {}

SpoolWatch::~SpoolWatch() {
  if (handle_ == nullptr) return;
  handle_->handlers = {};
  uv_close(reinterpret_cast<uv_handle_t*>(&handle_->uv), &Handle::closed);
}

}  // namespace jobq::controller
