// SPDX-License-Identifier: Apache-2.0
// Small helpers for files: descriptors that close themselves, whole reads, removal of trees.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"

namespace jobq::exec {

class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  ~Descriptor();

  int get() const { return number_; }
  explicit operator bool() const { return number_ >= 0; }

 private:
  int number_ = -1;
};

// The first bytes of a file (of /proc, of a script); empty where it cannot be read.
std::string read_small_file(const char* path, std::size_t limit = 4096);

// One write to an existing file; false where it fails.
bool write_small_file(const char* path, std::string_view text);

// From there on so many bytes, or as many as there are; -1 where it fails (errno stands).
ssize_t read_all(int descriptor, std::uint64_t offset, char* into, std::size_t size);

// All of it, or false (errno stands).
bool write_all(int descriptor, std::string_view bytes);

// Directories above the path and the path itself, with this mode where they are missing.
Result<void> make_directories(const std::string& path, unsigned mode);

// So many random bytes, in hexadecimal.
std::string random_hex(std::size_t bytes);

}  // namespace jobq::exec
