// SPDX-License-Identifier: Apache-2.0
// The man page jobq.toml(5) against the table of settings: names, types, ranges, defaults and
// meanings are the table's, in its order; what else the page says of a setting comes after them.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>

#include "conf/settings.h"

namespace jobq::conf {
namespace {

using Lines = std::vector<std::string>;

// The lines of the section SETTINGS.
Lines page_lines() {
  std::ifstream file(JOBQ_SOURCE_DIR "/man/jobq.toml.5");
  Lines lines;
  bool inside = false;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with(".Sh ")) inside = line == ".Sh SETTINGS";
    if (inside) lines.push_back(line);
  }
  return lines;
}

// "element.NAME" and "nodes" of "element.NAME.nodes".
std::string section_of(const SettingRow& row) { return row.name.substr(0, row.name.rfind('.')); }
std::string key_of(const SettingRow& row) { return row.name.substr(row.name.rfind('.') + 1); }

// What the page says of a setting before anything else.
Lines entry_of(const SettingRow& row) {
  std::string meaning = row.meaning + ".";
  if (meaning.front() >= 'a' && meaning.front() <= 'z') meaning.front() -= 'a' - 'A';
  Lines lines = {fmt::format(".It Ic {} No = Ar {}", key_of(row), row.type), meaning};
  if (!row.range.empty()) lines.push_back(fmt::format("From {}.", row.range));
  lines.push_back(fmt::format("Default: {}.", row.fallback));
  return lines;
}

std::string joined(const Lines& lines) {
  std::string text;
  for (const std::string& line : lines) text += line + '\n';
  return text;
}

// "controller.state" of each item, in the page's order.
Lines names_on(const Lines& page) {
  constexpr std::string_view kSection = ".Ss [";
  constexpr std::string_view kItem = ".It Ic ";
  Lines names;
  std::string section;
  for (const std::string& line : page) {
    if (line.starts_with(kSection)) {
      section = line.substr(kSection.size(), line.find(']') - kSection.size());
    } else if (line.starts_with(kItem)) {
      const std::string rest = line.substr(kItem.size());
      names.push_back(fmt::format("{}.{}", section, rest.substr(0, rest.find(' '))));
    }
  }
  return names;
}

TEST(SettingsPage, NamesTheSettingsOfTheTableInItsOrder) {
  Lines names;
  for (const SettingRow& row : setting_rows()) names.push_back(row.name);
  EXPECT_EQ(names_on(page_lines()), names);
}

TEST(SettingsPage, SaysTypeRangeDefaultAndMeaningOfEachSetting) {
  const Lines page = page_lines();
  auto at = page.begin();
  for (const SettingRow& row : setting_rows()) {
    const std::string section = fmt::format(".Ss [{}]", section_of(row));
    const auto begin = std::find(page.begin(), page.end(), section);
    const Lines entry = entry_of(row);
    const auto found = std::search(std::max(at, begin), page.end(), entry.begin(), entry.end());
    EXPECT_NE(found, page.end()) << "man/jobq.toml.5 should say in " << section << "\n"
                                 << joined(entry);
    if (found != page.end()) at = found;
  }
}

}  // namespace
}  // namespace jobq::conf
