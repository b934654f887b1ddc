// SPDX-License-Identifier: Apache-2.0
// Looking into a tree: keys, paths, and words for what stands there.
#include "conf/node.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace jobq::conf {
namespace {

// Takes "[12]" from the front of a path; the child of that position, or null.
const Node* take_index(const Node& node, std::string_view& path) {
  std::size_t index = 0;
  const auto [end, error] = std::from_chars(path.data() + 1, path.data() + path.size(), index);
  if (error != std::errc{} || end == path.data() + path.size() || *end != ']') return nullptr;
  path.remove_prefix(static_cast<std::size_t>(end - path.data()) + 1);
  if (path.starts_with('.')) path.remove_prefix(1);
  const bool there = node.kind == Node::Kind::kList && index < node.children.size();
  return there ? &node.children[index] : nullptr;
}

// Takes "name" or "name." from the front of a path. A key may hold dots and brackets itself, so the
// whole rest is tried first.
const Node* take_key(const Node& node, std::string_view& path) {
  if (const Node* whole = node.find(path)) {
    path = {};
    return whole;
  }
  const std::size_t end = std::min(path.find_first_of(".["), path.size());
  const Node* child = node.find(path.substr(0, end));
  path.remove_prefix(end);
  if (path.starts_with('.')) path.remove_prefix(1);
  return child;
}

}  // namespace

const Node* Node::find(std::string_view name) const {
  if (kind != Kind::kTable) return nullptr;
  const auto at = std::find_if(children.begin(), children.end(),
                               [&](const Node& child) { return child.key == name; });
  return at == children.end() ? nullptr : &*at;
}

std::string describe(const Node& node) {
  constexpr std::size_t kShown = 40;
  switch (node.kind) {
    case Node::Kind::kString:
      if (node.text.size() > kShown) return fmt::format("a string of {} bytes", node.text.size());
      return fmt::format("the string \"{}\"", node.text);
    case Node::Kind::kInteger: return fmt::format("the number {}", node.number);
    case Node::Kind::kBoolean: return node.flag ? "true" : "false";
    case Node::Kind::kList: return "a list";
    case Node::Kind::kTable: return "a table";
    case Node::Kind::kTime: return "the time " + node.text;
    case Node::Kind::kOther: break;
  }
  return node.text;
}

const Node& follow(const Node& root, std::string_view path) {
  const Node* at = &root;
  while (!path.empty()) {
    const Node* next = path.starts_with('[') ? take_index(*at, path) : take_key(*at, path);
    if (next == nullptr) break;
    at = next;
  }
  return *at;
}

}  // namespace jobq::conf
