// SPDX-License-Identifier: Apache-2.0
// Tables of keys: one table says all that may stand in a section of a file, and drives its reading
// and its errors. Readers of single values are in conf/scalars.h.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "conf/node.h"

namespace jobq::conf {

template <class T>
struct Key {
  std::string_view name;
  void (*read)(const Node& node, T& out, FaultSink& faults);
};

template <class T>
struct Section {
  std::string_view label;  // "[[step]]"
  std::span<const Key<T>> keys;
  std::span<const std::string_view> later;  // keys of the language that this version cannot do
};

// Adds "'retry' in [[step]] is not supported yet by this version" or "unknown key ...".
void add_unknown_key(const Node& node, std::string_view label,
                     const std::vector<std::string_view>& known,
                     std::span<const std::string_view> later, FaultSink& faults);

// Adds "expected a table, found ..." and says false where the node is none.
bool expect_table(const Node& node, std::string_view label, FaultSink& faults);

template <class T>
void read_section(const Node& node, const Section<T>& section, T& out, FaultSink& faults) {
  if (!expect_table(node, section.label, faults)) return;
  for (const Node& child : node.children) {
    const Key<T>* key = nullptr;
    for (const Key<T>& candidate : section.keys) {
      if (candidate.name == child.key) key = &candidate;
    }
    if (key != nullptr) {
      key->read(child, out, faults);
      continue;
    }
    if (faults.full()) return faults.cut();
    std::vector<std::string_view> known;
    for (const Key<T>& candidate : section.keys) known.push_back(candidate.name);
    add_unknown_key(child, section.label, known, section.later, faults);
  }
}

}  // namespace jobq::conf
