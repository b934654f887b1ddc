// SPDX-License-Identifier: Apache-2.0
// The bytes of packs.
#include "exec/pack_format.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <filesystem>

#include "exec/checksum.h"
#include "exec/files.h"

namespace jobq::exec {
namespace {

constexpr std::string_view kMagic = "jobqpack";
constexpr std::uint32_t kVersion = 1;
constexpr std::size_t kHead = 16;  // magic, version, 4 bytes of nothing

// Length and checksum of the rest with the data, then job, step, attempt, stream.
constexpr std::size_t kEntryHead = 28;
constexpr std::size_t kEntryNames = 8;
constexpr std::size_t kReadAtOnce = 64U << 10U;
static_assert(kReadAtOnce >= kEntryHead + kMostPacked);

// Where an entry's length would be stands 0; then magic, first job, last job, checksum of the
// filter, checksum of all before, and the filter.
constexpr std::string_view kSummaryMagic = "jobqends";
constexpr std::size_t kFilter = 64U << 10U;
constexpr std::size_t kSummaryHead = 36;
constexpr std::size_t kSummary = kSummaryHead + kFilter;
constexpr std::size_t kFilterBits = 8 * kFilter;
constexpr std::size_t kProbes = 6;

std::string read_at(int file, std::uint64_t at, std::size_t bytes) {
  std::string read(bytes, '\0');
  const ssize_t size = read_all(file, at, read.data(), bytes);
  read.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
  return read;
}

std::uint64_t mixed(std::uint64_t number) {  // SplitMix64
  number += 0x9e3779b97f4a7c15ULL;
  number = (number ^ (number >> 30U)) * 0xbf58476d1ce4e5b9ULL;
  number = (number ^ (number >> 27U)) * 0x94d049bb133111ebULL;
  return number ^ (number >> 31U);
}

// The bits of the filter that stand for an entry.
std::array<std::size_t, kProbes> bits_of(const AttemptId& id, Which which) {
  const std::uint64_t rest = (std::uint64_t{id.step.value} << 32U) | id.attempt.value;
  const std::uint64_t hash = mixed(mixed(id.job.value) ^ rest) + static_cast<std::uint64_t>(which);
  const std::uint64_t first = mixed(hash);
  const std::uint64_t stride = mixed(first) | 1U;
  std::array<std::size_t, kProbes> bits{};
  for (std::size_t i = 0; i < kProbes; ++i) bits[i] = (first + i * stride) % kFilterBits;
  return bits;
}

// Where the summary begins; nothing where the file has no room for one.
std::optional<std::uint64_t> place_of_summary(int file) {
  struct stat status = {};
  if (fstat(file, &status) != 0) return std::nullopt;
  const auto size = static_cast<std::uint64_t>(status.st_size);
  if (size < kHead + kSummary) return std::nullopt;
  return size - kSummary;
}

}  // namespace

std::string packs_directory(const std::string& state) { return output_directory(state) + "/packs"; }

std::string pack_file(const std::string& state, std::uint64_t number) {
  return fmt::format("{}/{}", packs_directory(state), number);
}

std::vector<std::uint64_t> pack_numbers(const std::string& state) {
  std::vector<std::uint64_t> numbers;
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(packs_directory(state), ignored)) {
    const std::string name = entry.path().filename().string();
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
    if (error == std::errc{} && end == name.data() + name.size()) numbers.push_back(number);
  }
  std::sort(numbers.begin(), numbers.end());
  return numbers;
}

std::string pack_head() {
  std::string head(kMagic);
  put(head, kVersion);
  put(head, std::uint32_t{0});
  return head;
}

std::string entry_head(const AttemptId& id, Which which, std::string_view data) {
  std::string names;
  put(names, id.job.value);
  put(names, id.step.value);
  put(names, id.attempt.value);
  put(names, static_cast<std::uint32_t>(which));
  std::string head;
  put(head, static_cast<std::uint32_t>(data.size()));
  put(head, crc32(data, crc32(names)));
  return head + names;
}

bool PackEntry::is_intact() const {
  return get<std::uint32_t>(std::string_view(entry_head(id, which, data)).substr(4)) == checksum;
}

PackWalk::PackWalk(int file) : file_(file) {
  const std::string head = read_at(file, 0, kHead);
  const bool is_pack = head.size() == kHead && head.starts_with(kMagic) &&
                       get<std::uint32_t>(std::string_view(head).substr(kMagic.size())) == kVersion;
  if (is_pack) at_ = buffer_at_ = kHead;
}

// The bytes from at_ on, fewer at the end of the file.
std::string_view PackWalk::peek(std::size_t bytes) {
  if (buffer_at_ + buffer_.size() < at_ + bytes) {
    buffer_ = read_at(file_, at_, kReadAtOnce);
    buffer_at_ = at_;
  }
  return std::string_view(buffer_).substr(at_ - buffer_at_, bytes);
}

bool PackWalk::next(PackEntry& entry) {
  if (at_ == 0) return false;
  const std::string_view head = peek(kEntryHead);
  if (head.size() < kEntryHead) return false;
  const auto length = get<std::uint32_t>(head);
  if (length == 0 || length > kMostPacked) return false;
  const std::string_view whole = peek(kEntryHead + length);
  if (whole.size() < kEntryHead + length) return false;
  const std::string_view names = whole.substr(kEntryNames);
  entry.checksum = get<std::uint32_t>(whole.substr(4));
  entry.id.job = JobNumber(get<std::uint64_t>(names));
  entry.id.step = StepId(get<std::uint32_t>(names.substr(8)));
  entry.id.attempt = Attempt(get<std::uint32_t>(names.substr(12)));
  entry.which = get<std::uint32_t>(names.substr(16)) == 0 ? Which::kOutput : Which::kError;
  entry.data = whole.substr(kEntryHead);
  at_ += kEntryHead + length;
  return true;
}

PackSummary::PackSummary() : filter_(kFilter, '\0') {}

void PackSummary::add(const AttemptId& id, Which which) {
  jobs_.first = std::min(jobs_.first, id.job.value);
  jobs_.last = std::max(jobs_.last, id.job.value);
  ++entries_;
  for (const std::size_t bit : bits_of(id, which)) {
    filter_[bit / 8] = static_cast<char>(filter_[bit / 8] | (1 << (bit % 8)));
  }
}

std::string PackSummary::bytes() const {
  std::string head;
  put(head, std::uint32_t{0});
  head += kSummaryMagic;
  put(head, jobs_.first);
  put(head, jobs_.last);
  put(head, crc32(filter_));
  put(head, crc32(head));
  return head + filter_;
}

std::optional<PackSummary::Jobs> PackSummary::jobs_of(int file) {
  const auto place = place_of_summary(file);
  if (!place) return std::nullopt;
  const std::string text = read_at(file, *place, kSummaryHead);
  const std::string_view head = text;
  if (head.size() < kSummaryHead || !head.substr(4).starts_with(kSummaryMagic)) return std::nullopt;
  constexpr std::size_t kChecked = kSummaryHead - 4;
  if (get<std::uint32_t>(head.substr(kChecked)) != crc32(head.substr(0, kChecked))) {
    return std::nullopt;
  }
  return Jobs{get<std::uint64_t>(head.substr(12)), get<std::uint64_t>(head.substr(20))};
}

// What the machine lost of the filter when it crashed must not hide an entry.
bool PackSummary::may_hold(int file, const AttemptId& id, Which which) {
  const auto place = place_of_summary(file);
  const std::string whole = place ? read_at(file, *place, kSummary) : std::string();
  if (whole.size() < kSummary) return true;
  const std::string_view filter = std::string_view(whole).substr(kSummaryHead);
  const auto checksum = get<std::uint32_t>(std::string_view(whole).substr(kSummaryHead - 8));
  if (checksum != crc32(filter)) return true;
  const auto bits = bits_of(id, which);
  return std::all_of(bits.begin(), bits.end(), [&](std::size_t bit) {
    const std::uint32_t byte = static_cast<unsigned char>(filter[bit / 8]);
    return (byte >> (bit % 8) & 1U) != 0;
  });
}

}  // namespace jobq::exec
