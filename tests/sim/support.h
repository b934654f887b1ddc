// SPDX-License-Identifier: Apache-2.0
// What tests of simulations share: small workloads, policies, and the trace of a real machine.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sim/simulation.h"
#include "sim/workload.h"

namespace jobq::sim {

// Jobs by submit, processors, run and limit in seconds; they get the names 1, 2, 3.
struct JobLine {
  std::int64_t submit;
  std::uint32_t processors;
  std::int64_t run;
  std::int64_t limit;
};
Workload workload_of_lines(std::uint32_t cpus, const std::vector<JobLine>& lines);

// Of few distinct times and widths, so that much falls on one instant; some jobs outrun their
// limit. The same seed gives the same workload.
Workload random_workload(std::uint64_t seed, std::size_t jobs, std::uint32_t cpus);

Options policy_of(resmgr::Backfill backfill);

// The simulation must succeed.
std::vector<Span> spans_of(const Workload& workload, const Options& options);

// The jobs whose spans differ, with both: empty where none does. The first few are enough.
std::string differences(const Workload& workload, const std::vector<Span>& left,
                        const std::vector<Span>& right);

// A path in the folder of data that tests use and the project does not carry: JOBQ_TEST_DATA, else
// shared/data beside the source tree. None where the file is not there.
std::optional<std::string> data_file(const std::string& name);

}  // namespace jobq::sim
