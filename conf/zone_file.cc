// SPDX-License-Identifier: Apache-2.0
// Zone files: a header and a block with times of 4 bytes, for old readers, then both with 8 bytes,
// then the rule.
#include "conf/zone_file.h"

#include <fmt/format.h>

#include <cstdint>
#include <vector>

namespace jobq::conf {
namespace {

constexpr std::size_t kHeaderBytes = 44;
constexpr std::size_t kTypeBytes = 6;
constexpr std::size_t kMostOfAnything = 100'000;
constexpr std::int32_t kLargestOffsetSeconds =
    26 * 3600;  // what RFC 8536 lets files have, and more

tl::unexpected<Error> bad(std::string what) { return fail(ErrorCode::kRefused, std::move(what)); }

// Whole numbers in the order of the network. The caller has checked that there are enough bytes.
std::int64_t number_at(std::string_view bytes, std::size_t at, std::size_t size) {
  std::uint64_t bits = (static_cast<unsigned char>(bytes[at]) & 0x80U) != 0 ? ~std::uint64_t{0} : 0;
  for (std::size_t i = 0; i < size; ++i) {
    bits = bits << 8 | static_cast<unsigned char>(bytes[at + i]);
  }
  return static_cast<std::int64_t>(bits);
}

struct Counts {
  std::size_t universal = 0;
  std::size_t standard = 0;
  std::size_t leaps = 0;
  std::size_t times = 0;
  std::size_t types = 0;
  std::size_t letters = 0;

  std::size_t block_bytes(std::size_t time_bytes) const {
    return times * (time_bytes + 1) + types * kTypeBytes + letters + leaps * (time_bytes + 4) +
           standard + universal;
  }
};

Result<Counts> parse_header(std::string_view bytes, std::size_t at) {
  if (bytes.size() < at + kHeaderBytes || bytes.substr(at, 4) != "TZif") {
    return bad("it is no file of the time-zone database");
  }
  Counts counts;
  std::size_t next = at + 20;
  for (std::size_t* count : {&counts.universal, &counts.standard, &counts.leaps, &counts.times,
                             &counts.types, &counts.letters}) {
    const std::int64_t value = number_at(bytes, next, 4);
    if (value < 0 || value > static_cast<std::int64_t>(kMostOfAnything)) {
      return bad(fmt::format("it says that it has {} of something", value));
    }
    *count = static_cast<std::size_t>(value);
    next += 4;
  }
  return counts;
}

Result<sched::Zone> parse_block(std::string_view bytes, std::size_t at, const Counts& counts,
                                std::size_t time_bytes) {
  if (bytes.size() < at + counts.block_bytes(time_bytes)) return bad("it is cut off");
  if (counts.leaps > 0) return bad("it counts leap seconds, and times are without them");
  if (counts.types == 0) return bad("it has no offset");
  const std::size_t indexes = at + counts.times * time_bytes;
  const std::size_t types = indexes + counts.times;
  std::vector<std::int32_t> offsets;
  for (std::size_t i = 0; i < counts.types; ++i) {
    const std::int64_t offset_s = number_at(bytes, types + i * kTypeBytes, 4);
    if (offset_s < -kLargestOffsetSeconds || offset_s > kLargestOffsetSeconds) {
      return bad(fmt::format("it has an offset of {} seconds", offset_s));
    }
    offsets.push_back(static_cast<std::int32_t>(offset_s));
  }
  sched::Zone zone;
  zone.first_offset_s = offsets.front();
  for (std::size_t i = 0; i < counts.times; ++i) {
    const std::int64_t at_s = number_at(bytes, at + i * time_bytes, time_bytes);
    const auto type = static_cast<unsigned char>(bytes[indexes + i]);
    const bool in_order = i == 0 || at_s > zone.changes.back().at_s;
    if (type >= offsets.size() || !in_order) return bad("its changes contradict each other");
    zone.changes.push_back({at_s, offsets[type]});
  }
  return zone;
}

// A change to the offset that there is, as where only the name changes, is none.
void drop_idle_changes(sched::Zone& zone) {
  std::int32_t offset_s = zone.first_offset_s;
  std::erase_if(zone.changes, [&offset_s](const sched::ZoneChange& change) {
    const bool idle = change.offset_s == offset_s;
    offset_s = change.offset_s;
    return idle;
  });
}

}  // namespace

Result<sched::Zone> parse_zone_file(std::string_view bytes, std::string name) {
  Result<Counts> counts = parse_header(bytes, 0);
  if (!counts) return tl::unexpected(counts.error());
  std::size_t at = kHeaderBytes;
  const bool has_rule = bytes[4] >= '2';
  const std::size_t time_bytes = has_rule ? 8 : 4;
  if (has_rule) {
    at += counts->block_bytes(4);
    counts = parse_header(bytes, at);
    if (!counts) return tl::unexpected(counts.error());
    at += kHeaderBytes;
  }
  Result<sched::Zone> zone = parse_block(bytes, at, *counts, time_bytes);
  if (!zone) return zone;
  zone->name = std::move(name);
  if (has_rule) {
    std::string_view line = bytes.substr(at + counts->block_bytes(time_bytes));
    if (line.size() < 2 || line.front() != '\n' || line.back() != '\n') return bad("it is cut off");
    line = line.substr(1, line.size() - 2);
    if (!line.empty()) {
      const Result<sched::ZoneRule> rule = parse_zone_rule(line);
      if (!rule) return tl::unexpected(rule.error());
      zone->rule = *rule;
    }
  }
  drop_idle_changes(*zone);
  return zone;
}

}  // namespace jobq::conf
