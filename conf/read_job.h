// SPDX-License-Identifier: Apache-2.0
// From the tree of a class or ticket file to the plain data of sched.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "conf/draft.h"
#include "conf/node.h"
#include "sched/spec.h"

namespace jobq::conf {

// Specs that were read and checked lately, so that equal ones are shared and not checked again.
class SpecCache {
 public:
  // The cached spec that equals the given one; null where there is none.
  std::shared_ptr<const sched::JobSpec> find(const sched::JobSpec& spec) const;
  void add(std::shared_ptr<const sched::JobSpec> spec);

 private:
  static constexpr std::size_t kKept = 8;
  std::vector<std::shared_ptr<const sched::JobSpec>> specs_;  // the last kept ones
  std::size_t next_ = 0;                                      // the one to replace
};

bool is_class_file(const Node& root);

// What a job does may also stand in a section of a file, by the same keys as at its top: one of
// needs, step, cleanup, export and the keys of a single step; the last of these makes steps of all.
void read_job_key(const Node& node, Draft& out, FaultSink& faults);
bool has_steps(const Node& section);
void finish_steps(const Node& section, Draft& out, FaultSink& faults);
// Adds "'run' cannot stand in a ticket that names a class" for each of them; `label` is "a ticket".
void refuse_own_job(const Node& section, std::string_view label, FaultSink& faults);

// The value is usable when no faults were added. `here` and `now` as for parse_file(); `cache` may
// be null.
sched::Ticket read_ticket(const Node& root, std::string_view here, Time now, SpecCache* cache,
                          FaultSink& faults);
std::shared_ptr<const sched::JobSpec> read_class(const Node& root, FaultSink& faults);

}  // namespace jobq::conf
