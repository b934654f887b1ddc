// SPDX-License-Identifier: Apache-2.0
// How long a line, a function and a file may be.
#include <algorithm>
#include <set>
#include <utility>

#include "tests/tidy/rules.h"

namespace jobq::tidy {
namespace {

constexpr std::ptrdiff_t kLineColumns = 100;
constexpr int kFunctionLines = 70;
constexpr std::size_t kFileLines = 600;

// Tables written as functions, each one as (file, function); nothing else may stand here.
const std::set<std::pair<std::string, std::string>> kTables = {};

bool written_by_hand(const File& file) {
  return file.cpp || file.path.ends_with(".proto") || file.path.ends_with(".sh") ||
         file.path.ends_with(".cmake") || file.folder == "scripts";
}

// Characters, not bytes: UTF-8 continuation bytes do not count.
std::ptrdiff_t columns(std::string_view line) {
  return std::count_if(line.begin(), line.end(),
                       [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; });
}

}  // namespace

Complaints lines_fit(const Tree& tree) {
  Complaints complaints;
  for (const File& file : tree) {
    if (!written_by_hand(file)) continue;
    int number = 0;
    for (const std::string_view line : lines_of(file.text)) {
      ++number;
      if (columns(line) <= kLineColumns) continue;
      complaints.push_back(
          {file.path, number, "line of " + std::to_string(columns(line)) + " columns"});
    }
  }
  return complaints;
}

Complaints functions_are_short(const Tree& tree) {
  Complaints complaints;
  for (const File& file : tree) {
    if (!file.cpp) continue;
    for (const Function& function : find_functions(file.views.code)) {
      if (function.lines() <= kFunctionLines) continue;
      if (kTables.contains({file.path, function.name})) continue;
      complaints.push_back({file.path, function.first_line,
                            function.name + " has " + std::to_string(function.lines()) + " lines"});
    }
  }
  return complaints;
}

Complaints files_are_short(const Tree& tree) {
  Complaints complaints;
  for (const File& file : tree) {
    const std::size_t lines = lines_of(file.text).size();
    if (!written_by_hand(file) || lines <= kFileLines) continue;
    complaints.push_back({file.path, 1, "file of " + std::to_string(lines) + " lines: split it"});
  }
  return complaints;
}

}  // namespace jobq::tidy
