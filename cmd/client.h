// SPDX-License-Identifier: Apache-2.0
// A command's conversation with the controller: hello, requests with ids, answers.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "base/time.h"
#include "cmd/locate.h"
#include "net/client.h"
#include "net/jobq.pb.h"

namespace jobq::cmd {

class Client {
 public:
  // Connects and says hello. kUnreachable names every place that was tried and what to do.
  static Result<Client> connect(const ControllerOptions& options);
  // Tries again while nothing answers, for so long; the first failure is told to the user unless
  // `quiet`.
  static Result<Client> connect_patiently(const ControllerOptions& options, Millis patience,
                                          bool quiet = false);

  // One request, one answer. An error of the controller is an error here.
  Result<wire::Frame> ask(wire::Frame request);
  // One request, many answers: each is handed over until one has no `more`. `each` may end it with
  // an error.
  using Each = std::function<Result<void>(wire::Frame& answer)>;
  Result<void> ask(wire::Frame request, const Each& each);

  // By parts, where requests overlap: send() gives the request its id, receive() the next answer of
  // any.
  Result<std::uint64_t> send(wire::Frame& request);
  Result<wire::Frame> receive(std::optional<Millis> limit = std::nullopt);
  int descriptor() const { return connection_->descriptor(); }
  bool has_buffered() const { return connection_->has_buffered(); }

 private:
  explicit Client(std::unique_ptr<net::BlockingClient> connection)
      : connection_(std::move(connection)) {}
  Result<void> hello(bool over_network);

  std::unique_ptr<net::BlockingClient> connection_;
  std::uint64_t last_id_ = 0;
};

// The controller's answer is of another kind than the question.
tl::unexpected<Error> unexpected_answer();

// Waits without a fixed sleep where there is nothing to wait on but time.
void pause(Millis length);

inline constexpr Millis kPatience = seconds(60);

}  // namespace jobq::cmd
