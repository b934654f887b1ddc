// SPDX-License-Identifier: Apache-2.0
// The edit distance in three rows, and the choice of the nearest name.
#include "base/nearest.h"

#include <algorithm>
#include <array>
#include <utility>

namespace jobq {
namespace {

constexpr std::size_t kLongest = 64;  // longer words are nobody's slip of the finger

char fold(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }
bool same(char a, char b) { return fold(a) == fold(b); }

using Row = std::array<std::size_t, kLongest + 2>;

// One row of the table for letter i of a; the cells beside the band hold more than the limit.
void fill_row(std::string_view a, std::string_view b, std::size_t i, std::size_t limit,
              const Row& before, const Row& last, Row& row) {
  const std::size_t first = i > limit ? i - limit : 1;
  const std::size_t end = std::min(b.size(), i + limit);
  row[first - 1] = i <= limit ? i : limit + 1;
  row[end + 1] = limit + 1;
  for (std::size_t j = first; j <= end; ++j) {
    const std::size_t replaced = last[j - 1] + (same(a[i - 1], b[j - 1]) ? 0 : 1);
    row[j] = std::min({last[j] + 1, row[j - 1] + 1, replaced});
    const bool swapped = i > 1 && j > 1 && same(a[i - 1], b[j - 2]) && same(a[i - 2], b[j - 1]);
    if (swapped) row[j] = std::min(row[j], before[j - 2] + 1);
  }
}

bool begins(std::string_view word, std::string_view name) {
  return word.size() >= 3 && word.size() < name.size() &&
         std::equal(word.begin(), word.end(), name.begin(), same);
}

}  // namespace

std::optional<std::size_t> edit_distance(std::string_view a, std::string_view b,
                                         std::size_t limit) {
  const std::size_t gap = a.size() > b.size() ? a.size() - b.size() : b.size() - a.size();
  if (gap > limit || a.size() > kLongest || b.size() > kLongest) return std::nullopt;
  Row before;
  Row last;
  Row row{};
  before.fill(limit + 1);
  last.fill(limit + 1);
  for (std::size_t j = 0; j <= std::min(limit, b.size()); ++j) last[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    fill_row(a, b, i, limit, before, last, row);
    before = std::exchange(last, row);
  }
  return last[b.size()] <= limit ? std::optional(last[b.size()]) : std::nullopt;
}

std::string_view nearest(std::string_view word, const std::vector<std::string_view>& known) {
  std::size_t limit = std::min<std::size_t>(2, (word.size() + 1) / 3);
  std::string_view best;
  for (const std::string_view name : known) {
    const auto distance = edit_distance(word, name, limit);
    if (distance) {
      best = name;
      if (*distance == 0) break;
      limit = *distance - 1;
    } else if (best.empty() && begins(word, name)) {
      best = name;
    }
  }
  return best;
}

std::string did_you_mean(std::string_view word, const std::vector<std::string_view>& known) {
  const std::string_view name = nearest(word, known);
  return name.empty() ? std::string() : "; did you mean '" + std::string(name) + "'?";
}

}  // namespace jobq
