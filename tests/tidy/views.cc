// SPDX-License-Identifier: Apache-2.0
// Tells code, literals and comments apart, and reads lines and includes.
#include <algorithm>
#include <cctype>
#include <regex>

#include "tests/tidy/scanner.h"

namespace jobq::tidy {
namespace {

bool is_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

// Walks the text once; every character is copied to the views that show it.
class Splitter {
 public:
  explicit Splitter(std::string_view text) : text_(text) {
    const std::string blank = blank_lines();
    views_ = Views{.code = blank, .code_strings = blank, .comments = blank};
  }

  Views run() {
    while (at_ < text_.size()) {
      if (starts("//")) {
        comment(line_end());
      } else if (starts("/*")) {
        comment(end_of("*/", at_ + 2));
      } else if (text_[at_] == '"' && raw()) {
        raw_string();
      } else if (text_[at_] == '"' || (text_[at_] == '\'' && !digit_separator())) {
        literal(text_[at_]);
      } else {
        show_code();
      }
    }
    return std::move(views_);
  }

 private:
  std::string blank_lines() const {
    std::string blank(text_);
    std::replace_if(
        blank.begin(), blank.end(), [](char c) { return c != '\n'; }, ' ');
    return blank;
  }
  bool starts(std::string_view what) const { return text_.substr(at_).starts_with(what); }
  std::size_t end_of(std::string_view what, std::size_t from) const {
    const std::size_t found = text_.find(what, from);
    return found == std::string_view::npos ? text_.size() : found + what.size();
  }
  std::size_t line_end() const { return std::min(text_.find('\n', at_), text_.size()); }

  // The word that ends right before the current position.
  std::string_view word_before() const {
    std::size_t begin = at_;
    while (begin > 0 && is_word(text_[begin - 1])) --begin;
    return text_.substr(begin, at_ - begin);
  }
  bool raw() const {
    const std::string_view prefix = word_before();
    return prefix == "R" || prefix == "LR" || prefix == "uR" || prefix == "UR" || prefix == "u8R";
  }
  bool digit_separator() const {
    const std::string_view before = word_before();
    return !before.empty() && std::isdigit(static_cast<unsigned char>(before[0])) != 0;
  }

  void show_code() {
    views_.code[at_] = text_[at_];
    views_.code_strings[at_] = text_[at_];
    ++at_;
  }
  void show_string() { views_.code_strings[at_] = text_[at_], ++at_; }
  void comment(std::size_t end) {
    for (; at_ < end; ++at_) views_.comments[at_] = text_[at_];
  }
  void literal(char quote) {
    show_code();
    while (at_ < text_.size() && text_[at_] != quote && text_[at_] != '\n') {
      if (text_[at_] == '\\' && at_ + 1 < text_.size()) show_string();
      show_string();
    }
    if (at_ < text_.size()) show_code();
  }
  void raw_string() {
    const std::size_t open = std::min(text_.find('(', at_), text_.size());
    const std::string closing = ")" + std::string(text_.substr(at_ + 1, open - at_ - 1)) + "\"";
    const std::size_t end = end_of(closing, open);
    show_code();
    while (at_ + 1 < end) show_string();
    if (at_ < text_.size()) show_code();
  }

  std::string_view text_;
  std::size_t at_ = 0;
  Views views_;
};

}  // namespace

Views split_views(std::string_view text) { return Splitter(text).run(); }

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    lines.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

int line_at(std::string_view text, std::size_t position) {
  const auto end = text.begin() + static_cast<std::ptrdiff_t>(std::min(position, text.size()));
  return static_cast<int>(std::count(text.begin(), end, '\n')) + 1;
}

std::vector<Include> find_includes(std::string_view code_strings) {
  static const std::regex kInclude(R"(^\s*#\s*include\s*([<"])([^>"]+)[>"])");
  std::vector<Include> includes;
  int number = 0;
  for (const std::string_view line : lines_of(code_strings)) {
    ++number;
    std::cmatch match;
    if (!std::regex_search(line.data(), line.data() + line.size(), match, kInclude)) continue;
    includes.push_back({match[2].str(), match[1].str() == "\"", number});
  }
  return includes;
}

}  // namespace jobq::tidy
