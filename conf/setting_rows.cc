// SPDX-License-Identifier: Apache-2.0
// The table of settings in words.
#include <fmt/format.h>

#include "conf/settings_table.h"

namespace jobq::conf {
namespace {

std::string_view type_name(Form form) {
  switch (form) {
    case Form::kPath: return "path";
    case Form::kAddress: return "address";
    case Form::kName: return "name";
    case Form::kDuration: return "duration";
    case Form::kNumber: return "whole number";
    case Form::kSize: return "size";
    case Form::kUsers: return "list of users";
    case Form::kFeatures: return "list of names";
    case Form::kPatterns: return "list of node names";
    case Form::kCounts: return "table of counts";
    case Form::kText: return "text";
    case Form::kBackfill: return "none, easy or conservative";
    case Form::kKeeper: return "agent or service";
  }
  return "";
}

std::string range_of(const Setting& setting) {
  if (setting.form == Form::kNumber) return fmt::format("{} to {}", setting.least, setting.most);
  if (setting.form != Form::kDuration) return {};
  return fmt::format("{} to {}", format_duration(seconds(setting.least)),
                     format_duration(seconds(setting.most)));
}

std::string fallback_of(const Setting& setting) {
  if (!setting.fallback.empty()) return std::string(setting.fallback);
  Settings defaults;
  for (const NamedSection& section : named_sections()) section.add(defaults, "NAME");
  const Slot slot = setting.slot(defaults);
  if (const auto* duration = std::get_if<Millis*>(&slot)) return format_duration(**duration);
  if (const auto* number = std::get_if<std::uint32_t*>(&slot)) return std::to_string(**number);
  if (const auto* number = std::get_if<int*>(&slot)) return std::to_string(**number);
  return {};
}

}  // namespace

std::vector<SettingRow> setting_rows() {
  std::vector<SettingRow> rows;
  for (const Setting& setting : setting_table()) {
    rows.push_back({std::string(setting.name), std::string(type_name(setting.form)),
                    range_of(setting), fallback_of(setting), std::string(setting.meaning)});
  }
  return rows;
}

}  // namespace jobq::conf
