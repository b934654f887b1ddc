// SPDX-License-Identifier: Apache-2.0
// JSON into a tree, with the event interface of nlohmann-json.
//
// Its events carry no places. The parser reads through an iterator that tells us how far it has
// come, and a token begins at the first character after the last token that is neither blank nor
// ',' nor ':'.
#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <nlohmann/json.hpp>

#include "conf/document.h"

namespace jobq::conf {
namespace {

// Reads a text and says through `*reached` where the next character will come from.
class Reader {
 public:
  using iterator_category = std::input_iterator_tag;
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using pointer = const char*;
  using reference = const char&;

  Reader(const char* at, const char** reached) : at_(at), reached_(reached) {}
  reference operator*() const { return *at_; }
  Reader& operator++() {
    *reached_ = ++at_;
    return *this;
  }
  bool operator==(const Reader& other) const { return at_ == other.at_; }
  bool operator!=(const Reader& other) const { return at_ != other.at_; }

 private:
  const char* at_;
  const char** reached_;
};

// Takes the parser's events and builds the tree.
class Builder {
 public:
  using Json = nlohmann::json;

  Builder(std::string_view text, std::uint32_t line, Node& root, FaultSink& faults)
      : text_(text),
        first_line_(line),
        root_(root),
        faults_(faults),
        reached_(text.data()),
        after_(text.data()),
        counted_(text.data()),
        place_{line, 1} {}

  bool run() {
    const Reader begin(text_.data(), &reached_);
    const Reader end(text_.data() + text_.size(), &reached_);
    return Json::sax_parse(begin, end, this);
  }

  bool null() { return other("null"); }
  bool boolean(bool flag) {
    Node& node = value(Node::Kind::kBoolean);
    node.flag = flag;
    return true;
  }
  bool number_integer(std::int64_t number) {
    value(Node::Kind::kInteger).number = number;
    return true;
  }
  bool number_unsigned(std::uint64_t number) {
    if (!std::in_range<std::int64_t>(number)) return other(fmt::format("the number {}", number));
    return number_integer(static_cast<std::int64_t>(number));
  }
  bool number_float(double /*number*/, const std::string& written) {
    return other("the number " + written);
  }
  bool string(std::string& text) {
    Node& node = value(Node::Kind::kString);
    node.text = std::move(text);
    check_nul(node.place, node.text);
    return true;
  }
  bool binary(Json::binary_t& /*bytes*/) { return other("binary data"); }

  bool key(std::string& name) {
    Node& child = open_.back()->children.emplace_back();
    child.key = std::move(name);
    child.key_place = next_place();
    check_nul(child.key_place, child.key);
    return true;
  }
  bool start_object(std::size_t /*size*/) { return open(Node::Kind::kTable); }
  bool end_object() {
    check_repeated(*open_.back());
    return close();
  }
  bool start_array(std::size_t /*size*/) { return open(Node::Kind::kList); }
  bool end_array() { return close(); }

  bool parse_error(std::size_t position, const std::string& /*token*/,
                   const Json::exception& error) {
    Place place = place_at(text_, position == 0 ? 0 : position - 1);
    place.line += first_line_ - 1;
    std::string_view what = error.what();
    what.remove_prefix(std::min(what.find("] ") + 2, what.size()));
    const std::size_t detail = what.find(": ");
    if (what.starts_with("parse error") && detail != std::string_view::npos) {
      what.remove_prefix(detail + 2);
    }
    faults_.add(place, std::string(what));
    return false;
  }

 private:
  // The place of the token that was read last.
  Place next_place() {
    while (after_ < reached_ &&
           std::string_view(" \t\r\n,:").find(*after_) != std::string_view::npos)
      ++after_;
    for (; counted_ < after_; ++counted_) {
      const bool begins_character = (static_cast<unsigned char>(*counted_) & 0xc0U) != 0x80U;
      if (*counted_ == '\n') {
        place_ = {place_.line + 1, 1};
      } else if (begins_character) {
        ++place_.column;
      }
    }
    after_ = reached_;
    return place_;
  }

  Node& value(Node::Kind kind) {
    const bool in_list = !open_.empty() && open_.back()->kind == Node::Kind::kList;
    Node& node = open_.empty() ? root_
                 : in_list     ? open_.back()->children.emplace_back()
                               : open_.back()->children.back();
    node.kind = kind;
    node.place = next_place();
    return node;
  }

  bool other(std::string what) {
    value(Node::Kind::kOther).text = std::move(what);
    return true;
  }

  bool open(Node::Kind kind) {
    Node& node = value(kind);
    if (open_.size() == kMaxDepth) {
      faults_.add(node.place, fmt::format("more than {} levels are nested", kMaxDepth));
      return false;
    }
    open_.push_back(&node);
    return true;
  }

  bool close() {
    open_.pop_back();
    after_ = reached_;
    return true;
  }

  void check_nul(Place place, std::string_view text) {
    if (text.find('\0') != std::string_view::npos) faults_.add(place, "a NUL byte is in the text");
  }

  // Of equal keys the first stands; each other one is a fault.
  void check_repeated(const Node& table) {
    keys_.clear();
    for (const Node& child : table.children) keys_.push_back(&child);
    const auto before = [](const Node* a, const Node* b) {
      return std::tie(a->key, a->key_place) < std::tie(b->key, b->key_place);
    };
    std::sort(keys_.begin(), keys_.end(), before);
    for (std::size_t i = 1; i < keys_.size(); ++i) {
      if (keys_[i - 1]->key != keys_[i]->key) continue;
      faults_.add(keys_[i]->key_place, fmt::format("key '{}' is there already", keys_[i]->key));
    }
  }

  std::string_view text_;
  std::uint32_t first_line_;
  Node& root_;
  FaultSink& faults_;
  const char* reached_;  // by the parser
  const char* after_;    // the last token
  const char* counted_;  // up to here place_ is counted
  Place place_;
  std::vector<Node*> open_;        // the tables and lists that the parser is in
  std::vector<const Node*> keys_;  // of check_repeated(), kept for its memory
};

}  // namespace

bool parse_json(std::string_view text, std::uint32_t line, Node& root, FaultSink& faults) {
  if (!fits(text, faults)) return false;
  if (!Builder(text, line, root, faults).run()) return false;
  if (root.kind == Node::Kind::kTable) return true;
  faults.add(root.place, "expected a JSON object, found " + describe(root));
  return false;
}

}  // namespace jobq::conf
