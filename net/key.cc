// SPDX-License-Identifier: Apache-2.0
// The file of the cluster key.
//
// A new key is written under a name of its own, made durable, and then linked to its place, which
// fails where a file stands already: whoever looks sees no key or a whole one, and of two processes
// that make one at once both end with the same.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <filesystem>

#include "base/unique_name.h"
#include "net/endpoint.h"
#include "net/socket.h"

namespace jobq::net {
namespace {

constexpr std::string_view kDigits = "0123456789abcdef";
constexpr std::size_t kTextBytes = 2 * kClusterKeyBytes;

Error cannot(std::string_view what, const std::string& path, int error) {
  const ErrorCode code = error == EACCES || error == EPERM ? ErrorCode::kDenied
                         : error == ENOENT                 ? ErrorCode::kNotFound
                                                           : ErrorCode::kRefused;
  return {code, fmt::format("cannot {} the cluster key {}: {}", what, path, error_text(error))};
}

Error malformed(const std::string& path) {
  return {ErrorCode::kUsage,
          fmt::format("{} is not a cluster key: it must be one line of {} hexadecimal digits", path,
                      kTextBytes)};
}

int digit_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

Result<ClusterKey> decode(std::string_view text, const std::string& path) {
  if (text.ends_with('\n')) text.remove_suffix(1);
  if (text.size() != kTextBytes) return tl::unexpected(malformed(path));
  ClusterKey key;
  for (std::size_t i = 0; i < text.size(); i += 2) {
    const int high = digit_value(text[i]);
    const int low = digit_value(text[i + 1]);
    if (high < 0 || low < 0) return tl::unexpected(malformed(path));
    key.bytes += static_cast<char>(high << 4 | low);
  }
  return key;
}

std::string encode(std::string_view bytes) {
  std::string text;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    text += kDigits[byte >> 4U];
    text += kDigits[byte & 15U];
  }
  return text + '\n';
}

Result<std::string> new_key_text() {
  std::string bytes(kClusterKeyBytes, '\0');
  // Up to 256 bytes come whole or not at all.
  ssize_t n = 0;
  do {
    n = ::getrandom(bytes.data(), bytes.size(), 0);
  } while (n < 0 && errno == EINTR);
  if (n == static_cast<ssize_t>(bytes.size())) return encode(bytes);
  return fail(ErrorCode::kUnavailable,
              fmt::format("the system gives no random numbers: {}", error_text(errno)));
}

bool write_durably(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t n = ::write(fd, text.data(), text.size());
    if (n < 0 && errno != EINTR) return false;
    if (n > 0) text.remove_prefix(static_cast<std::size_t>(n));
  }
  return ::fsync(fd) == 0;
}

bool sync_directory_of(const std::string& path) {
  const auto parent = std::filesystem::path(path).parent_path();
  const Descriptor directory(
      ::open(parent.empty() ? "." : parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  return directory && ::fsync(directory.get()) == 0;
}

// Writes the text to a new file and links it to `path`, where nothing may stand.
bool put_in_place(const std::string& text, const std::string& path) {
  std::string name = unique_name_after(path);
  const Descriptor file(::mkostemp(name.data(), O_CLOEXEC));  // O_EXCL, mode 0600
  if (!file) return false;
  const bool placed = write_durably(file.get(), text) && ::link(name.c_str(), path.c_str()) == 0;
  const int error = errno;
  ::unlink(name.c_str());
  errno = error;
  return placed && sync_directory_of(path);
}

}  // namespace

Result<ClusterKey> read_key(const std::string& path) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat status {};
  if (!file || ::fstat(file.get(), &status) != 0) {
    return tl::unexpected(cannot("read", path, errno));
  }
  if (!S_ISREG(status.st_mode)) return tl::unexpected(malformed(path));
  if ((status.st_mode & 077U) != 0) {
    return fail(ErrorCode::kDenied,
                fmt::format("others may read or change the cluster key {} (mode {:04o}): chmod 600 "
                            "{}",
                            path, status.st_mode & 07777U, path));
  }
  std::array<char, kTextBytes + 2> text{};  // one more than fits, to see that there is more
  const ssize_t n = ::read(file.get(), text.data(), text.size());
  if (n < 0) return tl::unexpected(cannot("read", path, errno));
  return decode({text.data(), static_cast<std::size_t>(n)}, path);
}

Result<ClusterKey> read_or_make_key(const std::string& path) {
  auto existing = read_key(path);
  if (existing || existing.error().code != ErrorCode::kNotFound) return existing;
  const auto text = new_key_text();
  if (!text) return tl::unexpected(text.error());
  if (!put_in_place(*text, path) && errno != EEXIST) {
    return tl::unexpected(cannot("make", path, errno));
  }
  return read_key(path);
}

}  // namespace jobq::net
