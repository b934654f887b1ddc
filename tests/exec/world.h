// SPDX-License-Identifier: Apache-2.0
// What tests of the node side share: a directory of their own, waiting for conditions, and steps
// without a keeper's process around them.
#pragma once

#include <gtest/gtest.h>
#include <uv.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "exec/steps.h"
#include "tests/temp_dir.h"

namespace jobq::exec {

// Others may look into it: steps run as other users.
class OpenDir : public TempDir {
 public:
  OpenDir() { std::filesystem::permissions(path(), std::filesystem::perms{0755}); }
};

// Until it holds, for at most 20 seconds; `meanwhile` is called between two looks.
bool wait_until(const std::function<bool()>& holds, const std::function<void()>& meanwhile = {});

std::string read_file(const std::string& path);
// What the attempt wrote, in a pack or in a file of its own; empty where it wrote nothing.
std::string stored(const std::string& state, const AttemptId& id, Which which);
bool exists(const std::string& path);
bool alive(pid_t pid);  // and no zombie
// The number in a file, once there is a whole line; 0 before.
pid_t pid_in(const std::string& path);

pb::Id id_of_job(std::uint64_t job, std::uint32_t attempt = 1);
// A start of this user with a plain environment, in the root directory.
pb::Start start_of(std::uint64_t job, std::vector<std::string> argv);
pb::Start shell(std::uint64_t job, const std::string& command);

// Steps with everything that they need in a directory; this process stands for the keeper.
class StepsWorld {
 public:
  StepsWorld(const std::string& state, bool cgroups, Millis grace = Millis{300});
  ~StepsWorld();  // kills what runs

  Steps& steps() { return *steps_; }
  RecordLog& log() { return *log_; }
  Containment& containment() { return *containment_; }

  // The latest word on an attempt, null where there is none.
  const pb::Attempt* told(std::uint64_t job) const;
  bool wait(const std::function<bool()>& holds);
  // The end of the attempt; a failure of the test where it does not come.
  pb::End end_of(std::uint64_t job);
  pb::End run(const pb::Start& start);
  void order(pb::Order::What what, std::uint64_t job, int signal = 0);

 private:
  std::unique_ptr<Containment> containment_;
  std::unique_ptr<OutputSlots> slots_;
  std::unique_ptr<RecordLog> log_;
  std::map<std::uint64_t, pb::Attempt> told_;
  std::unique_ptr<Steps> steps_;
};

// Tests of what lives in a loop. What a test adds is gone before the loop is closed, and has left
// no handle in it.
class OnLoop : public testing::Test {
 public:
  OnLoop();
  ~OnLoop() override;
  OnLoop(const OnLoop&) = delete;
  OnLoop& operator=(const OnLoop&) = delete;

 protected:
  bool wait(const std::function<bool()>& holds);  // while the loop turns

  uv_loop_t loop_{};
};

// Tests of steps that are held by cgroups (true) or by process groups.
class HeldSteps : public testing::TestWithParam<bool> {
 public:
  explicit HeldSteps(Millis grace = Millis{300});
  // Skips what needs cgroups where none can be made: most containers show the hierarchy read-only.
  // Process groups are tested everywhere.
  void SetUp() override;

 protected:
  std::string file(const std::string& name) const { return dir_ / name; }

  OpenDir dir_;
  StepsWorld world_;
};

}  // namespace jobq::exec
