// SPDX-License-Identifier: Apache-2.0
// Who may include whom. The tables mirror the one in docs/architecture.md; CMakeLists.txt links by
// it.
#include <algorithm>
#include <map>
#include <regex>
#include <set>

#include "tests/tidy/rules.h"

namespace jobq::tidy {
namespace {

using Names = std::set<std::string, std::less<>>;

// Folders beside its own that a folder may include. tests/ and bench/ may include anything.
const std::map<std::string, Names, std::less<>> kMayInclude = {
    {"base", {}},
    {"resmgr", {"base"}},
    {"sched", {"base", "resmgr"}},
    {"store", {"base", "sched", "resmgr"}},
    {"net", {"base"}},
    {"conf", {"base", "sched", "resmgr"}},
    {"exec", {"base", "net"}},
    {"controller", {"base", "sched", "resmgr", "store", "net", "conf"}},
    {"sim", {"base", "sched", "resmgr", "store", "controller"}},
    {"cmd", {"base", "resmgr", "sched", "store", "net", "conf", "exec", "controller", "sim"}},
};

// store and conf know the core's data, not its machines.
const std::map<std::string, Names, std::less<>> kMachines = {
    {"store", {"sched/event_manager.h", "resmgr/resource_manager.h"}},
    {"conf", {"sched/event_manager.h", "resmgr/resource_manager.h"}},
};

// Third-party headers by how they begin, and the folders that are their home.
const std::map<std::string, Names, std::less<>> kHomes = {
    {"sqlite3.h", {"store", "sim"}},
    {"toml++/", {"conf"}},
    {"nlohmann/", {"conf"}},
    {"CLI/", {"cmd"}},
    {"google/protobuf/", {"net", "controller", "exec", "cmd"}},
    {"openssl/", {"net"}},
    {"uv.h", {"net", "exec", "controller", "cmd"}},
    {"zlib.h", {"sim"}},
    {"gtest/", {}},
    {"gmock/", {}},
    {"benchmark/", {}},
    {"date/", {}},  // conf/zone_file.h says why
};

// The core decides from what it is given: no clock, no thread, no chance, no input or output.
const Names kPureFolders = {"sched", "resmgr"};
const Names kImpure = {
    "atomic",        "barrier",      "chrono",       "condition_variable",
    "csignal",       "cstdio",       "ctime",        "filesystem",
    "fstream",       "future",       "iostream",     "istream",
    "latch",         "mutex",        "ostream",      "random",
    "semaphore",     "shared_mutex", "stop_token",   "syncstream",
    "thread",        "base/log.h",   "fmt/chrono.h", "fmt/os.h",
    "fmt/ostream.h", "fmt/std.h",
};

// base/time.h has the types of time, which the core needs, and the clocks, which it may not read.
const std::regex kClocks(R"(\b(wall_now|steady_now\w*|getenv)\s*\()");

std::string folder_of(std::string_view include) {
  const std::size_t slash = include.find('/');
  return slash == std::string_view::npos ? std::string() : std::string(include.substr(0, slash));
}

bool anything_goes(const File& file) { return kMayInclude.find(file.folder) == kMayInclude.end(); }

// What is wrong with one project include, empty when nothing is.
std::string wrong_include(const File& file, const std::string& target) {
  const std::string folder = folder_of(target);
  if (folder.empty())
    return "include \"" + target + "\" from the root: \"<folder>/" + target + "\"";
  if (anything_goes(file)) return {};
  const Names& allowed = kMayInclude.find(file.folder)->second;
  if (folder != file.folder && !allowed.contains(folder)) {
    return file.folder + "/ may not include " + folder + "/ (" + target + ")";
  }
  const auto machines = kMachines.find(file.folder);
  if (machines != kMachines.end() && machines->second.contains(target)) {
    return file.folder + "/ may include data types only, not " + target;
  }
  return {};
}

// A C or system header: <unistd.h>, <sys/stat.h>. C++ headers have no extension.
bool is_system_header(const Include& include) {
  return !include.quoted && include.target.ends_with(".h") && !include.target.starts_with("fmt/");
}

using ByPath = std::map<std::string, const File*, std::less<>>;

ByPath by_path(const Tree& tree) {
  ByPath files;
  for (const File& file : tree) files.emplace(file.path, &file);
  return files;
}

// The file itself and every project header that it reaches.
std::vector<const File*> reached_from(const File& file, const ByPath& files) {
  std::vector<const File*> reached = {&file};
  for (std::size_t i = 0; i < reached.size(); ++i) {
    for (const Include& include : find_includes(reached[i]->views.code_strings)) {
      const auto found = files.find(include.target);
      if (!include.quoted || found == files.end()) continue;
      if (std::find(reached.begin(), reached.end(), found->second) != reached.end()) continue;
      reached.push_back(found->second);
    }
  }
  return reached;
}

bool same_stem(std::string_view header, std::string_view source) {
  return header.substr(0, header.rfind('.')) == source.substr(0, source.rfind('.'));
}

}  // namespace

Complaints project_includes_follow_the_table(const Tree& tree) {
  Complaints complaints;
  for (const File& file : tree) {
    if (!file.cpp) continue;
    for (const Include& include : find_includes(file.views.code_strings)) {
      if (!include.quoted) continue;
      const std::string wrong = wrong_include(file, include.target);
      if (!wrong.empty()) complaints.push_back({file.path, include.line, wrong});
    }
  }
  return complaints;
}

Complaints third_party_headers_stay_at_home(const Tree& tree) {
  Complaints complaints;
  for (const File& file : tree) {
    if (!file.product) continue;
    for (const Include& include : find_includes(file.views.code_strings)) {
      for (const auto& [header, homes] : kHomes) {
        if (!include.target.starts_with(header) || homes.contains(file.folder)) continue;
        complaints.push_back({file.path, include.line,
                              include.target + " has another home than " + file.folder + "/"});
      }
    }
  }
  return complaints;
}

Complaints the_core_is_pure(const Tree& tree) {
  Complaints complaints;
  const ByPath files = by_path(tree);
  for (const File& file : tree) {
    if (!file.product || !kPureFolders.contains(file.folder)) continue;
    std::smatch clock;
    if (std::regex_search(file.views.code, clock, kClocks)) {
      const int line = line_at(file.views.code, static_cast<std::size_t>(clock.position()));
      complaints.push_back({file.path, line, "the core may not call " + clock[1].str()});
    }
    for (const File* reached : reached_from(file, files)) {
      for (const Include& include : find_includes(reached->views.code_strings)) {
        if (!kImpure.contains(include.target) && !is_system_header(include)) continue;
        std::string via = reached == &file ? "" : " (by way of " + reached->path + ")";
        const int line = reached == &file ? include.line : 1;
        complaints.push_back({file.path, line, "the core may not use " + include.target + via});
      }
    }
  }
  return complaints;
}

Complaints every_header_is_used(const Tree& tree) {
  Names used;
  for (const File& file : tree) {
    for (const Include& include : find_includes(file.views.code_strings)) {
      // Its own source file is no user of a header.
      if (!same_stem(include.target, file.path)) used.insert(include.target);
    }
  }
  Complaints complaints;
  for (const File& file : tree) {
    if (!file.path.ends_with(".h") || used.contains(file.path)) continue;
    complaints.push_back({file.path, 1, "nothing uses this header: remove it, or use it"});
  }
  return complaints;
}

}  // namespace jobq::tidy
