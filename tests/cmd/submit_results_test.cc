// SPDX-License-Identifier: Apache-2.0
// What a trial says about a ticket.
#include "cmd/submit_results.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>

namespace jobq::cmd {
namespace {

using testing::StartsWith;

std::string told(const Submitted& result, bool json = false) {
  testing::internal::CaptureStdout();
  SubmitResults({.json = json, .dry_run = true, .many = true}).add(result);
  std::fflush(stdout);
  return testing::internal::GetCapturedStdout();
}

Submitted starting(Millis from_now, bool now) {
  Submitted result;
  result.expected_start = wall_now() + from_now;
  result.starts_now = now;
  return result;
}

TEST(Trial, WhatStartsNowIsToldByTheControllersClock) {
  EXPECT_EQ(told(starting(seconds(3600), true)), "ok; would start now\n");
  EXPECT_EQ(told(starting(seconds(-3600), true)), "ok; would start now\n");
  EXPECT_THAT(told(starting(seconds(-3600), false)), StartsWith("ok; expected start "));
}

TEST(Trial, AKnownKeyIsToldWithItsJob) {
  Submitted known;
  EXPECT_EQ(told(known), "ok; when it would start is not known\n");
  known.job = JobNumber{17};
  EXPECT_EQ(told(known), "ok; already submitted as job 17\n");
  EXPECT_EQ(told(known, true),
            "{\"job\":17,\"accepted\":true,\"expected_start\":null,\"is_estimate\":false}\n");
}

}  // namespace
}  // namespace jobq::cmd
