// SPDX-License-Identifier: Apache-2.0
// Which of the two languages a text is in, and how long it may be.
#include "conf/document.h"

#include <fmt/format.h>

#include "conf/ticket_file.h"

namespace jobq::conf {
namespace {

bool is_json(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  return first != std::string_view::npos && text[first] == '{';
}

}  // namespace

bool parse_text(std::string_view text, Node& root, FaultSink& faults) {
  text = without_mark(text);
  return is_json(text) ? parse_json(text, 1, root, faults) : parse_toml(text, root, faults);
}

bool fits(std::string_view text, FaultSink& faults) {
  if (text.size() <= kMaxTextBytes) return true;
  faults.add({},
             fmt::format("the text has {} bytes; at most {} are read", text.size(), kMaxTextBytes));
  return false;
}

std::string_view without_mark(std::string_view text) {
  constexpr std::string_view kMark = "\xef\xbb\xbf";
  if (text.starts_with(kMark)) text.remove_prefix(kMark.size());
  return text;
}

}  // namespace jobq::conf
