// SPDX-License-Identifier: Apache-2.0
// Names and frames of a recording.
#include "controller/flight_log.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "base/digest.h"

namespace jobq::controller {
namespace {

constexpr std::size_t kFrameBytes = 8;

void put_32(std::string& out, std::uint64_t value) {
  for (int shift = 0; shift < 32; shift += 8) out += static_cast<char>((value >> shift) & 0xFFU);
}

std::uint32_t get_32(std::string_view in) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    value |= static_cast<std::uint32_t>(static_cast<unsigned char>(in[i])) << (8 * i);
  }
  return value;
}

std::uint32_t checksum(std::string_view bytes) {
  return static_cast<std::uint32_t>(digest_of(bytes) & 0xFFFFFFFFU);
}

}  // namespace

std::string flight_directory(const std::string& state) { return state + "/flight"; }
std::string rows_file(const std::string& recording) { return recording + "/rows"; }
std::string events_file(const std::string& recording) { return recording + "/events"; }

std::vector<std::string> recordings(const std::string& flight) {
  std::vector<std::string> found;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(flight, error)) {
    const std::string name = entry.path().filename();
    const bool numbered = name.find_first_not_of("0123456789") == std::string::npos;
    if (numbered && entry.is_directory(error)) found.push_back(entry.path());
  }
  std::sort(found.begin(), found.end());
  return found;
}

void append_record(std::string& out, const wire::FlightRecord& record) {
  const std::size_t start = out.size();
  put_32(out, record.ByteSizeLong());
  put_32(out, 0);
  record.AppendToString(&out);
  std::string sum;
  put_32(sum, checksum(std::string_view(out).substr(start + kFrameBytes)));
  out.replace(start + 4, 4, sum);
}

Result<bool> FlightReader::next(wire::FlightRecord& record) {
  const std::string_view rest = std::string_view(bytes_).substr(offset_);
  if (rest.empty()) return false;
  const bool has_head = rest.size() >= kFrameBytes;
  const std::size_t length = has_head ? get_32(rest) : 0;
  if (!has_head || rest.size() - kFrameBytes < length) {
    torn_ = true;
    return false;
  }
  const std::string_view body = rest.substr(kFrameBytes, length);
  const bool right = get_32(rest.substr(4)) == checksum(body) &&
                     record.ParseFromArray(body.data(), static_cast<int>(body.size()));
  if (right) {
    offset_ += kFrameBytes + length;
    return true;
  }
  torn_ = rest.size() == kFrameBytes + length;
  if (torn_) return false;
  return fail(ErrorCode::kRefused, fmt::format("the record at byte {} is damaged", offset_));
}

}  // namespace jobq::controller
