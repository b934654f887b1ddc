// SPDX-License-Identifier: Apache-2.0
// Places are counted and faults are sorted only where there are faults.
#include "conf/fault.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "sched/check_spec.h"

namespace jobq::conf {

std::string to_string(const Fault& fault) {
  if (fault.line == 0) return fmt::format("{}: {}", fault.file, fault.text);
  return fmt::format("{}:{}:{}: {}", fault.file, fault.line, fault.column, fault.text);
}

Place place_at(std::string_view text, std::size_t offset) {
  Place place{1, 1};
  for (const char c : text.substr(0, offset)) {
    const bool begins_character = (static_cast<unsigned char>(c) & 0xc0U) != 0x80U;
    if (c == '\n') place = {place.line + 1, 1};
    if (c != '\n' && begins_character) ++place.column;
  }
  return place;
}

void FaultSink::add(Place place, std::string text) {
  if (full()) return cut();
  faults_.push_back(
      {std::string(file_), place.line, place.column, sched::printable(std::move(text))});
}

bool FaultSink::full() const { return faults_.size() >= sched::kMaxFaults; }

bool FaultSink::has(Place place) const {
  return std::any_of(faults_.begin(), faults_.end(), [&](const Fault& fault) {
    return fault.line == place.line && fault.column == place.column;
  });
}

std::vector<Fault> FaultSink::take() {
  const auto place_of = [](const Fault& fault) { return std::tuple(fault.line, fault.column); };
  std::stable_sort(faults_.begin(), faults_.end(),
                   [&](const Fault& a, const Fault& b) { return place_of(a) < place_of(b); });
  if (cut_) {
    const Place last{faults_.back().line, faults_.back().column};
    faults_.push_back({std::string(file_), last.line, last.column,
                       fmt::format("there are more faults; {} are shown", faults_.size())});
  }
  return std::move(faults_);
}

}  // namespace jobq::conf
