// SPDX-License-Identifier: Apache-2.0
// Reading and writing places of files.
#include "cmd/file_place.h"

#include <fmt/format.h>

#include "resmgr/needs.h"

namespace jobq::cmd {
namespace {

using Where = FilePlace::Where;

Result<FilePlace> on_node(std::string_view text, std::string_view name, std::string_view path) {
  if (!resmgr::valid_name(name)) {
    return fail(ErrorCode::kUsage,
                fmt::format("'{}': '{}' is no name of a node; a file with a colon in its name is "
                            "written ./{}",
                            text, name, text));
  }
  return FilePlace{Where::kNode, std::string(name), std::string(path.empty() ? "." : path)};
}

Result<FilePlace> in_area(std::string_view text, std::string_view rest) {
  const std::size_t slash = rest.find('/');
  const std::string_view name = rest.substr(0, slash);
  if (!resmgr::valid_name(name)) {
    return fail(ErrorCode::kUsage, fmt::format("'{}': expected area:NAME/PATH", text));
  }
  const std::string_view path = slash == std::string_view::npos ? "" : rest.substr(slash + 1);
  return FilePlace{Where::kArea, std::string(name), std::string(path.empty() ? "." : path)};
}

}  // namespace

Result<FilePlace> parse_file_place(std::string_view text) {
  if (text.empty()) return fail(ErrorCode::kUsage, "expected the name of a file, found none");
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos || text.find('/') < colon) {
    return FilePlace{Where::kHere, "", std::string(text)};
  }
  const std::string_view head = text.substr(0, colon);
  const std::string_view rest = text.substr(colon + 1);
  if (head == "client") {
    return FilePlace{Where::kClient, "", std::string(rest.empty() ? "." : rest)};
  }
  if (head == "area") return in_area(text, rest);
  if (head == "device") {
    return fail(ErrorCode::kUsage,
                fmt::format("'{}': a device stands in the `to` of an [[export]] only", text));
  }
  if (head != "node") return on_node(text, head, rest);
  const std::size_t next = rest.find(':');
  if (next == std::string_view::npos) {
    return fail(ErrorCode::kUsage, fmt::format("'{}': expected node:NAME:PATH", text));
  }
  return on_node(text, rest.substr(0, next), rest.substr(next + 1));
}

std::string to_string(const FilePlace& place) {
  switch (place.where) {
    case Where::kClient: return "client:" + place.path;
    case Where::kNode: return fmt::format("{}:{}", place.name, place.path);
    case Where::kArea: return fmt::format("area:{}/{}", place.name, place.path);
    case Where::kHere: break;
  }
  return place.path;
}

bool is_glob(std::string_view text) { return text.find_first_of("*?[") != std::string_view::npos; }

std::string joined_path(const std::string& directory, std::string_view name) {
  if (directory.empty() || directory == ".") return std::string(name);
  return fmt::format("{}{}{}", directory, directory.back() == '/' ? "" : "/", name);
}

std::string last_name(std::string_view path) {
  while (path.size() > 1 && path.back() == '/') path.remove_suffix(1);
  const std::size_t slash = path.rfind('/');
  return std::string(slash == std::string_view::npos ? path : path.substr(slash + 1));
}

}  // namespace jobq::cmd
