// SPDX-License-Identifier: Apache-2.0
// Records from lines.
#include "sim/swf.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <string_view>

#include "sim/gz_lines.h"

namespace jobq::sim {
namespace {

constexpr std::size_t kFields = 18;
constexpr std::int64_t kGreatest = 100'000'000'000;  // three thousand years of seconds

constexpr std::array<std::string_view, kFields> kNames = {"job number",
                                                          "submit time",
                                                          "wait time",
                                                          "run time",
                                                          "allocated processors",
                                                          "cpu time used",
                                                          "memory used",
                                                          "requested processors",
                                                          "requested time",
                                                          "requested memory",
                                                          "status",
                                                          "user",
                                                          "group",
                                                          "executable",
                                                          "queue",
                                                          "partition",
                                                          "preceding job",
                                                          "think time"};

std::string_view take_word(std::string_view& rest) {
  const std::size_t begin = std::min(rest.find_first_not_of(" \t"), rest.size());
  const std::size_t end = std::min(rest.find_first_of(" \t", begin), rest.size());
  const std::string_view word = rest.substr(begin, end - begin);
  rest.remove_prefix(end);
  return word;
}

std::string what_is_wrong(std::size_t field, std::string_view word, std::string_view wrong) {
  constexpr std::size_t kShown = 40;
  std::string_view shown = word.substr(0, kShown);
  const auto is_plain = [](char c) { return c > ' ' && c <= '~'; };
  if (!std::ranges::all_of(shown, is_plain)) shown = "?";
  return fmt::format("field {} ({}): '{}' {}", field + 1, kNames[field], shown, wrong);
}

// Whole, as the format wants them; of what is not used here some archives have fractions.
Result<std::int64_t> parse_field(std::size_t field, std::string_view word) {
  const char* end = word.data() + word.size();
  std::int64_t number = 0;
  const auto whole = std::from_chars(word.data(), end, number);
  const bool is_whole = whole.ec == std::errc() && whole.ptr == end;
  if (is_whole && number >= -1 && number <= kGreatest) return number;
  double fraction = 0;
  const auto real = std::from_chars(word.data(), end, fraction);
  if (real.ec != std::errc() || real.ptr != end) {
    return fail(ErrorCode::kUsage, what_is_wrong(field, word, "is not a number"));
  }
  constexpr std::array kUnused = {2U, 5U, 6U, 9U, 11U, 12U, 13U, 15U, 16U, 17U};
  if (std::ranges::find(kUnused, field) != kUnused.end()) return -1;
  return fail(
      ErrorCode::kUsage,
      what_is_wrong(field, word, fmt::format("is not a whole number from -1 to {}", kGreatest)));
}

Result<SwfRecord> parse_record(std::string_view line) {
  std::array<std::int64_t, kFields> fields{};
  std::size_t count = 0;
  for (std::string_view word = take_word(line); !word.empty(); word = take_word(line)) {
    if (count < kFields) {
      const Result<std::int64_t> field = parse_field(count, word);
      if (!field) return tl::unexpected(field.error());
      fields[count] = *field;
    }
    ++count;
  }
  if (count != kFields) {
    return fail(ErrorCode::kUsage,
                fmt::format("the record has {} fields; one of the Standard Workload Format has {}",
                            count, kFields));
  }
  return SwfRecord{fields[0], fields[1],  fields[3],  fields[4], fields[7],
                   fields[8], fields[10], fields[14], 0};
}

// "; MaxProcs: 100", or -1 where it is not known. False where it is neither.
bool read_comment(std::string_view line, SwfTrace& trace) {
  constexpr std::string_view kMaxProcs = "MaxProcs:";
  line.remove_prefix(1);
  if (take_word(line) != kMaxProcs) return true;
  const std::string_view word = take_word(line);
  std::uint32_t number = 0;
  const auto [stop, error] = std::from_chars(word.data(), word.data() + word.size(), number);
  const bool is_whole = error == std::errc() && stop == word.data() + word.size();
  if (!is_whole || number == 0 || number > kMostProcessors) return word == "-1";
  trace.max_procs = number;
  return true;
}

}  // namespace

Result<SwfTrace> read_swf(const std::string& path) {
  Result<GzLines> lines = GzLines::open(path);
  if (!lines) return tl::unexpected(lines.error());
  SwfTrace trace;
  while (true) {
    const auto line = lines->next();
    if (!line) return tl::unexpected(line.error());
    if (!*line) return trace;
    const std::size_t begin = (*line)->find_first_not_of(" \t");
    if (begin == std::string_view::npos) continue;
    if ((**line)[begin] == ';') {
      if (!read_comment((*line)->substr(begin), trace) && trace.wrong_header.empty()) {
        trace.wrong_header =
            fmt::format("{}, line {}: the header's MaxProcs is no number of processors, 1 to {}",
                        path, lines->number(), kMostProcessors);
      }
      continue;
    }
    Result<SwfRecord> record = parse_record(**line);
    if (!record) {
      return fail(record.error().code,
                  fmt::format("{}, line {}: {}", path, lines->number(), record.error().message));
    }
    record->line = lines->number();
    trace.records.push_back(*record);
  }
}

}  // namespace jobq::sim
