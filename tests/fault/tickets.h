// SPDX-License-Identifier: Apache-2.0
// Tickets of all kinds that a fault test submits, by chance.
#pragma once

#include "tests/fault/chance.h"
#include "tests/fault/load.h"

namespace jobq::fault {

// The named resources that they ask for.
std::vector<std::string> named_resources();

Ticket any_ticket(const Setup& setup, Chance& chance, std::uint64_t number);

}  // namespace jobq::fault
