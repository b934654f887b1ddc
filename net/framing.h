// SPDX-License-Identifier: Apache-2.0
// Messages in a stream of bytes: a length of 4 bytes, big-endian, before each.
//
// A length of zero and one over kMaxMessageBytes are errors after which the stream is of no use:
// where the next message would begin is unknown.
#pragma once

#include <google/protobuf/message_lite.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "base/result.h"
#include "net/buffer.h"

namespace jobq::net {

inline constexpr std::size_t kHeaderBytes = 4;

// How much is read at once where nothing is known about what comes.
inline constexpr std::size_t kReadBytes = 64U << 10U;

// Append the length and the message. Not empty (a bug); kUsage where it is over the limit.
Result<void> append_message(Buffer& out, std::string_view message);
Result<void> append_message(Buffer& out, const google::protobuf::MessageLite& message);

// Cuts what arrives into messages without copying them, save for those that arrive in parts.
//
// Round by round: the bytes go to space() and are reported by commit(), next() is called until it
// has nothing more, keep() closes the round. The scratch space is the caller's and may serve many
// connections, since nothing of it is used after keep().
class Deframer {
 public:
  // Where the next bytes go: scratch when nothing is pending, else behind what is pending. The
  // messages of earlier rounds end here.
  std::span<char> space(std::span<char> scratch);
  void commit(std::size_t n);

  // The next message that is complete, in place; valid until space() or keep(). An error says what
  // is wrong with the length.
  Result<std::optional<std::string_view>> next();

  // Saves what has not been taken yet.
  void keep();

  std::size_t pending_bytes() const { return rest_.size(); }
  // Whether next() would give a message or an error.
  bool ready() const;
  // How the stream stands where it ends: "", or " in the middle of a message (7 of 30 bytes)".
  std::string truncation() const;

 private:
  std::optional<std::uint32_t> length() const;

  Buffer own_;
  std::string_view rest_;       // what has not been taken, in own_ or in the scratch space
  bool in_own_ = false;         // where rest_ stands
  const char* fill_ = nullptr;  // the space given out last
};

}  // namespace jobq::net
