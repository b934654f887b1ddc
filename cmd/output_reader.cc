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
constexpr Millis kLookEvery = seconds(1);
constexpr Millis kLookSoon{100};  // a step that ended is often followed by another one

// A daemon that is restarted is back before anybody need be told.
constexpr Millis kQuietly = seconds(2);
constexpr Millis kFollowPatience = seconds(600);  // with a controller that is away
// A controller that has not answered for so long has lost the connection; the node itself answers a
// question after 15 s.
constexpr Millis kSilence = seconds(30);
constexpr Millis kNodePause{200};

std::int64_t in_ns(Millis length) { return steady_now_ns() + length.count * kNsPerMs; }

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

// Anything of the step, or of the job.
bool has_begun(const sched::JobDetail& job, const std::string& step) {
  return std::any_of(job.steps.begin(), job.steps.end(), [&](const sched::StepView& each) {
    return !each.attempts.empty() && (step.empty() || each.name == step);
  });
}

std::string why_nothing(const sched::JobDetail& job, const std::string& step) {
  const std::string number = to_string(job.summary.ref());
  if (job.array) {
    return fmt::format("job {} is an array: each element has its own output; jq output {}[INDEX]",
                       number, number);
  }
  for (const sched::StepView& each : job.steps) {
    if (each.name != step || !sched::is_final(each.state) || !each.attempts.empty()) continue;
    return fmt::format("step {} of job {} was never started: it is {}", step, number,
                       sched::to_string(each.state));
  }
  const std::string what =
      step.empty() ? fmt::format("job {}", number) : fmt::format("step {} of job {}", step, number);
  if (has_begun(job, step)) {
    return fmt::format("{} has no output: the controller itself carries out what has begun of it",
                       what);
  }
  if (sched::is_final(job.summary.state)) return fmt::format("job {} never started a step", number);
  return fmt::format("nothing of {} has started; `jq why {}` says why", what, number);
}

bool may_pass(const Error& error) {
  return error.code == ErrorCode::kUnavailable || error.code == ErrorCode::kUnreachable;
}

}  // namespace

OutputReader::OutputReader(OutputOptions options)
    : options_(std::move(options)), streams_(options_.what) {}

Result<int> OutputReader::run() {
  Result<Client> client = Client::connect(options_.where);
  if (!client) return tl::unexpected(client.error());
  client_ = std::move(*client);
  Result<sched::JobDetail> job = cmd::ask_for_job(*client_, options_.what.job);
  if (!job) return tl::unexpected(job.error());
  if (Result<void> begun = begin(*job); !begun) return tl::unexpected(begun.error());
  Result<void> done;
  while (done && !is_finished()) {
    done = ask_for_more();
    if (done) done = take_answer();
    if (!done && done.error().code == ErrorCode::kUnreachable && options_.what.follow) {
      done = reconnect();
    }
  }
  if (done && streams_.empty()) done = say_why_nothing();
  if (!done) return tl::unexpected(done.error());
  return code_;
}

Result<void> OutputReader::begin(const sched::JobDetail& job) {
  const OutputWanted& what = options_.what;
  if (!what.step.empty()) {
    if (auto known = check_step(job, what.step); !known) return known;
  }
  look_at_job(job);
  last_word_ns_ = steady_now_ns();
  return {};
}

// Of an attempt that is not there it is an error, of anything else only a note.
Result<void> OutputReader::say_why_nothing() const {
  const OutputWanted& what = options_.what;
  for (const sched::StepView& step : job_.steps) {
    if (!what.attempt || step.attempts.empty() || !has_output(step.attempts.back())) continue;
    if (!what.step.empty() && step.name != what.step) continue;
    return fail(ErrorCode::kNotFound, fmt::format("step {} of job {} has no attempt {}", step.name,
                                                  to_string(what.job), *what.attempt));
  }
  note(why_nothing(job_, what.step));
  return {};
}

void OutputReader::look_at_job(sched::JobDetail job) {
  job_ = std::move(job);
  streams_.look_at(job_);
}

// An array has no output of its own that could be followed.
bool OutputReader::is_finished() const {
  if (!streams_.all_done()) return false;
  return !options_.what.follow || job_.array || (is_decided() && look_request_ == 0);
}

// Nothing more can come: the job is final, or the one step that is wanted.
bool OutputReader::is_decided() const {
  if (sched::is_final(job_.summary.state)) return true;
  for (const sched::StepView& step : job_.steps) {
    if (step.name == options_.what.step) return sched::is_final(step.state);
  }
  return false;
}

Result<void> OutputReader::ask_for_more() {
  const std::int64_t now = steady_now_ns();
  const bool follow = options_.what.follow;
  if (follow && look_request_ == 0 && now >= next_look_ns_ && !is_decided()) {
    if (Result<void> asked = ask_for_job(); !asked) return asked;
  }
  for (OutputStream& stream : streams_) {
    if (stream.done) continue;
    const bool rests = stream.request != 0 || now < stream.not_before_ns;
    if (!rests && OutputStreams::may_go_on(stream)) {
      if (Result<void> asked = ask_for_stream(stream); !asked) return asked;
    }
    if (!follow) return {};  // one after the other
  }
  return {};
}

Result<void> OutputReader::ask_for_job() {
  wire::Frame request;
  controller::ref_to_wire(options_.what.job, *request.mutable_show());
  const Result<std::uint64_t> id = client_->send(request);
  if (!id) return tl::unexpected(id.error());
  look_request_ = *id;
  next_look_ns_ = in_ns(kLookEvery);
  last_word_ns_ = steady_now_ns();
  return {};
}

Result<void> OutputReader::ask_for_stream(OutputStream& stream) {
  wire::Frame request;
  wire::OutputRequest& output = *request.mutable_output();
  controller::ref_to_wire(options_.what.job, output);
  output.set_step(stream.step);
  output.set_attempt(stream.attempt);
  output.set_error_stream(stream.error);
  output.set_offset(stream.offset);
  output.set_max_bytes(kChunkBytes);
  output.set_follow(options_.what.follow);
  const Result<std::uint64_t> id = client_->send(request);
  if (!id) return tl::unexpected(id.error());
  stream.request = *id;
  last_word_ns_ = steady_now_ns();
  return {};
}

Result<void> OutputReader::take_answer() {
  const Result<wire::Frame> answer = client_->receive(time_to_next_question());
  if (!answer && answer.error().code == ErrorCode::kUnavailable) return take_nothing();
  if (!answer) return tl::unexpected(answer.error());
  last_word_ns_ = steady_now_ns();
  if (answer->id() == look_request_) return take_job(*answer);
  for (OutputStream& stream : streams_) {
    if (stream.request != answer->id()) continue;
    stream.request = 0;
    return take_chunk(stream, *answer);
  }
  return {};
}

// None: there is nothing to be asked before the answer.
std::optional<Millis> OutputReader::time_to_next_question() {
  if (!options_.what.follow) return std::nullopt;
  const std::int64_t now = steady_now_ns();
  std::int64_t until = now + kLookEvery.count * kNsPerMs;
  if (look_request_ == 0 && !is_decided()) until = std::min(until, next_look_ns_);
  for (const OutputStream& stream : streams_) {
    if (!stream.done && stream.request == 0 && stream.not_before_ns > now) {
      until = std::min(until, stream.not_before_ns);
    }
  }
  constexpr std::int64_t kLeastMs = 5;
  return Millis{std::max((until - now) / kNsPerMs, kLeastMs)};
}

// The time passed. A connection that the network forgot says nothing for ever.
Result<void> OutputReader::take_nothing() const {
  if (steady_now_ns() < last_word_ns_ + kSilence.count * kNsPerMs) return {};
  return fail(ErrorCode::kUnreachable, "the controller does not answer any more");
}

Result<void> OutputReader::take_job(const wire::Frame& answer) {
  look_request_ = 0;
  if (answer.has_error()) {
    const Error error = controller::from_wire(answer.error());
    if (may_pass(error)) return {};
    return tl::unexpected(error);
  }
  if (!answer.has_job()) return unexpected_answer();
  Result<sched::JobDetail> job = controller::from_wire(answer.job());
  if (!job) return tl::unexpected(job.error());
  look_at_job(std::move(*job));
  return {};
}

Result<void> OutputReader::take_chunk(OutputStream& stream, const wire::Frame& answer) {
  if (answer.has_error()) {
    take_failure(stream, controller::from_wire(answer.error()));
    return {};
  }
  if (!answer.has_output_chunk()) return unexpected_answer();
  if (std::exchange(stream.was_told, false)) {
    note(fmt::format("node {} is back; going on", stream.node));
  }
  stream.failing_since_ns = stream.not_before_ns = 0;
  const wire::OutputChunk& chunk = answer.output_chunk();
  stream.offset += chunk.data().size();
  stream.done = chunk.ended() || (chunk.data().empty() && !options_.what.follow);
  if (stream.done) next_look_ns_ = std::min(next_look_ns_, in_ns(kLookSoon));
  return write(stream, chunk.data());
}

void OutputReader::take_failure(OutputStream& stream, Error error) {
  if (options_.what.follow && may_pass(error) && waits_for_node(stream, error)) return;
  stream.done = true;
  if (!stream.file.empty()) {
    error.message += fmt::format(" (it is in {} on node {})", stream.file, stream.node);
  }
  error.message = fmt::format("step {}: {}", stream.name, error.message);
  // Both streams of a step fail for the same reason: it is said once.
  if (std::exchange(last_failure_, error.message) != error.message) complain(error);
  if (code_ == 0) code_ = exit_code(error.code);
}

// For as long as the attempt runs; then for a minute: the node may be gone for good.
bool OutputReader::waits_for_node(OutputStream& stream, const Error& error) {
  const std::int64_t now = steady_now_ns();
  if (stream.failing_since_ns == 0) stream.failing_since_ns = now;
  const Millis away{(now - stream.failing_since_ns) / kNsPerMs};
  if (is_over(stream) && away > kPatience) return false;
  stream.not_before_ns = in_ns(away > kQuietly ? seconds(1) : kNodePause);
  if (away > kQuietly && !stream.was_told && !is_waiting_known(stream)) {
    note(fmt::format("step {}: {}; waiting for it", stream.name, error.message));
    stream.was_told = true;
  }
  return true;
}

bool OutputReader::is_over(const OutputStream& stream) const {
  const auto& attempts = job_.steps[stream.step].attempts;
  return is_decided() || std::any_of(attempts.begin(), attempts.end(), [&](const auto& attempt) {
           return attempt.attempt.value == stream.attempt && attempt.ended;
         });
}

// Both streams of a step wait for the same node.
bool OutputReader::is_waiting_known(const OutputStream& stream) {
  return std::any_of(streams_.begin(), streams_.end(), [&](const OutputStream& other) {
    return other.was_told && other.node == stream.node;
  });
}

Result<void> OutputReader::write(const OutputStream& stream, std::string_view data) {
  if (data.empty()) return {};
  std::string title = stream.name;
  if (stream.attempt > 1) title += fmt::format(", attempt {}", stream.attempt);
  const bool has_titles = terminal_.is_terminal && job_.steps.size() > 1;
  if (has_titles && options_.what.step.empty() && title != last_title_) {
    print(coloured(fmt::format("==> {} <==\n", title), Colour::kBold, terminal_));
  }
  last_title_ = std::move(title);
  if (!stream.error || options_.what.only_error) {
    print(data);
  } else {
    if (Result<void> written = flush_output(); !written) return written;
    std::fwrite(data.data(), 1, data.size(), stderr);
  }
  return options_.what.follow ? flush_output() : Result<void>{};
}

Result<void> OutputReader::reconnect() {
  Result<Client> client = Client::connect_patiently(options_.where, kQuietly, true);
  if (!client && client.error().code == ErrorCode::kUnreachable) {
    client = Client::connect_patiently(options_.where, kFollowPatience);
    if (client) note("the controller is back; going on");
  }
  if (!client) return tl::unexpected(client.error());
  client_ = std::move(*client);
  last_word_ns_ = steady_now_ns();
  look_request_ = 0;
  for (OutputStream& stream : streams_) stream.request = 0;
  return {};
}

}  // namespace jobq::cmd
