// SPDX-License-Identifier: Apache-2.0
// Streams, their requests, and what comes back.
#include "cmd/output_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <utility>

#include "base/nearest.h"
#include "cmd/job_views.h"
#include "cmd/messages.h"
#include "controller/translate.h"

namespace jobq::cmd {
namespace {

constexpr std::uint32_t kChunkBytes = 1U << 20U;
constexpr std::int64_t kSecondNs = 1'000'000'000;
constexpr Millis kLookEvery = seconds(1);
constexpr Millis kLookSoon{100};  // a step that ended is often followed by another one

std::int64_t in_ns(Millis length) { return steady_now_ns() + length.count * 1'000'000; }

// Standard error without a place of its own is in the file of standard output.
bool is_one_file(const sched::JobDetail& job) {
  return !job.output.empty() && (job.error.empty() || job.error == job.output);
}

Result<void> check_step(const sched::JobDetail& job, const std::string& step) {
  std::vector<std::string_view> names;
  for (const sched::StepView& each : job.steps) {
    if (each.name == step) return {};
    names.push_back(each.name);
  }
  return fail(ErrorCode::kNotFound,
              fmt::format("job {} has no step '{}'{}", to_string(job.summary.ref()), step,
                          did_you_mean(step, names)));
}

std::string why_nothing(const sched::JobDetail& job, const std::string& step) {
  const std::string number = to_string(job.summary.ref());
  if (job.array) {
    return fmt::format("job {} is an array: each element has its own output; jq output {}[INDEX]",
                       number, number);
  }
  for (const sched::StepView& each : job.steps) {
    if (each.name != step || !sched::is_final(each.state)) continue;
    return fmt::format("step {} of job {} was never started: it is {}", step, number,
                       sched::to_string(each.state));
  }
  if (sched::is_final(job.summary.state)) return fmt::format("job {} never started a step", number);
  return fmt::format(
      "nothing of {} has started; `jq why {}` says why",
      step.empty() ? fmt::format("job {}", number) : fmt::format("step {} of job {}", step, number),
      number);
}

}  // namespace

OutputReader::OutputReader(OutputOptions options) : options_(std::move(options)) {}

Result<int> OutputReader::run() {
  Result<Client> client = Client::connect(options_.where);
  if (!client) return tl::unexpected(client.error());
  client_ = std::move(*client);
  Result<sched::JobDetail> job = ask_for_job(*client_, options_.job);
  if (!job) return tl::unexpected(job.error());
  if (!options_.step.empty()) {
    if (const auto known = check_step(*job, options_.step); !known)
      return tl::unexpected(known.error());
  }
  Result<void> done = look_at_job(*job);
  if (done && streams_.empty() && !options_.follow) note(why_nothing(*job, options_.step));
  while (done && !is_finished()) {
    done = ask_for_more();
    if (done) done = take_answer();
    if (!done && done.error().code == ErrorCode::kUnreachable && options_.follow) {
      done = reconnect(done.error());
    }
  }
  if (!done) return tl::unexpected(done.error());
  return code_;
}

bool OutputReader::is_known(std::uint32_t step, std::uint32_t attempt) const {
  for (const Stream& stream : streams_) {
    if (stream.step == step && stream.attempt == attempt) return true;
  }
  return false;
}

void OutputReader::add_streams(const sched::JobDetail& job, std::uint32_t step,
                               std::uint32_t attempt) {
  const std::string& name = job.steps[step].name;
  if (!options_.only_error) streams_.push_back({step, attempt, name});
  if (options_.only_error || !is_one_file(job)) streams_.push_back({step, attempt, name, true});
}

// New attempts of the steps that are wanted become streams.
Result<void> OutputReader::look_at_job(const sched::JobDetail& job) {
  job_ = job;
  for (std::uint32_t step = 0; step < job.steps.size(); ++step) {
    const sched::StepView& view = job.steps[step];
    if (view.attempts.empty() || (!options_.step.empty() && view.name != options_.step)) continue;
    const std::uint32_t attempt = options_.attempt.value_or(view.attempts.back().attempt.value);
    if (attempt == 0 || attempt > view.attempts.back().attempt.value) {
      if (options_.follow) continue;
      return fail(ErrorCode::kNotFound, fmt::format("step {} of job {} has no attempt {}",
                                                    view.name, to_string(options_.job), attempt));
    }
    if (!is_known(step, attempt)) add_streams(job, step, attempt);
  }
  return {};
}

bool OutputReader::is_finished() const {
  for (const Stream& stream : streams_) {
    if (!stream.done) return false;
  }
  return !options_.follow || (is_decided() && look_request_ == 0);
}

// Nothing more can come: the job is final, or the one step that is wanted.
bool OutputReader::is_decided() const {
  if (sched::is_final(job_.summary.state)) return true;
  for (const sched::StepView& step : job_.steps) {
    if (step.name == options_.step) return sched::is_final(step.state);
  }
  return false;
}

Result<void> OutputReader::ask_for_more() {
  const std::int64_t now = steady_now_ns();
  const bool look = options_.follow && look_request_ == 0 && now >= next_look_ns_;
  if (look && !is_decided()) {
    wire::Frame request;
    controller::ref_to_wire(options_.job, *request.mutable_show());
    const Result<std::uint64_t> id = client_->send(request);
    if (!id) return tl::unexpected(id.error());
    look_request_ = *id;
    next_look_ns_ = in_ns(kLookEvery);
  }
  for (Stream& stream : streams_) {
    if (stream.done) continue;
    if (stream.request == 0 && now >= stream.not_before_ns) {
      if (Result<void> asked = ask_for_stream(stream); !asked) return asked;
    }
    if (!options_.follow) return {};  // one after the other
  }
  return {};
}

Result<void> OutputReader::ask_for_stream(Stream& stream) {
  wire::Frame request;
  wire::OutputRequest& output = *request.mutable_output();
  controller::ref_to_wire(options_.job, output);
  output.set_step(stream.step);
  output.set_attempt(stream.attempt);
  output.set_error_stream(stream.error);
  output.set_offset(stream.offset);
  output.set_max_bytes(kChunkBytes);
  output.set_follow(options_.follow);
  const Result<std::uint64_t> id = client_->send(request);
  if (!id) return tl::unexpected(id.error());
  stream.request = *id;
  return {};
}

Result<void> OutputReader::take_answer() {
  std::optional<Millis> limit;
  if (options_.follow) {
    const std::int64_t until_look = (next_look_ns_ - steady_now_ns()) / 1'000'000;
    limit = Millis{std::max<std::int64_t>(until_look, 20)};
  }
  const Result<wire::Frame> answer = client_->receive(limit);
  if (!answer && answer.error().code == ErrorCode::kUnavailable) return {};  // the time passed
  if (!answer) return tl::unexpected(answer.error());
  if (answer->id() == look_request_) return take_job(*answer);
  for (Stream& stream : streams_) {
    if (stream.request != answer->id()) continue;
    stream.request = 0;
    return take_chunk(stream, *answer);
  }
  return {};
}

Result<void> OutputReader::take_job(const wire::Frame& answer) {
  look_request_ = 0;
  if (answer.has_error()) return tl::unexpected(controller::from_wire(answer.error()));
  if (!answer.has_job()) return unexpected_answer();
  const Result<sched::JobDetail> job = controller::from_wire(answer.job());
  return job ? look_at_job(*job) : tl::unexpected(job.error());
}

Result<void> OutputReader::take_chunk(Stream& stream, const wire::Frame& answer) {
  if (answer.has_error()) {
    take_failure(stream, controller::from_wire(answer.error()));
    return {};
  }
  if (!answer.has_output_chunk()) return unexpected_answer();
  const wire::OutputChunk& chunk = answer.output_chunk();
  stream.offset += chunk.data().size();
  stream.done = chunk.ended() || (chunk.data().empty() && !options_.follow);
  if (stream.done) next_look_ns_ = std::min(next_look_ns_, in_ns(kLookSoon));
  return write(stream, chunk.data());
}

void OutputReader::take_failure(Stream& stream, Error error) {
  const bool may_pass =
      error.code == ErrorCode::kUnavailable || error.code == ErrorCode::kUnreachable;
  if (options_.follow && may_pass) {
    stream.not_before_ns = steady_now_ns() + kSecondNs;
    return;
  }
  stream.done = true;
  const std::string& file = stream.error && !job_.error.empty() ? job_.error : job_.output;
  const auto& attempts = job_.steps[stream.step].attempts;
  if (!file.empty() && !attempts.empty()) {
    error.message += fmt::format(" (it is in {} on node {})", file, attempts.back().node);
  }
  error.message = fmt::format("step {}: {}", stream.name, error.message);
  // Both streams of a step fail for the same reason: it is said once.
  if (std::exchange(last_failure_, error.message) != error.message) complain(error);
  if (code_ == 0) code_ = exit_code(error.code);
}

Result<void> OutputReader::write(const Stream& stream, std::string_view data) {
  if (data.empty()) return {};
  const bool header = terminal_.is_terminal && job_.steps.size() > 1 && options_.step.empty() &&
                      (last_written_ == nullptr || last_written_->name != stream.name);
  if (header) print(coloured(fmt::format("==> {} <==\n", stream.name), Colour::kBold, terminal_));
  last_written_ = &stream;
  if (!stream.error || options_.only_error) {
    print(data);
  } else {
    if (Result<void> written = flush_output(); !written) return written;
    std::fwrite(data.data(), 1, data.size(), stderr);
  }
  return options_.follow ? flush_output() : Result<void>{};
}

Result<void> OutputReader::reconnect(const Error& reason) {
  Result<Client> client = Client::connect_patiently(options_.where, kPatience, true);
  if (!client) return tl::unexpected(reason);
  client_ = std::move(*client);
  look_request_ = 0;
  for (Stream& stream : streams_) stream.request = 0;
  return {};
}

}  // namespace jobq::cmd
