// SPDX-License-Identifier: Apache-2.0
// One scanner finds values and escapes; reading and putting in are both written over it.
#include "sched/values.h"

#include <fmt/format.h>

namespace jobq::sched {
namespace {

bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool in_name(char c) {
  return is_lower(c) || is_upper(c) || is_digit(c) || c == '_' || c == '-' || c == '.';
}

// A value or an escape: text[begin, end). The name of an escape is empty.
struct Piece {
  std::size_t begin = 0;
  std::size_t end = 0;
  std::string_view name;
};

// The name of a value whose '$' stands at `at`; empty where none stands there.
std::string_view name_at(std::string_view text, std::size_t at) {
  if (!text.substr(at).starts_with("${")) return {};
  std::size_t end = at + 2;
  while (end < text.size() && in_name(text[end])) ++end;
  if (end == text.size() || text[end] != '}') return {};
  return text.substr(at + 2, end - at - 2);
}

std::optional<Piece> next_piece(std::string_view text, std::size_t from) {
  for (std::size_t at = text.find('$', from); at < text.size(); at = text.find('$', at + 1)) {
    if (text.substr(at).starts_with("$${")) return Piece{at, at + 3, {}};
    const std::string_view name = name_at(text, at);
    if (!name.empty()) return Piece{at, at + name.size() + 3, name};
  }
  return std::nullopt;
}

}  // namespace

std::vector<ValueRef> value_refs(std::string_view text) {
  std::vector<ValueRef> refs;
  std::size_t at = 0;
  while (const auto piece = next_piece(text, at)) {
    if (!piece->name.empty()) refs.push_back({std::string(piece->name), piece->begin});
    at = piece->end;
  }
  return refs;
}

Result<std::string> substitute(std::string_view text, const ValueLookup& lookup, std::size_t most) {
  std::string out;
  std::size_t at = 0;
  while (const auto piece = next_piece(text, at)) {
    out += text.substr(at, piece->begin - at);
    at = piece->end;
    if (piece->name.empty()) {
      out += "${";
      continue;
    }
    const auto value = lookup(piece->name);
    if (!value) {
      return fail(ErrorCode::kUsage, fmt::format("there is no value '${{{}}}'", piece->name));
    }
    out += *value;
    if (out.size() > most) break;
  }
  out += text.substr(at);
  if (out.size() > most) {
    return fail(ErrorCode::kRefused, fmt::format("it is longer than {} bytes", most));
  }
  return out;
}

std::string as_literal(std::string_view text) {
  std::string out;
  std::size_t at = 0;
  for (std::size_t next = text.find("${"); next < text.size(); next = text.find("${", at)) {
    out += text.substr(at, next - at);
    out += "$${";
    at = next + 2;
  }
  out += text.substr(at);
  return out;
}

std::optional<ValueName> parse_value_name(std::string_view name) {
  using Kind = ValueName::Kind;
  if (name == "job") return ValueName{Kind::kJob, {}};
  if (name == "index") return ValueName{Kind::kIndex, {}};
  if (name.find('.') == std::string_view::npos) return ValueName{Kind::kParam, name};
  constexpr std::string_view kSteps = "steps.";
  if (!name.starts_with(kSteps)) return std::nullopt;
  const std::string_view rest = name.substr(kSteps.size());
  const std::size_t dot = rest.find('.');
  if (dot == 0 || dot == std::string_view::npos) return std::nullopt;
  const std::string_view what = rest.substr(dot + 1);
  if (what == "event") return ValueName{Kind::kStepEvent, rest.substr(0, dot)};
  if (what == "node") return ValueName{Kind::kStepNode, rest.substr(0, dot)};
  return std::nullopt;
}

bool is_reserved_value(std::string_view name) {
  return name == "job" || name == "index" || name == "steps";
}

std::string env_suffix(std::string_view name) {
  std::string out;
  for (const char c : name) {
    const bool plain = is_upper(c) || is_digit(c);
    out += is_lower(c) ? static_cast<char>(c - 'a' + 'A') : plain ? c : '_';
  }
  return out;
}

}  // namespace jobq::sched
