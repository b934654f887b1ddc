// SPDX-License-Identifier: Apache-2.0
// Writing and cutting of messages.
#include "net/framing.h"

#include <fmt/format.h>

#include "base/check.h"
#include "net/connection.h"

namespace jobq::net {
namespace {

constexpr std::size_t kLargestReadBytes = 1U << 20U;

char* put_length(char* at, std::size_t length) {
  for (unsigned shift = 32; shift > 0;) {
    shift -= 8;
    *at++ = static_cast<char>(static_cast<unsigned char>(length >> shift));
  }
  return at;
}

Result<void> check_length(std::size_t bytes) {
  if (bytes > 0 && bytes <= kMaxMessageBytes) return {};
  if (bytes == 0) return fail(ErrorCode::kUsage, "a message of no bytes");
  return fail(ErrorCode::kUsage, fmt::format("a message of {} bytes is over the limit of {} bytes",
                                             bytes, kMaxMessageBytes));
}

}  // namespace

Result<void> append_message(Buffer& out, std::string_view message) {
  check(!message.empty(), "an empty message cannot be sent");
  if (auto fits = check_length(message.size()); !fits) return fits;
  put_length(out.reserve(kHeaderBytes), message.size());
  out.commit(kHeaderBytes);
  out.append(message);
  return {};
}

Result<void> append_message(Buffer& out, const google::protobuf::MessageLite& message) {
  const std::size_t bytes = message.ByteSizeLong();
  check(bytes > 0, "an empty message cannot be sent");
  if (auto fits = check_length(bytes); !fits) return fits;
  char* body = put_length(out.reserve(kHeaderBytes + bytes), bytes);
  message.SerializeWithCachedSizesToArray(reinterpret_cast<std::uint8_t*>(body));
  out.commit(kHeaderBytes + bytes);
  return {};
}

std::span<char> Deframer::space(std::span<char> scratch) {
  if (rest_.empty()) {
    own_.clear();
    in_own_ = false;
    fill_ = scratch.data();
    return scratch;
  }
  keep();
  // Twice what has come, not what the length claims: a peer gets memory for bytes, not for
  // promises.
  const std::size_t whole = kHeaderBytes + length().value_or(0);
  const std::size_t missing = whole > rest_.size() ? whole - rest_.size() : 0;
  const std::size_t most = std::clamp(rest_.size(), kReadBytes, kLargestReadBytes);
  char* at = own_.reserve(std::clamp(missing, kReadBytes, most));
  rest_ = own_.view();
  fill_ = at;
  return {at, std::min(own_.room(), kLargestReadBytes)};
}

void Deframer::commit(std::size_t n) {
  if (in_own_) {
    own_.commit(n);
    rest_ = own_.view();
  } else {
    rest_ = {fill_, n};
  }
}

std::optional<std::uint32_t> Deframer::length() const {
  if (rest_.size() < kHeaderBytes) return std::nullopt;
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < kHeaderBytes; ++i) {
    value = value << 8U | static_cast<unsigned char>(rest_[i]);
  }
  return value;
}

Result<std::optional<std::string_view>> Deframer::next() {
  const auto bytes = length();
  if (!bytes) return std::nullopt;
  if (auto fits = check_length(*bytes); !fits) return tl::unexpected(fits.error());
  if (rest_.size() - kHeaderBytes < *bytes) return std::nullopt;
  const std::string_view message = rest_.substr(kHeaderBytes, *bytes);
  rest_.remove_prefix(kHeaderBytes + *bytes);
  return message;
}

void Deframer::keep() {
  if (in_own_) {
    own_.consume(own_.size() - rest_.size());
  } else if (!rest_.empty()) {
    own_.append(rest_);
  }
  in_own_ = !own_.empty();
  rest_ = own_.view();
}

bool Deframer::ready() const {
  const auto bytes = length();
  return bytes && (!check_length(*bytes) || rest_.size() - kHeaderBytes >= *bytes);
}

std::string Deframer::truncation() const {
  if (rest_.empty()) return {};
  const auto bytes = length();
  if (!bytes) return fmt::format(" in the middle of a length ({} of 4 bytes)", rest_.size());
  return fmt::format(" in the middle of a message ({} of {} bytes)", rest_.size() - kHeaderBytes,
                     *bytes);
}

}  // namespace jobq::net
