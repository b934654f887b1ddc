// SPDX-License-Identifier: Apache-2.0
// The connection of a command, against a server on another thread and against peers that misbehave.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/time.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <thread>

#include "net/client.h"
#include "net/framing.h"
#include "tests/net/echo_thread.h"
#include "tests/net/net_world.h"

namespace jobq::net {
namespace {

using ::testing::HasSubstr;

wire::Frame question(std::uint64_t id, std::size_t bytes = 0) {
  wire::Frame frame;
  frame.set_id(id);
  frame.mutable_output_chunk()->set_data(std::string(bytes, 'q'));
  return frame;
}

class BlockingClientTest : public NetWorld {
 protected:
  EchoThread::Listen listen_here() {
    return [this](Server& server) { ASSERT_TRUE(server.listen_unix(socket_path(), 0600)); };
  }
  std::unique_ptr<BlockingClient> client() const {
    auto made = BlockingClient::connect_unix(socket_path());
    EXPECT_TRUE(made) << made.error().message;
    return made ? std::move(*made) : nullptr;
  }
  // A listening socket that a test answers by hand.
  Descriptor listen_by_hand() {
    Descriptor socket = std::move(*listen_at(socket_path(), 0600));
    set_blocking(socket.get());
    return socket;
  }
  static Descriptor accept_from(const Descriptor& listener) {
    return Descriptor(::accept(listener.get(), nullptr, nullptr));
  }
  static void expect_echo(BlockingClient& client, const wire::Frame& frame) {
    const auto sent = client.send(frame);
    ASSERT_TRUE(sent) << sent.error().message;
    const auto answer = client.receive(std::nullopt);
    ASSERT_TRUE(answer) << answer.error().message;
    EXPECT_TRUE(*answer == frame.SerializeAsString());
  }
};

TEST_F(BlockingClientTest, AsksAndIsAnswered) {
  const EchoThread server(listen_here());
  const auto asking = client();
  for (std::uint64_t id = 1; id <= 100; ++id) expect_echo(*asking, question(id));
  expect_echo(*asking, question(101, 10'000'000));
}

TEST_F(BlockingClientTest, AnswersComeInOrderAndBufferedOnesAreSeen) {
  const EchoThread server(listen_here());
  const auto asking = client();
  for (std::uint64_t id = 1; id <= 1000; ++id) ASSERT_TRUE(asking->send(question(id)));
  int buffered = 0;
  for (std::uint64_t id = 1; id <= 1000; ++id) {
    wire::Frame answer;
    const auto bytes = asking->receive(seconds(30));
    ASSERT_TRUE(bytes);
    ASSERT_TRUE(answer.ParseFromArray(bytes->data(), static_cast<int>(bytes->size())));
    ASSERT_EQ(answer.id(), id);
    buffered += asking->has_buffered() ? 1 : 0;
  }
  EXPECT_GT(buffered, 0);
  EXPECT_FALSE(asking->has_buffered());
}

// Neither side reads only what it has asked for: the sockets' buffers would fill both ways.
TEST_F(BlockingClientTest, BothSidesMayWriteMuchAtOnce) {
  const EchoThread server(listen_here());
  const auto asking = client();
  const wire::Frame large = question(1, 5'000'000);
  for (int i = 0; i < 8; ++i) ASSERT_TRUE(asking->send(large));
  for (int i = 0; i < 8; ++i) {
    const auto answer = asking->receive(std::nullopt);
    ASSERT_TRUE(answer) << answer.error().message;
    ASSERT_EQ(answer->size(), large.ByteSizeLong());
  }
}

TEST_F(BlockingClientTest, TheDescriptorShowsWhenThereIsSomething) {
  const EchoThread server(listen_here());
  const auto asking = client();
  ASSERT_TRUE(asking->send(question(1)));
  pollfd entry{asking->descriptor(), POLLIN, 0};
  EXPECT_EQ(::poll(&entry, 1, 30'000), 1);
  EXPECT_TRUE(asking->receive(Millis{0}));
}

TEST_F(BlockingClientTest, ALimitPasses) {
  const EchoThread server(listen_here(), {}, [](Connection&, std::string_view) {});
  const auto asking = client();
  ASSERT_TRUE(asking->send(question(1)));
  const auto answer = asking->receive(Millis{20});
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error(), (Error{ErrorCode::kUnavailable, "no answer within 20ms"}));
}

TEST_F(BlockingClientTest, AMessageOverTheLimitIsRefusedBeforeItIsSent) {
  const EchoThread server(listen_here());
  const auto asking = client();
  const auto sent = asking->send(question(1, kMaxMessageBytes));
  ASSERT_FALSE(sent);
  EXPECT_EQ(sent.error().code, ErrorCode::kUsage);
  EXPECT_THAT(sent.error().message, HasSubstr("over the limit of 16777216 bytes"));
  expect_echo(*asking, question(2));
}

// --- who does not answer ---

TEST_F(BlockingClientTest, NobodyAtThePathIsAnErrorWithARemedy) {
  const auto none = BlockingClient::connect_unix(socket_path());
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error(),
            (Error{ErrorCode::kUnreachable,
                   "no controller answers at " + socket_path() + ": start one with `jobq up`"}));
  listen_by_hand();  // and nobody listens any more
  const auto stale = BlockingClient::connect_unix(socket_path());
  ASSERT_FALSE(stale);
  EXPECT_EQ(stale.error(), none.error());
}

TEST_F(BlockingClientTest, WhoMayNotConnectIsToldSo) {
  const EchoThread server(listen_here());
  std::filesystem::permissions(socket_path(), std::filesystem::perms::none);
  // Root may connect to everything: be somebody else for the moment.
  const uid_t before = ::geteuid();
  ASSERT_EQ(::seteuid(before == 0 ? 65534 : before), 0);
  const auto denied = BlockingClient::connect_unix(socket_path());
  ASSERT_EQ(::seteuid(before), 0);
  ASSERT_FALSE(denied);
  EXPECT_EQ(denied.error().code, ErrorCode::kDenied);
  EXPECT_THAT(denied.error().message, HasSubstr("no permission to connect to " + socket_path()));
}

TEST_F(BlockingClientTest, RefusedTcpIsAnErrorThatNamesTheAddress) {
  const auto refused = BlockingClient::connect_tcp({"127.0.0.1", 1}, some_key('k'), seconds(30));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error(), (Error{ErrorCode::kUnreachable,
                                    "no controller answers at 127.0.0.1:1: Connection refused"}));
}

TEST_F(BlockingClientTest, APeerThatClosesIsNoticedAndSaysWhere) {
  const Descriptor listener = listen_by_hand();
  const auto asking = client();
  write_all(accept_from(listener), framed("whole") + framed("cut").substr(0, 5));
  EXPECT_EQ(*asking->receive(std::nullopt), "whole");
  const auto end = asking->receive(std::nullopt);
  ASSERT_FALSE(end);
  EXPECT_EQ(end.error(), (Error{ErrorCode::kUnreachable,
                                "the controller closed the connection in the middle of a message "
                                "(1 of 3 bytes)"}));
  EXPECT_FALSE(asking->receive(seconds(30)));
}

TEST_F(BlockingClientTest, RubbishIsAnError) {
  const Descriptor listener = listen_by_hand();
  const auto asking = client();
  write_all(accept_from(listener), "HTTP/1.1 400 Bad Request\r\n");
  const auto answer = asking->receive(std::nullopt);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::kInternal);
  EXPECT_THAT(answer.error().message, HasSubstr("over the limit"));
}

TEST_F(BlockingClientTest, SendingToAPeerThatIsGoneIsAnErrorAndNoSignal) {
  const Descriptor listener = listen_by_hand();
  const auto asking = client();
  accept_from(listener);
  const auto sent = asking->send(question(1));
  ASSERT_FALSE(sent);
  EXPECT_EQ(sent.error().code, ErrorCode::kUnreachable);
}

// The server closes before it has read the hello: what it said counts more than the broken pipe.
TEST_F(BlockingClientTest, TheReasonOfARefusalIsHeard) {
  const EchoThread server(listen_here(), {.max_connections = 0});
  const auto asking = client();
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(asking->send(question(1))) << i;
  wire::Frame refusal;
  const auto answer = asking->receive(std::nullopt);
  ASSERT_TRUE(answer) << answer.error().message;
  ASSERT_TRUE(refusal.ParseFromArray(answer->data(), static_cast<int>(answer->size())));
  EXPECT_THAT(refusal.error().message(), HasSubstr("the controller has 0 connections, its limit"));
  EXPECT_FALSE(asking->receive(std::nullopt));
}

// --- signals ---

std::atomic<int> alarms = 0;

TEST_F(BlockingClientTest, SignalsDoNotDisturb) {
  struct sigaction counting {};
  struct sigaction before {};
  counting.sa_handler = [](int) { ++alarms; };  // without SA_RESTART
  ASSERT_EQ(::sigaction(SIGALRM, &counting, &before), 0);
  sigset_t alarm_only;
  sigemptyset(&alarm_only);
  sigaddset(&alarm_only, SIGALRM);
  {
    // Only this thread, which blocks, is interrupted.
    ::pthread_sigmask(SIG_BLOCK, &alarm_only, nullptr);
    const EchoThread server(listen_here(), {}, [](Connection& connection, std::string_view m) {
      if (alarms >= 5)
        connection.send_bytes(m);
      else
        connection.send_bytes("early");
    });
    ::pthread_sigmask(SIG_UNBLOCK, &alarm_only, nullptr);
    const itimerval often{{0, 2000}, {0, 2000}};
    ::setitimer(ITIMER_REAL, &often, nullptr);
    const auto asking = client();
    EXPECT_FALSE(asking->receive(Millis{30})) << "the limit passes in spite of the signals";
    std::string answer = "early";
    while (answer == "early") {
      ASSERT_TRUE(asking->send(question(1, 100'000)));
      answer = *asking->receive(std::nullopt);
    }
    EXPECT_EQ(answer, question(1, 100'000).SerializeAsString());
    const itimerval never{};
    ::setitimer(ITIMER_REAL, &never, nullptr);
  }
  ::sigaction(SIGALRM, &before, nullptr);
  EXPECT_GE(alarms, 5);
}

// --- TLS ---

TEST_F(BlockingClientTest, TalksOverTls) {
  TcpAddress address;
  const EchoThread server([&](Server& listening) {
    address = *listening.listen_tcp({"127.0.0.1", 0}, some_key('k'));
  });
  const auto asking = BlockingClient::connect_tcp(address, some_key('k'), seconds(30));
  ASSERT_TRUE(asking) << asking.error().message;
  for (std::uint64_t id = 1; id <= 100; ++id) expect_echo(**asking, question(id));
  expect_echo(**asking, question(101, 10'000'000));
}

TEST_F(BlockingClientTest, ResolvesNames) {
  TcpAddress address;
  const EchoThread server([&](Server& listening) {
    address = *listening.listen_tcp({"127.0.0.1", 0}, some_key('k'));
  });
  const auto asking =
      BlockingClient::connect_tcp({kOwnName, address.port}, some_key('k'), seconds(30));
  ASSERT_TRUE(asking) << asking.error().message;
  expect_echo(**asking, question(1));
}

TEST_F(BlockingClientTest, AnotherKeyIsRefusedOverTls) {
  CapturedLog log;
  {
    TcpAddress address;
    const EchoThread server([&](Server& listening) {
      address = *listening.listen_tcp({"127.0.0.1", 0}, some_key('k'));
    });
    const auto asking = BlockingClient::connect_tcp(address, some_key('x'), seconds(30));
    ASSERT_FALSE(asking);
    EXPECT_EQ(asking.error(),
              (Error{ErrorCode::kDenied, "no TLS connection with " + to_string(address) +
                                             ": it has another cluster key"}));
  }
  EXPECT_THAT(log.take(), HasSubstr("it has another cluster key"));
}

TEST_F(BlockingClientTest, AServerThatSaysNothingIsGivenUp) {
  const Descriptor silent = std::move(*listen_tcp({"127.0.0.1", 0}));
  const auto asking =
      BlockingClient::connect_tcp(local_address(silent.get()), some_key('k'), Millis{30});
  ASSERT_FALSE(asking);
  EXPECT_EQ(asking.error().code, ErrorCode::kUnreachable);
  EXPECT_THAT(asking.error().message, HasSubstr("it does not answer"));
}

}  // namespace
}  // namespace jobq::net
