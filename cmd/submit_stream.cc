// SPDX-License-Identifier: Apache-2.0
// Reading lines, turning them into tickets, and taking answers in between.
#include "cmd/submit_stream.h"

#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>

#include "cmd/job_build.h"
#include "cmd/messages.h"
#include "cmd/paths.h"
#include "conf/ticket_stream.h"

namespace jobq::cmd {
namespace {

constexpr std::size_t kReadBytes = 1U << 18U;

class Stream {
 public:
  Stream(int descriptor, std::string begin, const JobOptions& options, Submission& submission)
      : descriptor_(descriptor),
        buffer_(std::move(begin)),
        options_(options),
        submission_(submission),
        tickets_(kStreamName, current_directory()) {}

  Result<void> run() {
    for (bool more = true; more;) {
      if (Result<void> taken = take_lines(); !taken) return taken;
      if (Result<void> taken = submission_.take_answers_there(); !taken) return taken;
      if (Result<void> waited = wait_for_input(); !waited) return waited;
      const Result<bool> got = read_some();
      if (!got) return tl::unexpected(got.error());
      more = *got;
    }
    if (buffer_.empty()) return {};
    buffer_ += '\n';  // the last line needs no end
    return take_lines();
  }

 private:
  // Before a wait, what was collected leaves, and its results are told as they come.
  Result<void> wait_for_input() {
    while (true) {
      std::array<pollfd, 2> entries = {pollfd{descriptor_, POLLIN, 0},
                                       pollfd{submission_.descriptor(), POLLIN, 0}};
      const bool idle = !submission_.has_collected();
      const int ready = ::poll(entries.data(), submission_.is_waiting() ? 2 : 1, idle ? -1 : 0);
      if (ready < 0 && errno != EINTR) return {};  // read(2) tells of it
      if (entries[0].revents != 0) return {};
      Result<void> done =
          ready > 0 ? submission_.take_answers_there() : submission_.send_collected();
      if (!done) return done;
      if (Result<void> written = flush_output(); !written) return written;
    }
  }

  Result<bool> read_some() {
    const std::size_t old = buffer_.size();
    buffer_.resize(old + kReadBytes);
    const ssize_t got = ::read(descriptor_, buffer_.data() + old, kReadBytes);
    buffer_.resize(old + static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
    if (got < 0 && errno != EINTR) {
      return fail(ErrorCode::kUsage,
                  fmt::format("cannot read {}: {}", kStreamName, std::strerror(errno)));
    }
    return got != 0;
  }

  Result<void> take_lines() {
    std::size_t begin = 0;
    for (std::size_t end = 0; (end = buffer_.find('\n', begin)) != std::string::npos;
         begin = end + 1) {
      const std::string_view line = std::string_view(buffer_).substr(begin, end - begin);
      if (Result<void> taken = take_line(line); !taken) return taken;
    }
    buffer_.erase(0, begin);
    if (buffer_.size() <= conf::kMaxTextBytes) return {};
    return fail(ErrorCode::kUsage,
                fmt::format("line {} of {} is longer than {} bytes", tickets_.line() + 1,
                            kStreamName, conf::kMaxTextBytes));
  }

  Result<void> take_line(std::string_view line) {
    auto parsed = tickets_.next(line);
    if (!parsed) return {};
    if (!parsed->ok()) return refuse(faults_text(parsed->faults));
    if (const Result<void> applied = apply(options_, parsed->value); !applied) {
      return tl::unexpected(applied.error());
    }
    return submission_.add(std::move(parsed->value), tickets_.line(), line.size());
  }

  static std::string faults_text(const std::vector<conf::Fault>& faults) {
    std::string text;
    for (const conf::Fault& fault : faults) {
      text += (text.empty() ? "" : "\n") + conf::to_string(fault);
    }
    return text;
  }

  Result<void> refuse(std::string text) {
    return submission_.add_refused({ErrorCode::kUsage, std::move(text)}, tickets_.line());
  }

  int descriptor_;
  std::string buffer_;
  const JobOptions& options_;
  Submission& submission_;
  conf::TicketStream tickets_;
};

}  // namespace

Result<void> submit_stream(int descriptor, std::string begin, const JobOptions& options,
                           Submission& submission) {
  const Result<void> streamed = Stream(descriptor, std::move(begin), options, submission).run();
  // What was read is submitted, also where the rest could not be.
  const Result<void> finished = submission.finish();
  return streamed ? finished : streamed;
}

}  // namespace jobq::cmd
