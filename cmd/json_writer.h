// SPDX-License-Identifier: Apache-2.0
// Writes JSON: fields in the order in which they are given, escaped, always valid UTF-8.
//
//   JsonWriter json;
//   json.object();
//   json.field("job", 17);
//   json.name("nodes");
//   json.array();
//   json.value("n1");
//   json.end();
//   json.end();
//   print(json.line());
#pragma once

#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"

namespace jobq::cmd {

class JsonWriter {
 public:
  void object() { open('{', '}'); }
  void array() { open('[', ']'); }
  void end();
  void name(std::string_view name);

  void value(std::string_view text);  // bytes that are not UTF-8 become U+FFFD
  void value(const char* text) { value(std::string_view(text)); }
  void value(bool yes) { raw(yes ? "true" : "false"); }
  template <std::integral T>
  void value(T number) {
    raw(std::to_string(number));
  }
  void value(double number);  // to six digits behind the point
  void value(Time time);      // RFC 3339, null for "not yet"
  void value(Millis length);  // seconds, with the fraction that it has
  void null() { raw("null"); }
  template <class T>
  void value(const std::optional<T>& maybe) {
    maybe ? value(*maybe) : null();
  }

  template <class T>
  void field(std::string_view field_name, const T& of) {
    name(field_name);
    value(of);
  }

  // The document and a line feed; the writer is empty again.
  std::string line();

 private:
  void open(char begin, char end);
  void raw(std::string_view text);
  void separate();

  std::string out_;
  std::string ends_;       // closing brackets that are due
  bool first_ = true;      // nothing stands in the innermost bracket yet
  bool has_name_ = false;  // the name of the next value is written
};

// {"code": "...", "message": "..."}
void write_error(JsonWriter& json, const Error& error);

// null for an empty text: a name that there is not.
std::optional<std::string_view> unless_empty(std::string_view text);

}  // namespace jobq::cmd
