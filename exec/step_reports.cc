// SPDX-License-Identifier: Apache-2.0
// Passing reports on.
#include "exec/step_reports.h"

#include <utility>

#include "exec/report.pb.h"

namespace jobq::exec {
namespace {

constexpr std::size_t kMostConnections = 1024;
constexpr std::uint32_t kForEverybody = 0666;  // the token says who may say what

}  // namespace

StepReports::StepReports(uv_loop_s* loop, ServiceDesk& services, Tunnels& tunnels,
                         ToKeeper to_keeper)
    : services_(services),
      tunnels_(tunnels),
      to_keeper_(std::move(to_keeper)),
      server_(loop, {kMostConnections, seconds(10)},
              [this](auto connection) { on_connection(std::move(connection)); }) {}

Result<void> StepReports::listen(const std::string& socket) {
  return server_.listen_unix(socket, kForEverybody);
}

void StepReports::on_connection(std::unique_ptr<net::Connection> connection) {
  const std::uint64_t question = ++last_question_;
  net::Connection& started = *connection;
  asking_[question] = std::move(connection);
  is_new_.insert(question);
  started.start({[this, question](std::string_view bytes) { on_message(question, bytes); },
                 [this, question](const std::string&) { on_closed(question); },
                 [this, question] { tunnels_.drained(question); }});
}

void StepReports::on_closed(std::uint64_t question) {
  asking_.erase(question);
  is_new_.erase(question);
  ask_tunnels_.erase(question);
  tunnels_.closed(question);
}

void StepReports::on_message(std::uint64_t question, std::string_view bytes) {
  if (tunnels_.has(question)) return tunnels_.heard(question, bytes);
  // One question of each, and of a tunnel nothing before it is there.
  if (!is_new_.erase(question)) return on_closed(question);
  pb::StepReport report;
  if (!report.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return on_closed(question);
  }
  if (report.has_offer() || report.has_services()) {
    return reply(question, services_.answer(report, asking_.at(question)->credentials()));
  }
  pb::ToKeeper message;
  pb::Report& out = *message.mutable_report();
  out.set_question(question);
  out.set_token(report.token());
  if (report.tunnel()) {
    out.set_asks(true);
    ask_tunnels_.insert(question);
  } else {
    out.set_outcome(report.outcome());
    if (report.has_event()) out.set_event(report.event());
  }
  // Who is cut off tries again; who waited for a keeper that was never asked would wait in vain.
  if (!to_keeper_(message)) on_closed(question);
}

void StepReports::answer(const pb::ReportAnswer& answer) {
  if (ask_tunnels_.erase(answer.question()) != 0) return answer_tunnel(answer.question(), answer);
  pb::StepAnswer out;
  out.set_recorded(answer.error().empty());
  out.set_error(answer.error());
  reply(answer.question(), out);
}

void StepReports::answer_tunnel(std::uint64_t question, const pb::ReportAnswer& answer) {
  if (!answer.error().empty()) return refuse(question, {ErrorCode::kDenied, answer.error()});
  const auto found = asking_.find(question);
  if (const auto good = tunnels_.check(*found->second); !good) {
    return refuse(question, good.error());
  }
  pb::StepAnswer out;
  out.set_recorded(true);
  found->second->send(out);
  tunnels_.open(question, std::move(found->second));
  asking_.erase(found);
}

void StepReports::refuse(std::uint64_t question, const Error& error) {
  pb::StepAnswer out;
  out.set_error(error.message);
  out.set_code(static_cast<std::uint32_t>(error.code));
  reply(question, out);
}

void StepReports::reply(std::uint64_t question, const pb::StepAnswer& answer) {
  const auto found = asking_.find(question);
  if (found == asking_.end()) return;
  found->second->send(answer);
  found->second->close_after_flush();
  asking_.erase(found);
}

void StepReports::drop_all() {
  asking_.clear();
  is_new_.clear();
  ask_tunnels_.clear();
}

}  // namespace jobq::exec
