// SPDX-License-Identifier: Apache-2.0
// Asking, and asking again.
#include "exec/ask_agent.h"

#include <fmt/format.h>
#include <poll.h>

#include <utility>

#include "exec/directory.h"
#include "net/client.h"

namespace jobq::exec {
namespace {

constexpr Millis kPause{50};
constexpr Millis kAnswerLimit = seconds(10);  // of an agent that is there

// With any error another try is worth it.
Result<pb::StepAnswer> ask_once(const std::string& socket, const pb::StepReport& asked) {
  auto client = net::BlockingClient::connect_unix(socket);
  if (!client) return tl::unexpected(client.error());
  if (auto sent = (*client)->send(asked); !sent) return tl::unexpected(sent.error());
  const auto bytes = (*client)->receive(kAnswerLimit);
  if (!bytes) return tl::unexpected(bytes.error());
  pb::StepAnswer answer;
  if (!answer.ParseFromArray(bytes->data(), static_cast<int>(bytes->size()))) {
    return fail(ErrorCode::kInternal, "the node's agent answers what is no message");
  }
  return answer;
}

// The node's last word.
Result<pb::StepAnswer> unless_refused(pb::StepAnswer answer) {
  if (answer.recorded()) return answer;
  const bool known = answer.code() <= static_cast<std::uint32_t>(ErrorCode::kInternal);
  return fail(known ? static_cast<ErrorCode>(answer.code()) : ErrorCode::kRefused, answer.error());
}

}  // namespace

Result<pb::StepAnswer> ask_agent(const std::string& socket, const pb::StepReport& asked,
                                 Millis patience) {
  const std::int64_t end_ns = steady_now_ns() + patience.count * kNsPerMs;
  while (true) {
    auto answer = ask_once(socket, asked);
    if (answer) return unless_refused(*std::move(answer));
    if ((end_ns - steady_now_ns()) / kNsPerMs <= kPause.count) {
      return fail(ErrorCode::kUnreachable,
                  fmt::format("the node's agent does not answer: {}", answer.error().message));
    }
    poll(nullptr, 0, static_cast<int>(kPause.count));
  }
}

Result<void> offer_service(const std::string& socket, const wire::Service& offer, Millis patience) {
  if (auto good = check_offer(offer); !good) return good;
  pb::StepReport asked;
  *asked.mutable_offer()->mutable_service() = offer;
  return ask_agent(socket, asked, patience).map([](const pb::StepAnswer&) {});
}

Result<void> withdraw_service(const std::string& socket, const std::string& type, Millis patience) {
  pb::StepReport asked;
  asked.mutable_offer()->mutable_service()->set_type(type);
  asked.mutable_offer()->set_withdraw(true);
  return ask_agent(socket, asked, patience).map([](const pb::StepAnswer&) {});
}

Result<std::vector<wire::NodeServices>> find_services(const std::string& socket,
                                                      const std::string& type, Millis patience) {
  pb::StepReport asked;
  asked.mutable_services()->set_type(type);
  return ask_agent(socket, asked, patience).map([](const pb::StepAnswer& answer) {
    return std::vector<wire::NodeServices>(answer.nodes().begin(), answer.nodes().end());
  });
}

}  // namespace jobq::exec
