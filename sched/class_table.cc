// SPDX-License-Identifier: Apache-2.0
// Looking for classes.
#include "sched/class_table.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <string_view>

#include "base/nearest.h"

namespace jobq::sched {

const ClassTable::Versions* ClassTable::find(const std::string& name) const {
  const auto it = by_name_.find(name);
  return it == by_name_.end() ? nullptr : &it->second;
}

ClassRow* ClassTable::find(const std::string& name, const std::string& version) {
  const auto it = by_name_.find(name);
  if (it == by_name_.end()) return nullptr;
  const auto row = std::find_if(it->second.begin(), it->second.end(),
                                [&](const ClassRow& r) { return r.version == version; });
  return row == it->second.end() ? nullptr : &*row;
}

ClassRow* ClassTable::find(const ClassKey& key) {
  for (ClassRow& row : by_name_.at(key.name)) {
    if (row.order == key.order) return &row;
  }
  return nullptr;
}

Result<const ClassRow*> ClassTable::resolve(const std::string& name,
                                            const std::string& version) const {
  Result<const ClassRow*> row = look_up(name, version);
  if (!row || !(*row)->retired) return row;
  if (version.empty()) {
    return fail(ErrorCode::kRefused,
                fmt::format("class {} is retired; register a new version of it", name));
  }
  return fail(
      ErrorCode::kRefused,
      fmt::format("version {} of class {} is retired; register it again to use it", version, name));
}

Result<const ClassRow*> ClassTable::look_up(const std::string& name,
                                            const std::string& version) const {
  const Versions* versions = find(name);
  if (versions == nullptr) return tl::unexpected(unknown(name));
  const auto meant = std::find_if(versions->rbegin(), versions->rend(), [&](const ClassRow& row) {
    return version.empty() ? !row.retired : row.version == version;
  });
  if (meant != versions->rend()) return &*meant;
  if (!version.empty()) return tl::unexpected(unknown_version(name, version));
  return &versions->back();
}

Error ClassTable::unknown(const std::string& name) const {
  std::vector<std::string_view> known;
  known.reserve(by_name_.size());
  for (const auto& [known_name, versions] : by_name_) known.push_back(known_name);
  return {ErrorCode::kNotFound,
          fmt::format("no class is named '{}'{}", name, did_you_mean(name, known))};
}

Error ClassTable::unknown_version(const std::string& name, const std::string& version) const {
  std::vector<std::string_view> known;
  for (const ClassRow& row : by_name_.at(name)) known.push_back(row.version);
  return {ErrorCode::kNotFound, fmt::format("class {} has no version '{}'; it has {}", name,
                                            version, fmt::join(known, ", "))};
}

ClassRow& ClassTable::add(ClassRow row) {
  Versions& versions = by_name_[row.name];
  // Recovery brings rows in any order.
  const auto at = std::find_if(versions.begin(), versions.end(),
                               [&](const ClassRow& r) { return r.order > row.order; });
  return *versions.insert(at, std::move(row));
}

}  // namespace jobq::sched
