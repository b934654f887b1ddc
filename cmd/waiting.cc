// SPDX-License-Identifier: Apache-2.0
// The wait request, asked again after a connection broke.
#include "cmd/waiting.h"

#include <unistd.h>

#include <csignal>
#include <set>

#include "controller/translate.h"

namespace jobq::cmd {
namespace {

std::string& farewell() {
  static std::string text;
  return text;
}

void on_interrupt(int) {
  const ssize_t written = ::write(STDERR_FILENO, farewell().data(), farewell().size());
  static_cast<void>(written);  // nobody is left to be told
  ::_exit(130);
}

Result<EndedJob> from_wire(const wire::JobEnded& in) {
  constexpr auto kLastState = static_cast<std::uint32_t>(sched::JobState::kCancelled);
  constexpr auto kLastOutcome = static_cast<std::uint32_t>(sched::Outcome::kCancel);
  if (in.state() > kLastState || in.outcome() > kLastOutcome) return unexpected_answer();
  return EndedJob{controller::ref_from_wire(in), static_cast<sched::JobState>(in.state()),
                  static_cast<sched::Outcome>(in.outcome()), in.reason(), in.exit_code()};
}

wire::Frame request_of(const WaitOptions& options) {
  sched::Selector selector;
  selector.ranges = options.jobs;
  selector.elements = options.elements;
  wire::Frame request;
  controller::to_wire(selector, *request.mutable_wait()->mutable_jobs());
  request.mutable_wait()->set_any(options.any);
  return request;
}

}  // namespace

Result<void> wait_for_jobs(const ControllerOptions& where, const WaitOptions& options,
                           const OnEnded& on_ended) {
  std::set<JobRef> told;
  Result<Client> client = Client::connect(where);
  while (client) {
    Result<void> asked = client->ask(request_of(options), [&](wire::Frame& answer) -> Result<void> {
      if (answer.has_done()) return {};
      if (!answer.has_ended()) return unexpected_answer();
      const Result<EndedJob> job = from_wire(answer.ended());
      if (!job) return tl::unexpected(job.error());
      if (told.insert(job->job).second) on_ended(*job);
      return {};
    });
    if (asked || asked.error().code != ErrorCode::kUnreachable) return asked;
    if (options.any && !told.empty()) return {};
    client = Client::connect_patiently(where, options.patience, true);
  }
  return tl::unexpected(client.error());
}

void OutcomeCode::add(sched::Outcome outcome) {
  if (outcome == sched::Outcome::kFailure) failed_ = true;
  if (outcome == sched::Outcome::kCancel) cancelled_ = true;
}

void leave_on_interrupt(const std::string& message) {
  farewell() = "\n" + message + "\n";
  struct sigaction action {};
  action.sa_handler = on_interrupt;
  ::sigaction(SIGINT, &action, nullptr);
}

}  // namespace jobq::cmd
