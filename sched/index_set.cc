// SPDX-License-Identifier: Apache-2.0
// Ranges with steps are arithmetic progressions: what two have in common is one again (found as in
// the Chinese remainder theorem), and what is left without it is a few of them.
#include "sched/index_set.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <numeric>
#include <utility>

namespace jobq::sched {
namespace {

using Wide = std::int64_t;
using Ranges = std::vector<IndexRange>;

IndexRange range_of(Wide first, Wide last, Wide step) {
  const bool single = first == last;
  return {static_cast<Index>(first), static_cast<Index>(last),
          single ? 1 : static_cast<Index>(step)};
}

// x with a * x = 1 modulo m, where they have no divisor in common.
Wide inverse(Wide a, Wide m) {
  Wide known = 0;
  Wide found = 1;
  Wide rest = m;
  for (Wide value = a % m; value > 1;) {
    const Wide times = rest / value;
    known = std::exchange(found, known - times * found);
    rest = std::exchange(value, rest - times * value);
  }
  return (found % m + m) % m;
}

std::optional<IndexRange> common(const IndexRange& a, const IndexRange& b) {
  const Wide low = std::max(a.first, b.first);
  const Wide high = std::min(a.last, b.last);
  if (low > high) return std::nullopt;
  const Wide divisor = std::gcd(Wide{a.step}, Wide{b.step});
  const Wide apart = Wide{b.first} - Wide{a.first};
  if (apart % divisor != 0) return std::nullopt;
  const Wide turn = b.step / divisor;
  const Wide both = a.step * turn;
  Wide first = a.first;
  if (turn > 1) {
    const Wide times = (apart / divisor % turn + turn) % turn;
    first += a.step * (times * inverse(a.step / divisor, turn) % turn);
  }
  if (first < low) first += (low - first + both - 1) / both * both;
  if (first > high) return std::nullopt;
  return range_of(first, first + (high - first) / both * both, both);
}

// Appends what is left of a range without a part that is in it.
void append_without(const IndexRange& range, const IndexRange& part, Ranges& to) {
  const Wide step = range.step;
  const Wide first = part.first;
  const Wide last = part.last;
  if (part.first > range.first) to.push_back(range_of(range.first, first - step, step));
  if (part.last < range.last) to.push_back(range_of(last + step, range.last, step));
  const Wide between = part.step;  // from one index of the part to the next
  const Wide gaps = static_cast<Wide>(part.size()) - 1;
  if (gaps == 0 || between == step) return;
  if (gaps < between / step - 1) {
    for (Wide at = first; at < last; at += between) {
      to.push_back(range_of(at + step, at + between - step, step));
    }
    return;
  }
  for (Wide shift = step; shift < between; shift += step) {
    to.push_back(range_of(first + shift, last - between + shift, between));
  }
}

Ranges without(const Ranges& ranges, const IndexRange& part) {
  Ranges left;
  for (const IndexRange& range : ranges) {
    if (const auto both = common(range, part)) {
      append_without(range, *both, left);
    } else {
      left.push_back(range);
    }
  }
  return left;
}

// Makes one range of two that follow each other with one step.
bool join(IndexRange& a, const IndexRange& b) {
  const Index step = b.first == b.last ? a.step : b.step;
  const bool same_step = a.first == a.last || a.step == step;
  if (!same_step || Wide{a.last} + step != b.first) return false;
  a = {a.first, b.last, step};
  return true;
}

tl::unexpected<Error> wrong(std::string text) { return fail(ErrorCode::kUsage, std::move(text)); }

std::optional<std::uint64_t> number_of(std::string_view text) {
  std::uint64_t number = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  const bool whole = !text.empty() && stop == end;
  if (whole && error == std::errc::result_out_of_range) return UINT64_MAX;
  return whole && error == std::errc() ? std::optional(number) : std::nullopt;
}

Result<IndexRange> parse_range(std::string_view text) {
  const std::size_t colon = std::min(text.find(':'), text.size());
  const std::size_t dash = std::min(text.substr(0, colon).find('-'), colon);
  const bool is_range = dash < colon;
  const auto first = number_of(text.substr(0, dash));
  const auto last = is_range ? number_of(text.substr(dash + 1, colon - dash - 1)) : first;
  const bool has_step = colon < text.size();
  const auto step = has_step ? number_of(text.substr(colon + 1)) : std::optional<std::uint64_t>(1);
  if (!first || !last || !step || (has_step && !is_range)) {
    return wrong(
        fmt::format("'{}' is no index; expected a number such as 15, or a range such as "
                    "0-999 or 0-10:2",
                    text.substr(0, 100)));
  }
  if (*first > kMaxIndex || *last > kMaxIndex) {
    return wrong(fmt::format("'{}' is too great; expected indexes of 0 to {}", text, kMaxIndex));
  }
  if (*last < *first) {
    return wrong(fmt::format("'{}' goes down; expected the lower index first", text));
  }
  if (*step == 0) return wrong(fmt::format("'{}': expected a step of 1 or more, found 0", text));
  const auto width = static_cast<Wide>(std::min<std::uint64_t>(*step, kMaxIndex));
  const auto from = static_cast<Wide>(*first);
  return range_of(from, from + (static_cast<Wide>(*last) - from) / width * width, width);
}

Result<Ranges> parse_ranges(std::string_view text, std::size_t most) {
  Ranges ranges;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t comma = std::min(text.find(',', begin), text.size());
    const auto range = parse_range(text.substr(begin, comma - begin));
    if (!range) return tl::unexpected(range.error());
    if (ranges.size() == most) {
      return wrong(
          fmt::format("expected at most {} numbers and ranges, found more; what is left "
                      "can be an array of its own",
                      most));
    }
    ranges.push_back(*range);
    begin = comma + 1;
  }
  return ranges;
}

// Of ranges in the order of their first indexes.
std::size_t count_nested(const Ranges& ranges) {
  std::size_t nested = 0;
  Wide highest = -1;
  for (const IndexRange& range : ranges) {
    if (Wide{range.first} <= highest) ++nested;
    highest = std::max(highest, Wide{range.last});
  }
  return nested;
}

tl::unexpected<Error> too_nested() {
  return wrong(
      fmt::format("expected at most {} ranges that lie within others, found more; what is "
                  "left can be an array of its own",
                  kMaxNested));
}

}  // namespace

Result<IndexSet> IndexSet::read_back(std::string_view text) {
  IndexSet set;
  if (text.empty()) return set;
  auto ranges = parse_ranges(text, SIZE_MAX);
  if (!ranges) return tl::unexpected(ranges.error());
  set.ranges_ = *std::move(ranges);
  set.tidy();
  return set;
}

Result<IndexSet> IndexSet::parse(std::string_view text) {
  if (text.empty()) return wrong("expected indexes such as 0-999 or 0-10:2,15, found none");
  auto ranges = parse_ranges(text, kMaxRanges);
  if (!ranges) return tl::unexpected(ranges.error());
  std::sort(ranges->begin(), ranges->end(),
            [](const IndexRange& a, const IndexRange& b) { return a.first < b.first; });
  IndexSet set;
  std::size_t nested = 0;
  Index highest = 0;
  for (const IndexRange& range : *ranges) {
    const bool apart = set.empty() || range.first > highest;
    if (!apart && (++nested > kMaxNested || set.ranges_.size() > kMaxRanges)) return too_nested();
    apart ? set.ranges_.push_back(range) : set.insert(range);
    highest = std::max(highest, range.last);
  }
  set.tidy();
  // What it is written back as must be read again.
  const bool good = set.ranges_.size() <= kMaxRanges && count_nested(set.ranges_) <= kMaxNested;
  if (!good) return too_nested();
  return set;
}

std::uint64_t IndexSet::size() const {
  std::uint64_t size = 0;
  for (const IndexRange& range : ranges_) size += range.size();
  return size;
}

bool IndexSet::contains(Index index) const {
  return std::any_of(ranges_.begin(), ranges_.end(),
                     [&](const IndexRange& range) { return range.contains(index); });
}

std::optional<Index> IndexSet::next(std::uint64_t from) const {
  std::optional<Index> least;
  for (const IndexRange& range : ranges_) {
    if (least && range.first >= *least) break;  // so are all that follow
    if (range.last < from) continue;
    const std::uint64_t below = from > range.first ? from - range.first : 0;
    const auto found = range.first + (below + range.step - 1) / range.step * range.step;
    least = std::min(least.value_or(kMaxIndex), static_cast<Index>(found));
  }
  return least;
}

// What of the range is not there yet, in no order.
void IndexSet::insert(const IndexRange& range) {
  Ranges fresh{range};
  for (const IndexRange& known : ranges_) {
    if (known.first <= range.last && known.last >= range.first) fresh = without(fresh, known);
  }
  ranges_.insert(ranges_.end(), fresh.begin(), fresh.end());
}

void IndexSet::tidy() {
  std::sort(ranges_.begin(), ranges_.end(),
            [](const IndexRange& a, const IndexRange& b) { return a.first < b.first; });
  Ranges joined;
  for (const IndexRange& range : ranges_) {
    if (joined.empty() || !join(joined.back(), range)) joined.push_back(range);
  }
  ranges_ = std::move(joined);
}

void IndexSet::add(IndexRange range) {
  insert(range_of(range.first, range.last, range.step));
  tidy();
}

void IndexSet::add(const IndexSet& other) {
  for (const IndexRange& range : other.ranges_) insert(range);
  tidy();
}

void IndexSet::remove(const IndexSet& other) {
  for (const IndexRange& range : other.ranges_) ranges_ = without(ranges_, range);
  tidy();
}

IndexSet IndexSet::common(const IndexSet& other) const {
  IndexSet both;
  for (const IndexRange& range : other.ranges_) {
    for (const IndexRange& own : ranges_) {
      if (const auto part = sched::common(own, range)) both.ranges_.push_back(*part);
    }
  }
  both.tidy();
  return both;
}

IndexSet IndexSet::from(std::uint64_t first) const {
  IndexSet rest;
  for (const IndexRange& range : ranges_) {
    if (range.last < first) continue;
    const Wide below = first > range.first ? static_cast<Wide>(first - range.first) : 0;
    const Wide begin = range.first + (below + range.step - 1) / range.step * range.step;
    rest.ranges_.push_back(range_of(begin, range.last, range.step));
  }
  rest.tidy();
  return rest;
}

std::string to_string(const IndexSet& set, std::size_t most) {
  std::string text;
  std::size_t shown = 0;
  for (const IndexRange& range : set.ranges()) {
    if (!text.empty()) text += ',';
    if (shown++ == most) return text + "...";
    text += std::to_string(range.first);
    if (range.last != range.first) text += '-' + std::to_string(range.last);
    if (range.step != 1) text += ':' + std::to_string(range.step);
  }
  return text;
}

Result<ArraySpec> parse_array(std::string_view text) {
  const std::size_t percent = std::min(text.find('%'), text.size());
  auto elements = IndexSet::parse(text.substr(0, percent));
  if (!elements) return tl::unexpected(elements.error());
  if (elements->size() > kMaxElements) {
    return wrong(
        fmt::format("expected at most {} elements, found {}; what is left can be an "
                    "array of its own",
                    kMaxElements, elements->size()));
  }
  ArraySpec array{*std::move(elements), 0};
  if (percent == text.size()) return array;
  const auto throttle = number_of(text.substr(percent + 1));
  if (!throttle || *throttle == 0) {
    return wrong(fmt::format("expected a whole number of 1 or more after %, found '{}'",
                             text.substr(percent + 1, 100)));
  }
  array.throttle = static_cast<std::uint32_t>(std::min(*throttle, kMaxElements));
  return array;
}

std::string name_of(JobNumber array, const IndexSet& elements) {
  return fmt::format("{}[{}]", array.value, to_string(elements, kShownRanges));
}

Result<void> check_elements(JobNumber job, const IndexSet& named, const IndexSet& elements) {
  IndexSet unknown = named;
  unknown.remove(elements);
  if (unknown.empty()) return {};
  const std::string name = name_of(job, unknown);
  if (elements.empty()) {
    return fail(ErrorCode::kNotFound,
                fmt::format("job {} is no array: there is no {}", job.value, name));
  }
  return fail(ErrorCode::kNotFound,
              fmt::format("there is no {}; the elements of job {} are {}", name, job.value,
                          to_string(elements, kShownRanges)));
}

Result<void> check_element(JobRef name, const IndexSet& elements) {
  if (!name.index) return {};
  return check_elements(name.job, IndexSet(*name.index, *name.index), elements);
}

std::string shown_elements(std::string_view array) {
  const auto elements = IndexSet::read_back(array.substr(0, array.find('%')));
  return elements ? to_string(*elements, kShownRanges) : std::string();
}

std::string to_string(const ArraySpec& array) {
  const std::string elements = to_string(array.elements);
  return array.throttle == 0 ? elements : fmt::format("{}%{}", elements, array.throttle);
}

}  // namespace jobq::sched
