// SPDX-License-Identifier: Apache-2.0
// The pipeline of submit requests.
#include "cmd/submission.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/random.h>

#include <array>
#include <cstdlib>

#include "base/check.h"
#include "cmd/messages.h"
#include "controller/translate.h"

namespace jobq::cmd {
namespace {

constexpr std::size_t kMostTickets = 1000;  // in one request
constexpr std::size_t kMostBytes = 4U
                                   << 20U;  // likewise, about; a message may have four times that
constexpr std::size_t kMostUnderWay = 8;

void add_expected(const wire::SubmitReply::Expected& expected, Submitted& result) {
  if (expected.start() != 0) result.expected_start = Time{expected.start()};
  result.is_estimate = expected.is_estimate();
  result.starts_now = expected.now();
}

// The step that this command runs in, where it asks the controller of that step.
std::optional<sched::Caller> calling_step(const ControllerOptions& where) {
  const char* job = std::getenv("JOBQ_JOB");
  const char* step = std::getenv("JOBQ_STEP");
  if (job == nullptr || step == nullptr || where.socket || where.controller) return std::nullopt;
  sched::Caller caller{{sched::number_in(job)}, step};
  if (const char* index = std::getenv("JOBQ_ARRAY_INDEX")) {
    caller.job.index = static_cast<sched::Index>(sched::number_in(index).value);
  }
  return caller;
}

bool is_readable(int descriptor) {
  pollfd entry{descriptor, POLLIN, 0};
  return ::poll(&entry, 1, 0) > 0;
}

}  // namespace

std::string random_key() {
  std::array<unsigned char, 16> bytes{};
  const ssize_t got = ::getrandom(bytes.data(), bytes.size(), 0);
  check(got == static_cast<ssize_t>(bytes.size()), "the kernel gives random bytes");
  return fmt::format("{:02x}", fmt::join(bytes, ""));
}

Submission::Submission(Settings settings, OnResult on_result)
    : settings_(std::move(settings)),
      client_places_({settings_.where, settings_.stage, settings_.dry_run, settings_.patience}),
      on_result_(std::move(on_result)) {}

Result<void> Submission::connect() {
  Result<Client> client = Client::connect(settings_.where);
  if (!client) return tl::unexpected(client.error());
  client_ = std::move(*client);
  return {};
}

Result<void> Submission::add(sched::Ticket ticket, std::uint32_t line, std::size_t size) {
  if (bytes_ + size > kMostBytes && !tickets_.empty()) {
    if (Result<void> sent = send_collected(); !sent) return sent;
  }
  auto staged = client_places_.resolve(ticket);
  if (!staged) return add_refused(std::move(staged.error()), line);
  tickets_.push_back(std::move(ticket));
  entries_.push_back({line, std::nullopt, std::move(*staged)});
  bytes_ += size;
  return entries_.size() < kMostTickets ? Result<void>{} : send_collected();
}

Result<void> Submission::add_refused(Error error, std::uint32_t line) {
  entries_.push_back({line, std::move(error)});
  return entries_.size() < kMostTickets ? Result<void>{} : send_collected();
}

Result<void> Submission::send_collected() {
  if (entries_.empty()) return {};
  while (under_way_.size() >= kMostUnderWay) {
    if (Result<void> taken = take_answer(); !taken) return taken;
  }
  Request& request = under_way_.emplace_back();
  wire::SubmitRequest& submit = *request.frame.mutable_submit();
  controller::to_wire(tickets_, submit);
  submit.set_key(random_key());
  submit.set_dry_run(settings_.dry_run);
  if (const auto caller = calling_step(settings_.where)) controller::to_wire(*caller, submit);
  request.entries = std::move(entries_);
  const bool nothing_to_send = tickets_.empty();
  tickets_.clear();
  entries_.clear();
  bytes_ = 0;
  if (nothing_to_send) {
    request.answer = wire::Frame();
    tell_finished();
    return {};
  }
  return send(request);
}

Result<void> Submission::send(Request& request) {
  const Result<std::uint64_t> sent = client_->send(request.frame);
  if (sent) return {};
  if (sent.error().code != ErrorCode::kUnreachable) return tl::unexpected(sent.error());
  return reconnect(sent.error());
}

// All that was not answered is sent again, in its order and with its keys.
Result<void> Submission::reconnect(const Error& reason) {
  note(fmt::format("{}; trying again for {}", reason.message, format_duration(settings_.patience)));
  while (true) {
    Result<Client> client = Client::connect_patiently(settings_.where, settings_.patience, true);
    if (!client) return tl::unexpected(client.error());
    client_ = std::move(*client);
    bool sent_all = true;
    for (Request& request : under_way_) {
      if (request.answer) continue;
      const Result<std::uint64_t> sent = client_->send(request.frame);
      sent_all = sent_all && sent;
      if (!sent && sent.error().code != ErrorCode::kUnreachable)
        return tl::unexpected(sent.error());
    }
    if (sent_all) return {};
  }
}

Result<void> Submission::take_answer() {
  Result<wire::Frame> answer = client_->receive();
  if (!answer) {
    if (answer.error().code != ErrorCode::kUnreachable) return tl::unexpected(answer.error());
    return reconnect(answer.error());
  }
  for (Request& request : under_way_) {
    if (request.answer || request.frame.id() != answer->id()) continue;
    request.answer = std::move(*answer);
    break;
  }
  tell_finished();
  return {};
}

Result<void> Submission::take_answers_there() {
  while (is_waiting() && (client_->has_buffered() || is_readable(client_->descriptor()))) {
    if (Result<void> taken = take_answer(); !taken) return taken;
  }
  return {};
}

Result<void> Submission::finish() {
  if (Result<void> sent = send_collected(); !sent) return sent;
  while (is_waiting()) {
    if (Result<void> taken = take_answer(); !taken) return taken;
  }
  return {};
}

void Submission::tell_finished() {
  while (is_waiting() && under_way_.front().answer) {
    tell(under_way_.front());
    under_way_.pop_front();
  }
}

void Submission::tell(const Request& request) {
  const wire::SubmitReply& reply = request.answer->submitted();
  int next = 0;
  for (const Entry& entry : request.entries) {
    Submitted result{entry.line, JobNumber(), entry.refused};
    if (entry.refused) {
      on_result_(result);
      continue;
    }
    if (request.answer->has_error()) {
      result.refused = controller::from_wire(request.answer->error());
    } else if (reply.count() > 0) {
      result.job = JobNumber(reply.first() + static_cast<std::uint64_t>(next));
    } else if (next >= reply.tickets_size()) {
      result.refused = unexpected_answer().value();
    } else if (reply.tickets(next).has_error()) {
      result.refused = controller::from_wire(reply.tickets(next).error());
    } else {
      result.job = JobNumber(reply.tickets(next).job());
    }
    if (next < reply.expected_size()) add_expected(reply.expected(next), result);
    ++next;
    tell(result, entry.staged);
  }
}

// Of some errors it is not sure that the ticket was not taken: its files stay.
void Submission::tell(const Submitted& result, const ClientPlaces::Staged& staged) {
  const auto is = [&](ErrorCode code) { return result.refused && result.refused->code == code; };
  const bool is_sure = is(ErrorCode::kRefused) || is(ErrorCode::kUsage) || is(ErrorCode::kDenied) ||
                       is(ErrorCode::kNotFound);
  if (is_sure) client_places_.refused(staged);
  on_result_(result);
}

}  // namespace jobq::cmd
