// SPDX-License-Identifier: Apache-2.0
// The files of a recording, as docs/flight-recorder.md describes them.
//
// STATE/flight/000017/ is the 17th recording: one run of the core, from its recovery on. `rows` is
// what it was restored from, `events` what it was given since: records, each behind its length (4
// bytes, little-endian) and the low 4 bytes of its digest. A tail that was torn off is known by
// that; a record that is damaged in the middle too.
#pragma once

#include <cstdint>
#include <istream>
#include <string>
#include <vector>

#include "base/result.h"
#include "net/flight.pb.h"

namespace jobq::controller {

inline constexpr std::uint32_t kFlightVersion = 3;

std::string flight_directory(const std::string& state);  // STATE/flight
// Paths of the recordings under it, by number, so oldest first. Their names are numbers of at most
// 18 digits; whatever else is there is none.
std::vector<std::string> recordings(const std::string& flight);
std::string rows_file(const std::string& recording);
std::string events_file(const std::string& recording);

void append_record(std::string& out, const wire::FlightRecord& record);

// Takes the records of a file one after another; one at a time is in memory.
class FlightReader {
 public:
  // From the beginning of what can be sought in; it must outlive the reader.
  explicit FlightReader(std::istream& in);

  // False at the end, also where the last record is not whole: see torn(). An error: a record that
  // is not the last is damaged, or the file cannot be read.
  Result<bool> next(wire::FlightRecord& record);
  bool torn() const { return torn_; }
  std::uint64_t offset() const { return offset_; }  // of what comes next, in bytes

 private:
  bool take(std::uint64_t from, std::uint64_t length);
  Result<bool> judge_rest();

  std::istream& in_;
  std::string bytes_;  // those that were taken last
  std::uint64_t size_ = 0;
  std::uint64_t offset_ = 0;
  bool torn_ = false;
};

}  // namespace jobq::controller
