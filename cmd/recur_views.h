// SPDX-License-Identifier: Apache-2.0
// Recurring tickets, and what became of their times, for people and as JSON.
#pragma once

#include <vector>

#include "net/jobq.pb.h"

namespace jobq::cmd {

void print_recur_table(const std::vector<wire::RecurView>& tickets);
void print_recur(const wire::RecurView& ticket);
void print_recur_as_json(const wire::RecurView& ticket);
void print_firings_table(const std::vector<wire::FiringView>& firings);
void print_firing_as_json(const std::string& name, const wire::FiringView& firing);

}  // namespace jobq::cmd
