// SPDX-License-Identifier: Apache-2.0
// The sections [class] and [ticket], read into a draft of a job.
#pragma once

#include "base/time.h"
#include "conf/section.h"
#include "sched/spec.h"

namespace jobq::conf {

// What the sections of one file are read into; read_job.cc makes a class or a ticket of it.
struct Draft {
  Time now;  // when it is read
  sched::Ticket ticket;
  sched::JobSpec spec;
  sched::StepSpec top;                   // of a step's keys at the top of the file
  std::vector<sched::StepSpec> exports;  // steps behind those in `spec`
  std::string class_element;             // of the cluster, in [class]
};

void read_class_section(const Node& node, Draft& out, FaultSink& faults);
void read_ticket_section(const Node& node, Draft& out, FaultSink& faults);

}  // namespace jobq::conf
