// SPDX-License-Identifier: Apache-2.0
// TOML into a tree, with toml++.
//
// toml++ nests as deep as a dotted key is long, and takes such a tree apart by recursion. No key of
// ours has more than a few dots, so a line with many is refused before toml++ sees it.
#include <algorithm>
#include <optional>

#define TOML_ASSERT(expr) static_assert(true)
#define TOML_EXCEPTIONS 0
#define TOML_MAX_NESTED_VALUES 32
#include <toml++/toml.h>

#include "conf/document.h"

namespace jobq::conf {
namespace {

constexpr int kMaxDots = 16;  // outside of strings and comments, in one line

// The first position past the string that begins at `at`.
std::size_t string_end(std::string_view text, std::size_t at) {
  const char quote = text[at];
  const std::string_view triple = quote == '"' ? R"(""")" : "'''";
  const bool long_form = text.substr(at).starts_with(triple);
  at += long_form ? 3 : 1;
  while (at < text.size()) {
    if (quote == '"' && text[at] == '\\') {
      at += 2;
    } else if (long_form ? text.substr(at).starts_with(triple) : text[at] == quote) {
      return at + (long_form ? 3 : 1);
    } else if (!long_form && text[at] == '\n') {
      return at;
    } else {
      ++at;
    }
  }
  return text.size();
}

std::optional<Place> too_many_dots(std::string_view text) {
  int dots = 0;
  for (std::size_t at = 0; at < text.size();) {
    const char c = text[at];
    if (c == '\n') dots = 0;
    if (c == '.' && ++dots > kMaxDots) return place_at(text, at);
    if (c == '#') {
      at = std::min(text.find('\n', at), text.size());
    } else {
      at = c == '"' || c == '\'' ? string_end(text, at) : at + 1;
    }
  }
  return std::nullopt;
}

Place place_of(const toml::source_region& region) {
  return {region.begin.line, region.begin.column};
}

void check_nul(Place place, std::string_view text, FaultSink& faults) {
  if (text.find('\0') != std::string_view::npos) faults.add(place, "a NUL byte is in the text");
}

void convert(const toml::node& from, Node& to, FaultSink& faults);

void convert_table(const toml::table& from, Node& to, FaultSink& faults) {
  to.kind = Node::Kind::kTable;
  to.children.reserve(from.size());
  for (const auto& [key, value] : from) {
    Node& child = to.children.emplace_back();
    child.key = std::string(key.str());
    child.key_place = place_of(key.source());
    check_nul(child.key_place, child.key, faults);
    convert(value, child, faults);
  }
  std::sort(to.children.begin(), to.children.end(),
            [](const Node& a, const Node& b) { return a.key_place < b.key_place; });
}

void convert_list(const toml::array& from, Node& to, FaultSink& faults) {
  to.kind = Node::Kind::kList;
  to.children.reserve(from.size());
  for (const toml::node& item : from) convert(item, to.children.emplace_back(), faults);
}

void convert_other(const toml::node& from, Node& to) {
  to.text = from.is_floating_point() ? "a number with a fraction" : "a date or time";
}

void convert(const toml::node& from, Node& to, FaultSink& faults) {
  to.place = place_of(from.source());
  if (to.place.line == 0) to.place = to.key_place;
  if (const toml::table* table = from.as_table()) {
    convert_table(*table, to, faults);
  } else if (const toml::array* list = from.as_array()) {
    convert_list(*list, to, faults);
  } else if (const auto* text = from.as_string()) {
    to.kind = Node::Kind::kString;
    to.text = text->get();
    check_nul(to.place, to.text, faults);
  } else if (const auto* number = from.as_integer()) {
    to.kind = Node::Kind::kInteger;
    to.number = number->get();
  } else if (const auto* flag = from.as_boolean()) {
    to.kind = Node::Kind::kBoolean;
    to.flag = flag->get();
  } else {
    convert_other(from, to);
  }
}

}  // namespace

bool parse_toml(std::string_view text, Node& root, FaultSink& faults) {
  if (!fits(text, faults)) return false;
  if (const auto place = too_many_dots(text)) {
    faults.add(*place, "keys are nested too deep");
    return false;
  }
  const toml::parse_result result = toml::parse(text);
  if (!result) {
    const toml::parse_error& error = result.error();
    faults.add(place_of(error.source()), std::string(error.description()));
    return false;
  }
  convert(result.table(), root, faults);
  root.place = {1, 1};
  return true;
}

}  // namespace jobq::conf
