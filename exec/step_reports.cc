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

StepReports::StepReports(uv_loop_s* loop, ServiceDesk& services, FileDesk& files,
                         ToKeeper to_keeper)
    : services_(services),
      files_(files),
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
  started.start({[this, question](std::string_view bytes) { on_message(question, bytes); },
                 [this, question](const std::string&) { asking_.erase(question); }});
}

void StepReports::on_message(std::uint64_t question, std::string_view bytes) {
  pb::StepReport report;
  if (!report.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    asking_.erase(question);
    return;
  }
  if (report.has_offer() || report.has_services()) {
    return reply(question, services_.answer(report, asking_.at(question)->credentials()));
  }
  if (report.has_file()) {
    return files_.pass_on(question, report.file(), asking_.at(question)->credentials(),
                          [this](std::uint64_t asked, const Result<wire::FileReply>& reply) {
                            answer_file(asked, reply);
                          });
  }
  pb::ToKeeper message;
  pb::Report& out = *message.mutable_report();
  out.set_question(question);
  out.set_token(report.token());
  out.set_outcome(report.outcome());
  if (report.has_event()) out.set_event(report.event());
  // Who is cut off tries again; who waited for a keeper that was never asked would wait in vain.
  if (!to_keeper_(message)) asking_.erase(question);
}

void StepReports::answer(const pb::ReportAnswer& answer) {
  pb::StepAnswer out;
  out.set_recorded(answer.error().empty());
  out.set_error(answer.error());
  reply(answer.question(), out);
}

void StepReports::answer_file(std::uint64_t question, const Result<wire::FileReply>& reply) {
  const auto found = asking_.find(question);
  if (found == asking_.end()) return;
  pb::StepAnswer out;
  out.set_recorded(reply.has_value());
  if (reply) {
    *out.mutable_file() = *reply;
  } else {
    out.set_error(reply.error().message);
    out.set_code(static_cast<std::uint32_t>(reply.error().code));
  }
  found->second->send(out);
}

void StepReports::reply(std::uint64_t question, const pb::StepAnswer& answer) {
  const auto found = asking_.find(question);
  if (found == asking_.end()) return;
  found->second->send(answer);
  found->second->close_after_flush();
  asking_.erase(found);
}

void StepReports::drop_all() { asking_.clear(); }

}  // namespace jobq::exec
