// SPDX-License-Identifier: Apache-2.0
// The checks of specs and tickets that need no cluster: names, conditions, circles, values.
//
// conf runs them where the file is, to add line and column; the controller runs them again, on what
// came over the wire. Time and memory grow with the size of the spec, whatever is in it.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "sched/spec.h"

namespace jobq::sched {

// Where in the spec something is wrong, as a path that conf can find in the file:
// "step[2].after[0]", "class.params.day", "needs.cpus"; and what: what was found and what was
// expected.
struct Fault {
  std::string path;
  std::string text;
  bool operator==(const Fault&) const = default;
};

// No more faults than this are listed; the last one says so where there are more.
inline constexpr std::size_t kMaxFaults = 100;

// The first word of the paths of what stands in [class] or [ticket]: "class" for a spec with a
// class name.
std::string_view section_of(const JobSpec& spec);

// All faults of the spec: no steps, or too many; bad or repeated step names; conditions on unknown
// steps or on the step itself; circles (named: "a -> b -> a"); unknown ${names}, and values of
// steps that need not have ended; loops back to where they cannot go, too many or too long ones,
// and ones that overlap; priority and limits out of range; exit codes out of 0 to 255 or listed
// twice; empty argv; cleanup with conditions; bad %-letters in output; needs with bad or repeated
// names, or asking for an exclusive resource that the job holds already; bad parameters and
// environment names; NUL bytes.
std::vector<Fault> check_spec(const JobSpec& spec);

// Faults of a ticket's parameters against the class: required ones missing, unknown or repeated
// names.
std::vector<Fault> check_params(const JobSpec& spec, const std::vector<NameValue>& params);

// Faults of what a ticket says by itself: it has one of spec and class; name, key, priority, time
// limit, environment, patterns. With the spec of its job (its own, or the class's), also
// check_params() and the
// ${values} of its texts; without one (the class is not known here) these are left to the
// controller. The spec itself is not checked: see check_spec().
std::vector<Fault> check_ticket(const Ticket& ticket, const JobSpec* job);

// A text from outside, fit for a message: control characters shown as '?', cut off where it is very
// long.
std::string printable(std::string text);

// One line: "step[2].after[0]: no step is named 'cacl'; did you mean 'calc'?", joined by "; ".
std::string to_string(const std::vector<Fault>& faults);

}  // namespace jobq::sched
