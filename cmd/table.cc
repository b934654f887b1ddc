// SPDX-License-Identifier: Apache-2.0
// Layout of tables.
#include "cmd/table.h"

#include <algorithm>
#include <numeric>

#include "base/check.h"

namespace jobq::cmd {
namespace {

constexpr std::size_t kGap = 2;

std::string padded(const std::string& text, std::size_t shown, std::size_t width, bool right) {
  const std::string blanks(width > shown ? width - shown : 0, ' ');
  return right ? blanks + text : text + blanks;
}

}  // namespace

Table::Table(std::vector<Column> columns) : columns_(std::move(columns)) {
  for (const Column& column : columns_) widths_.push_back(columns_of(column.title));
}

void Table::add(std::vector<Cell> row) {
  check(row.size() == columns_.size(), "a row has as many cells as the table has columns");
  rows_.push_back(std::move(row));
}

void Table::widen() {
  for (const auto& row : rows_) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      widths_[i] = std::max(widths_[i], columns_of(row[i].text));
    }
  }
}

std::vector<std::size_t> Table::fitted(const Terminal& terminal) const {
  std::vector<std::size_t> widths = widths_;
  if (terminal.width == 0) return widths;
  const auto total = [&] {
    return std::accumulate(widths.begin(), widths.end(), (widths.size() - 1) * kGap);
  };
  // One column at a time from the widest that may give: nobody is cut while another is wider.
  while (total() > terminal.width) {
    std::size_t widest = columns_.size();
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      const std::size_t least = std::max(columns_[i].least, columns_of(columns_[i].title));
      if (columns_[i].least == 0 || widths[i] <= least) continue;
      if (widest == columns_.size() || widths[i] > widths[widest]) widest = i;
    }
    if (widest == columns_.size()) break;
    --widths[widest];
  }
  return widths;
}

std::string Table::line(const std::vector<Cell>& cells, const std::vector<std::size_t>& widths,
                        const Terminal& terminal) const {
  std::string text;
  std::size_t used = 0;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    const std::size_t left = terminal.width == 0 ? widths[i] : terminal.width - used;
    const std::string shown = cut_to(cells[i].text, std::min(widths[i], left), terminal);
    const std::size_t columns = columns_of(shown);
    const bool last = i + 1 == cells.size();
    text +=
        padded(coloured(shown, cells[i].colour, terminal), columns,
               last && !columns_[i].right ? columns : std::min(widths[i], left), columns_[i].right);
    used += std::min(widths[i], left) + kGap;
    if (last || (terminal.width != 0 && used >= terminal.width)) break;
    text += std::string(kGap, ' ');
  }
  while (text.ends_with(' ')) text.pop_back();
  return text + '\n';
}

std::string Table::take_text(const Terminal& terminal) {
  widen();
  const std::vector<std::size_t> widths = fitted(terminal);
  std::string text;
  if (!has_titles_) {
    std::vector<Cell> titles;
    for (const Column& column : columns_) titles.emplace_back(column.title, Colour::kBold);
    text += line(titles, widths, terminal);
    has_titles_ = true;
  }
  for (const auto& row : rows_) text += line(row, widths, terminal);
  rows_.clear();
  return text;
}

}  // namespace jobq::cmd
