// SPDX-License-Identifier: Apache-2.0
// Reads C++ well enough to judge it: what is code, what is a string, what is a comment, where
// functions begin and end. It is no compiler; it knows the shapes that this project's code has.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace jobq::tidy {

// Three views of one text. All have its length and its line breaks, so that a position in one is
// the same position in the others; what a view leaves out is blank.
struct Views {
  std::string code;          // without comments and without the insides of literals
  std::string code_strings;  // without comments
  std::string comments;      // comments alone
};

Views split_views(std::string_view text);

struct Function {
  std::string name;
  int first_line = 0;  // of its signature, from 1
  int last_line = 0;   // of its closing brace
  int lines() const { return last_line - first_line + 1; }
};

// The functions of a file, free, member or lambda in a table, but not what stands inside another
// function. Takes Views::code.
std::vector<Function> find_functions(std::string_view code);

struct Include {
  std::string target;  // "sched/spec.h" without the quotes, or "vector" without the brackets
  bool quoted = false;
  int line = 0;
};

// Takes Views::code_strings.
std::vector<Include> find_includes(std::string_view code_strings);

// The lines of a text, without their ends.
std::vector<std::string_view> lines_of(std::string_view text);

// The line, from 1, of a position.
int line_at(std::string_view text, std::size_t position);

}  // namespace jobq::tidy
