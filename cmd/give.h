// SPDX-License-Identifier: Apache-2.0
// What the verbs give and dispose share: the same copy, told from two sides.
#pragma once

#include "cmd/file_copier.h"
#include "cmd/options.h"

namespace jobq::cmd {

// The roads' options of a command line.
struct RoadArguments {
  ControllerOptions where;
  std::optional<Millis> patience;
  RoadOptions options() const;
};
void add_road_options(Options& options, RoadArguments& to);

Result<int> run_copy(const Words& words, std::string usage, std::string about,
                     std::string examples);

}  // namespace jobq::cmd
