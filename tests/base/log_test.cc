// SPDX-License-Identifier: Apache-2.0
// Log lines: one each, printable, whatever a peer put into a name.
#include "base/log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstdlib>

namespace jobq {
namespace {

using ::testing::MatchesRegex;

constexpr const char* kStamp = "[-0-9]+T[:0-9]+\\.[0-9]+Z ";

class LogTest : public ::testing::Test {
 protected:
  LogTest() {
    log::set_origin("test");
    log::set_level(log::Level::kInfo);
  }
  template <class Write>
  static std::string written(Write write) {
    ::testing::internal::CaptureStderr();
    write();
    return ::testing::internal::GetCapturedStderr();
  }
};

TEST_F(LogTest, ALineNamesTimeOriginAndLevel) {
  EXPECT_THAT(written([] { log::warning("node {} is silent for {} s", "n2", 15); }),
              MatchesRegex(std::string(kStamp) + "test warning: node n2 is silent for 15 s\n"));
  EXPECT_THAT(written([] { log::error("x"); }),
              MatchesRegex(std::string(kStamp) + "test error: x\n"));
}

TEST_F(LogTest, WhatIsLessImportantThanTheLevelIsNotWritten) {
  EXPECT_EQ(written([] { log::debug("x"); }), "");
  log::set_level(log::Level::kError);
  EXPECT_EQ(written([] { log::warning("x"); }), "");
  EXPECT_FALSE(log::enabled(log::Level::kWarning));
  EXPECT_TRUE(log::enabled(log::Level::kError));
}

TEST_F(LogTest, ControlCharactersAreEscaped) {
  EXPECT_THAT(written([] { log::info("{}", std::string_view("a\nb\r\x1b[31m\0\x7f", 11)); }),
              MatchesRegex(".*: a\\\\x0ab\\\\x0d\\\\x1b\\[31m\\\\x00\\\\x7f\n"));
}

TEST_F(LogTest, ControlCharactersAboveAsciiAreEscapedAndLettersAreNot) {
  EXPECT_THAT(written([] {
                log::info("{}",
                          "\xc2\x9b"
                          "31m \xc2\xa0 \xc3\xa9 \xc2");
              }),
              MatchesRegex(".*: \\\\xc2\\\\x9b31m \xc2\xa0 \xc3\xa9 \xc2\n"));
}

// Runs in a process of its own, with an environment of its own.
void log_under_journal(bool same_stream) {
  struct stat status {};
  ::fstat(STDERR_FILENO, &status);
  const auto inode = status.st_ino + (same_stream ? 0 : 1);
  ::setenv("JOURNAL_STREAM", fmt::format("{}:{}", status.st_dev, inode).c_str(), 1);
  log::set_origin("test");
  log::warning("x");
  std::_Exit(0);
}

TEST(LogDeathTest, OnlyTheStreamOfJournaldGetsItsPrefix) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(log_under_journal(true), ::testing::ExitedWithCode(0), "<4>test: x");
  EXPECT_EXIT(log_under_journal(false), ::testing::ExitedWithCode(0), "Z test warning: x");
}

// As with --detach, after the first line has been written.
void log_elsewhere_after_the_journal() {
  struct stat status {};
  ::fstat(STDERR_FILENO, &status);
  ::setenv("JOURNAL_STREAM", fmt::format("{}:{}", status.st_dev, status.st_ino).c_str(), 1);
  log::set_origin("test");
  log::warning("x");
  int ends[2];
  if (::pipe(ends) != 0) std::_Exit(1);
  const int before = ::dup(STDERR_FILENO);
  ::dup2(ends[1], STDERR_FILENO);
  log::warning("x");
  ::dup2(before, STDERR_FILENO);
  std::array<char, 200> line{};
  const ssize_t size = ::read(ends[0], line.data(), line.size());
  std::_Exit(size > 0 && line.front() != '<' ? 0 : 2);
}

TEST(LogDeathTest, AFileThatReplacesTheJournalGetsTimes) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(log_elsewhere_after_the_journal(), ::testing::ExitedWithCode(0), "<4>test: x");
}

}  // namespace
}  // namespace jobq
