// SPDX-License-Identifier: Apache-2.0
// Telling a running keeper from outside to become another program.
#include <fmt/format.h>

#include <memory>

#include "exec/agent.h"
#include "exec/keeper.pb.h"
#include "exec/state.h"
#include "net/client.h"

namespace jobq::exec {
namespace {

constexpr Millis kAnswerLimit = seconds(30);
constexpr int kTries = 4;

// True when it is that program; false when it went away over it.
Result<bool> order_once(const std::string& state, const pb::ToKeeper& order) {
  auto client = net::BlockingClient::connect_unix(keeper_socket(state));
  if (!client) return tl::unexpected(client.error());
  if (const auto sent = (*client)->send(order); !sent) return false;
  const Result<std::string_view> bytes = (*client)->receive(kAnswerLimit);
  if (!bytes && bytes.error().code == ErrorCode::kUnreachable) return false;
  if (!bytes) return tl::unexpected(bytes.error());
  pb::FromKeeper answer;
  if (!answer.ParseFromArray(bytes->data(), static_cast<int>(bytes->size()))) {
    return fail(ErrorCode::kInternal, "the keeper answers what is no message");
  }
  if (answer.upgrade_answer().error().empty()) return true;
  return fail(ErrorCode::kRefused, answer.upgrade_answer().error());
}

}  // namespace

Result<void> upgrade_keeper(const std::string& state, const std::string& executable) {
  pb::ToKeeper order;
  order.mutable_upgrade()->set_executable(executable);
  order.mutable_upgrade()->set_stays(true);
  for (int i = 0; i < kTries; ++i) {
    const Result<bool> done = order_once(state, order);
    if (!done) return tl::unexpected(done.error());
    if (*done) return {};
  }
  return fail(ErrorCode::kUnavailable,
              fmt::format("the keeper of {} does not become {}", state, executable));
}

}  // namespace jobq::exec
