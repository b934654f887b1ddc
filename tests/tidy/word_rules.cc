// SPDX-License-Identifier: Apache-2.0
// Words that may not stand in the tree, and words that must.
#include <algorithm>
#include <array>
#include <regex>

#include "tests/tidy/rules.h"

namespace jobq::tidy {
namespace {

constexpr std::string_view kLicence = "SPDX-License-Identifier: Apache-2.0";

struct Banned {
  std::string pattern;
  std::string why;
  bool in_tests = true;
};

// A call of one of these names that is not a member's.
std::string call_of(const std::string& names) {
  return R"((^|[^\w.>]|[^-]>))"
         "(" +
         names + R"()\s*\()";
}

const std::array kBanned = {
    Banned{call_of("s?rand"), "chance is for the outside: take numbers from the operating system"},
    Banned{call_of("str(cpy|cat|tok)|v?sprintf|gets"), "unbounded: use std::string or fmt"},
    Banned{call_of("assert"), "assert vanishes in release: use check()", false},
    Banned{call_of("system|popen"), "goes through a shell: spawn a process", false},
    Banned{call_of("u?sleep|nanosleep|sleep_for|sleep_until"), "wait for an event, not for time",
           false},
    Banned{R"(\busing\s+namespace\s+std\b)", "name what you use"},
};

template <class View>
void match_lines(const File& file, View view, const std::regex& pattern, const std::string& what,
                 Complaints& complaints) {
  int number = 0;
  for (const std::string_view line : lines_of(view)) {
    ++number;
    if (std::regex_search(line.begin(), line.end(), pattern)) {
      complaints.push_back({file.path, number, what});
    }
  }
}

bool is_shell(const File& file) {
  return file.path.ends_with(".sh") || file.text.starts_with("#!/usr/bin/env bash");
}

bool is_source(const File& file) {
  return file.cpp || is_shell(file) || file.path.ends_with(".proto") ||
         file.path.ends_with(".cmake") || file.path.ends_with("CMakeLists.txt") ||
         file.folder == "scripts";
}

// A shell text without here-documents and quoted words: they are other programs.
std::string without_other_programs(std::string_view text) {
  static const std::regex kQuoted("'[^']*'");
  static const std::regex kOpens(R"(<<-?\s*['"\\]?(\w+))");
  std::string kept;
  std::string until;
  for (const std::string_view line : lines_of(text)) {
    const std::size_t begin = std::min(line.find_first_not_of(" \t"), line.size());
    if (!until.empty()) {
      if (line.substr(begin) == until) until.clear();
    } else {
      kept += std::regex_replace(std::string(line), kQuoted, "");
      std::cmatch match;
      if (std::regex_search(line.data(), line.data() + line.size(), match, kOpens))
        until = match[1];
    }
    kept += '\n';
  }
  return kept;
}

// The harness's poll alone may sleep, between two looks.
void blank_poll(std::string& text) {
  const std::size_t begin = text.find("\npoll() {");
  const std::size_t end = text.find("\n}", begin == std::string::npos ? text.size() : begin);
  if (end == std::string::npos) return;
  std::replace_if(
      text.begin() + static_cast<std::ptrdiff_t>(begin),
      text.begin() + static_cast<std::ptrdiff_t>(end), [](char c) { return c != '\n'; }, ' ');
}

}  // namespace

Complaints banned_names_are_absent(const Tree& tree) {
  Complaints complaints;
  for (const Banned& banned : kBanned) {
    const std::regex pattern(banned.pattern);
    for (const File& file : tree) {
      if (!file.cpp || !(file.product || banned.in_tests)) continue;
      match_lines(file, std::string_view(file.views.code), pattern, banned.why, complaints);
    }
  }
  return complaints;
}

// A fixed sleep makes a test slow on a fast machine and wrong on a slow one.
Complaints tests_wait_for_conditions(const Tree& tree) {
  static const std::regex kSleeps(R"((^|[;&|(]|\b(do|then|else))\s*sleep\b)");
  Complaints complaints;
  for (const File& file : tree) {
    const bool of_harness =
        file.path.starts_with("tests/cli/") || file.path.starts_with("tests/fault/");
    if (!of_harness || !is_shell(file)) continue;
    std::string text = without_other_programs(file.text);
    if (file.path == "tests/cli/lib.sh") blank_poll(text);
    match_lines(file, std::string_view(text), kSleeps, "use wait_for: a fixed sleep proves nothing",
                complaints);
  }
  return complaints;
}

Complaints promises_have_reasons(const Tree& tree) {
  static const std::regex kPromise(R"(\b(TODO|FIXME)\b(?!\([^)]+\)))");
  Complaints complaints;
  for (const File& file : tree) {
    if (!is_source(file)) continue;
    const std::string_view view = file.cpp ? file.views.comments : file.text;
    match_lines(file, view, kPromise, "say why it waits: (reason) right after the word",
                complaints);
  }
  return complaints;
}

Complaints files_name_their_licence(const Tree& tree) {
  Complaints complaints;
  for (const File& file : tree) {
    if (!is_source(file)) continue;
    const auto lines = lines_of(file.text);
    // Below "#!" where there is one.
    const std::size_t at = file.text.starts_with("#!") ? 1 : 0;
    if (at < lines.size() && lines[at].ends_with(kLicence)) continue;
    complaints.push_back(
        {file.path, static_cast<int>(at) + 1, "the file must open with " + std::string(kLicence)});
  }
  return complaints;
}

Complaints files_open_with_what_they_own(const Tree& tree) {
  static const std::regex kSays(R"(^//.*\w+ \w+)");
  Complaints complaints;
  for (const File& file : tree) {
    if (!file.cpp) continue;
    const auto lines = lines_of(file.text);
    std::size_t at = 1;
    while (at < lines.size() && (lines[at].empty() || lines[at] == "//")) ++at;
    if (at < lines.size() && std::regex_search(lines[at].begin(), lines[at].end(), kSays)) continue;
    complaints.push_back(
        {file.path, 2, "the file must begin with a comment that says what it owns"});
  }
  return complaints;
}

Complaints no_machine_is_named(const Tree& tree) {
  static const std::regex kMachine(R"((^|[^\w.~/$}{)*-])/(home|work)/)");
  Complaints complaints;
  for (const File& file : tree) {
    if (file.folder == "tests" && file.path.starts_with("tests/tidy/")) continue;
    match_lines(file, std::string_view(file.text), kMachine, "a path of somebody's machine",
                complaints);
  }
  return complaints;
}

}  // namespace jobq::tidy
