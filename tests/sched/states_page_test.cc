// SPDX-License-Identifier: Apache-2.0
// docs/states.md says what the tables say.
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>

#include "sched/lifecycle_doc.h"

namespace jobq::sched {
namespace {

TEST(StatesPage, IsWhatTheTablesSay) {
  const std::string path = std::string(JOBQ_SOURCE_DIR) + "/docs/states.md";
  if (std::getenv("JOBQ_WRITE_DOCS") != nullptr) std::ofstream(path) << states_page();
  std::ifstream file(path);
  const std::string found{std::istreambuf_iterator<char>(file), {}};
  EXPECT_EQ(found, states_page()) << "docs/states.md is stale; make it again with\n"
                                     "JOBQ_WRITE_DOCS=1 test_sched --gtest_filter='StatesPage.*'";
}

}  // namespace
}  // namespace jobq::sched
