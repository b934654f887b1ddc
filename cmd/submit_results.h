// SPDX-License-Identifier: Apache-2.0
// Telling what became of tickets, and keeping what --wait needs.
#pragma once

#include <string>
#include <vector>

#include "cmd/submission.h"
#include "cmd/terminal.h"
#include "sched/event.h"

namespace jobq::cmd {

struct ResultStyle {
  bool json = false;
  bool parsable = false;
  bool quiet = false;
  bool dry_run = false;
  bool many = false;  // from a stream: a refused ticket is one line of many
};

class SubmitResults {
 public:
  explicit SubmitResults(ResultStyle style) : style_(style), terminal_(standard_output()) {}

  // The name of the one job, where there is one; for a person.
  void set_name(std::string name) { name_ = std::move(name); }
  void add(const Submitted& result);
  // The last words about many.
  void finish() const;

  const std::vector<sched::Selector::Range>& jobs() const { return jobs_; }
  // Of the first ticket that was refused; as a whole, where there is only one.
  const std::optional<Error>& refused() const { return refused_; }

 private:
  bool is_for_a_person() const;
  void tell_accepted(const Submitted& result) const;
  void tell_trial(const Submitted& result) const;
  void tell_refused(const Submitted& result) const;
  void remember(JobNumber job);
  void show_progress();

  ResultStyle style_;
  Terminal terminal_;
  std::string name_;
  std::vector<sched::Selector::Range> jobs_;
  std::optional<Error> refused_;
  std::size_t accepted_count_ = 0;
  std::size_t refused_count_ = 0;
  std::int64_t next_progress_ns_ = 0;
};

}  // namespace jobq::cmd
