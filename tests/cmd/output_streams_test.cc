// SPDX-License-Identifier: Apache-2.0
// Which attempts are shown, in which order, and that no file is shown twice.
#include "cmd/output_streams.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace jobq::cmd {
namespace {

using testing::ElementsAre;

sched::AttemptView attempt_of(std::uint32_t number, const std::string& output = "",
                              const std::string& node = "n1") {
  sched::AttemptView attempt;
  attempt.attempt = Attempt(number);
  attempt.node = node;
  attempt.output = output;
  return attempt;
}

sched::JobDetail job_of(std::vector<std::vector<sched::AttemptView>> steps) {
  sched::JobDetail job;
  for (auto& attempts : steps) {
    sched::StepView step;
    step.name = fmt::format("s{}", job.steps.size());
    step.attempts = std::move(attempts);
    if (!step.attempts.empty()) job.output = step.attempts.front().output;
    job.steps.push_back(std::move(step));
  }
  return job;
}

// "s0.1" and "s0.1e", in order.
std::vector<std::string> names(OutputStreams& streams) {
  std::vector<std::string> all;
  for (const OutputStream& stream : streams) {
    all.push_back(fmt::format("{}.{}{}", stream.name, stream.attempt, stream.error ? "e" : ""));
  }
  return all;
}

OutputWanted following() {
  OutputWanted wanted;
  wanted.follow = true;
  return wanted;
}

OutputStream& stream_of(OutputStreams& streams, std::size_t position) {
  return *(streams.begin() + static_cast<std::ptrdiff_t>(position));
}

TEST(OutputStreams, WhatTheControllerItselfCarriesOutHasNone) {
  OutputStreams streams{following()};
  streams.look_at(job_of({{attempt_of(1, "", "")}, {attempt_of(1)}}));
  EXPECT_THAT(names(streams), ElementsAre("s1.1", "s1.1e"));
}

TEST(OutputStreams, TheNewestAttemptOfEachStepIsRead) {
  OutputStreams streams{OutputWanted()};
  const auto job = job_of({{attempt_of(1), attempt_of(2)}, {}, {attempt_of(1)}});
  streams.look_at(job);
  streams.look_at(job);
  EXPECT_THAT(names(streams), ElementsAre("s0.2", "s0.2e", "s2.1", "s2.1e"));
}

TEST(OutputStreams, OneStepAttemptOrStreamCanBeWanted) {
  const auto job = job_of({{attempt_of(1), attempt_of(2)}, {attempt_of(1)}});
  OutputWanted wanted;
  wanted.attempt = 1;
  wanted.step = "s0";
  wanted.only_error = true;
  OutputStreams streams{wanted};
  streams.look_at(job);
  streams.look_at(job);
  EXPECT_THAT(names(streams), ElementsAre("s0.1e"));
}

TEST(OutputStreams, AFollowerSeesEveryAttemptAfterTheNewestOfItsBeginning) {
  OutputStreams streams{following()};
  streams.look_at(job_of({{attempt_of(1), attempt_of(2)}, {}}));
  streams.look_at(job_of({{attempt_of(1), attempt_of(2), attempt_of(3), attempt_of(4)},
                          {attempt_of(1), attempt_of(2)}}));
  EXPECT_THAT(names(streams), ElementsAre("s0.2", "s0.2e", "s0.3", "s0.3e", "s0.4", "s0.4e", "s1.1",
                                          "s1.1e", "s1.2", "s1.2e"));
}

TEST(OutputStreams, AnAttemptIsReadToItsEndBeforeTheNextOne) {
  OutputStreams streams{following()};
  streams.look_at(job_of({{attempt_of(1)}}));
  streams.look_at(job_of({{attempt_of(1), attempt_of(2)}}));
  OutputStream& first = stream_of(streams, 0);
  OutputStream& second = stream_of(streams, 2);
  EXPECT_TRUE(OutputStreams::may_go_on(first));
  EXPECT_FALSE(OutputStreams::may_go_on(second));
  first.offset = 7;
  first.done = true;
  EXPECT_TRUE(OutputStreams::may_go_on(second));
  EXPECT_EQ(second.offset, 0U);
}

TEST(OutputStreams, AnAttemptWhoseNodeIsAwayDoesNotHoldUpTheNext) {
  OutputStreams streams{following()};
  streams.look_at(job_of({{attempt_of(1)}}));
  streams.look_at(job_of({{attempt_of(1), attempt_of(2, "", "n2")}}));
  stream_of(streams, 0).failing_since_ns = 1;
  EXPECT_TRUE(OutputStreams::may_go_on(stream_of(streams, 2)));
}

TEST(OutputStreams, WhatWritesToTheSameFileGoesOnInIt) {
  OutputStreams streams{following()};
  streams.look_at(job_of({{attempt_of(1, "/log")}, {attempt_of(1, "/log")}}));
  EXPECT_THAT(names(streams), ElementsAre("s0.1", "s1.1")) << "errors are in the file as well";
  OutputStream& first = stream_of(streams, 0);
  OutputStream& second = stream_of(streams, 1);
  first.offset = 7;
  first.failing_since_ns = 1;
  EXPECT_FALSE(OutputStreams::may_go_on(second));
  first.done = true;
  EXPECT_TRUE(OutputStreams::may_go_on(second));
  EXPECT_EQ(second.offset, 7U);
}

TEST(OutputStreams, FilesOfOneNameOnTwoNodesAreTwo) {
  OutputStreams streams{following()};
  streams.look_at(job_of({{attempt_of(1, "/log", "n1")}, {attempt_of(1, "/log", "n2")}}));
  EXPECT_TRUE(OutputStreams::may_go_on(stream_of(streams, 1)));
}

}  // namespace
}  // namespace jobq::cmd
