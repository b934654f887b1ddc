// SPDX-License-Identifier: Apache-2.0
// Reading what the steps of a job wrote, once or as it grows, across restarts of controller and
// node.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>

#include "base/result.h"
#include "cmd/client.h"
#include "cmd/terminal.h"
#include "sched/view.h"

namespace jobq::cmd {

struct OutputOptions {
  JobRef job;
  std::string step;                      // empty: all steps that started
  std::optional<std::uint32_t> attempt;  // none: the newest
  bool follow = false;
  bool only_error = false;  // standard error alone, to standard output
  ControllerOptions where;
};

// Standard output goes to standard output, standard error to standard error. One stream after the
// other; all at once where they are followed, until the job is final.
class OutputReader {
 public:
  explicit OutputReader(OutputOptions options);

  // The exit code: that of the first stream that could not be read, else 0.
  Result<int> run();

 private:
  struct Stream {
    std::uint32_t step = 0;
    std::uint32_t attempt = 0;
    std::string name;
    bool error = false;
    bool done = false;
    std::uint64_t offset = 0;
    std::uint64_t request = 0;       // under way; 0: none
    std::int64_t not_before_ns = 0;  // after a failure that may pass
  };

  Result<void> look_at_job(const sched::JobDetail& job);
  bool is_known(std::uint32_t step, std::uint32_t attempt) const;
  void add_streams(const sched::JobDetail& job, std::uint32_t step, std::uint32_t attempt);
  bool is_finished() const;
  bool is_decided() const;

  Result<void> ask_for_more();
  Result<void> ask_for_stream(Stream& stream);
  Result<void> take_answer();
  Result<void> take_job(const wire::Frame& answer);
  Result<void> take_chunk(Stream& stream, const wire::Frame& answer);
  void take_failure(Stream& stream, Error error);
  Result<void> write(const Stream& stream, std::string_view data);
  Result<void> reconnect(const Error& reason);

  OutputOptions options_;
  Terminal terminal_ = standard_output();
  std::optional<Client> client_;
  sched::JobDetail job_;
  std::deque<Stream> streams_;  // references stay
  const Stream* last_written_ = nullptr;
  std::string last_failure_;  // as it was said
  std::uint64_t look_request_ = 0;
  std::int64_t next_look_ns_ = 0;
  int code_ = 0;
};

}  // namespace jobq::cmd
