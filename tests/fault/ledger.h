// SPDX-License-Identifier: Apache-2.0
// The ledger of a fault test: a file to which every attempt appends what it does, each line on disk
// before the attempt goes on. It is what the checker believes, whatever jobq says.
//
//   WHAT TIME JOB STEP ATTEMPT PID NODE DETAIL       "start 1763812800123 17[3] main 1 4711 n2 -"
//
// start  the attempt began; it holds the lock of its step and of its resource until all its
//        processes are gone
// clash  it found one of these locks held; DETAIL names it
// end    it is about to exit; DETAIL is the exit code
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace jobq::fault {

struct Record {
  std::string what;
  std::int64_t at_ms = 0;
  std::string job;  // of an element of an array: with its index, as users write it
  std::string step;
  std::uint32_t attempt = 0;
  std::int32_t pid = 0;
  std::string node;
  std::string detail;
};

std::string to_line(const Record& record);
std::optional<Record> parse_line(std::string_view line);

// Names of files and folders of a run, below its directory.
std::string ledger_file(const std::string& directory);
std::string locks_folder(const std::string& directory);

struct Ledger {
  std::vector<Record> records;      // in the order of the file
  std::vector<std::string> broken;  // lines that are none
};
Ledger read_ledger(const std::string& directory);

}  // namespace jobq::fault
