// SPDX-License-Identifier: Apache-2.0
// The table of settings: one row for each key of jobq.toml, from which it is read and described.
//
// Some sections have names of the operators' choice, such as [element.batch]; their rows say NAME
// in its place, and their slots lead into what was added last.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "base/time.h"
#include "conf/settings.h"

namespace jobq::conf {

using Counts = std::vector<resmgr::Count>;
using Names = std::vector<std::string>;
// Where a setting is kept; its type says how it is written.
using Slot = std::variant<std::string*, Millis*, std::optional<Millis>*, int*, std::uint32_t*,
                          std::optional<std::uint32_t>*, std::optional<Bytes>*, Names*, Counts*,
                          resmgr::Backfill*, KeeperStart*>;

enum class Form {
  kPath,
  kAddress,
  kName,
  kDuration,
  kNumber,
  kSize,
  kUsers,
  kPatterns,
  kFeatures,
  kCounts,
  kText,
  kBackfill,
  kKeeper
};

struct Setting {
  std::string_view name;  // "controller.state", "element.NAME.nodes"
  Form form;
  Slot (*slot)(Settings&);
  std::int64_t least;         // of kDuration in seconds, of kNumber
  std::int64_t most;          // and of kText in bytes
  std::string_view fallback;  // in words; empty: the value itself
  std::string_view meaning;
  bool is_required = false;  // of its section, where that is there
};

struct NamedSection {
  std::string_view name;  // "element" of [element.NAME]
  bool is_plain;          // NAME is as resmgr::valid_name() wants it; else a user's
  void (*add)(Settings& to, const std::string& name);  // what the slots of its rows lead into
};

std::span<const Setting> setting_table();  // in the order of the man page
std::span<const std::string_view> plain_sections();
std::span<const NamedSection> named_sections();
std::string label_of(const NamedSection& section);  // "element.NAME", as rows begin

}  // namespace jobq::conf
