// SPDX-License-Identifier: Apache-2.0
// What users write and read: job arguments, states, lengths of time, sizes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cmd/class_views.h"
#include "cmd/job_arguments.h"
#include "cmd/phrases.h"
#include "cmd/summaries.h"

namespace jobq::cmd {
namespace {

using testing::HasSubstr;

TEST(JobArguments, are_numbers_ranges_and_steps) {
  EXPECT_EQ(parse_job("17"), JobNumber(17));
  JobsNamed range;
  ASSERT_TRUE(append_jobs("17-20", range));
  ASSERT_EQ(range.ranges.size(), 1U);
  EXPECT_EQ(range.ranges[0].first, JobNumber(17));
  EXPECT_EQ(range.ranges[0].last, JobNumber(20));
  const auto step = parse_job_and_step("17.calc");
  ASSERT_TRUE(step);
  EXPECT_EQ(step->job, JobNumber(17));
  EXPECT_EQ(step->step, "calc");
}

TEST(JobArguments, name_elements_of_arrays) {
  EXPECT_EQ(parse_job("17[3]"), JobRef(JobNumber(17), 3));
  EXPECT_EQ(parse_job_and_step("17[3].calc")->job, JobRef(JobNumber(17), 3));
  EXPECT_EQ(parse_job_and_step("17[3].calc")->step, "calc");
  JobsNamed some;
  ASSERT_TRUE(append_jobs("17[3-9:2,12]", some));
  ASSERT_EQ(some.elements.size(), 1U);
  EXPECT_EQ(some.elements[0].array, JobNumber(17));
  EXPECT_EQ(to_string(some.elements[0].indexes), "3-9:2,12");
  for (const char* text : {"17[]", "17[3", "17]", "[3]", "17[3-9]", "17[x]", "17[3]x"}) {
    EXPECT_FALSE(parse_job(text)) << text;
  }
  EXPECT_EQ(append_jobs("17[9-3]", some).error().message,
            "'17[9-3]': '9-3' goes down; expected the lower index first");
}

TEST(JobArguments, refuse_everything_else) {
  for (const char* text : {"", "0", "x", "17x", " 17", "-1", "1.5.", "99999999999999999999999"}) {
    EXPECT_FALSE(parse_job(text)) << text;
  }
  for (const char* text : {"20-17", "17-", "-17", "0-3", "1-2-3"}) {
    JobsNamed none;
    EXPECT_FALSE(append_jobs(text, none)) << text;
  }
  for (const char* text : {"17.", ".calc", "x.calc"})
    EXPECT_FALSE(parse_job_and_step(text)) << text;
}

TEST(JobSelections, name_jobs_or_filter_them_but_not_both) {
  EXPECT_FALSE(to_selector({}, true));
  EXPECT_TRUE(to_selector({{"1", "3-4"}, {}, {}, false}, false));
  EXPECT_TRUE(to_selector({{}, {"nightly"}, "ann", false}, false));
  EXPECT_FALSE(to_selector({{"1"}, {}, {}, true}, false));
}

TEST(JobSelections, take_one_step_alone_and_only_where_steps_are_meant) {
  const auto step = to_selector({{"17.calc"}, {}, {}, false}, true);
  ASSERT_TRUE(step);
  EXPECT_EQ(step->step, "calc");
  EXPECT_FALSE(to_selector({{"17.calc"}, {}, {}, false}, false));
  EXPECT_FALSE(to_selector({{"17.calc", "18"}, {}, {}, false}, true));
}

TEST(States, are_known_by_code_and_by_word) {
  using sched::JobState;
  EXPECT_EQ(parse_state("wr"), std::vector{JobState::kWaitingResources});
  EXPECT_EQ(parse_state("held"), std::vector{JobState::kHeld});
  EXPECT_EQ(parse_state("BP"), (std::vector{JobState::kProcessing, JobState::kProcessingWaits}));
  EXPECT_EQ(parse_state("BP WR"), std::vector{JobState::kProcessingWaits});
  ASSERT_FALSE(parse_state("XX"));
  EXPECT_THAT(parse_state("XX").error().message, HasSubstr("QU, HD, WR, BP, CU, JD, JE, JC"));
}

TEST(Elapsed, shows_two_units_at_most) {
  EXPECT_EQ(elapsed(Millis{999}), "0s");
  EXPECT_EQ(elapsed(seconds(59)), "59s");
  EXPECT_EQ(elapsed(seconds(185)), "3m05s");
  EXPECT_EQ(elapsed(seconds(7620)), "2h07m");
  EXPECT_EQ(elapsed(seconds(4 * 86400 + 3 * 3600)), "4d03h");
  EXPECT_EQ(elapsed(seconds(-5)), "0s");
}

TEST(About, shows_sizes_with_three_digits_at_most) {
  EXPECT_EQ(about(Bytes{0}), "0B");
  EXPECT_EQ(about(Bytes{1000}), "1000B");
  EXPECT_EQ(about(Bytes{6'463'488}), "6.2M");
  EXPECT_EQ(about(Bytes{8ULL << 30U}), "8G");
  EXPECT_EQ(about(Bytes{25'276'514'304}), "23.5G");
}

TEST(Points, are_shown_to_a_tenth) {
  EXPECT_EQ(points(50), "50");
  EXPECT_EQ(points(3.24), "3.2");
  EXPECT_EQ(points(-0.5), "-0.5");
  EXPECT_EQ(points(-0.04), "0");
  EXPECT_EQ(points(9.96), "10");
}

TEST(Ends, are_told_in_words) {
  sched::TaskEnd end;
  end.exit_code = 3;
  EXPECT_EQ(phrase_of(end), "exit code 3");
  end.how = sched::TaskEnd::How::kSignalled;
  end.signal = 9;
  EXPECT_EQ(phrase_of(end), "signal 9 (KILL)");
  end.how = sched::TaskEnd::How::kMemory;
  end.reason = "memory: used 105M of 100M granted";
  EXPECT_EQ(phrase_of(end), end.reason);
}

TEST(Counted, knows_one_from_many) {
  EXPECT_EQ(counted(1, "job"), "1 job");
  EXPECT_EQ(counted(0, "job"), "0 jobs");
  EXPECT_EQ(counted(12, "job"), "12 jobs");
}

TEST(ClassNames, may_have_a_version) {
  EXPECT_EQ(parse_class_name("daily-plan").version, "");
  EXPECT_EQ(parse_class_name("daily-plan@3").name, "daily-plan");
  EXPECT_EQ(parse_class_name("daily-plan@3").version, "3");
}

}  // namespace
}  // namespace jobq::cmd
