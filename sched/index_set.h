// SPDX-License-Identifier: Apache-2.0
// Sets of the indexes of an array, as their authors write them: "0-999", "0-10:2,15".
//
// A set is kept as ranges with steps that have no index in common, so that its memory and the cost
// of every question follow from how it is written, never from how many indexes it has.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/result.h"

namespace jobq::sched {

using Index = std::uint32_t;
inline constexpr Index kMaxIndex = 2147483647;  // 2^31 - 1
inline constexpr std::uint64_t kMaxElements = 10'000'000;
// More ranges than this are refused, and fewer where ranges lie within each other: the cost of
// telling those apart grows with the square.
inline constexpr std::size_t kMaxRanges = 10'000;
inline constexpr std::size_t kMaxNested = 1'000;

// first, first + step, ..., last; the step of a single index is 1.
struct IndexRange {
  Index first = 0;
  Index last = 0;
  Index step = 1;

  std::uint64_t size() const { return (last - first) / step + std::uint64_t{1}; }
  bool contains(Index index) const {
    return index >= first && index <= last && (index - first) % step == 0;
  }
  bool operator==(const IndexRange&) const = default;
};

class IndexSet {
 public:
  IndexSet() = default;
  IndexSet(Index first, Index last) { add(IndexRange{first, last, 1}); }

  // "0-10:2,15": numbers and ranges of 0 to kMaxIndex, with steps; what is said twice is meant
  // once. The error (kUsage) says what was found and what was expected.
  static Result<IndexSet> parse(std::string_view text);
  // What to_string() made of a set, which may have more ranges than parse() takes; "" is empty.
  static Result<IndexSet> read_back(std::string_view text);

  bool empty() const { return ranges_.empty(); }
  std::uint64_t size() const;
  bool contains(Index index) const;
  // The least index from here on.
  std::optional<Index> next(std::uint64_t from) const;

  void add(IndexRange range);
  void add(const IndexSet& other);
  void remove(const IndexSet& other);
  IndexSet common(const IndexSet& other) const;  // what is in both
  IndexSet from(std::uint64_t first) const;      // what is not below

  const std::vector<IndexRange>& ranges() const { return ranges_; }
  bool operator==(const IndexSet&) const = default;

 private:
  void insert(const IndexRange& range);
  void tidy();

  std::vector<IndexRange> ranges_;  // by their first index; no two have an index in common
};

// As parse() reads it; with `most`, only so many ranges and then "...".
std::string to_string(const IndexSet& set, std::size_t most = SIZE_MAX);

// What a ticket says of its array: "0-999%50".
struct ArraySpec {
  IndexSet elements;           // 1 to kMaxElements
  std::uint32_t throttle = 0;  // so many run at most at a time; 0: any number
  bool operator==(const ArraySpec&) const = default;
};
Result<ArraySpec> parse_array(std::string_view text);
std::string to_string(const ArraySpec& array);

// How many ranges of elements are shown before they are cut off.
inline constexpr std::size_t kShownRanges = 20;
// "17[3-9]", cut off where they are many
std::string name_of(JobNumber array, const IndexSet& elements);
// kNotFound where some that are named are not among the elements of the job; these are empty of a
// job that is no array.
Result<void> check_elements(JobNumber job, const IndexSet& named, const IndexSet& elements);
Result<void> check_element(JobRef name, const IndexSet& elements);  // also a name without an index
// The elements of such a text, as lists of jobs show them; "" of "".
std::string shown_elements(std::string_view array);

}  // namespace jobq::sched
