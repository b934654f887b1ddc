// SPDX-License-Identifier: Apache-2.0
// Addresses and the file of the cluster key.
#include "net/endpoint.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <thread>

#include "tests/net/net_world.h"

namespace jobq::net {
namespace {

using ::testing::HasSubstr;

// --- addresses ---

TEST(Address, NamesAndNumbersAreRead) {
  for (const char* text : {"node1:7000", "10.0.0.1:1", "[::1]:65535", "[fe80::1%eth0]:0"}) {
    const auto address = parse_address(text);
    ASSERT_TRUE(address) << text;
    EXPECT_EQ(to_string(*address), text);
  }
  EXPECT_EQ(parse_address("[::1]:7000")->host, "::1");
  EXPECT_EQ(parse_address("[::1]:7000")->port, 7000);
}

TEST(Address, WhatIsNoneIsRefused) {
  for (const char* text : {"", "node1", ":7000", "node1:", "node1:x", "node1:65536", "node1:-1",
                           "node1:+1", "::1:7000", "[]:7000", "[::1]7000", "[::1:7000", "no de:1",
                           "a/b:1", "node1:7000 ", "[::1]:"}) {
    const auto address = parse_address(text);
    ASSERT_FALSE(address) << text;
    EXPECT_EQ(address.error().code, ErrorCode::kUsage);
    EXPECT_THAT(address.error().message, HasSubstr("HOST:PORT")) << text;
  }
}

// --- the key ---

class KeyTest : public NetWorld {
 protected:
  std::string key_path() const { return path("key"); }
  std::string put(const std::string& text, unsigned mode = 0600) const {
    std::ofstream(key_path()) << text;
    EXPECT_EQ(::chmod(key_path().c_str(), mode), 0);
    return key_path();
  }
};

TEST_F(KeyTest, ANewKeyIsReadAgain) {
  const auto made = read_or_make_key(key_path());
  ASSERT_TRUE(made) << made.error().message;
  EXPECT_EQ(made->bytes.size(), kClusterKeyBytes);
  EXPECT_EQ(read_key(key_path())->bytes, made->bytes);
  EXPECT_EQ(read_or_make_key(key_path())->bytes, made->bytes);
  struct stat status {};
  ASSERT_EQ(::stat(key_path().c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777U, 0600U);
  EXPECT_EQ(status.st_size, 65) << "one line of hexadecimal digits";
}

TEST_F(KeyTest, NothingElseIsLeftInTheDirectory) {
  ASSERT_TRUE(read_or_make_key(key_path()));
  const std::filesystem::directory_iterator files(directory_.path());
  EXPECT_EQ(std::distance(begin(files), end(files)), 1);
}

TEST_F(KeyTest, EveryNewKeyIsAnother) {
  EXPECT_NE(read_or_make_key(path("a"))->bytes, read_or_make_key(path("b"))->bytes);
}

TEST_F(KeyTest, OfManyMakersAllEndWithTheSameKey) {
  for (int round = 0; round < 20; ++round) {
    std::vector<std::string> keys(4);
    std::vector<std::thread> threads;
    for (std::string& key : keys) {
      threads.emplace_back([&] {
        const auto made = read_or_make_key(key_path());
        if (made) key = made->bytes;
      });
    }
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(std::set<std::string>(keys.begin(), keys.end()).size(), 1U);
    EXPECT_EQ(keys[0].size(), kClusterKeyBytes);
    std::filesystem::remove(key_path());
  }
}

TEST_F(KeyTest, BothCasesAndAMissingNewlineAreRead) {
  const std::string text = "00FFab" + std::string(58, '1');
  const auto key = read_key(put(text));
  ASSERT_TRUE(key);
  EXPECT_EQ(key->bytes.substr(0, 4), std::string_view("\0\xff\xab\x11", 4));
  EXPECT_TRUE(read_key(put(text + "\n")));
}

TEST_F(KeyTest, WhatOthersMayReadIsRefusedWithTheRemedy) {
  for (const unsigned mode : {0644U, 0640U, 0604U, 0620U, 0601U}) {
    const auto key = read_key(put(std::string(64, 'a'), mode));
    ASSERT_FALSE(key) << mode;
    EXPECT_EQ(key.error().code, ErrorCode::kDenied);
    EXPECT_THAT(key.error().message, HasSubstr("chmod 600 " + key_path()));
  }
}

TEST_F(KeyTest, WhatIsNoKeyIsRefusedAndNotShown) {
  const std::string good(64, 'a');
  for (const std::string& text :
       {std::string(), std::string("\n"), good.substr(1), good + "a", good + "\n\n", "\n" + good,
        good.substr(1) + "g", good + "\r\n", std::string(64, '\0'), good + good}) {
    const auto key = read_key(put(text));
    ASSERT_FALSE(key) << text;
    EXPECT_EQ(key.error().code, ErrorCode::kUsage);
    EXPECT_THAT(key.error().message, HasSubstr("64 hexadecimal digits"));
    EXPECT_THAT(key.error().message, ::testing::Not(HasSubstr("aaaa")));
  }
}

TEST_F(KeyTest, AMalformedKeyIsNotReplaced) {
  put("not a key\n");
  EXPECT_FALSE(read_or_make_key(key_path()));
  EXPECT_EQ(std::filesystem::file_size(key_path()), 10U);
}

TEST_F(KeyTest, AMissingKeyAndADirectoryAreErrorsThatNameThePath) {
  const auto missing = read_key(key_path());
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, ErrorCode::kNotFound);
  EXPECT_EQ(missing.error().message,
            "cannot read the cluster key " + key_path() + ": No such file or directory");
  EXPECT_FALSE(read_key(directory_.path()));
  const auto nowhere = read_or_make_key(path("missing/key"));
  ASSERT_FALSE(nowhere);
  EXPECT_THAT(nowhere.error().message, HasSubstr("cannot make the cluster key"));
}

}  // namespace
}  // namespace jobq::net
