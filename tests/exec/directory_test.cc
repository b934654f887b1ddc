// SPDX-License-Identifier: Apache-2.0
// The directory as a node has it: whose entries go when, and what is answered meanwhile.
#include "exec/directory.h"

#include <gtest/gtest.h>

namespace jobq::exec {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;

wire::Service service(const std::string& type, std::int64_t ttl_ms = 10'000) {
  wire::Service one;
  one.set_type(type);
  one.set_ttl(ttl_ms);
  return one;
}

wire::NodeServices neighbour(const std::string& node, const std::vector<std::string>& types) {
  wire::NodeServices services;
  services.set_node(node);
  for (const std::string& type : types) *services.add_services() = service(type);
  return services;
}

// "n1/planner@n1 n2/solver"
std::string found(const Directory& directory, const std::string& type, std::int64_t now_ns) {
  std::string text;
  for (const wire::NodeServices& node : directory.find(type, now_ns)) {
    for (const wire::Service& one : node.services()) {
      const std::string& name = one.id().empty() ? one.type() : one.id();
      text += (text.empty() ? "" : " ") + node.node() + "/" + name;
    }
  }
  return text;
}

class DirectoryTest : public ::testing::Test {
 protected:
  Directory directory_{"n1", {{"planner", "", "host:80", seconds(10)}}};
};

TEST_F(DirectoryTest, WhatTheConfigurationOffersStays) {
  EXPECT_EQ(found(directory_, "", 0), "n1/planner@n1");
  EXPECT_FALSE(directory_.expire(1000 * kSecond));
  EXPECT_EQ(found(directory_, "", 1000 * kSecond), "n1/planner@n1");
  EXPECT_EQ(directory_.own(0).services(0).left(), 10'000);
  EXPECT_EQ(directory_.own(0).services(0).source(), "configuration");
  EXPECT_FALSE(directory_.withdraw("planner", "ann"));
}

TEST_F(DirectoryTest, AnOfferGoesUnlessItIsSaidAgain) {
  ASSERT_TRUE(directory_.offer(service("solver"), "ann", 0));
  ASSERT_TRUE(directory_.offer(service("solver"), "bob", 0));
  ASSERT_TRUE(directory_.offer(service("solver"), "ann", 5 * kSecond));
  EXPECT_EQ(found(directory_, "solver", 9 * kSecond), "n1/solver@n1:ann n1/solver@n1:bob");
  EXPECT_EQ(directory_.next_end_ns(), 10 * kSecond);
  EXPECT_EQ(found(directory_, "solver", 10 * kSecond), "n1/solver@n1:ann");
  EXPECT_TRUE(directory_.expire(10 * kSecond));
  EXPECT_FALSE(directory_.expire(10 * kSecond));
  EXPECT_EQ(directory_.own(10 * kSecond).services(1).left(), 5'000);
  EXPECT_TRUE(directory_.withdraw("solver", "ann"));
  EXPECT_EQ(found(directory_, "solver", 10 * kSecond), "");
}

TEST_F(DirectoryTest, NeighboursStayAsTheyWereWhileTheControllerIsAway) {
  directory_.set_neighbour(neighbour("n2", {"planner", "solver"}));
  EXPECT_EQ(found(directory_, "planner", 100 * kSecond), "n1/planner@n1 n2/planner");
  EXPECT_EQ(directory_.find("solver", 0).at(0).age(), 0);
  directory_.controller_left(100 * kSecond);
  directory_.expire(10'000 * kSecond);
  EXPECT_EQ(found(directory_, "solver", 10'000 * kSecond), "n2/solver");
  EXPECT_EQ(directory_.find("solver", 103 * kSecond).at(0).age(), 3000);
}

TEST_F(DirectoryTest, WhatTheControllerDoesNotConfirmWhenItIsBackGoes) {
  directory_.set_neighbour(neighbour("n2", {"solver"}));
  directory_.set_neighbour(neighbour("n3", {"solver"}));
  directory_.set_neighbour(neighbour("n4", {"solver"}));
  directory_.controller_left(0);
  directory_.controller_came(100 * kSecond);
  directory_.set_neighbour(neighbour("n3", {"solver"}));
  directory_.set_neighbour(neighbour("n4", {}));
  EXPECT_EQ(found(directory_, "solver", 109 * kSecond), "n2/solver n3/solver");
  EXPECT_FALSE(directory_.expire(110 * kSecond));  // nothing of this node
  EXPECT_EQ(found(directory_, "solver", 500 * kSecond), "n3/solver");
  EXPECT_EQ(directory_.next_end_ns(), std::nullopt);
}

TEST_F(DirectoryTest, OffersHaveTheirMeasure) {
  EXPECT_FALSE(directory_.offer(service(""), "ann", 0));
  EXPECT_FALSE(directory_.offer(service("x", 999), "ann", 0));
  EXPECT_FALSE(directory_.offer(service("x", 86'400'001), "ann", 0));
  wire::Service large = service("x");
  large.set_body(std::string(kMostBodyBytes + 1, 'x'));
  EXPECT_FALSE(directory_.offer(large, "ann", 0));
  for (std::size_t i = 0; i < kMostServices; ++i) {
    ASSERT_TRUE(directory_.offer(service("x" + std::to_string(i)), "ann", 0));
  }
  EXPECT_TRUE(directory_.offer(service("x0"), "ann", 0));
  const auto one_more = directory_.offer(service("y"), "ann", 0);
  ASSERT_FALSE(one_more);
  EXPECT_EQ(one_more.error().code, ErrorCode::kRefused);
  EXPECT_TRUE(directory_.expire(10 * kSecond));
  EXPECT_TRUE(directory_.offer(service("y"), "ann", 10 * kSecond));
}

}  // namespace
}  // namespace jobq::exec
