// SPDX-License-Identifier: Apache-2.0
// Which streams a job's output is made of, and in which order they are read: the newest attempt of
// each step, and, where they are followed, every attempt after it.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>

#include "sched/view.h"

namespace jobq::cmd {

struct OutputStream {
  std::uint32_t step = 0;
  std::uint32_t attempt = 0;
  std::string name;  // of the step
  bool error = false;
  std::string node;
  std::string file;  // that the user named; empty: the node's store
  bool done = false;
  std::uint64_t offset = 0;
  std::uint64_t request = 0;       // under way; 0: none
  std::int64_t not_before_ns = 0;  // after a failure that may pass
  std::int64_t failing_since_ns = 0;
  bool was_told = false;  // the user knows that it is waited for

  // Of the attempt before, or what writes to the same file: its bytes come first.
  const OutputStream* before = nullptr;
  bool is_same_file = false;
};

struct OutputWanted {
  JobRef job;
  std::string step;                      // empty: all steps that started
  std::optional<std::uint32_t> attempt;  // none: the newest
  bool only_error = false;               // standard error alone
  bool follow = false;                   // attempts that come later, too
};

// Steps that the controller itself carries out run on no node, and write nothing.
bool has_output(const sched::AttemptView& attempt);

class OutputStreams {
 public:
  explicit OutputStreams(OutputWanted wanted) : wanted_(std::move(wanted)) {}

  // What has started since the last look becomes streams. Two streams of one file are one, or one
  // goes on where the other ended.
  void look_at(const sched::JobDetail& job);

  // May it be read on now? One that waits for another begins where that one ended. What came before
  // is not waited for while its node is away: it comes later then.
  static bool may_go_on(OutputStream& stream);

  bool all_done() const;
  bool empty() const { return streams_.empty(); }
  auto begin() { return streams_.begin(); }
  auto end() { return streams_.end(); }

 private:
  bool is_wanted(std::uint32_t step, std::uint32_t attempt, std::uint32_t newest);
  void add(const sched::JobDetail& job, std::uint32_t step, const sched::AttemptView& attempt,
           bool error);
  const OutputStream* last_of(const OutputStream& stream) const;

  OutputWanted wanted_;
  std::map<std::uint32_t, std::uint32_t> next_;  // by step: the first attempt that is not a stream
  bool has_looked_ = false;
  std::deque<OutputStream> streams_;  // references stay
};

}  // namespace jobq::cmd
