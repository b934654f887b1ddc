// SPDX-License-Identifier: Apache-2.0
// What a spool directory needs from outside: where it is, and how a file becomes tickets.
#pragma once

#include <string>

#include "base/time.h"
#include "controller/spool_file.h"

namespace jobq::controller {

struct SpoolOptions {
  std::string path;                  // empty: there is none
  Millis keep = seconds(7 * 86400);  // files in accepted/ and rejected/
  SpoolReader reader;
};

}  // namespace jobq::controller
