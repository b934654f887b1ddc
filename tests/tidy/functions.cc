// SPDX-License-Identifier: Apache-2.0
// Finds functions by following braces.
//
// What an opening brace opens follows from its head: the text since the last declaration ended.
// Inside a function nothing is told apart; the function ends where its brace closes.
#include <cctype>
#include <regex>

#include "tests/tidy/scanner.h"

namespace jobq::tidy {
namespace {

enum class Opens { kScope, kFunction, kValue };  // kScope: namespace, type; kValue: initialiser

struct Brace {
  Opens opens = Opens::kScope;
  std::size_t head_begin = 0;
  int outer_parens = 0;
};

bool is_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.front())))
    text.remove_prefix(1);
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back())))
    text.remove_suffix(1);
  return text;
}

// Takes "template <...>" off a head: parentheses and keywords inside would mislead.
std::string_view without_template(std::string_view head) {
  head = trimmed(head);
  while (head.starts_with("template")) {
    std::size_t at = head.find('<');
    int depth = 0;
    for (; at < head.size(); ++at) {
      if (head[at] == '<') ++depth;
      if (head[at] == '>' && --depth == 0) break;
    }
    head = at < head.size() ? trimmed(head.substr(at + 1)) : std::string_view{};
  }
  return head;
}

// A constructor's brace that initialises a member, as in "A() : a_{1} {": a colon stands after the
// closed parameter list, and the brace follows a name.
bool initialises_member(std::string_view head) {
  if (head.empty() || !(is_word(head.back()) || head.back() == '>')) return false;
  int depth = 0;
  bool parameters_closed = false;
  for (std::size_t i = 0; i < head.size(); ++i) {
    if (head[i] == '(') ++depth;
    if (head[i] == ')' && --depth == 0) parameters_closed = true;
    if (head[i] != ':' || depth > 0 || !parameters_closed) continue;
    const bool qualifies = (i + 1 < head.size() && head[i + 1] == ':') || head[i - 1] == ':';
    if (!qualifies) return true;
  }
  return false;
}

Opens what_opens(std::string_view head, int parens) {
  static const std::regex kNamespace(R"(^(inline\s+)?namespace\b|^extern\s*""\s*$)");
  static const std::regex kType(R"(^(\w+\s+)*(class|struct|union|enum)\b)");
  static const std::regex kAttribute(R"(alignas\s*\([^)]*\)|\[\[[^\]]*\]\])");
  const std::string plain = std::regex_replace(std::string(without_template(head)), kAttribute, "");
  if (parens > 0) return Opens::kValue;
  if (std::regex_search(plain, kNamespace)) return Opens::kScope;
  const bool has_parameters = plain.find('(') != std::string::npos;
  if (!has_parameters && std::regex_search(plain, kType)) return Opens::kScope;
  if (!has_parameters || initialises_member(trimmed(plain))) return Opens::kValue;
  return Opens::kFunction;
}

// The words right before the first parenthesis: "Foo::bar", "operator==", "~Foo".
std::string name_of(std::string_view head) {
  static const std::regex kName(R"(((?:[\w~]+\s*::\s*)*(?:operator\s*[^\s(]*|[\w~]+))\s*\()");
  std::cmatch match;
  if (!std::regex_search(head.data(), head.data() + head.size(), match, kName)) return "?";
  return match[1].str();
}

// Preprocessor lines go: a macro's body need not balance.
std::string without_directives(std::string_view code) {
  std::string kept(code);
  bool inside = false;
  std::size_t at = 0;
  for (const std::string_view line : lines_of(code)) {
    const bool directive = inside || trimmed(line).starts_with('#');
    if (directive) kept.replace(at, line.size(), line.size(), ' ');
    inside = directive && line.ends_with('\\');
    at += line.size() + 1;
  }
  return kept;
}

class Finder {
 public:
  explicit Finder(std::string_view code) : code_(without_directives(code)) {}

  std::vector<Function> run() {
    for (at_ = 0; at_ < code_.size(); ++at_) {
      const char c = code_[at_];
      if (c == '{') open();
      if (c == '}' && !braces_.empty()) close();
      if (in_function_ > 0) continue;
      if (c == '(') ++parens_;
      if (c == ')' && parens_ > 0) --parens_;
      if (c == ';' && parens_ == 0) head_begin_ = at_ + 1;
      if (c == ':' && access_specifier()) head_begin_ = at_ + 1;
    }
    return std::move(functions_);
  }

 private:
  bool access_specifier() const {
    const std::string_view head = trimmed(head_text());
    return head == "public" || head == "private" || head == "protected";
  }
  std::string_view head_text() const {
    return std::string_view(code_).substr(head_begin_, at_ - head_begin_);
  }

  void open() {
    if (in_function_ > 0) {
      ++in_function_;
      return;
    }
    const Opens opens = what_opens(head_text(), parens_);
    braces_.push_back({opens, head_begin_, parens_});
    if (opens == Opens::kFunction) {
      in_function_ = 1;
      return;
    }
    head_begin_ = at_ + 1;
    parens_ = 0;
  }

  void close() {
    if (in_function_ > 1) {
      --in_function_;
      return;
    }
    const Brace brace = braces_.back();
    braces_.pop_back();
    parens_ = brace.outer_parens;
    // After an initialiser the declaration goes on.
    head_begin_ = brace.opens == Opens::kValue ? brace.head_begin : at_ + 1;
    if (in_function_ == 0) return;
    in_function_ = 0;
    record(brace.head_begin);
  }

  void record(std::size_t head_begin) {
    while (std::isspace(static_cast<unsigned char>(code_[head_begin])) != 0) ++head_begin;
    const std::string_view head =
        without_template(std::string_view(code_).substr(head_begin, at_ - head_begin));
    functions_.push_back({name_of(head), line_at(code_, head_begin), line_at(code_, at_)});
  }

  std::string code_;
  std::size_t at_ = 0;
  std::size_t head_begin_ = 0;
  int parens_ = 0;
  int in_function_ = 0;  // depth of braces inside the current function, 0 outside
  std::vector<Brace> braces_;
  std::vector<Function> functions_;
};

}  // namespace

std::vector<Function> find_functions(std::string_view code) { return Finder(code).run(); }

}  // namespace jobq::tidy
