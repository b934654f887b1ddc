// SPDX-License-Identifier: Apache-2.0
// The subverbs of `recur` that are about recurring tickets, which the controller has.
#pragma once

#include <optional>
#include <string>

#include "base/result.h"
#include "cmd/client.h"
#include "cmd/verbs.h"
#include "conf/zone.h"

namespace jobq::cmd {

// Where zones are, from TZDIR and TZ. As the C library: TZ set to nothing is UTC.
conf::ZonePlaces zone_places();

// With its zone; and what became of its times where `with_firings`.
Result<wire::RecurList> ask_for_recur(Client& client, const std::string& user,
                                      const std::string& name, bool with_firings);

Result<int> run_recur_add(const Words& words);
Result<int> run_recur_list(const Words& words);
Result<int> run_recur_show(const Words& words);
Result<int> run_recur_firings(const Words& words);
Result<int> run_recur_pause(const Words& words);
Result<int> run_recur_resume(const Words& words);
Result<int> run_recur_remove(const Words& words);

}  // namespace jobq::cmd
