// SPDX-License-Identifier: Apache-2.0
// Tables: columns as wide as what stands in them, made narrower where a terminal is.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "cmd/terminal.h"

namespace jobq::cmd {

struct Column {
  std::string title;
  bool right = false;     // numbers stand right
  std::size_t least = 0;  // may be cut down to so many columns; 0: is never cut
};

struct Cell {
  std::string text;
  Colour colour = Colour::kNone;
  Cell() = default;
  Cell(const std::string& of, Colour in = Colour::kNone) : text(printable(of)), colour(in) {}
  Cell(const char* of) : text(of) {}
};

class Table {
 public:
  explicit Table(std::vector<Column> columns);

  void add(std::vector<Cell> row);  // as many cells as columns
  std::size_t rows() const { return rows_.size(); }

  // The rows so far, below the title line where it was not yet taken; they leave the table. So a
  // long table can be written by parts: a later part is at least as wide as the ones before.
  std::string take_text(const Terminal& terminal);

 private:
  void widen();
  std::vector<std::size_t> fitted(const Terminal& terminal) const;
  std::string line(const std::vector<Cell>& cells, const std::vector<std::size_t>& widths,
                   const Terminal& terminal) const;

  std::vector<Column> columns_;
  std::vector<std::size_t> widths_;  // of what was seen so far
  std::vector<std::vector<Cell>> rows_;
  bool has_titles_ = false;
};

}  // namespace jobq::cmd
