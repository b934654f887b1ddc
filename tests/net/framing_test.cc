// SPDX-License-Identifier: Apache-2.0
// Framing: messages come out as they went in, however the stream is cut.
#include "net/framing.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>

#include "net/jobq.pb.h"
#include "tests/net/net_world.h"

namespace jobq::net {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// Feeds a deframer piece by piece, as a connection does, and collects what comes out.
class Feeder {
 public:
  void feed(std::string_view bytes) {
    while (!bytes.empty() && error.empty()) {
      const std::span<char> space = deframer.space(scratch_);
      const std::size_t n = std::min(space.size(), bytes.size());
      bytes.copy(space.data(), n);
      bytes.remove_prefix(n);
      deframer.commit(n);
      take();
    }
  }

  void take() {
    for (;;) {
      const auto message = deframer.next();
      if (!message) error = message.error().message;
      if (!message || !*message) break;
      messages.emplace_back(**message);
    }
    deframer.keep();
    scratch_.fill('?');  // nothing of it may be used any more
  }

  Deframer deframer;
  std::vector<std::string> messages;
  std::string error;

 private:
  std::array<char, 100> scratch_{};
};

TEST(Framing, ALengthOfFourBytesBigEndianStandsBeforeTheMessage) {
  Buffer out;
  ASSERT_TRUE(append_message(out, std::string(258, 'x')));
  EXPECT_EQ(out.view().substr(0, 5), std::string_view("\0\0\1\2x", 5));
  EXPECT_EQ(out.size(), 262U);
}

TEST(Framing, AProtobufMessageIsWrittenAsItsBytes) {
  wire::Frame frame;
  frame.set_id(7);
  frame.mutable_done();
  Buffer out;
  ASSERT_TRUE(append_message(out, frame));
  EXPECT_EQ(out.view(), framed(frame.SerializeAsString()));
}

TEST(Framing, EveryCutIntoThreeGivesTheSameMessages) {
  const std::string stream = framed("a") + framed("bcd") + framed(std::string(200, 'e'));
  for (std::size_t i = 0; i <= stream.size(); ++i) {
    for (std::size_t j = i; j <= stream.size(); ++j) {
      Feeder feeder;
      feeder.feed(stream.substr(0, i));
      feeder.feed(stream.substr(i, j - i));
      feeder.feed(stream.substr(j));
      ASSERT_THAT(feeder.messages, ElementsAre("a", "bcd", std::string(200, 'e'))) << i << "," << j;
      ASSERT_EQ(feeder.deframer.pending_bytes(), 0U);
    }
  }
}

TEST(Framing, ByteByByteGivesTheSameMessages) {
  Feeder feeder;
  for (const char c : framed("hello") + framed("x")) feeder.feed({&c, 1});
  EXPECT_THAT(feeder.messages, ElementsAre("hello", "x"));
}

TEST(Framing, AMessageInOnePieceIsNotCopied) {
  Deframer deframer;
  std::array<char, 100> scratch{};
  const std::string bytes = framed("hello");
  bytes.copy(deframer.space(scratch).data(), bytes.size());
  deframer.commit(bytes.size());
  EXPECT_EQ((*deframer.next())->data(), scratch.data() + kHeaderBytes);
}

TEST(Framing, TheLargestMessageIsTakenAndOneByteMoreIsRefused) {
  Feeder feeder;
  feeder.feed(framed(text_of(kMaxMessageBytes, 'x')));
  EXPECT_EQ(feeder.messages.at(0).size(), kMaxMessageBytes);
  feeder.feed(std::string("\x01\x00\x00\x01", 4));
  EXPECT_EQ(feeder.error, "a message of 16777217 bytes is over the limit of 16777216 bytes");
}

TEST(Framing, AnEmptyMessageIsMalformed) {
  Feeder feeder;
  feeder.feed(std::string(4, '\0'));
  EXPECT_EQ(feeder.error, "a message of no bytes");
}

TEST(Framing, AMessageOverTheLimitIsNotWritten) {
  Buffer out;
  const auto appended = append_message(out, text_of(kMaxMessageBytes + 1, 'x'));
  ASSERT_FALSE(appended);
  EXPECT_THAT(appended.error().message, HasSubstr("16777217"));
  EXPECT_TRUE(out.empty());
}

TEST(Framing, MemoryIsGivenForBytesNotForLengths) {
  Deframer deframer;
  std::array<char, 100> scratch{};
  const std::string promise("\x01\x00\x00\x00x", 5);  // 16 MiB, of which one byte comes
  promise.copy(deframer.space(scratch).data(), promise.size());
  deframer.commit(promise.size());
  ASSERT_FALSE(*deframer.next());
  deframer.keep();
  EXPECT_LE(deframer.space(scratch).size(), 2 * kReadBytes);
}

TEST(Framing, ReadySaysWhetherNextHasSomething) {
  Feeder feeder;
  EXPECT_FALSE(feeder.deframer.ready());
  feeder.feed(framed("abc").substr(0, 5));
  EXPECT_FALSE(feeder.deframer.ready());
  std::array<char, 100> scratch{};
  feeder.deframer.space(scratch)[0] = 'b';
  feeder.deframer.commit(1);
  EXPECT_FALSE(feeder.deframer.ready());
  feeder.deframer.space(scratch)[0] = 'c';
  feeder.deframer.commit(1);
  EXPECT_TRUE(feeder.deframer.ready());
}

TEST(Framing, AStreamThatEndsEarlySaysWhere) {
  Feeder feeder;
  EXPECT_EQ(feeder.deframer.truncation(), "");
  feeder.feed(std::string(2, '\0'));
  EXPECT_EQ(feeder.deframer.truncation(), " in the middle of a length (2 of 4 bytes)");
  feeder.feed(std::string("\0\5ab", 4));
  EXPECT_EQ(feeder.deframer.truncation(), " in the middle of a message (2 of 5 bytes)");
}

TEST(Buffer, WhatIsConsumedMakesRoom) {
  Buffer buffer;
  std::string expected;
  for (int i = 0; i < 10000; ++i) {
    const std::string piece(static_cast<std::size_t>(i % 37), static_cast<char>('a' + i % 26));
    buffer.append(piece);
    expected += piece;
    const std::size_t n = expected.size() / 2;
    buffer.consume(n);
    expected.erase(0, n);
    ASSERT_EQ(buffer.view(), expected);
  }
}

TEST(Buffer, AnEmptyOneKeepsNoLargeBlock) {
  Buffer buffer;
  buffer.append(std::string(1U << 20U, 'x'));
  buffer.consume(buffer.size());
  EXPECT_EQ(buffer.room(), 0U);
  buffer.append("x");
  buffer.consume(1);
  EXPECT_GT(buffer.room(), 0U);
}

}  // namespace
}  // namespace jobq::net
