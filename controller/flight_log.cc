// SPDX-License-Identifier: Apache-2.0
// Names and frames of a recording.
#include "controller/flight_log.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <string_view>
#include <utility>

#include "base/digest.h"

namespace jobq::controller {
namespace {

constexpr std::size_t kFrameBytes = 8;
constexpr std::size_t kMostDigits = 18;  // of a recording's number, so that there is always a next

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

bool begins_with_record(std::string_view bytes) {
  if (bytes.size() <= kFrameBytes) return false;
  const std::uint32_t length = get_32(bytes);
  if (length == 0 || bytes.size() - kFrameBytes < length) return false;
  return get_32(bytes.substr(4)) == checksum(bytes.substr(kFrameBytes, length));
}

// Is what begins with a record that is not whole what a dying writer left? A loss of power may
// leave zeros where bytes were to come. Whatever else is behind the record was written after it; so
// was a whole record within it, where its length is wrong.
bool is_torn(std::string_view rest) {
  const std::size_t written = rest.find_last_not_of('\0') + 1;  // 0: nothing
  const std::size_t end = rest.size() < kFrameBytes ? rest.size() : kFrameBytes + get_32(rest);
  if (written > end) return false;
  for (std::size_t at = 1; at < written; ++at) {
    if (begins_with_record(rest.substr(at))) return false;
  }
  return true;
}

tl::unexpected<Error> damaged(std::uint64_t offset) {
  return fail(ErrorCode::kRefused, fmt::format("the record at byte {} is damaged", offset));
}

tl::unexpected<Error> unreadable(std::uint64_t offset) {
  return fail(ErrorCode::kUnavailable, fmt::format("it cannot be read from byte {} on", offset));
}

}  // namespace

std::string flight_directory(const std::string& state) { return state + "/flight"; }
std::string rows_file(const std::string& recording) { return recording + "/rows"; }
std::string events_file(const std::string& recording) { return recording + "/events"; }

std::vector<std::string> recordings(const std::string& flight) {
  std::vector<std::pair<std::uint64_t, std::string>> found;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(flight, error)) {
    const std::string name = entry.path().filename();
    const bool numbered = name.find_first_not_of("0123456789") == std::string::npos;
    if (!numbered || name.size() > kMostDigits || !entry.is_directory(error)) continue;
    found.emplace_back(std::stoull(name), entry.path());
  }
  std::ranges::sort(found);
  std::vector<std::string> paths;
  for (auto& [number, path] : found) paths.push_back(std::move(path));
  return paths;
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

FlightReader::FlightReader(std::istream& in) : in_(in) {
  in_.seekg(0, std::ios::end);
  size_ = static_cast<std::uint64_t>(std::max<std::streamoff>(in_.tellg(), 0));
}

bool FlightReader::take(std::uint64_t from, std::uint64_t length) {
  bytes_.resize(length);
  in_.seekg(static_cast<std::streamoff>(from));
  return in_.read(bytes_.data(), static_cast<std::streamsize>(length)).good();
}

Result<bool> FlightReader::next(wire::FlightRecord& record) {
  const std::uint64_t rest = size_ - offset_;
  if (rest == 0) return false;
  if (!take(offset_, std::min<std::uint64_t>(rest, kFrameBytes))) return unreadable(offset_);
  if (rest < kFrameBytes) return judge_rest();
  const std::uint32_t length = get_32(bytes_);
  const std::uint32_t sum = get_32(std::string_view(bytes_).substr(4));
  if (rest - kFrameBytes < length) return judge_rest();
  if (!take(offset_ + kFrameBytes, length)) return unreadable(offset_);
  if (sum != checksum(bytes_)) return judge_rest();
  if (!record.ParseFromString(bytes_)) return damaged(offset_);
  offset_ += kFrameBytes + length;
  return true;
}

// Here begins what is no whole record.
Result<bool> FlightReader::judge_rest() {
  if (!take(offset_, size_ - offset_)) return unreadable(offset_);
  if (!is_torn(bytes_)) return damaged(offset_);
  torn_ = true;
  return false;
}

}  // namespace jobq::controller
