// SPDX-License-Identifier: Apache-2.0
// JSON: separators, escaping, times, lengths of time.
#include "cmd/json_writer.h"

#include <gtest/gtest.h>

namespace jobq::cmd {
namespace {

template <class T>
std::string written(const T& value) {
  JsonWriter json;
  json.value(value);
  return json.line();
}

TEST(JsonWriter, separates_fields_and_elements) {
  JsonWriter json;
  json.object();
  json.field("job", 17);
  json.name("nodes");
  json.array();
  json.value("n1");
  json.value("n2");
  json.end();
  json.name("empty");
  json.object();
  json.end();
  json.field("last", true);
  json.end();
  EXPECT_EQ(json.line(), "{\"job\":17,\"nodes\":[\"n1\",\"n2\"],\"empty\":{},\"last\":true}\n");
}

TEST(JsonWriter, is_empty_after_a_line) {
  JsonWriter json;
  json.value(1);
  EXPECT_EQ(json.line(), "1\n");
  json.value(2);
  EXPECT_EQ(json.line(), "2\n");
}

TEST(JsonWriter, escapes_what_must_be) {
  EXPECT_EQ(written("a\"b\\c"), "\"a\\\"b\\\\c\"\n");
  EXPECT_EQ(written("\n\t\r"), "\"\\n\\t\\r\"\n");
  EXPECT_EQ(written(std::string("\x01\x1b\x7f\0", 4)), "\"\\u0001\\u001b\\u007f\\u0000\"\n");
}

TEST(JsonWriter, passes_utf8_on_and_replaces_what_is_none) {
  EXPECT_EQ(written("Grüße €😀"), "\"Grüße €😀\"\n");
  EXPECT_EQ(written("a\xff"
                    "b"),
            "\"a\xef\xbf\xbd"
            "b\"\n");
  EXPECT_EQ(written("\xc0\xaf"), "\"\xef\xbf\xbd\xef\xbf\xbd\"\n");                  // overlong
  EXPECT_EQ(written("\xed\xa0\x80"), "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"\n");  // surrogate
  EXPECT_EQ(written("\xe2\x82"), "\"\xef\xbf\xbd\xef\xbf\xbd\"\n");                  // cut off
}

TEST(JsonWriter, writes_times_in_utc_and_not_yet_as_null) {
  EXPECT_EQ(written(Time{1'500}), "\"1970-01-01T00:00:01.500Z\"\n");
  EXPECT_EQ(written(Time{}), "null\n");
}

TEST(JsonWriter, writes_lengths_in_seconds) {
  EXPECT_EQ(written(Millis{2'000}), "2\n");
  EXPECT_EQ(written(Millis{1'500}), "1.5\n");
  EXPECT_EQ(written(Millis{1}), "0.001\n");
  EXPECT_EQ(written(Millis{-250}), "-0.25\n");
}

TEST(JsonWriter, writes_null_for_what_there_is_not) {
  EXPECT_EQ(written(std::optional<int>()), "null\n");
  EXPECT_EQ(written(std::optional<int>(3)), "3\n");
  EXPECT_EQ(written(unless_empty("")), "null\n");
  EXPECT_EQ(written(unless_empty("x")), "\"x\"\n");
}

TEST(JsonWriter, writes_errors_with_code_and_message) {
  JsonWriter json;
  write_error(json, {ErrorCode::kNotFound, "no \"x\""});
  EXPECT_EQ(json.line(), "{\"code\":\"not_found\",\"message\":\"no \\\"x\\\"\"}\n");
}

}  // namespace
}  // namespace jobq::cmd
