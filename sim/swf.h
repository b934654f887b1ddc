// SPDX-License-Identifier: Apache-2.0
// Traces in the Standard Workload Format, version 2.2, as the Parallel Workloads Archive keeps
// them (Chapin and others, 1999; Feitelson, Tsafrir and Krakov, 2014).
//
// A line that begins with ';' is a comment; of "; MaxProcs: 100" and the like the header is made.
// Every other line is a record of 18 numbers, -1 where something is not known.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"

namespace jobq::sim {

// What a simulation needs of a record. Times and lengths in seconds; -1: not known.
struct SwfRecord {
  std::int64_t job = -1;                   // field 1
  std::int64_t submit = -1;                // 2, since the beginning of the trace
  std::int64_t run = -1;                   // 4
  std::int64_t allocated_processors = -1;  // 5
  std::int64_t requested_processors = -1;  // 8
  std::int64_t requested_time = -1;        // 9
  std::int64_t status = -1;                // 11; 2, 3 and 4: a part of a job
  std::int64_t queue = -1;                 // 15; 0 for interactive jobs
  std::uint64_t line = 0;
};

// Of one machine.
inline constexpr std::uint32_t kMostProcessors = 100'000'000;

struct SwfTrace {
  std::optional<std::uint32_t> max_procs;  // of the machine, as the header says
  std::string wrong_header;                // what the header says instead, with its line
  std::vector<SwfRecord> records;          // in the order of the file
};

// The path may name a file packed by gzip; "-" is standard input. kUsage, with the line, where
// something is not in the format.
Result<SwfTrace> read_swf(const std::string& path);

}  // namespace jobq::sim
