// SPDX-License-Identifier: Apache-2.0
// A digest of what is added to it, the same on every machine: to see that two things are equal
// without keeping both. Not against an adversary.
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

namespace jobq {

class Digest {
 public:
  void add(std::uint64_t word) {
    value_ = (value_ ^ word) * kPrime;
    value_ ^= value_ >> 29U;
  }
  // With its length, so that what follows cannot be taken for a part of it.
  void add(std::string_view bytes) {
    add(bytes.size());
    for (; bytes.size() >= 8; bytes.remove_prefix(8)) add(word_of(bytes.substr(0, 8)));
    if (!bytes.empty()) add(word_of(bytes));
  }
  std::uint64_t value() const { return value_; }

 private:
  static constexpr std::uint64_t kPrime = 0x9e3779b97f4a7c15U;

  // Little-endian, whatever the machine is.
  static std::uint64_t word_of(std::string_view bytes) {
    std::uint64_t word = 0;
    for (std::size_t i = 0; i < bytes.size(); ++i) {
      word |= static_cast<std::uint64_t>(static_cast<unsigned char>(bytes[i])) << (8 * i);
    }
    return word;
  }

  std::uint64_t value_ = 0xcbf29ce484222325U;
};

inline std::uint64_t digest_of(std::string_view bytes) {
  Digest digest;
  digest.add(bytes);
  return digest.value();
}

}  // namespace jobq
