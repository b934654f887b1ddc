// SPDX-License-Identifier: Apache-2.0
// Connecting and asking.
#include "cmd/client.h"

#include <fmt/format.h>
#include <poll.h>
#include <pwd.h>
#include <unistd.h>

#include <algorithm>

#include "cmd/messages.h"
#include "cmd/version.h"
#include "controller/translate.h"
#include "exec/report.pb.h"
#include "net/endpoint.h"

namespace jobq::cmd {
namespace {

using Connection = std::unique_ptr<net::BlockingClient>;

constexpr Millis kConnectLimit = seconds(10);

// The agent says whether it can; from then on the controller speaks.
Result<Connection> connect_through(const Place& place) {
  Result<Connection> agent = net::BlockingClient::connect_unix(place.socket);
  if (!agent) return agent;
  exec::pb::StepReport request;
  request.set_token(place.token);
  request.set_tunnel(true);
  if (const auto sent = (*agent)->send(request); !sent) return tl::unexpected(sent.error());
  const Result<std::string_view> bytes = (*agent)->receive(kConnectLimit);
  if (!bytes) return fail(ErrorCode::kUnreachable, bytes.error().message);
  exec::pb::StepAnswer answer;
  if (!answer.ParseFromArray(bytes->data(), static_cast<int>(bytes->size()))) {
    return fail(ErrorCode::kInternal, "the node's agent answers what is no message");
  }
  if (answer.recorded()) return agent;
  wire::Error error;
  error.set_code(answer.code());
  error.set_message(answer.error());
  return tl::unexpected(controller::from_wire(error));
}

Result<Connection> connect_to(const Place& place) {
  if (!place.token.empty()) return connect_through(place);
  if (!place.socket.empty()) return net::BlockingClient::connect_unix(place.socket);
  const Result<net::TcpAddress> address = net::parse_address(place.address);
  if (!address)
    return fail(ErrorCode::kUsage, fmt::format("{}: {}", place.from, address.error().message));
  if (place.key.empty()) {
    return fail(ErrorCode::kUsage,
                fmt::format("the controller at {} needs the cluster's key; give --cluster-key FILE "
                            "or set JOBQ_KEY",
                            place.address));
  }
  const Result<net::ClusterKey> key = net::read_key(place.key);
  if (!key) return tl::unexpected(key.error());
  return net::BlockingClient::connect_tcp(*address, *key, kConnectLimit);
}

std::string described(const Place& place) {
  return fmt::format("{} ({})", place.socket.empty() ? place.address : place.socket, place.from);
}

tl::unexpected<Error> unreachable_error(const std::string& tried) {
  return fail(
      ErrorCode::kUnreachable,
      fmt::format("no controller answers; tried:{}\n"
                  "Start one with `jobq up`, or say where it is with --socket, --controller, "
                  "JOBQ_SOCKET or JOBQ_CONTROLLER.",
                  tried));
}

void set_identity(wire::Hello& hello) {
  hello.set_uid(::getuid());
  hello.set_gid(::getgid());
  const passwd* entry = ::getpwuid(::getuid());
  hello.set_user(entry == nullptr ? std::to_string(::getuid()) : std::string(entry->pw_name));
}

}  // namespace

Result<Client> Client::connect(const ControllerOptions& options) {
  const Result<std::vector<Place>> places = places_of_controller(options);
  if (!places) return tl::unexpected(places.error());
  std::string tried;
  for (const Place& place : *places) {
    Result<Connection> connection = connect_to(place);
    if (connection) {
      Client client(std::move(*connection));
      const Result<void> greeted = client.hello(place.socket.empty());
      if (!greeted) return tl::unexpected(greeted.error());
      return client;
    }
    if (connection.error().code != ErrorCode::kUnreachable)
      return tl::unexpected(connection.error());
    tried += fmt::format("\n  {}", described(place));
    // Of a socket there is no more to say; on the network much can be wrong.
    if (place.socket.empty() || !place.token.empty()) tried += ": " + connection.error().message;
  }
  return unreachable_error(tried);
}

Result<Client> Client::connect_patiently(const ControllerOptions& options, Millis patience,
                                         bool quiet) {
  const std::int64_t end = steady_now_ns() + patience.count * kNsPerMs;
  Millis between{50};
  for (bool told = quiet;; told = true) {
    Result<Client> client = connect(options);
    if (client || client.error().code != ErrorCode::kUnreachable) return client;
    if (steady_now_ns() >= end) return client;
    if (!told) {
      note(fmt::format("the controller does not answer; trying again for {}",
                       format_duration(patience)));
    }
    pause(between);
    between = std::min(Millis{between.count * 2}, seconds(1));
  }
}

Result<void> Client::hello(bool over_network) {
  wire::Frame frame;
  wire::Hello& hello = *frame.mutable_hello();
  hello.set_protocol(net::kProtocol);
  hello.set_role(wire::Hello::CLIENT);
  hello.set_software(fmt::format("jobq {}", kVersion));
  if (over_network) set_identity(hello);
  return connection_->send(frame);
}

Result<std::uint64_t> Client::send(wire::Frame& request) {
  request.set_id(++last_id_);
  const Result<void> sent = connection_->send(request);
  if (!sent) return tl::unexpected(sent.error());
  return last_id_;
}

Result<wire::Frame> Client::receive(std::optional<Millis> limit) {
  while (true) {
    const Result<std::string_view> bytes = connection_->receive(limit);
    if (!bytes) return tl::unexpected(bytes.error());
    wire::Frame frame;
    if (!frame.ParseFromArray(bytes->data(), static_cast<int>(bytes->size()))) {
      return fail(ErrorCode::kInternal, "the controller sent what is no message");
    }
    if (frame.id() == 0 && frame.has_error()) {
      return tl::unexpected(controller::from_wire(frame.error()));
    }
    if (frame.id() != 0) return frame;  // 0: its hello
  }
}

Result<void> Client::ask(wire::Frame request, const Each& each) {
  const Result<std::uint64_t> id = send(request);
  if (!id) return tl::unexpected(id.error());
  while (true) {
    Result<wire::Frame> answer = receive();
    if (!answer) return tl::unexpected(answer.error());
    if (answer->id() != *id) continue;
    if (answer->has_error()) return tl::unexpected(controller::from_wire(answer->error()));
    Result<void> taken = each(*answer);
    if (!taken || !answer->more()) return taken;
  }
}

Result<wire::Frame> Client::ask(wire::Frame request) {
  wire::Frame only;
  const Result<void> asked = ask(std::move(request), [&](wire::Frame& answer) -> Result<void> {
    only = std::move(answer);
    return {};
  });
  if (!asked) return tl::unexpected(asked.error());
  return only;
}

tl::unexpected<Error> unexpected_answer() {
  return fail(ErrorCode::kInternal,
              "the controller's answer is of an unexpected kind; are command and controller of the "
              "same version? `jq version` tells this one's");
}

void pause(Millis length) { ::poll(nullptr, 0, static_cast<int>(length.count)); }

}  // namespace jobq::cmd
