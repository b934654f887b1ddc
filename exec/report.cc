// SPDX-License-Identifier: Apache-2.0
// The step's side of a report.
#include "exec/report.h"

#include <fmt/format.h>

#include <utility>

#include "exec/text.h"

namespace jobq::exec {
namespace {

constexpr std::uint32_t kLastOutcome = 3;  // cancel

}  // namespace

Result<void> check_report(std::uint32_t outcome, const std::optional<std::string>& event) {
  if (outcome > kLastOutcome) return fail(ErrorCode::kUsage, "not an outcome");
  if (outcome == 0 && !event) return fail(ErrorCode::kUsage, "neither an outcome nor an event");
  if (!event) return {};
  if (event->size() > kMostEventBytes) {
    return fail(ErrorCode::kUsage, fmt::format("an event value has at most {} bytes, this one {}",
                                               kMostEventBytes, event->size()));
  }
  if (!is_utf8(*event)) return fail(ErrorCode::kUsage, "an event value must be UTF-8");
  return {};
}

Result<void> send_report(const std::string& socket, const std::string& token, int outcome,
                         std::optional<std::string> event, Millis patience) {
  const auto number = static_cast<std::uint32_t>(outcome);
  if (auto good = check_report(number, event); !good) return good;
  pb::StepReport report;
  report.set_token(token);
  report.set_outcome(number);
  if (event) report.set_event(*std::move(event));
  return ask_agent(socket, report, patience).map([](const pb::StepAnswer&) {});
}

}  // namespace jobq::exec
