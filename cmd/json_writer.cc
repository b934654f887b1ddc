// SPDX-License-Identifier: Apache-2.0
// Escaping and separators.
#include "cmd/json_writer.h"

#include <fmt/format.h>

#include <cmath>

#include "base/check.h"
#include "cmd/utf8.h"

namespace jobq::cmd {
namespace {

void append_ascii(std::string& out, char c) {
  switch (c) {
    case '"': out += "\\\""; return;
    case '\\': out += "\\\\"; return;
    case '\n': out += "\\n"; return;
    case '\r': out += "\\r"; return;
    case '\t': out += "\\t"; return;
    default: break;
  }
  const auto byte = static_cast<unsigned char>(c);
  if (byte < 0x20 || byte == 0x7f) {
    out += fmt::format("\\u{:04x}", byte);
  } else {
    out += c;
  }
}

void append_escaped(std::string& out, std::string_view text) {
  while (!text.empty()) {
    const std::size_t length = sequence_length(text);
    if (length == 0) {
      out += "\xef\xbf\xbd";
    } else if (length == 1) {
      append_ascii(out, text.front());
    } else {
      out += text.substr(0, length);
    }
    text.remove_prefix(length == 0 ? 1 : length);
  }
}

}  // namespace

void JsonWriter::separate() {
  if (!first_ && !has_name_) out_ += ',';
  first_ = false;
  has_name_ = false;
}

void JsonWriter::raw(std::string_view text) {
  separate();
  out_ += text;
}

void JsonWriter::open(char begin, char end) {
  separate();
  out_ += begin;
  ends_ += end;
  first_ = true;
}

void JsonWriter::end() {
  check(!ends_.empty(), "a bracket is closed that was not opened");
  out_ += ends_.back();
  ends_.pop_back();
  first_ = false;
}

void JsonWriter::name(std::string_view name) {
  separate();
  out_ += '"';
  append_escaped(out_, name);
  out_ += "\":";
  has_name_ = true;
}

void JsonWriter::value(std::string_view text) {
  separate();
  out_ += '"';
  append_escaped(out_, text);
  out_ += '"';
}

void JsonWriter::value(double number) {
  if (!std::isfinite(number)) return null();
  std::string text = fmt::format("{:.6f}", number);
  while (text.ends_with('0')) text.pop_back();
  if (text.ends_with('.')) text.pop_back();
  raw(text);
}

void JsonWriter::value(Time time) { time ? value(format_rfc3339(time)) : null(); }

void JsonWriter::value(Millis length) {
  const std::int64_t whole = length.count / 1000;
  const std::int64_t rest = length.count % 1000;
  if (rest == 0) return raw(std::to_string(whole));
  const bool negative = length.count < 0;
  std::string text = fmt::format("{}{}.{:03}", negative ? "-" : "", negative ? -whole : whole,
                                 negative ? -rest : rest);
  while (text.ends_with('0')) text.pop_back();
  raw(text);
}

std::string JsonWriter::line() {
  check(ends_.empty(), "a bracket is left open");
  std::string text = std::move(out_) + '\n';
  *this = JsonWriter();
  return text;
}

void write_error(JsonWriter& json, const Error& error) {
  json.object();
  json.field("code", to_string(error.code));
  json.field("message", error.message);
  json.end();
}

std::optional<std::string_view> unless_empty(std::string_view text) {
  if (text.empty()) return std::nullopt;
  return text;
}

}  // namespace jobq::cmd
