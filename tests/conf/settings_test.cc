// SPDX-License-Identifier: Apache-2.0
// The configuration file: every setting, its limits, and the shipped example.
#include "conf/settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <set>
#include <sstream>

namespace jobq::conf {
namespace {

using testing::ElementsAre;

std::vector<std::string> faults_of(const std::string& text) {
  std::vector<std::string> lines;
  for (const Fault& fault : parse_settings(text, "f").faults) lines.push_back(to_string(fault));
  return lines;
}

TEST(Settings, AnEmptyFileGivesTheDefaults) {
  const auto parsed = parse_settings("", "f");
  EXPECT_TRUE(parsed.ok());
  EXPECT_EQ(parsed.value.controller.node_timeout, seconds(15));
  EXPECT_EQ(parsed.value.controller.max_connections, 4096U);
  EXPECT_FALSE(parsed.value.node.cpus);
}

TEST(Settings, OfTheControllerAreRead) {
  const auto parsed = parse_settings(R"([controller]
      state = "/var/lib/jobq"
      socket = "/run/jobq/socket"
      listen = "0.0.0.0:7800"
      key = "/etc/jobq/key"
      node_timeout = "30s"
      keep_jobs = "90d"
      keep_keys = 3600
      max_connections = 100
      operators = ["ann", "ben"])",
                                     "f");
  ASSERT_TRUE(parsed.ok()) << to_string(parsed.faults[0]);
  const ControllerSettings& c = parsed.value.controller;
  EXPECT_EQ(c.state, "/var/lib/jobq");
  EXPECT_EQ(c.socket, "/run/jobq/socket");
  EXPECT_EQ(c.listen, "0.0.0.0:7800");
  EXPECT_EQ(c.key, "/etc/jobq/key");
  EXPECT_EQ(c.node_timeout, seconds(30));
  EXPECT_EQ(c.keep_jobs, seconds(90 * 86400));
  EXPECT_EQ(c.policy.keep_keys, seconds(3600));
  EXPECT_EQ(c.max_connections, 100U);
  EXPECT_THAT(c.operators, ElementsAre("ann", "ben"));
}

TEST(Settings, OfSchedulingNodeAndClientAreRead) {
  const auto parsed = parse_settings(R"([scheduling]
      backfill = "conservative"
      depth = 7
      [node]
      name = "n1"
      controller = "[::1]:7800"
      state = "/s"
      socket = "/s/node.sock"
      key = "/s/key"
      cpus = 8
      memory = "16G"
      gpus = 2
      resources = { scratch = 100, disk = 1 }
      heartbeat = "2s"
      grace = 0
      keep_outputs = "2d"
      output_space = "1G"
      keeper = "service"
      [service.planner]
      spec = "up to 8"
      body = "n1:80"
      ttl = "5s"
      [service.solver]
      [client]
      socket = "/run/x"
      controller = "head:7800"
      key = "/k")",
                                     "f");
  ASSERT_TRUE(parsed.ok()) << to_string(parsed.faults[0]);
  EXPECT_EQ(parsed.value.controller.policy.scheduling.backfill, resmgr::Backfill::kConservative);
  EXPECT_EQ(parsed.value.controller.policy.scheduling.depth, 7U);
  const NodeSettings& n = parsed.value.node;
  EXPECT_EQ(n.name + n.controller + n.state + n.socket + n.key, "n1[::1]:7800/s/s/node.sock/s/key");
  EXPECT_EQ(n.cpus, 8U);
  EXPECT_EQ(n.memory, Bytes{16ULL << 30U});
  EXPECT_EQ(n.gpus, 2U);
  EXPECT_THAT(n.counts, ElementsAre(resmgr::Count{"disk", 1}, resmgr::Count{"scratch", 100}));
  EXPECT_EQ(n.heartbeat, seconds(2));
  EXPECT_EQ(n.grace, seconds(0));
  EXPECT_EQ(n.keep_outputs, seconds(2 * 86400));
  EXPECT_EQ(n.output_space, Bytes{1ULL << 30U});
  EXPECT_EQ(n.keeper, KeeperStart::kService);
  ASSERT_EQ(n.services.size(), 2U);
  EXPECT_EQ(n.services[0].name + n.services[0].spec + n.services[0].body, "plannerup to 8n1:80");
  EXPECT_EQ(n.services[0].ttl, seconds(5));
  EXPECT_EQ(n.services[1].name, "solver");
  EXPECT_EQ(n.services[1].ttl, seconds(60));
  const ClientSettings& c = parsed.value.client;
  EXPECT_EQ(c.socket + c.controller + c.key, "/run/xhead:7800/k");
}

TEST(Settings, WhatOperatorsDecideIsReadAndSortedByName) {
  const auto parsed = parse_settings(R"([priority]
      age = 10
      size = -2
      fair_share = 100
      half_life = "1d"
      [limits]
      running = 5000
      waiting = 1000000
      user_running = 100
      user_waiting = 10000
      [element.slow]
      nodes = "*"
      [element.batch]
      nodes = ["n*", "big1"]
      priority = -10
      default_limit = "1h"
      max_limit = "2d"
      running = 0
      waiting = 1000
      [user.bob]
      running = 6
      [user.'ann@site']
      running = 5
      waiting = 10
      [class.daily-plan]
      running = 1
      waiting = 10
      [account.physics]
      shares = 3
      users = ["ann", "bob"]
      [account.maths])",
                                     "f");
  ASSERT_TRUE(parsed.ok()) << to_string(parsed.faults[0]);
  sched::Policy expected;
  expected.priority = {10, -2, 100, seconds(86400)};
  expected.all = {5000, 1000000};
  expected.each_user = {100, 10000};
  expected.elements = {{"batch", {"n*", "big1"}, -10, seconds(3600), seconds(2 * 86400), {0, 1000}},
                       {"slow", {"*"}, 0, {}, {}, {}}};
  expected.users = {{"ann@site", {5, 10}}, {"bob", {6, {}}}};
  expected.classes = {{"daily-plan", {1, 10}}};
  expected.accounts = {{"maths", 1, {}}, {"physics", 3, {"ann", "bob"}}};
  EXPECT_EQ(parsed.value.controller.policy, expected);
}

TEST(Settings, WithoutDecisionsNothingIsBounded) {
  EXPECT_EQ(parse_settings("[priority]\n[limits]\n", "f").value.controller.policy, sched::Policy{});
}

TEST(Settings, ADefaultLimitMayBeTheLongestOne) {
  EXPECT_THAT(faults_of("[element.a]\nnodes = 'n'\ndefault_limit = '1h'\nmax_limit = 3600\n"),
              ElementsAre());
}

TEST(Settings, FaultsOfWhatOperatorsDecideHaveTheirPlaces) {
  EXPECT_THAT(
      faults_of(R"([priority]
age = 1001
size = -1001
fair_share = -1
half_life = "59m"
ages = 1
[limits]
running = -1
users_running = 1
[element.batch]
nodes = ["n 1", "n*", 5]
priority = 1000001
default_limit = "3h"
max_limit = "2h"
runing = 1
[element.none]
nodes = []
[element.less]
max_limit = 0
[element."a b"]
nodes = "x"
)"),
      ElementsAre(
          "f:2:7: expected a whole number of 0 to 1000, found the number 1001",
          "f:3:8: expected a whole number of -1000 to 1000, found the number -1001",
          "f:4:14: expected a whole number of 0 to 1000000, found the number -1",
          "f:5:13: expected a duration of 1h to 1000d, found the string \"59m\"",
          "f:6:1: unknown setting 'ages' in [priority]; did you mean 'age'?",
          "f:8:11: expected a whole number of 0 to 1000000000, found the number -1",
          "f:9:1: unknown setting 'users_running' in [limits]; did you mean 'user_running'?",
          "f:11:10: expected the name of a node, in which '*' stands for any letters, found the "
          "string \"n 1\"",
          "f:11:23: expected a string, found the number 5",
          "f:12:12: expected a whole number of -1000000 to 1000000, found the number 1000001",
          "f:13:17: expected a duration of at most 2h, which is max_limit, found 3h",
          "f:15:1: unknown setting 'runing' in [element.batch]; did you mean 'running'?",
          "f:17:9: expected the name of a node, in which '*' stands for any letters, found none",
          "f:18:1: [element.less] has no nodes; expected them",
          "f:19:13: expected a duration of 1s to 36500d, found the number 0",
          "f:20:10: 'a b' cannot be NAME in [element.NAME]"));
}

TEST(Settings, SectionsWithNamesAreTables) {
  EXPECT_THAT(faults_of("element = 5\nuser = { ann = 3 }\nclas = {}\n"),
              ElementsAre("f:1:11: expected sections [element.NAME], found the number 5",
                          "f:2:16: expected a section [user.NAME], found the number 3",
                          "f:3:1: unknown section 'clas'; did you mean 'class'?"));
}

TEST(Settings, AUserIsInOneAccount) {
  EXPECT_THAT(faults_of("[account.physics]\nusers = ['ann', 'bob']\nshares = 0\n"
                        "[account.maths]\nusers = 'bob'\n"),
              ElementsAre("f:3:10: expected a whole number of 1 to 1000000, found the number 0",
                          "f:5:9: user 'bob' is in account 'physics' already; expected each user "
                          "in one account"));
}

TEST(Settings, UsersHaveNamesWithoutBlanks) {
  EXPECT_THAT(
      faults_of("[account.a]\nusers = ['ann@site', 'x y', '']\n[controller]\noperators = ' '\n"
                "[user.'a b']\nrunning = 1\n"),
      ElementsAre("f:2:22: expected the name of a user, without blanks, found the string \"x y\"",
                  "f:2:29: expected the name of a user, without blanks, found the string \"\"",
                  "f:4:13: expected the name of a user, without blanks, found the string \" \"",
                  "f:5:7: 'a b' cannot be NAME in [user.NAME]"));
}

TEST(Settings, FaultsAreAllReportedWithTheirPlaces) {
  EXPECT_THAT(
      faults_of(R"([contoller]
[controller]
state = "here"
listen = "7800"
node_timout = 5
node_timeout = "2h"
max_connections = 0
operators = 5
[scheduling]
backfill = "full"
depth = 0
[node]
name = "a b"
controller = "h:99999"
cpus = -1
resources = { "a b" = 0 }
keeper = "nobody"
)"),
      ElementsAre(
          "f:1:2: unknown section 'contoller'; did you mean 'controller'?",
          "f:3:9: expected a path from the root, like \"/var/lib/jobq\", found the string "
          "\"here\"",
          "f:4:10: expected an address like \"10.0.0.1:7800\" or \"[::1]:7800\", found the "
          "string \"7800\"",
          "f:5:1: unknown setting 'node_timout' in [controller]; did you mean "
          "'node_timeout'?",
          "f:6:16: expected a duration of 1s to 1h, found the string \"2h\"",
          "f:7:19: expected a whole number of 1 to 1000000, found the number 0",
          "f:8:13: expected a list of strings, or one string, found the number 5",
          "f:10:12: expected \"none\", \"easy\" or \"conservative\", found the string "
          "\"full\"",
          "f:11:9: expected a whole number of 1 to 1000, found the number 0",
          "f:13:8: expected a name of letters, digits, '.', '_' and '-', found the string "
          "\"a b\"",
          "f:14:14: expected an address like \"10.0.0.1:7800\" or \"[::1]:7800\", found the "
          "string \"h:99999\"",
          "f:15:8: expected a whole number of 0 to 1000000, found the number -1",
          "f:16:15: 'a b' is not a name of a resource",
          "f:16:23: expected a whole number of 1 to 9223372036854775807, found the number "
          "0",
          "f:17:10: expected \"agent\" or \"service\", found the string \"nobody\""));
  EXPECT_THAT(faults_of("controller = 5"),
              ElementsAre("f:1:14: expected the section [controller], found the number 5"));
}

TEST(Settings, AddressesHaveAHostAndAPort) {
  for (const char* good : {"h:1", "10.0.0.1:65535", "[::]:0", "a.b:7800"}) {
    EXPECT_THAT(faults_of(std::string("[client]\ncontroller = '") + good + "'"), ElementsAre());
  }
  for (const char* bad : {"", "h", "h:", ":1", "h:65536", "h:1x", "::1:7800", "[]:1", "h:000001"}) {
    EXPECT_EQ(faults_of(std::string("[client]\ncontroller = '") + bad + "'").size(), 1U) << bad;
  }
}

TEST(Settings, RowsSayTypeRangeDefaultAndMeaning) {
  std::set<std::string> names;
  for (const SettingRow& row : setting_rows()) {
    EXPECT_TRUE(names.insert(row.name).second) << row.name;
    EXPECT_FALSE(row.type.empty() || row.fallback.empty() || row.meaning.empty()) << row.name;
  }
  const SettingRow row = setting_rows().at(4);
  EXPECT_EQ(row.name, "controller.node_timeout");
  EXPECT_EQ(row.type, "duration");
  EXPECT_EQ(row.range, "1s to 1h");
  EXPECT_EQ(row.fallback, "15s");
}

TEST(Settings, TheExampleIsReadAsItStands) {
  std::ifstream file(JOBQ_SOURCE_DIR "/conf/examples/jobq.toml");
  std::stringstream text;
  text << file.rdbuf();
  EXPECT_THAT(faults_of(text.str()), ElementsAre());
}

// "element.NAME" of "element.batch".
std::string section_in_rows(const std::string& section) {
  return section.substr(0, section.find('.')) +
         (section.find('.') == std::string::npos ? "" : ".NAME");
}

// In the example every setting stands behind "# ", as an example of its value, and so does the head
// of a section that has a name.
TEST(Settings, TheExampleHasEverySettingAndIsRead) {
  std::ifstream file(JOBQ_SOURCE_DIR "/conf/examples/jobq.toml");
  std::string all;
  std::set<std::string> seen;
  std::string section;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("# [")) line.erase(0, 2);
    if (line.starts_with('[')) section = section_in_rows(line.substr(1, line.find(']') - 1));
    const auto equals = line.find(" = ");
    const bool is_setting = line.starts_with("# ") && equals != std::string::npos;
    if (is_setting) seen.insert(section + "." + line.substr(2, equals - 2));
    all += (is_setting ? line.substr(2) : line) + "\n";
  }
  const auto parsed = parse_settings(all, "jobq.toml");
  EXPECT_TRUE(parsed.ok()) << to_string(parsed.faults.at(0));
  std::set<std::string> known;
  for (const SettingRow& row : setting_rows()) known.insert(row.name);
  EXPECT_EQ(seen, known);
}

}  // namespace
}  // namespace jobq::conf
