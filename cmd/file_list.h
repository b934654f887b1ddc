// SPDX-License-Identifier: Apache-2.0
// From what a user names to the files that are meant: patterns are looked up where they lie, and
// directories are gone through.
#pragma once

#include <string>
#include <vector>

#include "cmd/file_road.h"

namespace jobq::cmd {

// A file, a directory or a link at its place. The entry's name is its path there.
struct FoundFile {
  FileSite site;
  wire::FileEntry entry;
};

// What one word names; empty where nothing is there. Links are followed.
Result<std::vector<FoundFile>> find_files(FileRoad& road, const std::string& word);

// One thing to do: a file to copy, a directory to make, a link to set.
struct CopyItem {
  FoundFile from;
  std::string to;  // path at the destination
};
struct CopyPlan {
  FileSite to;
  std::vector<CopyItem> items;  // directories before what is in them
  std::uint64_t bytes = 0;
};
struct CopyWords {
  std::vector<std::string> from;
  std::string to;
  bool recursive = false;
};
// kNotFound where a word names nothing; kUsage where directories are not wanted, or several files
// should become one, or two have the same name.
Result<CopyPlan> plan_copy(FileRoad& road, const CopyWords& words);

}  // namespace jobq::cmd
