// SPDX-License-Identifier: Apache-2.0
// The controller as its peers see it: order and durability of answers, nodes that come and go,
// rubbish.
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <limits>
#include <set>

#include "controller/translate.h"
#include "tests/controller/served.h"

namespace jobq::controller {
namespace {

bool is_launch(const wire::Frame& frame) { return frame.has_launch(); }

wire::Frame show_frame(std::uint64_t job) {
  wire::Frame frame;
  frame.mutable_show()->set_job(job);
  return frame;
}

std::uint32_t state_of(Talker& client, std::uint64_t job) {
  return client.ask(show_frame(job)).job().summary().state();
}

constexpr auto kDone = static_cast<std::uint32_t>(sched::JobState::kDone);
constexpr auto kWaiting = static_cast<std::uint32_t>(sched::JobState::kWaitingResources);

TEST(Controller, NumbersAreGivenInOrderAndShownAtOnce) {
  const Served served;
  Talker client(served, wire::Hello::CLIENT);
  const wire::SubmitReply first = client.ask(submit_frame(3)).submitted();
  EXPECT_EQ(first.first(), 1U);
  EXPECT_EQ(first.count(), 3U);
  EXPECT_EQ(client.ask(submit_frame(1)).submitted().first(), 4U);
  EXPECT_EQ(state_of(client, 4), kWaiting);
}

TEST(Controller, ACopyOfTheQueueSaysWhatMayOvertake) {
  const Served served([](Options& options) {
    options.policy.scheduling = {resmgr::Backfill::kConservative, 7};
  });
  Talker client(served, wire::Hello::CLIENT);
  client.ask(submit_frame(2));
  wire::Frame request;
  request.mutable_queue()->set_details(true);
  const wire::Frame copy = client.ask(request);
  EXPECT_EQ(copy.jobs().details_size(), 2);
  ASSERT_TRUE(copy.jobs().has_scheduling());
  const auto scheduling = from_wire(copy.jobs().scheduling());
  ASSERT_TRUE(scheduling);
  EXPECT_EQ(scheduling->backfill, resmgr::Backfill::kConservative);
  EXPECT_EQ(scheduling->depth, 7U);
}

TEST(Controller, AJobRunsOnANodeAndItsEndIsTold) {
  const Served served;
  Talker node(served, wire::Hello::NODE);
  node.send(join_frame("n1", 1));
  EXPECT_TRUE(node.next_that([](const auto& frame) { return frame.has_welcome(); }).has_welcome());
  Talker client(served, wire::Hello::CLIENT);
  client.ask(submit_frame(1));
  const wire::Frame launch = node.next_that(is_launch);
  EXPECT_EQ(launch.launch().argv(0), "true");
  node.send(complete_frame(launch.launch().id(), 0));
  const wire::Frame ended = client.ask(wait_frame(1));
  EXPECT_EQ(ended.ended().state(), kDone);
  EXPECT_TRUE(ended.more());
  EXPECT_TRUE(client.next().has_done());
  const auto forget = node.next_that([](const wire::Frame& frame) { return frame.has_order(); });
  EXPECT_EQ(forget.order().what(), wire::AttemptOrder::FORGET);
  EXPECT_EQ(state_of(client, 1), kDone);
}

TEST(Controller, WaitingForAJobThatEndedLongAgoIsAnsweredFromTheHistory) {
  Served served;
  {
    Talker node(served, wire::Hello::NODE);
    node.send(join_frame("n1", 1));
    Talker client(served, wire::Hello::CLIENT);
    client.ask(submit_frame(1));
    node.send(complete_frame(node.next_that(is_launch).launch().id(), 3));
    EXPECT_EQ(client.ask(wait_frame(1)).ended().exit_code(), 3);
  }
  served.stop();
  served.start();
  Talker client(served, wire::Hello::CLIENT);
  EXPECT_EQ(client.ask(wait_frame(1)).ended().exit_code(), 3);
  EXPECT_TRUE(client.next().has_done());
  const wire::Frame unknown = client.ask(wait_frame(2));
  EXPECT_EQ(unknown.error().code(), static_cast<std::uint32_t>(ErrorCode::kNotFound));
}

TEST(Controller, TheGreatestNumberThereIsEndsNoLoop) {
  const Served served;
  Talker client(served, wire::Hello::CLIENT);
  client.ask(submit_frame(1));
  constexpr auto kGreatest = std::numeric_limits<std::uint64_t>::max();
  const wire::Frame unknown = client.ask(wait_frame(kGreatest));
  EXPECT_EQ(unknown.error().code(), static_cast<std::uint32_t>(ErrorCode::kNotFound));
  wire::Frame queue;
  wire::JobRange& range = *queue.mutable_queue()->mutable_filter()->add_ranges();
  range.set_first(kGreatest - 1);
  range.set_last(kGreatest);
  EXPECT_EQ(client.ask(queue).jobs().total(), 0U);
}

TEST(Controller, ARestartKeepsTheQueueAndTheKeys) {
  Served served;
  {
    Talker client(served, wire::Hello::CLIENT);
    EXPECT_EQ(client.ask(submit_frame(2, "once")).submitted().first(), 1U);
    EXPECT_EQ(client.ask(submit_frame(2, "once")).submitted().first(), 1U);
  }
  served.stop();
  served.start();
  Talker client(served, wire::Hello::CLIENT);
  EXPECT_EQ(client.ask(submit_frame(2, "once")).submitted().first(), 1U);
  EXPECT_EQ(client.ask(submit_frame(1)).submitted().first(), 3U);
  EXPECT_EQ(state_of(client, 2), kWaiting);
}

TEST(Controller, ALaunchThatNeverArrivedIsSentAgainWithTheSameAttempt) {
  const Served served;
  Talker client(served, wire::Hello::CLIENT);
  wire::AttemptId first;
  {
    Talker node(served, wire::Hello::NODE);
    node.send(join_frame("n1", 1));
    client.ask(submit_frame(1));
    first = node.next_that(is_launch).launch().id();
  }
  Talker node(served, wire::Hello::NODE);
  node.send(join_frame("n1", 1));
  const wire::Frame again = node.next_that(is_launch);
  EXPECT_EQ(again.launch().id().SerializeAsString(), first.SerializeAsString());
}

TEST(Controller, ASecondNodeOfTheSameNameIsRefused) {
  const Served served;
  Talker first(served, wire::Hello::NODE);
  first.send(join_frame("n1", 1, "one machine"));
  first.next_that([](const auto& frame) { return frame.has_welcome(); });
  Talker second(served, wire::Hello::NODE);
  second.send(join_frame("n1", 1, "another machine"));
  const wire::Frame refused = second.next();
  EXPECT_EQ(refused.error().code(), static_cast<std::uint32_t>(ErrorCode::kRefused));
  EXPECT_NE(refused.error().message().find("n1"), std::string::npos);
}

TEST(Controller, NodesComeOverTlsWithTheKeyThatTheControllerMade) {
  const Served served;
  const auto key = net::read_key(served.options().state + "/cluster.key");
  ASSERT_TRUE(key) << key.error().message;
  auto connected = net::BlockingClient::connect_tcp(served.address(), *key, seconds(20));
  ASSERT_TRUE(connected) << connected.error().message;
  Talker node(std::move(*connected), wire::Hello::NODE);
  node.send(join_frame("far", 4));
  EXPECT_TRUE(node.next_that([](const auto& frame) { return frame.has_welcome(); }).has_welcome());
}

TEST(Controller, APeerMustSayHelloFirst) {
  const Served served;
  auto connected = net::BlockingClient::connect_unix(served.options().socket);
  ASSERT_TRUE(connected);
  ASSERT_TRUE((*connected)->send(submit_frame(1)));
  const auto answer = (*connected)->receive(seconds(20));
  ASSERT_TRUE(answer);
  wire::Frame frame;
  ASSERT_TRUE(frame.ParseFromArray(answer->data(), static_cast<int>(answer->size())));
  EXPECT_EQ(frame.error().code(), static_cast<std::uint32_t>(ErrorCode::kUsage));
  EXPECT_FALSE((*connected)->receive(seconds(20)));
}

int raw_connection(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path.c_str(), sizeof(address.sun_path) - 1);
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  EXPECT_EQ(connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
  return fd;
}

TEST(Controller, RubbishHalfMessagesAndAThousandIdlePeersDoNotDisturbTheOthers) {
  const Served served;
  std::vector<int> idle;
  for (int i = 0; i < 1000; ++i) {
    const int fd = raw_connection(served.options().socket);
    std::string rubbish;
    if (i % 3 == 1) rubbish = std::string(200, static_cast<char>(i));
    if (i % 3 == 2) rubbish = std::string("\x00\x00\x10\x00half", 8);
    if (!rubbish.empty()) {
      EXPECT_EQ(send(fd, rubbish.data(), rubbish.size(), MSG_NOSIGNAL),
                static_cast<ssize_t>(rubbish.size()));
    }
    if (i % 5 == 0) {
      close(fd);
    } else {
      idle.push_back(fd);
    }
  }
  Talker client(served, wire::Hello::CLIENT);
  EXPECT_EQ(client.ask(submit_frame(1)).submitted().first(), 1U);
  for (const int fd : idle) close(fd);
}

TEST(Controller, AnUnknownRequestIsRefusedAndTheNextOneServed) {
  const Served served;
  Talker client(served, wire::Hello::CLIENT);
  wire::Frame odd;
  odd.mutable_heartbeat();
  EXPECT_EQ(client.ask(odd).error().code(), static_cast<std::uint32_t>(ErrorCode::kUsage));
  EXPECT_EQ(client.ask(submit_frame(1)).submitted().first(), 1U);
}

TEST(Controller, AQueueOfThousandsArrivesWholeAndInOrder) {
  const Served served;
  Talker client(served, wire::Hello::CLIENT);
  client.ask(submit_frame(2345));
  wire::Frame question;
  question.mutable_queue();
  wire::Frame part = client.ask(question);
  std::vector<std::uint64_t> numbers;
  for (;; part = client.next()) {
    ASSERT_TRUE(part.has_jobs());
    for (const wire::JobSummary& job : part.jobs().jobs()) numbers.push_back(job.job());
    if (!part.more()) break;
  }
  EXPECT_EQ(part.jobs().total(), 2345U);
  ASSERT_EQ(numbers.size(), 2345U);
  for (std::size_t i = 0; i < numbers.size(); ++i) EXPECT_EQ(numbers[i], i + 1);
}

TEST(Controller, AWaitForARangeTellsWhatHadEndedAndWhatEndsThen) {
  const Served served;
  Talker client(served, wire::Hello::CLIENT);
  client.ask(submit_frame(5000));
  wire::Frame cancel;
  cancel.mutable_control()->set_verb(wire::ControlRequest::CANCEL);
  wire::JobRange& first = *cancel.mutable_control()->mutable_jobs()->add_ranges();
  first.set_first(1);
  first.set_last(3000);
  for (wire::Frame part = client.ask(cancel); part.more();) part = client.next();
  wire::Frame wait;
  wire::JobRange& all = *wait.mutable_wait()->mutable_jobs()->add_ranges();
  all.set_first(1);
  all.set_last(5000);
  std::set<std::uint64_t> told{client.ask(wait).ended().job()};
  while (told.size() < 3000) told.insert(client.next().ended().job());
  EXPECT_EQ(*told.rbegin(), 3000U);
  Talker other(served, wire::Hello::CLIENT);
  first.set_first(3001);
  first.set_last(5000);
  other.ask(cancel);
  while (told.size() < 5000) told.insert(client.next().ended().job());
  EXPECT_TRUE(client.next().has_done());
}

}  // namespace
}  // namespace jobq::controller
