// SPDX-License-Identifier: Apache-2.0
// `jq report`: a step speaks for itself, and only for itself.
#include "exec/report.h"

#include <fcntl.h>
#include <unistd.h>

#include <future>

#include "exec/state.h"
#include "exec/step_reports.h"
#include "exec/text.h"
#include "net/client.h"
#include "tests/exec/cluster.h"

namespace jobq::exec {
namespace {

// A step that writes its token, and ends when the test says so.
class Reporting : public testing::Test {
 protected:
  void SetUp() override {
    cluster_.launch(launch_shell(1, "echo $JOBQ_TOKEN > " + (cluster_.dir() / "token") +
                                        "; while [ ! -e " + (cluster_.dir() / "go") +
                                        " ]; do sleep 0.01; done"));
    ASSERT_TRUE(cluster_.wait([&] { return cluster_.started(1) == 1 && !token().empty(); }));
  }
  std::string token() const {
    const std::string text = read_file(cluster_.dir() / "token");
    return text.ends_with('\n') ? text.substr(0, text.size() - 1) : std::string();
  }
  // The command is a process of its own: here it is a thread, while the loop turns.
  Result<void> report(const std::string& with, int outcome,
                      const std::optional<std::string>& event = {}, Millis patience = seconds(10)) {
    auto answer = std::async(std::launch::async, [=, this] {
      return send_report(step_socket(cluster_.state()), with, outcome, event, patience);
    });
    EXPECT_TRUE(cluster_.wait(
        [&] { return answer.wait_for(std::chrono::seconds(0)) == std::future_status::ready; }));
    return answer.get();
  }
  const wire::TaskEnd& end() {
    close(creat((cluster_.dir() / "go").c_str(), 0600));
    return cluster_.end_of(1);
  }
  Cluster cluster_;
};

TEST_F(Reporting, TheLastReportIsPartOfTheEnd) {
  ASSERT_TRUE(report(token(), 2, "first"));
  ASSERT_TRUE(report(token(), 1, "converged"));
  EXPECT_EQ(end().reported(), 1U);
  EXPECT_EQ(end().event(), "converged");
  EXPECT_EQ(end().exit_code(), 0);
}

TEST_F(Reporting, AnEventMayBeEmptyOrAbsent) {
  ASSERT_TRUE(report(token(), 3, ""));
  EXPECT_EQ(end().reported(), 3U);
  EXPECT_TRUE(end().has_event());
}

TEST_F(Reporting, AWrongTokenIsRefused) {
  for (const std::string& wrong : {std::string(), std::string("x"), token() + "0"}) {
    const auto answer = report(wrong, 1);
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, ErrorCode::kRefused);
    EXPECT_EQ(answer.error().message, "no running step of this node has this token");
  }
  EXPECT_EQ(end().reported(), 0U);
}

TEST_F(Reporting, WhoHasEndedReportsNothing) {
  const std::string late = token();
  end();
  EXPECT_FALSE(report(late, 1));
}

TEST_F(Reporting, NonsenseIsRefusedBeforeItIsSent) {
  EXPECT_EQ(report(token(), 0).error().code, ErrorCode::kUsage);
  EXPECT_EQ(report(token(), 4).error().code, ErrorCode::kUsage);
  EXPECT_EQ(report(token(), 1, std::string(4097, 'x')).error().code, ErrorCode::kUsage);
  EXPECT_EQ(report(token(), 1, "\xff").error().code, ErrorCode::kUsage);
  EXPECT_TRUE(report(token(), 1, std::string(4096, 'x')));
}

TEST_F(Reporting, AReportWaitsForTheAgentToComeBack) {
  cluster_.drop_agent();
  auto answer = std::async(std::launch::async, [this] {
    return send_report(step_socket(cluster_.state()), token(), 1, "late");
  });
  EXPECT_NE(answer.wait_for(std::chrono::milliseconds(120)), std::future_status::ready);
  cluster_.start_agent();
  EXPECT_TRUE(cluster_.wait(
      [&] { return answer.wait_for(std::chrono::seconds(0)) == std::future_status::ready; }));
  EXPECT_TRUE(answer.get());
  EXPECT_EQ(end().event(), "late");
}

// The keeper is away for a moment, and the agent is there: whoever reports is told to come again.
TEST_F(Reporting, AReportThatFindsNoKeeperIsTriedAgain) {
  Users users;
  ServiceDesk desk(cluster_.loop(), "n1", {}, users, [](const wire::Frame&) {});
  int asked = 0;
  std::uint64_t question = 0;
  Tunnels tunnels(users, [](const wire::Frame&) {});
  StepReports reports(cluster_.loop(), desk, tunnels, [&](const pb::ToKeeper& message) {
    question = message.report().question();
    return ++asked > 1;
  });
  const std::string socket = cluster_.dir() / "reports.sock";
  ASSERT_TRUE(reports.listen(socket));
  auto sent = std::async(std::launch::async, [&] { return send_report(socket, "t", 1, "event"); });
  EXPECT_TRUE(cluster_.wait([&] { return asked == 2; }));
  pb::ReportAnswer answer;
  answer.set_question(question);
  reports.answer(answer);
  EXPECT_TRUE(cluster_.wait(
      [&] { return sent.wait_for(std::chrono::seconds(0)) == std::future_status::ready; }));
  EXPECT_TRUE(sent.get());
}

// On one connection there is one question: whoever asks two is cut off, and nobody else is.
TEST_F(Reporting, WhoAsksTwoThingsAtOnceIsCutOff) {
  auto asked = std::async(std::launch::async, [this, with = token()] {
    auto client = net::BlockingClient::connect_unix(step_socket(cluster_.state()));
    pb::StepReport tunnel;
    tunnel.set_token(with);
    tunnel.set_tunnel(true);
    pb::StepReport services;
    services.mutable_services();
    if (!client || !(*client)->send(tunnel) || !(*client)->send(services)) return false;
    while ((*client)->receive(seconds(10))) continue;
    return true;
  });
  EXPECT_TRUE(cluster_.wait(
      [&] { return asked.wait_for(std::chrono::seconds(0)) == std::future_status::ready; }));
  EXPECT_TRUE(asked.get());
  EXPECT_TRUE(report(token(), 1));
}

// The agent is there, and held up for a moment; who asks does not wait for one that is away.
TEST_F(Reporting, AnAgentThatIsThereHasTimeToAnswer) {
  const std::string socket = step_socket(cluster_.state());
  wire::Service service;
  service.set_type("planner");
  service.set_ttl(10'000);
  auto offered =
      std::async(std::launch::async, [&] { return offer_service(socket, service, Millis{0}); });
  EXPECT_NE(offered.wait_for(std::chrono::milliseconds(120)), std::future_status::ready);
  EXPECT_TRUE(cluster_.wait(
      [&] { return offered.wait_for(std::chrono::seconds(0)) == std::future_status::ready; }));
  EXPECT_TRUE(offered.get());
}

TEST_F(Reporting, WhatIsNotOfferedIsNotFound) {
  auto withdrawn = std::async(std::launch::async, [this] {
    return withdraw_service(step_socket(cluster_.state()), "planner", Millis{0});
  });
  EXPECT_TRUE(cluster_.wait(
      [&] { return withdrawn.wait_for(std::chrono::seconds(0)) == std::future_status::ready; }));
  const auto answer = withdrawn.get();
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::kNotFound);
}

TEST_F(Reporting, PatienceEnds) {
  const auto answer =
      send_report(cluster_.dir() / "nobody.sock", token(), 1, std::nullopt, Millis{60});
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::kUnreachable);
}

TEST_F(Reporting, AReportOutlivesTheKeeper) {
  ASSERT_TRUE(report(token(), 1, "kept"));
  cluster_.kill_keeper();
  EXPECT_EQ(cluster_.end_of(1).how(), 3U);
  EXPECT_EQ(cluster_.end_of(1).event(), "kept");
}

TEST(TextTest, OnlyUtf8IsUtf8) {
  for (const char* good :
       {"", "a", "\xc3\xa4", "\xe2\x82\xac", "\xf0\x9f\x98\x80", "\xed\x9f\xbf"}) {
    EXPECT_TRUE(is_utf8(good));
    EXPECT_EQ(as_utf8(good), good);
  }
  for (const char* bad : {"\x80", "\xc3", "\xc0\x80", "\xe0\x80\x80", "\xed\xa0\x80",
                          "\xf4\x90\x80\x80", "\xf8\x88\x80\x80\x80", "a\xff"}) {
    EXPECT_FALSE(is_utf8(bad));
    EXPECT_TRUE(is_utf8(as_utf8(bad)));
  }
  EXPECT_EQ(as_utf8("a\xff\xc3\xa4"), "a?\xc3\xa4");
}

}  // namespace
}  // namespace jobq::exec
