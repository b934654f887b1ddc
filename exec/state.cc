// SPDX-License-Identifier: Apache-2.0
// Making the state directory.
#include "exec/state.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include "base/log.h"
#include "exec/error_text.h"
#include "exec/files.h"

namespace jobq::exec {

Result<void> make_state(const std::string& state) {
  constexpr std::size_t kMost = sizeof(sockaddr_un::sun_path) - 1;
  if (const std::string longest = keeper_socket(state); longest.size() > kMost) {
    return fail(ErrorCode::kUsage,
                fmt::format("the state directory {} is too long a name: {} has {} bytes, and a "
                            "socket's path has at most {}; choose a shorter one",
                            state, longest, longest.size(), kMost));
  }
  // Root's steps belong to other users, who pass through it on the way to the socket and to their
  // scripts; what is private inside is private by itself.
  const unsigned mode = geteuid() == 0 ? 0711 : 0700;
  return make_directories(state, mode);
}

void write_keeper_pid(const std::string& state) {
  const std::string path = keeper_pid(state);
  const Descriptor file(open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
  if (!file || !write_all(file.get(), fmt::format("{}\n", getpid()))) {
    log::warning("{} cannot be written", path);
  }
}

Result<Descriptor> take_keeper_lock(const std::string& state) {
  const std::string path = keeper_lock(state);
  Descriptor lock(open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (lock && flock(lock.get(), LOCK_EX | LOCK_NB) == 0) return lock;
  if (lock && errno == EWOULDBLOCK) return Descriptor();
  return fail(ErrorCode::kUnavailable,
              fmt::format("the lock {} cannot be taken: {}", path, error_text(errno)));
}

Result<void> make_names(const std::string& state, const std::string& executable) {
  namespace fs = std::filesystem;
  const std::string directory = names_directory(state);
  if (auto made = make_directories(directory, 0755); !made) return made;
  for (const char* const name : {"jobq", "jq"}) {
    const fs::path link = fs::path(directory) / name;
    const fs::path fresh = fs::path(directory) / (std::string(".") + name);
    std::error_code error;
    if (fs::read_symlink(link, error) == executable) continue;
    fs::remove(fresh, error);
    fs::create_symlink(executable, fresh, error);
    if (!error) fs::rename(fresh, link, error);
    if (error) {
      return fail(ErrorCode::kUnavailable,
                  fmt::format("{} cannot be made: {}", link.string(), error.message()));
    }
  }
  return {};
}

}  // namespace jobq::exec
