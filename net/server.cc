// SPDX-License-Identifier: Apache-2.0
// The server: who is let in, and who is told why not.
#include "net/server.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <unordered_map>
#include <utility>
#include <vector>

#include "base/log.h"
#include "net/connection_impl.h"
#include "net/jobq.pb.h"
#include "net/listener.h"
#include "net/socket.h"
#include "net/tls.h"

namespace jobq::net {
namespace {

// A file as it was when it was made, so that only that one is removed.
struct SocketFile {
  std::string path;
  dev_t device = 0;
  ino_t inode = 0;

  bool stands() const {
    struct stat now {};
    return ::lstat(path.c_str(), &now) == 0 && now.st_dev == device && now.st_ino == inode;
  }
};

SocketFile remember(const std::string& path) {
  struct stat now {};
  if (::lstat(path.c_str(), &now) != 0) return {path, 0, 0};
  return {path, now.st_dev, now.st_ino};
}

// To somebody on this machine for whom there is no room; a full socket buffer is no reason to wait.
void send_refusal(int fd, const std::string& text) {
  wire::Frame frame;
  frame.mutable_error()->set_code(static_cast<std::uint32_t>(ErrorCode::kUnavailable));
  frame.mutable_error()->set_message(text);
  Buffer bytes;
  static_cast<void>(append_message(bytes, frame));
  static_cast<void>(send_some(fd, bytes.view()));
}

}  // namespace

// What outlives the Server while a callback runs and while connections live.
struct Server::Impl : std::enable_shared_from_this<Server::Impl> {
  uv_loop_s* loop = nullptr;
  Options options;
  OnConnection on_connection;
  std::vector<std::unique_ptr<Listener>> listeners;
  std::vector<SocketFile> files;
  std::unordered_map<Connection::Impl*, std::unique_ptr<Connection>> handshaking;
  std::size_t connections = 0;
  bool full_logged = false;

  void stop();
  Result<void> listen(Descriptor socket, const std::string& name, Listener::OnAccept on_accept);
  Result<void> listen_unix(Descriptor socket, const std::string& path);
  bool has_room(const std::string& where);
  std::shared_ptr<void> take_place();
  void accept_unix(Descriptor socket);
  void accept_tcp(Descriptor socket, const SocketAddress& peer,
                  const std::shared_ptr<TlsContext>& tls);
  void handshake_done(Connection::Impl* impl, const Result<void>& result);
};

void Server::Impl::stop() {
  listeners.clear();
  handshaking.clear();
  for (const SocketFile& file : files) {
    if (file.stands()) ::unlink(file.path.c_str());
  }
}

Result<void> Server::Impl::listen(Descriptor socket, const std::string& name,
                                  Listener::OnAccept on_accept) {
  auto listener = Listener::make(loop, std::move(socket), name, std::move(on_accept));
  if (!listener) return tl::unexpected(listener.error());
  listeners.push_back(std::move(*listener));
  return {};
}

Result<void> Server::Impl::listen_unix(Descriptor socket, const std::string& path) {
  files.push_back(remember(path));
  return listen(std::move(socket), path, [this](Descriptor accepted, const SocketAddress&) {
    const auto keep_alive = shared_from_this();
    accept_unix(std::move(accepted));
  });
}

bool Server::Impl::has_room(const std::string& where) {
  if (connections < options.max_connections) {
    full_logged = false;
    return true;
  }
  if (!full_logged) {
    log::warning("refusing connections on {}: there are {} already, the limit", where, connections);
  }
  full_logged = true;
  return false;
}

// Counts a connection until what is returned goes away.
std::shared_ptr<void> Server::Impl::take_place() {
  ++connections;
  return {static_cast<void*>(nullptr), [self = shared_from_this()](void*) { --self->connections; }};
}

void Server::Impl::accept_unix(Descriptor socket) {
  if (!has_room("the local socket")) {
    send_refusal(socket.get(), fmt::format("the controller has {} connections, its limit: try "
                                           "again when some have ended",
                                           connections));
    return;
  }
  Connection::Impl::Peer peer{peer_credentials(socket.get()), "an unknown process"};
  auto connection = Connection::Impl::make(loop, std::move(socket), std::move(peer));
  if (!connection) {
    log::error("{}", connection.error().message);
    return;
  }
  auto& impl = Connection::Impl::of(**connection);
  impl.keep(take_place());
  impl.expect_hello(options.hello_limit);
  on_connection(std::move(*connection));
}

void Server::Impl::accept_tcp(Descriptor socket, const SocketAddress& peer,
                              const std::shared_ptr<TlsContext>& tls) {
  if (!has_room("TCP")) return;
  tune_tcp(socket.get());
  auto connection =
      Connection::Impl::make(loop, std::move(socket), {std::nullopt, to_string(to_address(peer))});
  if (!connection) {
    log::error("{}", connection.error().message);
    return;
  }
  auto* impl = &Connection::Impl::of(**connection);
  impl->keep(take_place());
  impl->expect_hello(options.hello_limit);
  handshaking.emplace(impl, std::move(*connection));
  impl->secure(std::make_unique<TlsSession>(tls),
               [this, impl](const Result<void>& result) { handshake_done(impl, result); });
}

void Server::Impl::handshake_done(Connection::Impl* impl, const Result<void>& result) {
  auto found = handshaking.extract(impl);
  if (!result) {
    log::warning("refused {}: {}", impl->peer(), result.error().message);
    return;
  }
  const auto keep_alive = shared_from_this();
  on_connection(std::move(found.mapped()));
}

Server::Server(uv_loop_s* loop, Options options, OnConnection on_connection)
    : impl_(std::make_shared<Impl>()) {
  impl_->loop = loop;
  impl_->options = options;
  impl_->on_connection = std::move(on_connection);
}

Server::~Server() { impl_->stop(); }

Result<void> Server::listen_unix(const std::string& path, std::uint32_t mode) {
  auto socket = listen_at(path, mode);
  if (!socket) return tl::unexpected(socket.error());
  return impl_->listen_unix(std::move(*socket), path);
}

Result<void> Server::listen_unix_again(int descriptor, const std::string& path) {
  return impl_->listen_unix(Descriptor(descriptor), path);
}

int Server::descriptor() const {
  return impl_->listeners.empty() ? -1 : impl_->listeners.front()->descriptor();
}

Result<TcpAddress> Server::listen_tcp(const TcpAddress& address, const ClusterKey& key) {
  auto tls = TlsContext::make(TlsSide::kServer, key);
  if (!tls) return tl::unexpected(tls.error());
  auto socket = net::listen_tcp(address);
  if (!socket) return tl::unexpected(socket.error());
  const TcpAddress bound = local_address(socket->get());
  auto listening = impl_->listen(
      std::move(*socket), to_string(bound),
      [self = impl_.get(), tls = *tls](Descriptor accepted, const SocketAddress& peer) {
        const auto keep_alive = self->shared_from_this();
        self->accept_tcp(std::move(accepted), peer, tls);
      });
  if (!listening) return tl::unexpected(listening.error());
  return bound;
}

}  // namespace jobq::net
