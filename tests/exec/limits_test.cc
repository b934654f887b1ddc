// SPDX-License-Identifier: Apache-2.0
// Steps and what they were granted: who goes past it is ended and nobody else, in both kinds of
// containment; resource limits and umask arrive, or are named.
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <csignal>

#include "exec/memory_use.h"
#include "tests/exec/world.h"

namespace jobq::exec {
namespace {

constexpr std::uint64_t kMiB = 1U << 20U;

// A buffer of so much, filled again and again.
std::string holds(const std::string& size, int times = 100'000) {
  return "dd if=/dev/zero of=/dev/null bs=" + size + " count=" + std::to_string(times);
}

class Limited : public HeldSteps {
 protected:
  static pb::Start with_memory(pb::Start start, std::uint64_t bytes) {
    start.set_memory(bytes);
    return start;
  }
};

TEST_P(Limited, WhoTakesMoreMemoryThanGrantedIsEndedAndNobodyElse) {
  world_.steps().start(with_memory(start_of(1, {"sleep", "1000"}), 100 * kMiB));
  world_.steps().start(start_of(2, {"sleep", "1000"}));
  const pb::End end = world_.run(with_memory(shell(3, holds("1G")), 100 * kMiB));
  EXPECT_EQ(end.how(), pb::End::MEMORY);
  EXPECT_TRUE(end.reason().starts_with("memory: used ")) << end.reason();
  EXPECT_TRUE(end.reason().ends_with(" of 100M granted")) << end.reason();
  EXPECT_GT(end.max_rss(), 100 * kMiB);
  EXPECT_FALSE(world_.told(1)->has_end());
  EXPECT_FALSE(world_.told(2)->has_end());
}

TEST_P(Limited, TheMemoryOfAllProcessesCountsTogether) {
  const std::string one = "setsid " + holds("40M") + " & ";
  const pb::End end = world_.run(with_memory(shell(1, one + one + one + "wait"), 100 * kMiB));
  EXPECT_EQ(end.how(), pb::End::MEMORY);
  EXPECT_EQ(world_.run(with_memory(shell(2, holds("40M", 20)), 100 * kMiB)).how(), pb::End::EXITED);
}

TEST_P(Limited, WhoDefiesTermIsEndedAtItsLimitAllTheSame) {
  const pb::End end = world_.run(with_memory(
      shell(1, "trap '' TERM; setsid sh -c 'echo $$ > " + file("child") + "; exec sleep 100' & " +
                   "while [ ! -s " + file("child") + " ]; do sleep 0.01; done; " + holds("300M")),
      100 * kMiB));
  EXPECT_EQ(end.how(), pb::End::MEMORY);
  EXPECT_FALSE(alive(pid_in(file("child"))));
}

TEST_P(Limited, WhoHasMoreProcessesThanGrantedIsEnded) {
  pb::Start start =
      shell(1, "for i in 1 2 3 4 5 6; do setsid sleep 1000 & done; touch " + file("on") + "; wait");
  start.set_processes(8);
  world_.steps().start(start);
  EXPECT_TRUE(world_.wait([&] { return exists(file("on")); }));
  *start.mutable_id() = id_of_job(2);
  start.set_processes(5);
  const pb::End end = world_.run(start);
  EXPECT_EQ(end.how(), pb::End::LIMIT);
  EXPECT_TRUE(end.reason().ends_with(" with threads, 5 granted")) << end.reason();
  EXPECT_FALSE(world_.told(1)->has_end());
}

TEST_P(Limited, WhatEndsWithTheLeaseIsLostAlsoWhereItTakesTooMuchMeanwhile) {
  pb::Start start = with_memory(shell(1, "trap '" + holds("1G") + "' TERM; touch " + file("on") +
                                             "; while :; do sleep 0.01; done"),
                                100 * kMiB);
  start.set_fenced(true);
  world_.steps().start(start);
  EXPECT_TRUE(world_.wait([&] { return exists(file("on")); }));
  world_.steps().end_fenced(seconds(20));
  EXPECT_EQ(world_.end_of(1).how(), pb::End::LOST);
}

TEST_P(Limited, NothingIsLookedAtWithoutALimit) {
  world_.steps().start(start_of(1, {"sleep", "1000"}));
  EXPECT_EQ(world_.steps().tick(steady_now_ns()), std::nullopt);
  world_.steps().start(with_memory(start_of(2, {"sleep", "1000"}), kMiB << 10U));
  EXPECT_NE(world_.steps().tick(steady_now_ns()), std::nullopt);
}

INSTANTIATE_TEST_SUITE_P(Both, Limited, testing::Bool(),
                         [](const auto& test) { return test.param ? "Cgroups" : "ProcessGroups"; });

class ChildLimits : public testing::Test {
 protected:
  std::string output_of(const pb::Start& start) {
    const pb::End end = world_.run(start);
    EXPECT_EQ(end.how(), pb::End::EXITED) << end.reason();
    return stored(dir_.path(), id_of(start.id()), Which::kOutput);
  }
  static void add(pb::Start& start, const std::string& name, std::uint64_t soft,
                  std::uint64_t hard) {
    pb::ResourceLimit& limit = *start.add_limits();
    limit.set_name(name);
    limit.set_soft(soft);
    limit.set_hard(hard);
  }
  std::string why(std::uint64_t job, const std::string& name, std::uint64_t soft,
                  std::uint64_t hard) {
    pb::Start start = start_of(job, {"true"});
    add(start, name, soft, hard);
    const pb::End end = world_.run(start);
    EXPECT_EQ(end.how(), pb::End::NOT_STARTED);
    return end.reason();
  }

  OpenDir dir_;
  StepsWorld world_{dir_.path(), true};
};

TEST_F(ChildLimits, ArriveAsAsked) {
  pb::Start start = shell(1, "ulimit -Sn; ulimit -Hn; ulimit -Sc; ulimit -St; umask");
  add(start, "nofile", 100, 200);
  add(start, "core", 4096, 8192);
  add(start, "cpu", 77, ~std::uint64_t{0});
  start.set_umask(0027);
  const long block = output_of(shell(2, "ulimit -c 1; ulimit -c")).starts_with("1") ? 512 : 1024;
  EXPECT_EQ(output_of(start), "100\n200\n" + std::to_string(4096 / block) + "\n77\n0027\n");
}

TEST_F(ChildLimits, ARefusalNamesTheLimit) {
  EXPECT_EQ(why(1, "nofile", 10, 5), "limit nofile 10:5: invalid argument");
  EXPECT_EQ(why(2, "nofile", 4'000'000'000, 4'000'000'000),
            "limit nofile 4000000000: operation not permitted");
  EXPECT_EQ(why(3, "nofail", 1, 1), "limit nofail: there is no such limit");
}

TEST_F(ChildLimits, AStepIsWhatTheKernelTakesFirst) {
  const std::string own = read_file("/proc/self/oom_score_adj");
  const std::string score = output_of(start_of(1, {"cat", "/proc/self/oom_score_adj"}));
  EXPECT_GE(std::stoi(score), 500);
  EXPECT_GT(std::stoi(score), std::stoi(own));
}

class CountedByCgroup : public HeldSteps {};

TEST_P(CountedByCgroup, ProcessorTimeOfWhomNobodyWaitedForCounts) {
  const std::string done = dir_ / "done";
  const pb::End end = world_.run(
      shell(1, "(setsid sh -c 'i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done; touch " + done +
                   "' &); while [ ! -e " + done + " ]; do sleep 0.05; done"));
  EXPECT_GT(end.cpu_ms(), 100);
  // The next one in the same cgroup begins at nothing.
  EXPECT_LT(world_.run(start_of(2, {"true"})).cpu_ms(), 100);
}

INSTANTIATE_TEST_SUITE_P(Containment, CountedByCgroup, testing::Values(true),
                         [](const auto&) { return "Cgroups"; });

TEST(MemoryUse, SharedPagesAreDividedAmongThoseWhoShareThem) {
  constexpr std::size_t kSize = 64 * kMiB;
  auto* const shared = static_cast<char*>(
      mmap(nullptr, kSize, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
  ASSERT_NE(shared, MAP_FAILED);
  auto* const done = new (shared) std::atomic<int>(0);
  std::vector<pid_t> processes;
  for (int i = 0; i < 3; ++i) {
    const pid_t child = fork();
    if (child == 0) {
      for (std::size_t at = 4096; at < kSize; at += 4096) shared[at] = 1;
      ++*done;
      for (;;) pause();
    }
    processes.push_back(child);
  }
  ASSERT_TRUE(wait_until([&] { return *done == 3; }));
  // Resident it counts three times, divided once, whatever else each of them has. The kernel's
  // count of what is resident is right to some pages a processor.
  EXPECT_GE(resident(processes).count + kMiB, proportional(processes).count + 2 * kSize);
  EXPECT_GE(proportional(processes).count + kMiB, kSize);
  for (const pid_t child : processes) kill(child, SIGKILL), waitpid(child, nullptr, 0);
  EXPECT_EQ(resident(processes).count, 0U);
  munmap(shared, kSize);
}

}  // namespace
}  // namespace jobq::exec
