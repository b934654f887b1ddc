// SPDX-License-Identifier: Apache-2.0
// Listening: Unix sockets for local users, TCP with TLS 1.3 for nodes and remote users.
//
// A peer that does not finish its handshake or send its first message within the hello limit is
// dropped; so is everyone past max_connections: a local one is told why by a Frame with an Error
// and id 0. Idle connections after that cost nothing but their memory (about a kilobyte, TLS more).
// Over TCP, only peers that have proved in the handshake that they have the key come to
// on_connection; the others are a line in the log.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/result.h"
#include "base/time.h"
#include "net/connection.h"
#include "net/endpoint.h"

namespace jobq::net {

class Server {
 public:
  struct Options {
    std::size_t max_connections = 4096;
    Millis hello_limit = seconds(10);
  };
  using OnConnection = std::function<void(std::unique_ptr<Connection>)>;

  Server(uv_loop_s* loop, Options options, OnConnection on_connection);
  ~Server();  // stops listening, removes its socket file; connections live on. Also inside a
              // callback.
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // A stale socket file (nobody answers) is replaced; a live one is kRefused: "another process
  // listens on". So are a directory that is missing and a file of another kind; a path over 107
  // bytes is kUsage. mode: 0666 for everybody on the machine (who asks is known by credentials),
  // 0600 for one user.
  Result<void> listen_unix(const std::string& path, std::uint32_t mode);
  // The same socket after this process has executed another program: the descriptor that listens.
  Result<void> listen_unix_again(int descriptor, const std::string& path);
  // Of the socket that listens, to be kept open for that; -1 where there is none.
  int descriptor() const;
  // Port 0 takes a free one; the answer is the address that was bound.
  Result<TcpAddress> listen_tcp(const TcpAddress& address, const ClusterKey& key);

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;  // shared with the connections, which it counts
};

}  // namespace jobq::net
