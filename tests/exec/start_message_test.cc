// SPDX-License-Identifier: Apache-2.0
// The environment of a step, and who its user is.
#include "exec/start_message.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>

#include "exec/agent.h"

namespace jobq::exec {
namespace {

class StartMessage : public testing::Test {
 protected:
  StartMessage() {
    launch_.set_uid(1000);
    launch_.set_gid(100);
  }
  void say(const std::string& name, const std::string& value) {
    wire::NameValue& variable = *launch_.add_env();
    variable.set_name(name);
    variable.set_value(value);
  }
  std::string value_of(const std::string& name) const {
    for (const std::string& variable : environment_of(launch_, user_, node_, "secret")) {
      if (variable.starts_with(name + "=")) return variable.substr(name.size() + 1);
    }
    return "(unset)";
  }

  wire::Launch launch_;
  User user_{"ada", "/home-of/ada", "/bin/zsh", {100, 200}};
  NodeFacts node_{"n1", "/run/node.sock", "/opt/jobq/bin"};
};

TEST_F(StartMessage, TheBaseIsTheUsersOwn) {
  EXPECT_EQ(value_of("HOME"), "/home-of/ada");
  EXPECT_EQ(value_of("USER"), "ada");
  EXPECT_EQ(value_of("LOGNAME"), "ada");
  EXPECT_EQ(value_of("SHELL"), "/bin/zsh");
  EXPECT_EQ(value_of("LANG"), "C.UTF-8");
  EXPECT_EQ(value_of("PATH"), "/opt/jobq/bin:/usr/local/bin:/usr/bin:/bin");
  launch_.set_uid(0);
  EXPECT_NE(value_of("PATH").find(":/usr/sbin:"), std::string::npos);
}

TEST_F(StartMessage, TheLaunchWinsOverTheBaseButNotOverTheNode) {
  for (const char* name : {"HOME", "LANG", "JOBQ_NODE", "JOBQ_TOKEN", "JOBQ_NODE_SOCKET", "X"}) {
    say(name, "mine");
  }
  EXPECT_EQ(value_of("HOME"), "mine");
  EXPECT_EQ(value_of("LANG"), "mine");
  EXPECT_EQ(value_of("X"), "mine");
  EXPECT_EQ(value_of("JOBQ_NODE"), "n1");
  EXPECT_EQ(value_of("JOBQ_TOKEN"), "secret");
  EXPECT_EQ(value_of("JOBQ_NODE_SOCKET"), "/run/node.sock");
}

TEST_F(StartMessage, GrantsAreInTheEnvironment) {
  launch_.set_cpus(4);
  launch_.set_memory(1024);
  launch_.add_gpus(0);
  launch_.add_gpus(3);
  EXPECT_EQ(value_of("JOBQ_CPUS"), "4");
  EXPECT_EQ(value_of("JOBQ_MEMORY"), "1024");
  EXPECT_EQ(value_of("JOBQ_GPUS"), "0,3");
  EXPECT_EQ(value_of("CUDA_VISIBLE_DEVICES"), "0,3");
}

TEST_F(StartMessage, WhatWasGrantedIsALimit) {
  launch_.set_cpus(4);
  launch_.set_memory(1024);
  const pb::Start start = start_message(launch_, user_, node_, "secret");
  EXPECT_EQ(start.cpus(), 4U);
  EXPECT_EQ(start.memory(), 1024U);
  EXPECT_EQ(start.processes(), 0U);
  EXPECT_FALSE(start.has_umask());
}

TEST_F(StartMessage, ResourceLimitsAreTakenOverAndProcessesAreOfTheWholeStep) {
  const auto limit = [&](const std::string& name, std::uint64_t soft, std::uint64_t hard) {
    wire::ResourceLimit& to = *launch_.add_limits();
    to.set_name(name);
    to.set_soft(soft);
    to.set_hard(hard);
  };
  limit("nofile", 100, 200);
  limit("processes", 20, 20);
  launch_.set_umask(027);
  const pb::Start start = start_message(launch_, user_, node_, "secret");
  EXPECT_EQ(start.processes(), 20U);
  EXPECT_EQ(start.umask(), 027U);
  ASSERT_EQ(start.limits_size(), 1);
  EXPECT_EQ(start.limits(0).name(), "nofile");
  EXPECT_EQ(start.limits(0).soft(), 100U);
  EXPECT_EQ(start.limits(0).hard(), 200U);
  launch_.clear_limits();
  limit("processes", ~std::uint64_t{0}, ~std::uint64_t{0});
  EXPECT_EQ(start_message(launch_, user_, node_, "secret").processes(), 0U);
}

TEST_F(StartMessage, NamesThatCannotBeAreLeftOut) {
  say("", "x");
  say("A=B", "x");
  EXPECT_EQ(value_of("A"), "(unset)");
}

TEST_F(StartMessage, ThePathKeepsItsOrderWhereItHasTheDirectory) {
  EXPECT_EQ(with_program_directory("/a:/b", "/p"), "/p:/a:/b");
  EXPECT_EQ(with_program_directory("/a:/p:/b", "/p"), "/a:/p:/b");
  EXPECT_EQ(with_program_directory("/a:/pp", "/p"), "/p:/a:/pp");
  EXPECT_EQ(with_program_directory("", "/p"), "/p");
  EXPECT_EQ(with_program_directory("/a", ""), "/a");
}

TEST_F(StartMessage, WithoutAWorkingDirectoryItIsTheHome) {
  pb::Start start = start_message(launch_, user_, node_, "secret");
  EXPECT_EQ(start.workdir(), "/home-of/ada");
  EXPECT_TRUE(start.workdir_optional());
  launch_.set_workdir("/data");
  start = start_message(launch_, user_, node_, "secret");
  EXPECT_EQ(start.workdir(), "/data");
  EXPECT_FALSE(start.workdir_optional());
  EXPECT_EQ(start.groups_size(), 2);
}

TEST(UsersTest, ThisUserIsKnownAndAStrangerIsTolerated) {
  Users users;
  EXPECT_FALSE(users.find(geteuid(), getegid()).name.empty());
  const User& stranger = users.find(123456789, 7);
  EXPECT_EQ(stranger.name, "123456789");
  EXPECT_EQ(stranger.home, "/");
  EXPECT_EQ(stranger.groups, std::vector<gid_t>{7});
}

TEST(MachineTest, SomethingIsThere) {
  EXPECT_GE(machine_capacity().cpus, 1U);
  EXPECT_GT(machine_capacity().memory.count, 1U << 20U);
}

}  // namespace
}  // namespace jobq::exec
