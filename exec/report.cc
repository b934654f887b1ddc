// SPDX-License-Identifier: Apache-2.0
// The step's side of a report.
#include "exec/report.h"

#include <fmt/format.h>
#include <poll.h>

#include <algorithm>
#include <utility>

#include "exec/report.pb.h"
#include "exec/text.h"
#include "net/client.h"

namespace jobq::exec {
namespace {

constexpr Millis kPause{50};
constexpr std::int64_t kNsPerMs = 1'000'000;

Result<void> check_report(int outcome, const std::optional<std::string>& event) {
  if (outcome < 0 || outcome > 3) return fail(ErrorCode::kUsage, "not an outcome");
  if (outcome == 0 && !event) return fail(ErrorCode::kUsage, "neither an outcome nor an event");
  if (!event) return {};
  if (event->size() > kMostEventBytes) {
    return fail(ErrorCode::kUsage, fmt::format("an event value has at most {} bytes, this one {}",
                                               kMostEventBytes, event->size()));
  }
  if (!is_utf8(*event)) return fail(ErrorCode::kUsage, "an event value must be UTF-8");
  return {};
}

// kRefused is the node's last word; with any other error another try is worth it.
Result<void> report_once(const std::string& socket, const pb::StepReport& report, Millis limit) {
  auto client = net::BlockingClient::connect_unix(socket);
  if (!client) return tl::unexpected(client.error());
  if (auto sent = (*client)->send(report); !sent) return sent;
  const auto bytes = (*client)->receive(limit);
  if (!bytes) return tl::unexpected(bytes.error());
  pb::StepAnswer answer;
  if (!answer.ParseFromArray(bytes->data(), static_cast<int>(bytes->size()))) {
    return fail(ErrorCode::kInternal, "the node's agent answers what is no message");
  }
  if (answer.recorded()) return {};
  return fail(ErrorCode::kRefused, answer.error());
}

}  // namespace

Result<void> send_report(const std::string& socket, const std::string& token, int outcome,
                         std::optional<std::string> event, Millis patience) {
  if (auto good = check_report(outcome, event); !good) return good;
  pb::StepReport report;
  report.set_token(token);
  report.set_outcome(static_cast<std::uint32_t>(outcome));
  if (event) report.set_event(*std::move(event));
  const std::int64_t end_ns = steady_now_ns() + patience.count * kNsPerMs;
  while (true) {
    const std::int64_t left_ms = (end_ns - steady_now_ns()) / kNsPerMs;
    auto sent = report_once(socket, report, Millis{std::max<std::int64_t>(left_ms, 1)});
    if (sent || sent.error().code == ErrorCode::kRefused) return sent;
    if (left_ms <= kPause.count) {
      return fail(ErrorCode::kUnreachable,
                  fmt::format("the node's agent does not answer: {}", sent.error().message));
    }
    poll(nullptr, 0, static_cast<int>(kPause.count));
  }
}

}  // namespace jobq::exec
