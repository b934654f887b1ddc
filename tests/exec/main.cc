// SPDX-License-Identifier: Apache-2.0
// The tests' own main: executed again as `TEST keeper --state DIR --grace MS` it is the keeper that
// agents start, and executes itself in its own place.
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

#include "exec/agent.h"

namespace {

int be_keeper(int argc, char** argv) {
  jobq::exec::KeeperOptions options;
  if (argc == 3 && std::strcmp(argv[2], "--handover-versions") == 0) {
    std::fputs(jobq::exec::handover_versions().c_str(), stdout);
    return 0;
  }
  for (int i = 2; i + 1 < argc; i += 2) {
    if (std::strcmp(argv[i], "--state") == 0) options.state = argv[i + 1];
    if (std::strcmp(argv[i], "--handover") == 0) options.handover = std::stoi(argv[i + 1]);
    if (std::strcmp(argv[i], "--grace") == 0) options.grace.count = std::stol(argv[i + 1]);
  }
  options.cgroups = std::getenv("JOBQ_TEST_WITHOUT_CGROUPS") == nullptr;
  return jobq::exec::run_keeper(options);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc > 1 && std::strcmp(argv[1], "keeper") == 0) return be_keeper(argc, argv);
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
