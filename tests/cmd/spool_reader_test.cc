// SPDX-License-Identifier: Apache-2.0
// What becomes of files of the spool directory, whatever bytes they have.
#include "cmd/spool_reader.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <random>

namespace jobq::cmd {
namespace {

using testing::HasSubstr;

std::vector<controller::SpoolTicket> tickets(const std::string& text, const std::string& name) {
  auto read = read_spooled(text, name, "/people/ann");
  EXPECT_TRUE(read) << read.error().message;
  return read ? *std::move(read) : std::vector<controller::SpoolTicket>();
}

std::string refusal(const std::string& text, const std::string& name) {
  const auto read = read_spooled(text, name, "/people/ann");
  EXPECT_FALSE(read);
  return read ? "" : read.error().message;
}

TEST(SpoolReader, AScriptTakesNothingFromTheProcess) {
  ::setenv("SPOOL_READER_TEST", "secret", 1);
  const auto all = tickets("#!/bin/sh\n#JQ --export-env --env A=1\ntrue\n", "night.sh");
  ASSERT_EQ(all.size(), 1U);
  const sched::JobSpec& spec = *all[0].ticket.spec;
  EXPECT_EQ(spec.workdir, "/people/ann");
  EXPECT_EQ(spec.umask, 022U);
  EXPECT_EQ(spec.env, (std::vector<sched::NameValue>{{"A", "1"}}));
  EXPECT_EQ(all[0].ticket.name, "night.sh");
  EXPECT_THAT(refusal("#!/bin/sh\n#JQ --env SPOOL_READER_TEST\n", "a.sh"),
              HasSubstr("SPOOL_READER_TEST is not set"));
  const auto other = tickets("#JQ --workdir logs --umask 077\n", "b.job");
  EXPECT_EQ(other[0].ticket.spec->workdir, "/people/ann/logs");
  EXPECT_EQ(other[0].ticket.spec->umask, 077U);
}

TEST(SpoolReader, TheNameSaysWhatAFileIs) {
  EXPECT_EQ(tickets("run = 'x'\n", "a.toml")[0].ticket.spec->workdir, "/people/ann");
  EXPECT_EQ(tickets("run = 'x'\n[ticket]\nworkdir = '/srv'\n", "a.toml")[0].ticket.spec->workdir,
            "/srv");
  EXPECT_EQ(tickets(R"({"run": ["x"]})", "a.json").size(), 1U);
  EXPECT_EQ(tickets("#!/bin/sh\n", "no-end").size(), 1U);
  EXPECT_THAT(refusal("x", "a.txt"), HasSubstr("neither a ticket"));
  EXPECT_THAT(refusal(" \n", "a.toml"), HasSubstr("is empty"));
  EXPECT_THAT(refusal("run = 'x'\nrum = 1\n", "a.toml"), HasSubstr("a.toml:2:1"));
  EXPECT_THAT(refusal("[[step]]\nname = 'a'\ngive = { from = 'client:x', to = 'y' }\n", "a.toml"),
              HasSubstr("no client"));
}

TEST(SpoolReader, OfManyTicketsAllMustBeRight) {
  const auto all = tickets("{\"run\": [\"x\"]}\n\n{\"run\": [\"y\"]}", "a.jsonl");
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[1].line, 3U);
  const std::string both = refusal("{\"rum\": 1}\n{\"run\": [\"x\"]}\n{\"run\": 5}\n", "a.jsonl");
  EXPECT_THAT(both, HasSubstr("a.jsonl:1:"));
  EXPECT_THAT(both, HasSubstr("a.jsonl:3:"));
  EXPECT_THAT(
      refusal("{\"run\":[\"x\"],\"ticket\":{\"name\":\"n\"},\"recur\":{\"cron\":\"@daily\"}}",
              "a.jsonl"),
      HasSubstr("a file of its own"));
  std::string many;
  for (int i = 0; i < 1001; ++i) many += "{\"run\": [\"x\"]}\n";
  EXPECT_THAT(refusal(many, "a.jsonl"), HasSubstr("more than 1000"));
}

TEST(SpoolReader, NoBytesDoHarm) {
  std::mt19937 random(7);
  const std::string alphabet = "{}[]\"'=#\n\\ .:,JQ!run0tick\xff\xc3";
  for (int round = 0; round < 2000; ++round) {
    std::string text = round % 2 == 0 ? "" : "#JQ --";
    for (std::size_t size = random() % 60; size > 0; --size) {
      const bool any = random() % 8 == 0;
      text += any ? static_cast<char>(random()) : alphabet[random() % alphabet.size()];
    }
    for (const char* name : {"a.toml", "a.json", "a.jsonl", "a.sh", "a"}) {
      const auto read = read_spooled(text, name, "/");
      EXPECT_TRUE(read || !read.error().message.empty()) << name << ": " << text;
    }
  }
}

}  // namespace
}  // namespace jobq::cmd
