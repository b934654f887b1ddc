// SPDX-License-Identifier: Apache-2.0
// Steps that move files, and exports, which become steps behind all others.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "conf/ticket_file.h"

namespace jobq::conf {
namespace {

using sched::FileSpec;
using sched::JobSpec;
using sched::StepKind;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

JobSpec spec_of(const std::string& text) {
  auto parsed = parse_file(text, "f");
  EXPECT_THAT(parsed.faults, IsEmpty()) << text;
  const auto* ticket = std::get_if<sched::Ticket>(&parsed.value);
  return ticket == nullptr || !ticket->spec ? JobSpec() : *ticket->spec;
}

TEST(Files, AGiveHasPlacesAndItsOptions) {
  const JobSpec one = spec_of("give = { from = 'n1:/x/*.dat', to = 'work/' }");
  ASSERT_EQ(one.steps.size(), 1U);
  EXPECT_EQ(one.steps[0].kind, StepKind::kGive);
  EXPECT_EQ(one.steps[0].files, (FileSpec{{"n1:/x/*.dat"}, "work/", 0, false, false}));
  const JobSpec all = spec_of(
      "[[step]]\nname = 'a'\n"
      "dispose = { from = ['a', 'b'], to = 'area:r/', streams = 8, recursive = true, "
      "checksum = false }");
  EXPECT_EQ(all.steps[0].kind, StepKind::kDispose);
  EXPECT_EQ(all.steps[0].files, (FileSpec{{"a", "b"}, "area:r/", 8, true, true}));
}

TEST(Files, AnInquiryIsAPlaceAListOrATable) {
  for (const char* text : {"inquire = 'a'", "inquire = ['a']", "inquire = { files = ['a'] }"}) {
    const JobSpec spec = spec_of(text);
    ASSERT_EQ(spec.steps.size(), 1U) << text;
    EXPECT_EQ(spec.steps[0].kind, StepKind::kInquire);
    EXPECT_EQ(spec.steps[0].files, (FileSpec{{"a"}, "", 0, false, false})) << text;
  }
}

TEST(Files, ExportsAreStepsBehindAllOthersInTheirOrder) {
  const JobSpec spec = spec_of(
      "[[export]]\nfrom = 'a'\nto = 'area:r/'\n"
      "[[export]]\nfrom = 'b'\nto = 'device:printer'\n"
      "[[step]]\nname = 'calc'\nrun = 'x'");
  ASSERT_EQ(spec.steps.size(), 3U);
  EXPECT_EQ(spec.steps[0].name, "calc");
  EXPECT_FALSE(spec.steps[0].is_export);
  EXPECT_EQ(spec.steps[1].name, "export-1");
  EXPECT_TRUE(spec.steps[1].is_export);
  EXPECT_EQ(spec.steps[1].kind, StepKind::kDispose);
  EXPECT_EQ(spec.steps[2].name, "export-2");
  EXPECT_EQ(spec.steps[2].device, "printer");
  EXPECT_THAT(spec.steps[2].files->from, ElementsAre("b"));
  ASSERT_TRUE(spec.steps[2].needs);
  EXPECT_THAT(spec.steps[2].needs->exclusive, ElementsAre("printer"));
}

}  // namespace
}  // namespace jobq::conf
