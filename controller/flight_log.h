// SPDX-License-Identifier: Apache-2.0
// The files of a recording, as docs/flight-recorder.md describes them.
//
// STATE/flight/000017/ is the 17th recording: one run of the core, from its recovery on. `rows` is
// what it was restored from, `events` what it was given since: records, each behind its length (4
// bytes, little-endian) and the low 4 bytes of its digest. A tail that was torn off is known by
// that; a record that is damaged in the middle too.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "net/flight.pb.h"

namespace jobq::controller {

inline constexpr std::uint32_t kFlightVersion = 2;
inline constexpr std::uint32_t kOldestFlightVersion = 1;  // that is read

std::string flight_directory(const std::string& state);  // STATE/flight
// Paths of the recordings under it, oldest first.
std::vector<std::string> recordings(const std::string& flight);
std::string rows_file(const std::string& recording);
std::string events_file(const std::string& recording);

void append_record(std::string& out, const wire::FlightRecord& record);

// Takes the records of a file one after another.
class FlightReader {
 public:
  explicit FlightReader(std::string bytes) : bytes_(std::move(bytes)) {}

  // False at the end, also where the last record is not whole: see torn(). An error: a record that
  // is not the last is damaged.
  Result<bool> next(wire::FlightRecord& record);
  bool torn() const { return torn_; }
  std::size_t offset() const { return offset_; }  // of what comes next

 private:
  std::string bytes_;
  std::size_t offset_ = 0;
  bool torn_ = false;
};

}  // namespace jobq::controller
