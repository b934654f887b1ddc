// SPDX-License-Identifier: Apache-2.0
// Helpers for files.
#include "exec/files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/check.h"
#include "exec/error_text.h"

namespace jobq::exec {

Descriptor::~Descriptor() {
  if (number_ >= 0) close(number_);
}

std::string read_small_file(const char* path, std::size_t limit) {
  constexpr std::size_t kStep = 4096;
  const Descriptor file(open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  std::string text;
  std::size_t size = 0;
  while (file && size < limit) {
    if (size == text.size()) text.resize(std::min(limit, std::max(kStep, 2 * size)));
    const ssize_t got = read(file.get(), text.data() + size, text.size() - size);
    if (got <= 0) break;
    size += static_cast<std::size_t>(got);
  }
  text.resize(size);
  return text;
}

bool write_small_file(const char* path, std::string_view text) {
  const Descriptor file(open(path, O_WRONLY | O_CLOEXEC));
  return file && write(file.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size());
}

ssize_t read_all(int descriptor, std::uint64_t offset, char* into, std::size_t size) {
  std::size_t done = 0;
  while (done < size) {
    const ssize_t got =
        pread(descriptor, into + done, size - done, static_cast<off_t>(offset + done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return -1;
    if (got == 0) break;
    done += static_cast<std::size_t>(got);
  }
  return static_cast<ssize_t>(done);
}

bool write_all(int descriptor, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t wrote = write(descriptor, bytes.data(), bytes.size());
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(wrote));
  }
  return true;
}

Result<void> make_directories(const std::string& path, unsigned mode) {
  for (std::size_t slash = path.find('/', 1); slash != std::string::npos;
       slash = path.find('/', slash + 1)) {
    mkdir(path.substr(0, slash).c_str(), 0755);
  }
  if (mkdir(path.c_str(), mode) == 0) return {};
  const int error = errno;
  struct stat status = {};
  if (error == EEXIST && stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode)) return {};
  return fail(ErrorCode::kRefused, fmt::format("directory {}: {}", path, error_text(error)));
}

std::string random_hex(std::size_t bytes) {
  std::string raw(bytes, '\0');
  check(getrandom(raw.data(), bytes, 0) == static_cast<ssize_t>(bytes), "random bytes");
  std::string text;
  for (const char c : raw) text += fmt::format("{:02x}", static_cast<unsigned char>(c));
  return text;
}

}  // namespace jobq::exec
