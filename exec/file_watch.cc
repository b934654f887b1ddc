// SPDX-License-Identifier: Apache-2.0
// inotify(7) on libuv.
#include "exec/file_watch.h"

#include <sys/inotify.h>
#include <unistd.h>
#include <uv.h>

#include <array>

#include "base/check.h"
#include "exec/files.h"

namespace jobq::exec {

struct FileWatch::Watch {
  uv_poll_t poll{};
  Descriptor notes{inotify_init1(IN_CLOEXEC | IN_NONBLOCK)};
  std::function<void()> call;

  static Watch* of(void* handle) {
    return static_cast<Watch*>(static_cast<uv_handle_t*>(handle)->data);
  }
  void take_all() const {
    std::array<char, 4096> bytes{};
    bool any = false;
    while (read(notes.get(), bytes.data(), bytes.size()) > 0) any = true;
    if (any) call();
  }
};

FileWatch::FileWatch(uv_loop_s* loop, const std::string& path, std::function<void()> call)
    : watch_(new Watch) {
  // A file that is open somewhere is not deleted when it is removed: what changes is its links.
  inotify_add_watch(watch_->notes.get(), path.c_str(), IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF);
  const std::string directory = path.substr(0, path.rfind('/'));
  inotify_add_watch(watch_->notes.get(), directory.c_str(), IN_MOVE_SELF);
  watch_->call = std::move(call);
  check(uv_poll_init(loop, &watch_->poll, watch_->notes.get()) == 0, "a watch of files");
  watch_->poll.data = watch_;
  uv_poll_start(&watch_->poll, UV_READABLE,
                [](uv_poll_t* poll, int, int) { Watch::of(poll)->take_all(); });
}

FileWatch::~FileWatch() {
  uv_close(reinterpret_cast<uv_handle_t*>(&watch_->poll),
           [](uv_handle_t* handle) { delete Watch::of(handle); });
}

}  // namespace jobq::exec
