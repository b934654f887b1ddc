// SPDX-License-Identifier: Apache-2.0
// Files of the spool directory, read as `jq submit` reads them; but nothing is taken from the
// surroundings of the process, which is the controller, not who submits.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "controller/spool_file.h"

namespace jobq::cmd {

// NAME.toml and NAME.json are tickets, NAME.jsonl has a ticket on each line, NAME.sh and NAME.job
// and whatever begins with "#!" or has a "#JQ" line are scripts. Of several tickets all must be
// right. The jobs work in `home`, unless they say otherwise.
Result<std::vector<controller::SpoolTicket>> read_spooled(const std::string& text,
                                                          const std::string& name,
                                                          const std::string& home);

}  // namespace jobq::cmd
