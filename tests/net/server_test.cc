// SPDX-License-Identifier: Apache-2.0
// Listening: socket files and their owners, limits, and a process that runs out of descriptors.
#include "net/server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <thread>

#include "net/framing.h"
#include "tests/net/net_world.h"

namespace jobq::net {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

class ServerTest : public NetWorld {
 protected:
  Result<void> try_to_listen(const std::string& path, std::uint32_t mode = 0600) {
    Server other(&loop_, {}, [](auto) {});
    return other.listen_unix(path, mode);
  }
  // A socket file on which nobody listens.
  void leave_stale_socket() const {
    const auto address = unix_address(socket_path());
    const Descriptor socket(::socket(AF_UNIX, SOCK_STREAM, 0));
    ASSERT_EQ(::bind(socket.get(), address->get(), address->length), 0);
  }
  static unsigned mode_of(const std::string& path) {
    struct stat status {};
    EXPECT_EQ(::stat(path.c_str(), &status), 0);
    return status.st_mode & 07777U;
  }
};

// --- socket files ---

TEST_F(ServerTest, TheSocketHasTheModeThatWasAskedFor) {
  const mode_t before = ::umask(0077);
  Server server(&loop_, {}, [](auto) {});
  ASSERT_TRUE(server.listen_unix(path("open"), 0666));
  ASSERT_TRUE(server.listen_unix(path("closed"), 0600));
  ::umask(before);
  EXPECT_EQ(mode_of(path("open")), 0666U);
  EXPECT_EQ(mode_of(path("closed")), 0600U);
}

TEST_F(ServerTest, TheSocketFileGoesWithTheServer) {
  serve();
  EXPECT_TRUE(std::filesystem::exists(socket_path()));
  server_.reset();
  EXPECT_FALSE(std::filesystem::exists(socket_path()));
}

TEST_F(ServerTest, AStaleSocketIsReplaced) {
  leave_stale_socket();
  serve();
  const auto client = connect();
  EXPECT_TRUE(client->connection);
}

TEST_F(ServerTest, ALiveSocketIsNotTaken) {
  serve();
  const auto taken = try_to_listen(socket_path());
  ASSERT_FALSE(taken);
  EXPECT_EQ(taken.error(),
            (Error{ErrorCode::kRefused, "another process listens on " + socket_path()}));
  const auto client = connect();
  EXPECT_TRUE(client->connection) << "the loser left the winner's file alone";
}

TEST_F(ServerTest, OnlyTheOwnSocketFileIsRemoved) {
  serve();
  std::filesystem::rename(socket_path(), path("elsewhere"));
  Server other(&loop_, {}, [](auto) {});
  ASSERT_TRUE(other.listen_unix(socket_path(), 0600));
  server_.reset();
  EXPECT_TRUE(std::filesystem::exists(socket_path()));
}

TEST_F(ServerTest, AFileThatIsNoSocketIsNotReplaced) {
  std::ofstream(socket_path()) << "precious";
  const auto taken = try_to_listen(socket_path());
  ASSERT_FALSE(taken);
  EXPECT_THAT(taken.error().message, HasSubstr("is not a socket"));
  EXPECT_EQ(std::filesystem::file_size(socket_path()), 8U);
}

TEST_F(ServerTest, AMissingDirectoryIsNamed) {
  const auto listening = try_to_listen(path("missing/socket"));
  ASSERT_FALSE(listening);
  EXPECT_THAT(listening.error().message,
              HasSubstr("directory " + path("missing") + ": No such file or directory"));
}

TEST_F(ServerTest, APathThatIsTooLongIsRefused) {
  const std::string longest = path(std::string(107 - path("").size(), 'x'));
  EXPECT_TRUE(try_to_listen(longest));
  const auto listening = try_to_listen(longest + "x");
  ASSERT_FALSE(listening);
  EXPECT_EQ(listening.error().code, ErrorCode::kUsage);
  EXPECT_THAT(listening.error().message, StartsWith("the path of the socket has 108 bytes, the "
                                                    "system allows 107: /"));
  EXPECT_FALSE(BlockingClient::connect_unix(longest + "x"));
}

TEST_F(ServerTest, OfManyThatFindAStaleSocketOneTakesIt) {
  for (int round = 0; round < 20; ++round) {
    leave_stale_socket();
    std::atomic<int> winners = 0;
    std::vector<Result<Descriptor>> sockets(4);
    std::vector<std::thread> threads;
    for (auto& socket : sockets) {
      threads.emplace_back([&] {
        socket = listen_at(socket_path(), 0600);
        if (socket) ++winners;
      });
    }
    for (auto& thread : threads) thread.join();
    ASSERT_EQ(winners, 1);
    std::filesystem::remove(socket_path());
  }
}

// --- limits ---

TEST_F(ServerTest, OneTooManyIsToldWhy) {
  serve({.max_connections = 2});
  const auto first = connect();
  const auto second = connect();
  CapturedLog log;
  const Descriptor third = connect_raw();
  const Descriptor fourth = connect_raw();
  settle();
  wire::Frame frame;
  ASSERT_TRUE(frame.ParseFromString(read_to_end(third).substr(kHeaderBytes)));
  EXPECT_EQ(frame.id(), 0U);
  EXPECT_EQ(frame.error().code(), static_cast<unsigned>(ErrorCode::kUnavailable));
  EXPECT_EQ(frame.error().message(),
            "the controller has 2 connections, its limit: try again when some have ended");
  const std::string written = log.take();
  EXPECT_THAT(written, HasSubstr("there are 2 already, the limit"));
  EXPECT_EQ(std::count(written.begin(), written.end(), '\n'), 1) << "said once, not for each";
  EXPECT_EQ(accepted_.size(), 2U);
}

TEST_F(ServerTest, AConnectionThatEndsMakesRoom) {
  serve({.max_connections = 1});
  for (int i = 0; i < 3; ++i) {
    const auto client = connect();
    ASSERT_TRUE(client->connection);
    client->connection.reset();
    ASSERT_TRUE(until([&] { return accepted_.back()->closed.size() == 1; }));
  }
}

TEST_F(ServerTest, ConnectionsOutliveTheServer) {
  serve();
  const auto client = connect();
  server_.reset();
  settle();
  (*client)->send_bytes("still here");
  EXPECT_TRUE(until([&] { return accepted_[0]->messages.size() == 1; }));
}

TEST_F(ServerTest, TheServerMayBeDestroyedWhenAConnectionComes) {
  std::unique_ptr<Connection> kept;
  server_ = std::make_unique<Server>(&loop_, Server::Options{}, [&](auto made) {
    server_.reset();
    kept = std::move(made);
  });
  ASSERT_TRUE(server_->listen_unix(socket_path(), 0600));
  const Descriptor first = connect_raw();
  const Descriptor second = connect_raw();
  ASSERT_TRUE(until([&] { return kept != nullptr; }));
  EXPECT_EQ(read_to_end(second), "");
  kept.reset();
}

TEST_F(ServerTest, WhoSaysNothingIsDropped) {
  serve({.hello_limit = Millis{30}});
  const Descriptor silent = connect_raw();
  const Descriptor partial = connect_raw();
  write_all(partial, framed("hello").substr(0, 8));
  const Descriptor polite = connect_raw();
  write_all(polite, framed("hello"));
  ASSERT_TRUE(until([&] {
    return accepted_.size() == 3 && accepted_[0]->closed.size() == 1 &&
           accepted_[1]->closed.size() == 1;
  }));
  EXPECT_EQ(accepted_[0]->closed[0], "no hello within 30ms");
  EXPECT_EQ(accepted_[1]->closed[0], "no hello within 30ms");
  EXPECT_EQ(read_to_end(silent), "");
  EXPECT_EQ(accepted_[2]->messages.size(), 1U);
  EXPECT_THAT(accepted_[2]->closed, IsEmpty());
}

// The loop is busy for longer than the limit: that is not the peer's fault.
TEST_F(ServerTest, AHelloThatWaitsToBeReadIsInTime) {
  serve({.hello_limit = Millis{20}});
  const Descriptor polite = connect_raw();
  ASSERT_TRUE(until([&] { return accepted_.size() == 1; }));
  write_all(polite, framed("hello"));
  const std::int64_t busy_until = steady_now_ns() + 50'000'000;
  while (steady_now_ns() < busy_until) continue;
  ASSERT_TRUE(until([&] { return accepted_[0]->messages.size() == 1; }));
  EXPECT_THAT(accepted_[0]->closed, IsEmpty());
}

TEST_F(ServerTest, WhoDoesNotFinishTheHandshakeIsDropped) {
  const TcpAddress address = serve_tcp(some_key('k'), {.hello_limit = Millis{30}});
  CapturedLog log;
  const Descriptor silent = connect_raw(address);
  std::atomic<bool> dropped = false;
  std::thread reader([&] {
    EXPECT_EQ(read_to_end(silent), "");
    dropped = true;
  });
  EXPECT_TRUE(until([&] { return dropped.load(); }));
  reader.join();
  EXPECT_THAT(log.take(), HasSubstr("no TLS handshake within 30ms"));
  EXPECT_THAT(accepted_, IsEmpty());
}

// --- a process without descriptors ---

TEST_F(ServerTest, WithoutDescriptorsAcceptingPausesAndGoesOn) {
#ifdef __SANITIZE_ADDRESS__
  GTEST_SKIP() << "the sanitizer's own check of dynamic types opens a pipe, and dies without one";
#endif
  serve();
  const Descriptor first = connect_raw();
  ASSERT_TRUE(until([&] { return accepted_.size() == 1; }));
  const Descriptor second = connect_raw();
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  CapturedLog log;
  const int lowest_free = Descriptor(::dup(0)).get();
  const rlimit none{static_cast<rlim_t>(lowest_free), before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
  settle();
  settle();
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
  const std::string written = log.take();
  EXPECT_THAT(written, HasSubstr("cannot accept connections on " + socket_path()));
  EXPECT_EQ(std::count(written.begin(), written.end(), '\n'), 1) << "it pauses, it does not spin";
  EXPECT_EQ(accepted_.size(), 1U);
  EXPECT_TRUE(until([&] { return accepted_.size() == 2; })) << "the one who waited comes in";
}

TEST_F(ServerTest, AnAddressThatIsTakenIsNamed) {
  const TcpAddress address = serve_tcp(some_key('k'));
  Server other(&loop_, {}, [](auto) {});
  const auto bound = other.listen_tcp(address, some_key('k'));
  ASSERT_FALSE(bound);
  EXPECT_EQ(bound.error().message,
            "cannot listen on " + to_string(address) + ": Address already in use");
}

}  // namespace
}  // namespace jobq::net
