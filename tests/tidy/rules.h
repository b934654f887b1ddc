// SPDX-License-Identifier: Apache-2.0
// The rules of the source tree, each a function from the tree to what is wrong with it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tests/tidy/scanner.h"

namespace jobq::tidy {

struct File {
  std::string path;  // from the root of the tree: "sched/spec.h"
  std::string text;
  Views views;         // of C++ only
  std::string folder;  // "sched", empty for files at the root
  bool cpp = false;
  bool product = false;  // C++ that goes into the executable
};

File make_file(std::string path, std::string text);

using Tree = std::vector<File>;

// Every text file under a directory, sorted by path, without build directories and hidden ones but
// .ci.
Tree read_tree(const std::string& root);

struct Complaint {
  std::string path;
  int line = 0;
  std::string what;
  bool operator==(const Complaint&) const = default;
};
using Complaints = std::vector<Complaint>;

// Who may include whom (include_rules.cc).
Complaints project_includes_follow_the_table(const Tree& tree);
Complaints third_party_headers_stay_at_home(const Tree& tree);
Complaints the_core_is_pure(const Tree& tree);
Complaints every_header_is_used(const Tree& tree);

// Sizes (size_rules.cc).
Complaints lines_fit(const Tree& tree);
Complaints functions_are_short(const Tree& tree);
Complaints files_are_short(const Tree& tree);

// Words (word_rules.cc).
Complaints banned_names_are_absent(const Tree& tree);
Complaints tests_wait_for_conditions(const Tree& tree);
Complaints promises_have_reasons(const Tree& tree);
Complaints files_name_their_licence(const Tree& tree);
Complaints files_open_with_what_they_own(const Tree& tree);
Complaints no_machine_is_named(const Tree& tree);

}  // namespace jobq::tidy
