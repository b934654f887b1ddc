// SPDX-License-Identifier: Apache-2.0
// Zones by name: the file of one, the machine's own, and names that are near to one.
#include "conf/zone.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <system_error>
#include <utility>
#include <vector>

#include "base/nearest.h"
#include "conf/zone_file.h"

namespace jobq::conf {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMostFileBytes = 1U << 20;
constexpr std::size_t kMostNameBytes = 255;
constexpr std::size_t kMostHints = 3;

// A name comes from users, and is a path below the database. "local" stands for another one.
bool may_be_name(std::string_view name) {
  const auto good = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '/' ||
           c == '_' || c == '-' || c == '+';
  };
  return !name.empty() && name.size() <= kMostNameBytes && name.front() != '/' && name != "local" &&
         std::all_of(name.begin(), name.end(), good);
}

std::string_view last_part(std::string_view name) { return name.substr(name.rfind('/') + 1); }

bool is_zone_file(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::string magic(4, '\0');
  return file.read(magic.data(), 4) && magic == "TZif";
}

// All names of the database. Its copies with and without leap seconds are no zones of their own.
std::vector<std::string> all_names(const std::string& database) {
  std::vector<std::string> names;
  std::error_code error;
  fs::recursive_directory_iterator at(database, error);
  for (; !error && at != fs::recursive_directory_iterator(); at.increment(error)) {
    const std::string name = at->path().lexically_relative(database).string();
    if (name == "posix" || name == "right") {
      at.disable_recursion_pending();
    } else if (may_be_name(name) && is_zone_file(at->path())) {
      names.push_back(name);
    }
  }
  std::sort(names.begin(), names.end());
  return names;
}

// Those whose last part is the one that is meant ("Moscow"), else the one name that is nearest.
std::vector<std::string_view> near_names(std::string_view name,
                                         const std::vector<std::string>& known) {
  const std::vector<std::string_view> names(known.begin(), known.end());
  if (const std::string_view one = nearest(name, names); !one.empty()) return {one};
  std::vector<std::string_view> parts(names.size());
  std::transform(names.begin(), names.end(), parts.begin(), last_part);
  const std::string_view part = nearest(last_part(name), parts);
  std::vector<std::string_view> near;
  for (std::size_t i = 0; i < names.size() && near.size() < kMostHints && !part.empty(); ++i) {
    if (parts[i] == part) near.push_back(names[i]);
  }
  return near;
}

tl::unexpected<Error> unknown(const std::string& name, const ZonePlaces& places) {
  const std::vector<std::string> known = all_names(places.database);
  if (known.empty()) {
    return fail(ErrorCode::kUnavailable,
                fmt::format("there is no time-zone database in {} to look for '{}' in; install "
                            "the package tzdata",
                            places.database, name));
  }
  const std::vector<std::string_view> near = near_names(name, known);
  return fail(
      ErrorCode::kUsage,
      fmt::format("'{}' is no zone of the time-zone database in {}{}", name, places.database,
                  near.empty() ? "; expected a name such as Europe/Moscow or UTC"
                               : fmt::format("; did you mean {}?", fmt::join(near, ", "))));
}

std::string read_bytes(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::string bytes(kMostFileBytes, '\0');
  file.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  bytes.resize(static_cast<std::size_t>(file.gcount()));
  return bytes;
}

// What stands behind the database's folder, wherever that is: "/usr/share/zoneinfo/Etc/UTC".
std::string name_in(std::string_view target) {
  constexpr std::string_view kFolder = "zoneinfo/";
  const std::size_t at = target.rfind(kFolder);
  return std::string(at == std::string_view::npos ? "" : target.substr(at + kFolder.size()));
}

}  // namespace

Result<sched::Zone> read_zone(const std::string& name, const ZonePlaces& places) {
  if (name == "local") {
    const Result<std::string> own = local_zone_name(places);
    if (!own) return tl::unexpected(own.error());
    return read_zone(*own, places);
  }
  const fs::path path = fs::path(places.database) / name;
  if (!may_be_name(name) || !is_zone_file(path)) return unknown(name, places);
  Result<sched::Zone> zone = parse_zone_file(read_bytes(path), name);
  if (zone) return zone;
  return fail(zone.error().code,
              fmt::format("cannot use {}: {}", path.string(), zone.error().message));
}

Result<std::string> local_zone_name(const ZonePlaces& places) {
  if (!places.tz.empty()) {
    const std::string name = places.tz.substr(places.tz.front() == ':' ? 1 : 0);
    if (may_be_name(name)) return name;
    if (const std::string in = name_in(name); may_be_name(in)) return in;
    return fail(ErrorCode::kUsage,
                fmt::format("TZ is '{}', which is no name of a zone; name one, such as "
                            "Europe/Moscow",
                            places.tz));
  }
  std::error_code error;
  const fs::path link = fs::read_symlink(places.localtime, error);
  if (error == std::errc::no_such_file_or_directory) return "UTC";
  const std::string name = name_in(link.string());
  if (!error && may_be_name(name)) return name;
  return fail(ErrorCode::kRefused,
              fmt::format("{} does not say the name of this machine's zone: it is no link into a "
                          "folder zoneinfo; name a zone, such as Europe/Moscow",
                          places.localtime));
}

}  // namespace jobq::conf
