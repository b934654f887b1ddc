// SPDX-License-Identifier: Apache-2.0
// inotify(7) on libuv.
#include "exec/file_watch.h"

#include <sys/inotify.h>
#include <unistd.h>

#include <array>
#include <utility>

namespace jobq::exec {
namespace {

bool take_all(int notes) {
  std::array<char, 4096> bytes{};
  bool any = false;
  while (read(notes, bytes.data(), bytes.size()) > 0) any = true;
  return any;
}

}  // namespace

FileWatch::FileWatch(uv_loop_s* loop, const std::string& path, std::function<void()> call)
    : notes_(loop, Descriptor(inotify_init1(IN_CLOEXEC | IN_NONBLOCK)),
             [call = std::move(call)](int notes) {
               if (take_all(notes)) call();
             }) {
  // A file that is open somewhere is not deleted when it is removed: what changes is its links.
  const int notes = notes_.descriptor();
  inotify_add_watch(notes, path.c_str(), IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF);
  inotify_add_watch(notes, path.substr(0, path.rfind('/')).c_str(), IN_MOVE_SELF);
}

}  // namespace jobq::exec
