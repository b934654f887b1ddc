// SPDX-License-Identifier: Apache-2.0
// Scripts with #JQ lines, and counts as options write them: the readers that know no TOML and no
// JSON.
#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "conf/document.h"
#include "conf/ticket_file.h"

namespace jobq::conf {
namespace {

constexpr std::string_view kBlanks = " \t";
constexpr std::string_view kMarker = "#JQ";

bool is_blank(char c) { return kBlanks.find(c) != std::string_view::npos; }

// The length of the UTF-8 character at the front of a text that is not empty, 0 where there is none
// (Unicode 15, table 3-7).
std::size_t character_size(std::string_view text) {
  const auto byte = [&](std::size_t i) {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U;
  };
  const unsigned lead = byte(0);
  if (lead < 0x80) return 1;
  const std::size_t size = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  const unsigned least = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
  const unsigned most = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
  if (lead < 0xc2 || lead > 0xf4 || byte(1) < least || byte(1) > most) return 0;
  for (std::size_t i = 2; i < size; ++i) {
    if ((byte(i) & 0xc0U) != 0x80U) return 0;
  }
  return size;
}

// One fault for the first byte that cannot be carried.
void check_characters(std::string_view text, FaultSink& faults) {
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t size = character_size(text.substr(at));
    if (size == 0) return faults.add(place_at(text, at), "not UTF-8; expected a text in UTF-8");
    if (text[at] == '\0') return faults.add(place_at(text, at), "a NUL byte is in the text");
    at += size;
  }
}

// Splits one line into words; quotes and backslashes as in sh, '#' before a word ends the line.
class Splitter {
 public:
  Splitter(std::string_view line, std::size_t at, std::uint32_t number,
           std::vector<Directive>& words, FaultSink& faults)
      : line_(line), at_(at), number_(number), words_(words), faults_(faults) {}

  void run() {
    while (skip_blanks()) {
      std::string word;
      if (!take_word(word)) return;
      words_.push_back({std::move(word), number_});
    }
  }

 private:
  bool skip_blanks() {
    while (at_ < line_.size() && is_blank(line_[at_])) ++at_;
    return at_ < line_.size() && line_[at_] != '#';
  }

  bool take_word(std::string& word) {
    while (at_ < line_.size() && !is_blank(line_[at_])) {
      const char c = line_[at_];
      const bool quoted = c == '"' || c == '\'';
      if (quoted ? !take_quoted(word) : !take_plain(word)) return false;
    }
    return true;
  }

  bool take_plain(std::string& word) {
    if (line_[at_] == '\\' && ++at_ == line_.size()) {
      return stop(at_ - 1, "a backslash ends the line; expected a character after it");
    }
    word += line_[at_++];
    return true;
  }

  // In "..." a backslash takes the meaning from '"', '\', '$' and '`' only.
  bool take_quoted(std::string& word) {
    const std::size_t begin = at_;
    const char quote = line_[at_++];
    while (at_ < line_.size() && line_[at_] != quote) {
      const bool escapes =
          quote == '"' && line_[at_] == '\\' && at_ + 1 < line_.size() &&
          std::string_view("\"\\$`").find(line_[at_ + 1]) != std::string_view::npos;
      if (escapes) ++at_;
      word += line_[at_++];
    }
    if (at_ == line_.size())
      return stop(begin, fmt::format("expected a second {} in the line", quote));
    ++at_;
    return true;
  }

  bool stop(std::size_t at, std::string text) {
    faults_.add({number_, place_at(line_, at).column}, std::move(text));
    return false;
  }

  std::string_view line_;
  std::size_t at_;
  std::uint32_t number_;
  std::vector<Directive>& words_;
  FaultSink& faults_;
};

bool is_directive(std::string_view line) {
  if (!line.starts_with(kMarker)) return false;
  return line.size() == kMarker.size() || is_blank(line[kMarker.size()]);
}

// Does a command stand in the line, so that no directive comes after it?
bool is_command(std::string_view line) {
  const std::size_t first = line.find_first_not_of(kBlanks);
  return first != std::string_view::npos && line[first] != '#';
}

void read_directives(std::string_view text, std::vector<Directive>& words, FaultSink& faults) {
  std::uint32_t number = 0;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    ++number;
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (is_command(line)) return;
    if (is_directive(line)) Splitter(line, kMarker.size(), number, words, faults).run();
  }
}

// "solver=2" or "disk".
std::optional<resmgr::Count> parse_count(std::string_view item) {
  const std::size_t equals = item.find('=');
  resmgr::Count count{std::string(item.substr(0, equals)), 1};
  if (!resmgr::valid_name(count.name)) return std::nullopt;
  if (equals == std::string_view::npos) return count;
  const auto amount = parse_bytes(item.substr(equals + 1));
  if (!amount || amount->count == 0) return std::nullopt;
  count.amount = amount->count;
  return count;
}

}  // namespace

Parsed<std::vector<Directive>> script_directives(std::string_view text, const std::string& file) {
  FaultSink faults(file);
  Parsed<std::vector<Directive>> parsed;
  if (fits(text, faults)) {
    check_characters(text, faults);
    read_directives(text, parsed.value, faults);
  }
  parsed.faults = faults.take();
  return parsed;
}

Result<std::vector<resmgr::Count>> parse_counts(std::string_view text) {
  std::vector<resmgr::Count> counts;
  for (std::string_view rest = text;;) {
    const std::size_t comma = std::min(rest.find(','), rest.size());
    const auto count = parse_count(rest.substr(0, comma));
    if (!count) {
      return fail(ErrorCode::kUsage,
                  fmt::format("'{}' is not a list of counts; expected NAME or NAME=COUNT, with "
                              "commas between, like solver=2,disk",
                              text));
    }
    counts.push_back(*count);
    if (comma == rest.size()) break;
    rest.remove_prefix(comma + 1);
  }
  for (const resmgr::Count& count : counts) {
    if (count.name != "cpus" && count.name != "memory" && count.name != "gpus") continue;
    return fail(ErrorCode::kUsage, fmt::format("'{}' has an option of its own: --{} {}", count.name,
                                               count.name, count.amount));
  }
  std::sort(counts.begin(), counts.end());
  const auto same = [](const auto& a, const auto& b) { return a.name == b.name; };
  const auto twice = std::adjacent_find(counts.begin(), counts.end(), same);
  if (twice == counts.end()) return counts;
  return fail(ErrorCode::kUsage, fmt::format("'{}' is twice in '{}'", twice->name, text));
}

}  // namespace jobq::conf
