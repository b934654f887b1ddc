// SPDX-License-Identifier: Apache-2.0
// A copy as a whole: what is meant is looked up and copied, and the user sees how it goes on. The
// verbs give and dispose use it, and jq submit, which stages files.
#pragma once

#include <cstdint>
#include <string>

#include "cmd/file_copier.h"
#include "cmd/file_list.h"

namespace jobq::cmd {

struct Copied {
  std::uint64_t files = 0;
  std::uint64_t directories = 0;
  std::uint64_t links = 0;
  std::uint64_t bytes = 0;
  std::uint64_t resumed_bytes = 0;  // of those: from an earlier try
  std::uint64_t reconnects = 0;
  double seconds = 0;
};

// Progress is shown where standard error is a terminal; trouble that lasts is told in any case.
Result<Copied> copy_files(const CopyOptions& options, const CopyWords& words);

// "1.5G", "200M", "17": for people.
std::string human_bytes(std::uint64_t bytes);

}  // namespace jobq::cmd
