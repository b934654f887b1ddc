// SPDX-License-Identifier: Apache-2.0
// Patterns, directories, and where everything goes.
#include "cmd/file_list.h"

#include <fmt/format.h>
#include <fnmatch.h>

#include <unordered_map>
#include <utility>

namespace jobq::cmd {
namespace {

using Entry = wire::FileEntry;
using Order = wire::FileOrder;

constexpr std::size_t kDeepest = 200;  // directories within directories

wire::FileOrder order_on(Order::What what, const std::string& path) {
  wire::FileOrder order;
  order.set_what(what);
  order.set_path(path.empty() ? "." : path);
  return order;
}

Result<std::vector<Entry>> look(FileRoad& road, const FileSite& site, const std::string& path) {
  const auto reply = road.ask(site, order_on(Order::STAT, path));
  if (!reply) return tl::unexpected(reply.error());
  return std::vector<Entry>(reply->entries().begin(), reply->entries().end());
}

// Everything in a directory, with paths for names.
Result<std::vector<Entry>> list(FileRoad& road, const FileSite& site, const std::string& path) {
  std::vector<Entry> all;
  wire::FileOrder order = order_on(Order::LIST, path);
  for (bool more = true; more;) {
    auto reply = road.ask(site, order);
    if (!reply) return tl::unexpected(reply.error());
    more = reply->more() && !reply->entries().empty();
    if (more) order.set_name(reply->entries().rbegin()->name());
    for (Entry& entry : *reply->mutable_entries()) {
      entry.set_name(joined_path(path, entry.name()));
      all.push_back(std::move(entry));
    }
  }
  return all;
}

// One more name of a pattern: what fits it in each of the directories so far.
Result<std::vector<std::string>> step_into(FileRoad& road, const FileSite& site,
                                           const std::vector<std::string>& directories,
                                           const std::string& pattern) {
  std::vector<std::string> found;
  for (const std::string& directory : directories) {
    if (!is_glob(pattern)) {
      found.push_back(joined_path(directory, pattern));
      continue;
    }
    const auto entries = list(road, site, directory);
    // What is no directory, or not to be read, has nothing that fits.
    if (!entries && entries.error().code != ErrorCode::kUnreachable &&
        entries.error().code != ErrorCode::kUnavailable) {
      continue;
    }
    if (!entries) return tl::unexpected(entries.error());
    for (const Entry& entry : *entries) {
      const std::string name = last_name(entry.name());
      if (fnmatch(pattern.c_str(), name.c_str(), FNM_PERIOD) == 0) found.push_back(entry.name());
    }
  }
  return found;
}

Result<std::vector<std::string>> expand(FileRoad& road, const FileSite& site,
                                        const std::string& path) {
  if (!is_glob(path)) return std::vector<std::string>{path};
  std::vector<std::string> found{path.starts_with('/') ? "/" : ""};
  for (std::size_t at = 0; at < path.size();) {
    const std::size_t slash = std::min(path.find('/', at), path.size());
    const std::string part = path.substr(at, slash - at);
    at = slash + 1;
    if (part.empty()) continue;
    auto next = step_into(road, site, found, part);
    if (!next) return tl::unexpected(next.error());
    found = std::move(*next);
  }
  return found;
}

class Planner {
 public:
  Planner(FileRoad& road, const CopyWords& words) : road_(road), words_(words) {}

  Result<CopyPlan> run();

 private:
  Result<void> find_sources();
  Result<void> look_at_destination();
  Result<void> add(const FoundFile& from, const std::string& to, std::size_t depth);
  Result<void> claim(const FoundFile& from, const std::string& to);
  Result<void> add_directory(const FoundFile& from, const std::string& to, std::size_t depth);
  bool may_be_directory(const std::string& word) const {
    return words_.recursive || word.ends_with('/');
  }

  FileRoad& road_;
  const CopyWords& words_;
  CopyPlan plan_;
  std::vector<FoundFile> sources_;
  std::unordered_map<std::string, std::string> claimed_;  // who becomes which file
  bool has_pattern_ = false;
  bool into_directory_ = false;
};

Result<void> Planner::find_sources() {
  for (const std::string& word : words_.from) {
    auto found = find_files(road_, word);
    if (!found) return tl::unexpected(found.error());
    if (found->empty()) {
      return fail(ErrorCode::kNotFound, is_glob(word)
                                            ? fmt::format("no file fits {}", word)
                                            : fmt::format("{}: no such file or directory", word));
    }
    has_pattern_ = has_pattern_ || is_glob(word);
    for (FoundFile& one : *found) {
      if (one.entry.kind() == Entry::DIRECTORY && !may_be_directory(word)) {
        return fail(
            ErrorCode::kUsage,
            fmt::format("{} is a directory; give --recursive, or end it with / to copy it "
                        "with all that is in it",
                        to_string({one.site.place.where, one.site.place.name, one.entry.name()})));
      }
      sources_.push_back(std::move(one));
    }
  }
  return {};
}

Result<void> Planner::look_at_destination() {
  const auto place = parse_file_place(words_.to);
  if (!place) return tl::unexpected(place.error());
  auto site = road_.find(*place);
  if (!site) return tl::unexpected(site.error());
  plan_.to = std::move(*site);
  const std::string& path = plan_.to.place.path;
  const auto there = look(road_, plan_.to, path);
  if (!there) return tl::unexpected(there.error());
  const bool is_directory = !there->empty() && there->front().kind() == Entry::DIRECTORY;
  into_directory_ = is_directory || path.ends_with('/') || path == ".";
  if (!into_directory_ && (sources_.size() > 1 || has_pattern_)) {
    return fail(ErrorCode::kUsage,
                fmt::format("several files go into a directory, and {} is none; end it with / to "
                            "have it made",
                            words_.to));
  }
  if (into_directory_ && !is_directory) {
    const auto made = road_.ask(plan_.to, order_on(Order::MKDIR, path));
    if (!made) return tl::unexpected(made.error());
  }
  return {};
}

Result<void> Planner::add_directory(const FoundFile& from, const std::string& to,
                                    std::size_t depth) {
  if (depth > kDeepest) {
    return fail(ErrorCode::kRefused, fmt::format("{}: more than {} directories within each other",
                                                 from.entry.name(), kDeepest));
  }
  plan_.items.push_back({from, to});
  const auto inside = list(road_, from.site, from.entry.name());
  if (!inside) return tl::unexpected(inside.error());
  for (const Entry& entry : *inside) {
    const std::string name = last_name(entry.name());
    if (auto added = add({from.site, entry}, joined_path(to, name), depth + 1); !added) {
      return added;
    }
  }
  return {};
}

// One that is named twice comes twice; of two the second would take the first one's name.
Result<void> Planner::claim(const FoundFile& from, const std::string& to) {
  const std::string source = from.site.label() + from.entry.name();
  const auto [at, is_first] = claimed_.try_emplace(to, source);
  if (is_first || at->second == source) return {};
  return fail(ErrorCode::kUsage,
              fmt::format("{} and {} would both become {}; copy them into different directories",
                          at->second, source, plan_.to.label() + to));
}

Result<void> Planner::add(const FoundFile& from, const std::string& to, std::size_t depth) {
  switch (from.entry.kind()) {
    case Entry::DIRECTORY: return add_directory(from, to, depth);
    case Entry::FILE: plan_.bytes += from.entry.size(); break;
    case Entry::LINK: break;
    default:
      return fail(ErrorCode::kRefused,
                  fmt::format("{}: it is neither a file nor a directory nor a link",
                              from.site.label() + from.entry.name()));
  }
  if (auto claimed = claim(from, to); !claimed) return claimed;
  plan_.items.push_back({from, to});
  return {};
}

Result<CopyPlan> Planner::run() {
  if (auto found = find_sources(); !found) return tl::unexpected(found.error());
  if (auto known = look_at_destination(); !known) return tl::unexpected(known.error());
  const std::string& to = plan_.to.place.path;
  for (const FoundFile& source : sources_) {
    const std::string name = last_name(source.entry.name());
    const bool has_name = into_directory_ && name != "." && name != ".." && name != "/";
    if (auto added = add(source, has_name ? joined_path(to, name) : to, 0); !added) {
      return tl::unexpected(added.error());
    }
  }
  return std::move(plan_);
}

}  // namespace

Result<std::vector<FoundFile>> find_files(FileRoad& road, const std::string& word) {
  const auto place = parse_file_place(word);
  if (!place) return tl::unexpected(place.error());
  const auto site = road.find(*place);
  if (!site) return tl::unexpected(site.error());
  const auto paths = expand(road, *site, site->place.path);
  if (!paths) return tl::unexpected(paths.error());
  std::vector<FoundFile> found;
  for (const std::string& path : *paths) {
    auto entries = look(road, *site, path);
    if (!entries) return tl::unexpected(entries.error());
    for (Entry& entry : *entries) found.push_back({*site, std::move(entry)});
  }
  return found;
}

Result<CopyPlan> plan_copy(FileRoad& road, const CopyWords& words) {
  return Planner(road, words).run();
}

}  // namespace jobq::cmd
