// SPDX-License-Identifier: Apache-2.0
// Many small messages: all arrive, in order. The rates are printed, not tested.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/net/echo_thread.h"
#include "tests/net/net_world.h"

namespace jobq::net {
namespace {

constexpr std::uint64_t kPairs = 50'000;

wire::Frame small_frame(std::uint64_t id) {
  wire::Frame frame;
  frame.set_id(id);
  frame.mutable_show()->set_job(id);
  return frame;
}

class ThroughputTest : public NetWorld {
 protected:
  EchoThread::Listen listen_here() {
    return [this](Server& server) { ASSERT_TRUE(server.listen_unix(socket_path(), 0600)); };
  }
  static void print_rate(const char* what, std::uint64_t count, std::int64_t since_ns) {
    const double elapsed = static_cast<double>(steady_now_ns() - since_ns) / 1e9;
    fmt::print("  {}: {:.0f} a second\n", what, static_cast<double>(count) / elapsed);
  }
  // What a controller does: parse, answer with the same id.
  static void answer(Connection& connection, std::string_view message) {
    wire::Frame frame;
    ASSERT_TRUE(frame.ParseFromArray(message.data(), static_cast<int>(message.size())));
    connection.send(frame);
  }
  // Keeps so many questions under way until all are answered.
  static void ask_all(BlockingClient& client, std::uint64_t under_way) {
    std::uint64_t asked = 0;
    for (std::uint64_t answered = 0; answered < kPairs; ++answered) {
      while (asked < kPairs && asked < answered + under_way) {
        ASSERT_TRUE(client.send(small_frame(++asked)));
      }
      const auto bytes = client.receive(std::nullopt);
      ASSERT_TRUE(bytes);
      wire::Frame frame;
      ASSERT_TRUE(frame.ParseFromArray(bytes->data(), static_cast<int>(bytes->size())));
      ASSERT_EQ(frame.id(), answered + 1);
    }
  }
};

TEST_F(ThroughputTest, QuestionsOneByOneAreAnswered) {
  const EchoThread server(listen_here(), {}, answer);
  const auto client = std::move(*BlockingClient::connect_unix(socket_path()));
  const std::int64_t begin = steady_now_ns();
  ask_all(*client, 1);
  print_rate("pairs one by one, Unix socket", kPairs, begin);
}

TEST_F(ThroughputTest, QuestionsSixteenAtATimeAreAnswered) {
  const EchoThread server(listen_here(), {}, answer);
  const auto client = std::move(*BlockingClient::connect_unix(socket_path()));
  const std::int64_t begin = steady_now_ns();
  ask_all(*client, 16);
  print_rate("pairs sixteen at a time, Unix socket", kPairs, begin);
}

TEST_F(ThroughputTest, QuestionsOverTlsAreAnswered) {
  TcpAddress address;
  const EchoThread server(
      [&](Server& listening) {
        address = *listening.listen_tcp({"127.0.0.1", 0}, some_key('k'));
      },
      {}, answer);
  const auto client = std::move(*BlockingClient::connect_tcp(address, some_key('k'), seconds(30)));
  const std::int64_t begin = steady_now_ns();
  ask_all(*client, 16);
  print_rate("pairs sixteen at a time, TLS", kPairs, begin);
}

TEST_F(ThroughputTest, OneWayMessagesBetweenLoopsArriveInOrder) {
  std::uint64_t got = 0;
  serve();
  const auto client = connect();
  accepted_[0]->connection->start(
      {.on_message =
           [&](std::string_view message) {
             wire::Frame frame;
             ASSERT_TRUE(frame.ParseFromArray(message.data(), static_cast<int>(message.size())));
             ASSERT_EQ(frame.id(), ++got);
           },
       .on_closed = [](const std::string&) {}});
  const std::int64_t begin = steady_now_ns();
  for (std::uint64_t sent = 0; sent < kPairs;) {
    for (int i = 0; i < 10; ++i) (*client)->send(small_frame(++sent));
    uv_run(&loop_, UV_RUN_NOWAIT);
  }
  ASSERT_TRUE(until([&] { return got == kPairs; }));
  print_rate("one-way messages, ten a turn, both ends on one loop", kPairs, begin);
}

}  // namespace
}  // namespace jobq::net
