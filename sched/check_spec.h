// SPDX-License-Identifier: Apache-2.0
// The checks of specs and tickets that need no cluster: names, conditions, circles, values.
//
// conf runs them where the file is, to add line and column; the controller runs them again.
#pragma once

#include <string>
#include <vector>

#include "sched/spec.h"

namespace jobq::sched {

// Where in the spec something is wrong, as a path that conf can find in the file: "step[2].after[0]",
// "class.params.day", "needs.cpus"; and what: what was found and what was expected.
struct Fault {
  std::string path;
  std::string text;
  bool operator==(const Fault&) const = default;
};

// All faults of the spec: no steps; bad or repeated step names; conditions on unknown steps or on the step
// itself; circles (named: "a -> b -> a"); unknown ${names}; priority and limits out of range; exit codes
// out of 0 to 255 or listed twice; empty argv; cleanup with conditions; bad %-letters in output.
std::vector<Fault> check_spec(const JobSpec& spec);

// Faults of a ticket's parameters against the class: required ones missing, unknown names.
std::vector<Fault> check_params(const JobSpec& spec, const std::vector<NameValue>& params);

// One line: "step[2].after[0]: no step is named 'cacl'; did you mean 'calc'?", joined by "; ".
std::string to_string(const std::vector<Fault>& faults);

// "calc.event=1" -> Condition; an error says what was expected.
Result<Condition> parse_condition(std::string_view text);

}  // namespace jobq::sched
