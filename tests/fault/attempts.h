// SPDX-License-Identifier: Apache-2.0
// The checks of attempts: the ledger against what jobq says.
#pragma once

#include <vector>

#include "tests/fault/chronicle.h"
#include "tests/fault/ledger.h"
#include "tests/fault/load.h"
#include "tests/fault/views.h"

namespace jobq::fault {

struct Evidence {
  const std::vector<Ticket>& tickets;
  const std::vector<JobSaid>& said;
  Ledger ledger;
};

void check_attempts(const Evidence& evidence, Chronicle& chronicle);

}  // namespace jobq::fault
