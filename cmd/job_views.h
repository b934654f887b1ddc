// SPDX-License-Identifier: Apache-2.0
// Asking for everything about a job, and showing it.
#pragma once

#include <string>

#include "base/result.h"
#include "cmd/client.h"
#include "sched/view.h"

namespace jobq::cmd {

// "round 4 of 11": of the step's own loop, where it has one; empty for a step in no loop.
std::string round_text(const sched::StepView& step);

// The job's directory or a file of it, as its author wrote it.
std::string as_given(const sched::JobDetail& job, const std::string& text);

Result<sched::JobDetail> ask_for_job(Client& client, JobRef job);
void print_job_as_json(const sched::JobDetail& job);
void print_job(const sched::JobDetail& job);

}  // namespace jobq::cmd
