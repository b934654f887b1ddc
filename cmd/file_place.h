// SPDX-License-Identifier: Apache-2.0
// Places of files, as users write them:
//
//   PATH               here, where the command or the step works
//   client:PATH        on the machine of who submitted
//   NAME:PATH          on a node; also node:NAME:PATH. Not absolute: from the user's home on
//   area:NAME/PATH     in a storage area
//
// What stands before a colon is a place only before the first slash: ./a:b is a file.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace jobq::cmd {

struct FilePlace {
  enum class Where { kHere, kClient, kNode, kArea };
  Where where = Where::kHere;
  std::string name;  // of the node or the area
  std::string path;
  bool operator==(const FilePlace&) const = default;
};

// kUsage says what was expected.
Result<FilePlace> parse_file_place(std::string_view text);
std::string to_string(const FilePlace& place);

// It is looked up in its directory: it has *, ? or [.
bool is_glob(std::string_view text);

// "work" and "a" are "work/a", "" and "a" are "a".
std::string joined_path(const std::string& directory, std::string_view name);
// "a" of "/x/a" and of "/x/a/".
std::string last_name(std::string_view path);

}  // namespace jobq::cmd
