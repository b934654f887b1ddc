// SPDX-License-Identifier: Apache-2.0
// Bytes that are appended at the back and taken from the front.
//
// Unlike std::string it neither clears what is about to be overwritten nor keeps a large block once
// it is empty: a connection that is idle costs little.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>
#include <string_view>

namespace jobq::net {

class Buffer {
 public:
  std::string_view view() const { return {data_.get() + begin_, size()}; }
  std::size_t size() const { return end_ - begin_; }
  bool empty() const { return begin_ == end_; }
  std::size_t room() const { return capacity_ - end_; }

  // Room for at least n bytes behind the last one; what commit() then says was written belongs to
  // the content. Moves the content: views end here.
  char* reserve(std::size_t n) {
    if (room() < n) rearrange(n);
    return data_.get() + end_;
  }
  void commit(std::size_t n) { end_ += n; }

  void append(std::string_view bytes) {
    if (bytes.empty()) return;
    std::memcpy(reserve(bytes.size()), bytes.data(), bytes.size());
    commit(bytes.size());
  }

  // Takes n bytes from the front. Does not move what remains; frees a large block when nothing
  // does.
  void consume(std::size_t n) {
    begin_ += n;
    if (begin_ == end_) clear();
  }
  void clear() {
    begin_ = end_ = 0;
    if (capacity_ <= kKeepBytes) return;
    data_.reset();
    capacity_ = 0;
  }

 private:
  static constexpr std::size_t kSmallestBytes = 512;
  static constexpr std::size_t kKeepBytes = 1024;

  // Moves the content to the front where that frees enough and costs less than what was consumed.
  void rearrange(std::size_t n) {
    const std::size_t used = size();
    if (used <= begin_ && capacity_ - used >= n) {
      std::memmove(data_.get(), data_.get() + begin_, used);
    } else {
      const std::size_t wanted = std::max({kSmallestBytes, used + n, 2 * used});
      auto larger = std::make_unique_for_overwrite<char[]>(wanted);
      if (used > 0) std::memcpy(larger.get(), data_.get() + begin_, used);
      data_ = std::move(larger);
      capacity_ = wanted;
    }
    begin_ = 0;
    end_ = used;
  }

  std::unique_ptr<char[]> data_;
  std::size_t capacity_ = 0;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

}  // namespace jobq::net
