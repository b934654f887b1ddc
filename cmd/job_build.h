// SPDX-License-Identifier: Apache-2.0
// From a job's options to a ticket: a command, a script, a class with parameters, or a ticket from
// a file that the options change.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "cmd/job_options.h"
#include "sched/spec.h"

namespace jobq::cmd {

// A plain command or script: nothing in it is replaced.
sched::StepSpec command_step(std::vector<std::string> argv);
sched::StepSpec script_step(std::string text, std::vector<std::string> arguments);

// Who submits, as far as a job takes something from that.
struct Surroundings {
  std::string directory;
  std::map<std::string, std::string> environment;
  std::uint32_t umask = 022;
};
Surroundings own_surroundings();  // of this process

// A job of this one step. PATH, LANG and LC_* of the submitter travel with it.
Result<sched::Ticket> inline_ticket(const JobOptions& options, sched::StepSpec step,
                                    const Surroundings& from = own_surroundings());

// A job of a registered class: "daily-plan", "daily-plan@3".
Result<sched::Ticket> class_ticket(const JobOptions& options, const std::string& class_name);

// The --workdir, --output or --error of such a job, as it was given.
std::string as_given(std::string_view text);

// What the options say of the ticket as a whole wins; kUsage for options that belong to its steps.
Result<void> apply(const JobOptions& options, sched::Ticket& ticket);

}  // namespace jobq::cmd
