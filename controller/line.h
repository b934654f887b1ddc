// SPDX-License-Identifier: Apache-2.0
// The way to a peer: a connection of its own, or a tunnel through the connection of the node on
// which a step speaks.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "net/connection.h"
#include "net/jobq.pb.h"

namespace jobq::controller {

// Who speaks, as a kernel says.
struct Identity {
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  std::string user;
};

// As net::Connection: what is sent after the other side went away goes nowhere.
class Line {
 public:
  virtual ~Line() = default;  // closes

  virtual void send(const wire::Frame& frame) = 0;
  virtual std::size_t queued_bytes() const = 0;
  virtual void pause_reading() = 0;
  virtual void resume_reading() = 0;
  virtual void close_after_flush() = 0;
  virtual std::optional<Identity> identity() const = 0;  // none over the network
  virtual bool is_tunnel() const = 0;
  virtual std::string peer() const = 0;  // for the log
};

class DirectLine : public Line {
 public:
  explicit DirectLine(std::unique_ptr<net::Connection> connection);

  void start(net::Connection::Handlers handlers) { connection_->start(std::move(handlers)); }
  void send(const wire::Frame& frame) override { connection_->send(frame); }
  std::size_t queued_bytes() const override { return connection_->queued_bytes(); }
  void pause_reading() override { connection_->pause_reading(); }
  void resume_reading() override { connection_->resume_reading(); }
  void close_after_flush() override { connection_->close_after_flush(); }
  std::optional<Identity> identity() const override;
  bool is_tunnel() const override { return false; }
  std::string peer() const override { return connection_->peer(); }

 private:
  std::unique_ptr<net::Connection> connection_;
};

class TunnelLine : public Line {
 public:
  // The node's connection, which may end before the tunnel: then nothing is sent any more.
  struct Node {
    std::string name;
    std::function<void(const wire::Frame&)> send;
    std::function<std::size_t()> queued_bytes;
  };

  TunnelLine(Node node, std::uint64_t number, Identity identity);
  ~TunnelLine() override { close_after_flush(); }

  void send(const wire::Frame& frame) override;
  std::size_t queued_bytes() const override;
  void pause_reading() override { tell(wire::Tunnel::PAUSE); }
  void resume_reading() override { tell(wire::Tunnel::RESUME); }
  void close_after_flush() override;
  std::optional<Identity> identity() const override { return identity_; }
  bool is_tunnel() const override { return true; }
  std::string peer() const override;

  void set_full(bool is_full) { is_full_ = is_full; }  // the other side does not read
  bool is_full() const { return is_full_; }
  void forget() { is_closed_ = true; }  // the other side has closed it

 private:
  void tell(wire::Tunnel::What what);

  Node node_;
  std::uint64_t number_;
  Identity identity_;
  bool is_full_ = false;
  bool is_closed_ = false;
};

}  // namespace jobq::controller
