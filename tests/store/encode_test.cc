// SPDX-License-Identifier: Apache-2.0
// Lists as bytes: what goes in comes out, and what is damaged is refused.
#include "store/encode.h"

#include <gtest/gtest.h>

#include <limits>

namespace jobq::store {
namespace {

template <class Item>
void expect_round_trip(const std::vector<Item>& list) {
  const std::string bytes = encode(list);
  std::vector<Item> back = {Item{}};
  EXPECT_TRUE(decode(bytes, back));
  EXPECT_EQ(back, list);
}

TEST(Encode, ListsComeBackEqual) {
  expect_round_trip<std::uint32_t>({});
  expect_round_trip<std::uint32_t>({0, 1, 127, 128, std::numeric_limits<std::uint32_t>::max()});
  expect_round_trip<JobNumber>(
      {JobNumber(0), JobNumber(std::numeric_limits<std::uint64_t>::max())});
  expect_round_trip<sched::NameValue>({{"a", ""}, {"", "b"}, {std::string("n\0l", 3), "ü\n"}});
  expect_round_trip<sched::NameValue>({{"long", std::string(100'000, 'x')}});
  expect_round_trip<resmgr::Count>({{"licence", 3}, {"scratch", 1ULL << 40U}});
}

TEST(Encode, AnEmptyListIsNoBytes) { EXPECT_EQ(encode(std::vector<std::uint32_t>{}), ""); }

TEST(Encode, TheFormatIsWrittenDown) {
  EXPECT_EQ(encode(std::vector<std::uint32_t>{5, 300}), std::string("\x01\x02\x05\xac\x02"));
  EXPECT_EQ(encode(std::vector<sched::NameValue>{{"k", "vw"}}), std::string("\x01\x01\x01k\x02vw"));
}

TEST(Encode, EveryPrefixIsRefused) {
  const std::string bytes = encode(std::vector<sched::NameValue>{{"key", "value"}, {"k", "v"}});
  std::vector<sched::NameValue> list;
  for (std::size_t size = 1; size < bytes.size(); ++size) {
    EXPECT_FALSE(decode(bytes.substr(0, size), list)) << size;
  }
  EXPECT_FALSE(decode(bytes + "x", list));
}

TEST(Encode, NonsenseIsRefused) {
  std::vector<std::uint32_t> numbers;
  EXPECT_FALSE(decode("\x02\x01\x05", numbers));                              // another version
  EXPECT_FALSE(decode("\x01\xff\xff\xff\xff\xff\xff\xff\xff\x01", numbers));  // a huge count
  EXPECT_FALSE(decode("\x01\x01\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", numbers));
  EXPECT_FALSE(decode("\x01\x01\x80\x80\x80\x80\x10", numbers));  // 2^32
}

}  // namespace
}  // namespace jobq::store
