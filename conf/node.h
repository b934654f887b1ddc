// SPDX-License-Identifier: Apache-2.0
// A parsed text, TOML or JSON, as one kind of tree with places. Readers know only this.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "conf/fault.h"

namespace jobq::conf {

struct Node {
  enum class Kind : std::uint8_t { kString, kInteger, kBoolean, kList, kTable, kTime, kOther };

  Kind kind = Kind::kOther;
  bool flag = false;           // of kBoolean
  Place place;                 // of the value
  Place key_place;             // of its key, where it has one
  std::int64_t number = 0;     // of kInteger
  std::string key;             // in a table
  std::string text;            // of kString; of kTime as parse_when() takes it; of kOther what it
                               // is: "a date", "the number 1.5"
  std::vector<Node> children;  // of kList and kTable, in the order of the text

  // The value of a key of a table; null where there is none.
  const Node* find(std::string_view name) const;
};

// "the string "abc"", "the number 5", "a list", ...: what was found.
std::string describe(const Node& node);

// The node that a path like "step[2].needs.cpus" leads to, or the last one on the way that is
// there.
const Node& follow(const Node& root, std::string_view path);

}  // namespace jobq::conf
