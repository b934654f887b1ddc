// SPDX-License-Identifier: Apache-2.0
// Names in the area, and the copies to there.
#include "cmd/staging.h"

#include <fmt/format.h>
#include <pwd.h>
#include <unistd.h>

#include "cmd/copying.h"
#include "cmd/file_list.h"
#include "cmd/file_place.h"
#include "exec/files.h"
#include "sched/values.h"

namespace jobq::cmd {
namespace {

constexpr std::string_view kClient = "client:";
constexpr std::size_t kKeyBytes = 16;
constexpr std::uint32_t kOwnersOnly = 0700;

std::string user_name() {
  const passwd* entry = ::getpwuid(::geteuid());
  return entry == nullptr ? std::to_string(::geteuid()) : std::string(entry->pw_name);
}

// Not a place, whatever colons it has, and not from the root on where it was not.
std::string path_here(const std::string& path) {
  if (path.starts_with('/')) return path;
  return "./" + (path.empty() ? "." : path);
}

// The last name of a path as it stands below its directory. What ends with "." or ".." is copied
// without a name of its own: all that is in it lies in the directory itself.
std::string name_below(const std::string& path) {
  const std::string name = last_name(path);
  const bool has_name = name != "." && name != ".." && name != "/";
  return (has_name ? name : ".") + (path.ends_with('/') ? "/" : "");
}

// The directory of that number; of a pattern as one, too, since a copy of patterns goes into a
// directory even if the last name is none: "*/x.dat".
std::string number_below(const std::string& path, std::size_t number) {
  std::string text = std::to_string(number);
  return is_glob(path) ? fmt::format("[{}]{}", text.front(), text.substr(1)) : text;
}

}  // namespace

Result<StagedPlace> staged_place(const std::string& place, const std::string& directory,
                                 std::size_t number) {
  const auto refs = sched::value_refs(place);
  if (!refs.empty()) {
    return fail(ErrorCode::kRefused,
                fmt::format("{}: the value of ${{{}}} is not known before the job runs, and the "
                            "files are carried to a storage area now; write their name out, or "
                            "carry them with `jq dispose FILE area:NAME/` and name that place",
                            place, refs.front().name));
  }
  const auto text = sched::substitute(place, [](std::string_view) { return std::nullopt; });
  if (!text) return tl::unexpected(text.error());
  const std::string path = path_here(text->substr(kClient.size()));
  StagedPlace staged{path, fmt::format("{}/{}/", directory, number), ""};
  staged.from = sched::as_literal(
      fmt::format("{}/{}/{}", directory, number_below(path, number), name_below(path)));
  return staged;
}

Result<bool> Staging::knows(const std::string& area) const {
  CopyBoard board;
  FileRoad road(road_, board);
  const auto site = road.find({FilePlace::Where::kArea, area, "."});
  if (site) return true;
  if (site.error().code == ErrorCode::kNotFound) return false;
  return tl::unexpected(site.error());
}

Result<std::string> Staging::open(const std::string& area, bool trial) const {
  const std::string directory =
      fmt::format("area:{}/{}-{}", area, user_name(), exec::random_hex(kKeyBytes));
  if (trial) {
    const auto known = knows(area);
    if (!known) return tl::unexpected(known.error());
    return directory;
  }
  if (auto made = order(directory, wire::FileOrder::MKDIR); !made) {
    return tl::unexpected(made.error());
  }
  return directory;
}

Result<void> Staging::order(const std::string& directory, wire::FileOrder::What what) const {
  CopyBoard board;
  FileRoad road(road_, board);
  const auto place = parse_file_place(directory);
  if (!place) return tl::unexpected(place.error());
  const auto site = road.find(*place);
  if (!site) return tl::unexpected(site.error());
  if (site->is_local && ::access(site->root.c_str(), F_OK) != 0) {
    return fail(ErrorCode::kRefused,
                fmt::format("the storage area {} has no node of its own, so that it should be {} "
                            "on every machine, and this one has no such directory; name an area "
                            "that a node has with --stage NAME",
                            place->name, site->root));
  }
  wire::FileOrder order;
  order.set_what(what);
  order.set_path(place->path);
  order.set_mode(kOwnersOnly);
  return road.ask(*site, std::move(order)).map([](const wire::FileReply&) {});
}

Result<void> Staging::carry(const StagedPlace& place, bool recursive) const {
  const CopyOptions options{road_, 0, true};
  return copy_files(options, {{place.source}, place.into, recursive}).map([](const Copied&) {});
}

Result<void> Staging::look_for(const StagedPlace& place) const {
  CopyBoard board;
  FileRoad road(road_, board);
  const auto found = find_files(road, place.source);
  if (!found) return tl::unexpected(found.error());
  if (!found->empty()) return {};
  return fail(ErrorCode::kNotFound, fmt::format("no file fits {}", place.source));
}

Result<void> Staging::remove(const std::string& directory) const {
  return order(directory, wire::FileOrder::REMOVE);
}

}  // namespace jobq::cmd
