// SPDX-License-Identifier: Apache-2.0
// Job classes, and the named resources of the cluster: who may change them, and how.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/sched/world.h"

namespace jobq::sched {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class ClassesTest : public ::testing::Test {
 public:
  void add(const Actor& actor, const std::string& version, const std::string& text) {
    auto spec = std::make_shared<JobSpec>(one_step().spec);
    spec->class_name = "plan";
    spec->class_version = version;
    spec->workdir = "/srv/" + version;
    world.send(RegisterClass{World::kReply, actor, {spec, text, "plan.toml"}});
  }
  JobNumber run(const std::string& version) {
    Ticket ticket;
    ticket.class_name = "plan";
    ticket.class_version = version;
    return world.submit(ticket);
  }
  std::string version_of(JobNumber job) { return world.core.show(job, world.now)->class_version; }
  World world;
};

TEST_F(ClassesTest, ATicketRunsTheNewestVersionThatIsNotRetired) {
  add(world.ann, "1", "one");
  add(world.ann, "2", "two");
  EXPECT_EQ(version_of(run("")), "2");
  EXPECT_EQ(version_of(run("1")), "1");
  world.send(RetireClass{World::kReply, world.ann, "plan", "2"});
  EXPECT_EQ(version_of(run("")), "1");
  EXPECT_EQ(world.row(JobNumber{1}).name, "plan");
  world.forget_said();
  run("2");
  EXPECT_THAT(world.said(), ElementsAre("refused version 2 of class plan is retired; register it "
                                        "again to use it"));
}

TEST_F(ClassesTest, ARetiredClassAndAnUnknownOneAreRefused) {
  add(world.ann, "1", "one");
  world.send(RetireClass{World::kReply, world.ann, "plan", ""});
  world.forget_said();
  run("");
  run("9");
  Ticket ticket;
  ticket.class_name = "paln";
  world.submit(ticket);
  EXPECT_THAT(world.said(), ElementsAre(HasSubstr("class plan is retired"),
                                        "refused class plan has no version '9'; it has 1",
                                        "refused no class is named 'paln'; did you mean 'plan'?"));
}

TEST_F(ClassesTest, TheVersionShownIsTheNewestInUseElseTheNewest) {
  add(world.ann, "1", "one");
  add(world.ann, "2", "two");
  EXPECT_EQ(world.core.find_class("plan", "")->version, "2");
  world.send(RetireClass{World::kReply, world.ann, "plan", "2"});
  EXPECT_EQ(world.core.find_class("plan", "")->version, "1");
  EXPECT_EQ(world.core.find_class("plan", "2")->text, "two");
  world.send(RetireClass{World::kReply, world.ann, "plan", ""});
  EXPECT_EQ(world.core.find_class("plan", "")->version, "2");
  EXPECT_EQ(world.core.find_class("plan", "3").error().code, ErrorCode::kNotFound);
  EXPECT_EQ(world.core.find_class("paln", "").error().code, ErrorCode::kNotFound);
}

TEST_F(ClassesTest, AVersionNeverChanges) {
  add(world.ann, "1", "one");
  add(world.ann, "1", "one");
  add(world.ann, "1", "another");
  EXPECT_THAT(world.said(),
              ElementsAre("done", "done",
                          "error version 1 of class plan exists with another text; give it a new "
                          "version"));
}

TEST_F(ClassesTest, RegisteringARetiredVersionAgainBringsItBack) {
  add(world.ann, "1", "one");
  world.send(RetireClass{World::kReply, world.ann, "plan", "1"});
  add(world.ann, "1", "one");
  EXPECT_EQ(version_of(run("")), "1");
}

TEST_F(ClassesTest, OnlyItsFirstRegistrantAndOperatorsChangeAClass) {
  add(world.ann, "1", "one");
  add(world.bob, "2", "two");
  world.send(RetireClass{World::kReply, world.bob, "plan", ""});
  add(world.root, "3", "three");
  EXPECT_THAT(
      world.said(),
      ElementsAre("done", "error class plan belongs to ann; only ann and operators may change it",
                  "error class plan belongs to ann; only ann and operators may change it", "done"));
}

TEST_F(ClassesTest, ATicketsOwnTextsGoAboveItsClass) {
  add(world.ann, "1", "one");
  world.join("n1", 2);
  Ticket ticket;
  ticket.class_name = "plan";
  ticket.env = {{"REGION", "north"}};
  ticket.workdir = "/tmp";
  const JobNumber job = world.submit(ticket);
  EXPECT_EQ(world.launched(job, "main").workdir, "/tmp");
  EXPECT_THAT(world.launched(job, "main").env, ::testing::Contains(NameValue{"REGION", "north"}));
}

TEST_F(ClassesTest, ARunningJobKeepsItsVersion) {
  add(world.ann, "1", "one");
  const JobNumber job = run("");
  world.send(RetireClass{World::kReply, world.ann, "plan", ""});
  EXPECT_EQ(version_of(job), "1");
  EXPECT_EQ(world.core.classes().size(), 1U);
}

TEST(Resources, OnlyOperatorsCreateAndRemoveThem) {
  World world;
  const resmgr::NamedResource db{"db", resmgr::NamedKind::kExclusive, 1};
  world.send(CreateResource{World::kReply, world.ann, db});
  world.send(CreateResource{World::kReply, world.root, db});
  world.send(CreateResource{World::kReply, world.root, db});
  world.send(RemoveResource{World::kReply, world.ann, "db"});
  world.send(RemoveResource{World::kReply, world.root, "db"});
  EXPECT_THAT(
      world.said(),
      ElementsAre("error only operators may create resources; ann is not one", "done", "done",
                  "error only operators may remove resources; ann is not one", "done"));
  EXPECT_TRUE(world.core.resources().empty());
}

TEST(Resources, WhatIsHeldIsNotRemoved) {
  World world;
  world.create_exclusive("db");
  world.join("n1", 1);
  const JobNumber job = world.submit(one_step().needs(exclusive("db")));
  world.forget_said();
  world.send(RemoveResource{World::kReply, world.root, "db"});
  EXPECT_THAT(world.said(), ElementsAre(HasSubstr("error ")));
  EXPECT_EQ(world.core.resources().at(0).holders.at(0).job, job);
  world.complete(job, "main");
  world.send(RemoveResource{World::kReply, world.root, "db"});
  EXPECT_TRUE(world.core.resources().empty());
}

}  // namespace
}  // namespace jobq::sched
