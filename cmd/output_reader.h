// SPDX-License-Identifier: Apache-2.0
// Reading what the steps of a job wrote, once or as it grows.
//
// Every question says from which byte on, so that one that was not answered is asked again: of a
// follower, restarts of controller and node cost no byte and repeat none.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/result.h"
#include "cmd/client.h"
#include "cmd/output_streams.h"
#include "cmd/terminal.h"
#include "sched/view.h"

namespace jobq::cmd {

struct OutputOptions {
  OutputWanted what;
  ControllerOptions where;
};

// Standard output goes to standard output, standard error (or that alone, where it is wanted) to
// standard error. One stream after the other; side by side where they are followed, until the job
// is final.
class OutputReader {
 public:
  explicit OutputReader(OutputOptions options);

  // The exit code: that of the first stream that could not be read, else 0.
  Result<int> run();

 private:
  Result<void> begin(const sched::JobDetail& job);
  Result<void> say_why_nothing() const;
  void look_at_job(sched::JobDetail job);
  bool is_finished() const;
  bool is_decided() const;

  Result<void> ask_for_more();
  Result<void> ask_for_job();
  Result<void> ask_for_stream(OutputStream& stream);
  Result<void> take_answer();
  std::optional<Millis> time_to_next_question();
  Result<void> take_nothing() const;
  Result<void> take_job(const wire::Frame& answer);
  Result<void> take_chunk(OutputStream& stream, const wire::Frame& answer);
  void take_failure(OutputStream& stream, Error error);
  bool waits_for_node(OutputStream& stream, const Error& error);
  bool is_waiting_known(const OutputStream& stream);
  bool is_over(const OutputStream& stream) const;
  Result<void> write(const OutputStream& stream, std::string_view data);
  Result<void> reconnect();

  OutputOptions options_;
  Terminal terminal_ = standard_output();
  std::optional<Client> client_;
  sched::JobDetail job_;
  OutputStreams streams_;
  std::string last_title_;
  std::string last_failure_;  // as it was said
  std::uint64_t look_request_ = 0;
  std::int64_t next_look_ns_ = 0;
  std::int64_t last_word_ns_ = 0;  // said or heard
  int code_ = 0;
};

}  // namespace jobq::cmd
