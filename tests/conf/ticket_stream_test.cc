// SPDX-License-Identifier: Apache-2.0
// Streams of tickets share equal specs and report each line by itself.
#include "conf/ticket_stream.h"

#include <gtest/gtest.h>

#include <string>

namespace jobq::conf {
namespace {

std::shared_ptr<const sched::JobSpec> spec_of(TicketStream& stream, const std::string& line) {
  const auto parsed = stream.next(line);
  EXPECT_TRUE(parsed && parsed->ok());
  return parsed->value.spec;
}

std::string numbered(int n) { return R"({"run": ["x", ")" + std::to_string(n) + R"("]})"; }

TEST(TicketStream, EqualSpecsAreShared) {
  TicketStream stream("-", "/w");
  const auto first = spec_of(stream, R"({"run": ["x"], "ticket": {"name": "a"}})");
  const auto second = spec_of(stream, R"({"ticket": {"name": "b", "hold": true}, "run": ["x"]})");
  EXPECT_EQ(first.get(), second.get());
  EXPECT_EQ(first->workdir, "/w");
}

TEST(TicketStream, ParametersDifferWhereSpecsAreShared) {
  TicketStream stream("-", "");
  const auto a = stream.next(R"({"run": ["x", "${seed}"], "ticket": {"params": {"seed": 1}}})");
  const auto b = stream.next(R"({"run": ["x", "${seed}"], "ticket": {"params": {"seed": 2}}})");
  EXPECT_EQ(a->value.spec.get(), b->value.spec.get());
  EXPECT_EQ(a->value.params[0].second, "1");
  EXPECT_EQ(b->value.params[0].second, "2");
}

TEST(TicketStream, DifferentSpecsAreNot) {
  TicketStream stream("-", "");
  const auto first = spec_of(stream, numbered(0));
  EXPECT_NE(first.get(), spec_of(stream, numbered(1)).get());
  EXPECT_EQ(first.get(), spec_of(stream, numbered(0)).get());
}

TEST(TicketStream, OnlyTheLastSpecsAreKept) {
  TicketStream stream("-", "");
  const auto first = spec_of(stream, numbered(0));
  for (int n = 1; n <= 8; ++n) spec_of(stream, numbered(n));
  const auto again = spec_of(stream, numbered(0));
  EXPECT_NE(first.get(), again.get());
  EXPECT_EQ(*first, *again);
}

TEST(TicketStream, BlankLinesCountAndAreNoTickets) {
  TicketStream stream("-", "");
  EXPECT_FALSE(stream.next(""));
  EXPECT_FALSE(stream.next(" \t\r"));
  EXPECT_EQ(stream.line(), 2U);
  const auto faulty = stream.next("{\"run\": 5}\r");
  ASSERT_EQ(faulty->faults.size(), 1U);
  EXPECT_EQ(to_string(faulty->faults[0]),
            "-:3:9: expected a list of words, or a string for /bin/sh, found the number 5");
}

TEST(TicketStream, AFaultyLineHarmsNoOther) {
  TicketStream stream("-", "");
  EXPECT_FALSE(stream.next(R"({"run": ["${x}"]})")->ok());
  EXPECT_FALSE(stream.next(R"({"run": ["${x}"]})")->ok());
  EXPECT_FALSE(stream.next("{")->ok());
  EXPECT_TRUE(stream.next(R"({"run": ["x"]})")->ok());
}

}  // namespace
}  // namespace jobq::conf
