// SPDX-License-Identifier: Apache-2.0
// Calendar expressions read, as cron does it; what cron takes without a word and nobody means (a
// step that reaches nothing, a step behind a single value) is refused.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <span>
#include <vector>

#include "base/nearest.h"
#include "sched/calendar.h"
#include "sched/calendar_fields.h"

namespace jobq::sched {
namespace {

using Names = std::span<const std::string_view>;

constexpr std::array<std::string_view, 12> kMonths{"jan", "feb", "mar", "apr", "may", "jun",
                                                   "jul", "aug", "sep", "oct", "nov", "dec"};
constexpr std::array<std::string_view, 7> kWeekdays{"sun", "mon", "tue", "wed",
                                                    "thu", "fri", "sat"};

struct Field {
  std::string_view name;
  unsigned low;
  unsigned high;
  Names names;  // of the values from `low` on
  std::uint64_t Calendar::*bits;
};

constexpr unsigned kSunday = 7;  // as the end of a range, and as a number
constexpr std::array<Field, 6> kFields{{
    {"second", 0, 59, {}, &Calendar::seconds},
    {"minute", 0, 59, {}, &Calendar::minutes},
    {"hour", 0, 23, {}, &Calendar::hours},
    {"day of month", 1, 31, {}, &Calendar::days},
    {"month", 1, 12, kMonths, &Calendar::months},
    {"day of week", 0, kSunday, kWeekdays, &Calendar::weekdays},
}};
constexpr std::size_t kTimeFields = 3;  // second, minute, hour

struct Shortcut {
  std::string_view name;
  std::string_view means;
};
constexpr std::array<Shortcut, 7> kShortcuts{{{"@hourly", "0 * * * *"},
                                              {"@daily", "0 0 * * *"},
                                              {"@midnight", "0 0 * * *"},
                                              {"@weekly", "0 0 * * 0"},
                                              {"@monthly", "0 0 1 * *"},
                                              {"@yearly", "0 0 1 1 *"},
                                              {"@annually", "0 0 1 1 *"}}};

bool is_blank(char c) { return c == ' ' || c == '\t'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

tl::unexpected<Error> fault(std::string_view text, std::string_view what) {
  return fail(ErrorCode::kUsage, fmt::format("calendar expression '{}': {}", text, what));
}

std::string expected_of(const Field& field) {
  const unsigned high = field.high;
  std::string text = fmt::format("{} to {}", field.low, high);
  if (!field.names.empty()) {
    text += fmt::format(" or {} to {}", field.names.front(), field.names.back());
  }
  return text;
}

// Reads one field of the text, which goes on behind it.
class FieldReader {
 public:
  FieldReader(std::string_view text, std::size_t begin, std::size_t end, const Field& field)
      : text_(text), at_(begin), end_(end), field_(field) {}

  Result<std::uint64_t> read() {
    std::uint64_t bits = 0;
    while (true) {
      Result<std::uint64_t> item = read_item();
      if (!item) return item;
      bits |= *item;
      if (at_ == end_) return bits;
      if (!take(',')) return wrong(at_, "',' or the end of the field");
    }
  }

 private:
  Result<std::uint64_t> read_item() {
    if (take('*')) {
      const bool weekday = field_.high == kSunday;
      return stepped(field_.low, weekday ? kSunday - 1 : field_.high);
    }
    const std::size_t begin = at_;
    const Result<unsigned> first = read_value(true);
    if (!first) return tl::unexpected(first.error());
    if (!take('-')) {
      if (at_ < end_ && text_[at_] == '/') {
        return wrong(begin, fmt::format("a range before the step, such as {}-{}/2 or */2", *first,
                                        field_.high));
      }
      return bit(*first);
    }
    Result<unsigned> last = read_value(false);
    if (!last) return tl::unexpected(last.error());
    if (*last == 0 && *first > 0 && field_.high == kSunday) last = kSunday;
    if (*last < *first) return wrong(begin, "the lower value first");
    return stepped(*first, *last);
  }

  Result<std::uint64_t> stepped(unsigned first, unsigned last) {
    unsigned step = 1;
    if (take('/')) {
      const std::size_t begin = at_;
      const unsigned most = field_.high - field_.low;
      while (at_ < end_ && is_digit(text_[at_])) ++at_;
      const auto number = number_of(text_.substr(begin, at_ - begin));
      if (!number || *number < 1 || *number > most) {
        return wrong(begin, fmt::format("a step of 1 to {}", most));
      }
      step = *number;
    }
    std::uint64_t bits = 0;
    for (unsigned value = first; value <= last; value += step) bits |= bit(value);
    return bits;
  }

  Result<unsigned> read_value(bool first) {
    const std::size_t begin = at_;
    while (at_ < end_ &&
           (is_digit(text_[at_]) || (lower(text_[at_]) >= 'a' && lower(text_[at_]) <= 'z'))) {
      ++at_;
    }
    const std::string_view word = text_.substr(begin, at_ - begin);
    const auto number = number_of(word);
    if (number && *number >= field_.low && *number <= field_.high) return *number;
    for (std::size_t i = 0; i < field_.names.size(); ++i) {
      const std::string_view name = field_.names[i];
      if (std::equal(word.begin(), word.end(), name.begin(), name.end(),
                     [](char a, char b) { return lower(a) == b; })) {
        return field_.low + static_cast<unsigned>(i);
      }
    }
    return wrong(begin, expected_of(field_) + (first ? ", or '*'" : ""));
  }

  // None for what is no number; any that has too many digits is out of range everywhere.
  static std::optional<unsigned> number_of(std::string_view word) {
    if (word.empty() || !std::all_of(word.begin(), word.end(), is_digit)) return std::nullopt;
    unsigned number = 0;
    for (const char c : word) number = std::min(number * 10 + static_cast<unsigned>(c - '0'), 999U);
    return number;
  }

  std::uint64_t bit(unsigned value) const {
    const bool sunday = field_.high == kSunday && value == kSunday;
    return std::uint64_t{1} << (sunday ? 0 : value);
  }

  bool take(char c) {
    if (at_ == end_ || text_[at_] != c) return false;
    ++at_;
    return true;
  }

  tl::unexpected<Error> wrong(std::size_t at, std::string_view expected) const {
    const std::size_t stop = std::min(text_.find(',', at), end_);
    const std::string found =
        stop <= at ? "nothing" : fmt::format("'{}'", text_.substr(at, stop - at));
    return fault(text_, fmt::format("column {}, {}: found {}; expected {}", at + 1, field_.name,
                                    found, expected));
  }

  std::string_view text_;
  std::size_t at_;
  std::size_t end_;
  const Field& field_;
};

struct Word {
  std::size_t begin;
  std::size_t end;
};

std::vector<Word> words_of(std::string_view text) {
  std::vector<Word> words;
  for (std::size_t at = 0; at < text.size();) {
    if (is_blank(text[at])) {
      ++at;
      continue;
    }
    const std::size_t begin = at;
    while (at < text.size() && !is_blank(text[at])) ++at;
    words.push_back({begin, at});
  }
  return words;
}

Result<Calendar> parse_fields(std::string_view text, const std::vector<Word>& words) {
  const std::size_t skipped = kFields.size() - words.size();  // the seconds, or nothing
  Calendar calendar;
  calendar.seconds = 1;
  std::array<bool, kFields.size()> starred{};
  for (std::size_t i = skipped; i < kFields.size(); ++i) {
    const Word& word = words[i - skipped];
    starred[i] = text[word.begin] == '*';
    const Result<std::uint64_t> bits = FieldReader(text, word.begin, word.end, kFields[i]).read();
    if (!bits) return tl::unexpected(bits.error());
    calendar.*kFields[i].bits = *bits;
  }
  const auto time_end = starred.begin() + kTimeFields;
  calendar.wildcard = std::find(starred.begin(), time_end, true) != time_end;
  calendar.either_day = !starred[3] && !starred[5];
  return calendar;
}

Result<std::string_view> shortcut(std::string_view text, std::string_view word) {
  std::vector<std::string_view> names;
  for (const Shortcut& each : kShortcuts) {
    if (each.name == word) return each.means;
    names.push_back(each.name);
  }
  return fault(text, fmt::format("'{}' is not known{}; expected one of {}", word,
                                 did_you_mean(word, names), fmt::join(names, ", ")));
}

}  // namespace

Result<Calendar> parse_calendar(std::string_view text) {
  if (text.size() > kMaxCalendarBytes) {
    return fail(ErrorCode::kUsage, fmt::format("the calendar expression has {} bytes; at most {} "
                                               "are taken",
                                               text.size(), kMaxCalendarBytes));
  }
  std::vector<Word> words = words_of(text);
  std::string_view fields = text;
  if (words.size() == 1 && text[words[0].begin] == '@') {
    const auto means = shortcut(text, text.substr(words[0].begin, words[0].end - words[0].begin));
    if (!means) return tl::unexpected(means.error());
    fields = *means;
    words = words_of(fields);
  }
  if (words.size() != 5 && words.size() != 6) {
    return fault(text, fmt::format("found {} field{}; expected 5 (minute, hour, day of month, "
                                   "month, day of week), or 6 with the second in front",
                                   words.size(), words.size() == 1 ? "" : "s"));
  }
  Result<Calendar> calendar = parse_fields(fields, words);
  if (!calendar) return calendar;
  calendar->text = text;
  if (!ever_matches(*calendar)) {
    return fault(text, "no month that it names has such a day; it would never fire");
  }
  return calendar;
}

bool has_seconds(const Calendar& calendar) { return words_of(calendar.text).size() == 6; }

}  // namespace jobq::sched
