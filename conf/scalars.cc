// SPDX-License-Identifier: Apache-2.0
// Values of one kind each: type, range and form.
#include "conf/scalars.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

namespace jobq::conf {
namespace {

using Kind = Node::Kind;

constexpr std::int64_t kMostSeconds = std::int64_t{36500} * 86400;  // as parse_duration() allows

}  // namespace

bool refuse(const Node& node, std::string_view expected, FaultSink& faults) {
  faults.add(node.place, fmt::format("expected {}, found {}", expected, describe(node)));
  return false;
}

bool read_string(const Node& node, std::string& out, FaultSink& faults) {
  if (node.kind != Kind::kString) return refuse(node, "a string", faults);
  out = node.text;
  return true;
}

bool read_word(const Node& node, std::string& out, FaultSink& faults) {
  if (node.kind != Kind::kString || node.text.empty()) {
    return refuse(node, "a string that is not empty", faults);
  }
  out = node.text;
  return true;
}

bool read_name(const Node& node, std::string& out, FaultSink& faults) {
  if (node.kind != Kind::kString || !resmgr::valid_name(node.text)) {
    return refuse(node, "a name of letters, digits, '.', '_' and '-'", faults);
  }
  out = node.text;
  return true;
}

bool read_text(const Node& node, std::string& out, FaultSink& faults) {
  switch (node.kind) {
    case Kind::kString: out = node.text; return true;
    case Kind::kInteger: out = std::to_string(node.number); return true;
    case Kind::kBoolean: out = node.flag ? "true" : "false"; return true;
    case Kind::kList:
    case Kind::kTable:
    case Kind::kTime:
    case Kind::kOther: break;
  }
  return refuse(node, "a string", faults);
}

bool read_flag(const Node& node, bool& out, FaultSink& faults) {
  if (node.kind != Kind::kBoolean) return refuse(node, "true or false", faults);
  out = node.flag;
  return true;
}

bool read_number(const Node& node, std::int64_t least, std::int64_t most, std::int64_t& out,
                 FaultSink& faults) {
  const bool good = node.kind == Kind::kInteger && node.number >= least && node.number <= most;
  if (!good) return refuse(node, fmt::format("a whole number of {} to {}", least, most), faults);
  out = node.number;
  return true;
}

bool read_duration(const Node& node, Millis& out, FaultSink& faults) {
  constexpr std::string_view kExpected =
      "a duration like \"90s\", \"2h\", \"HH:MM:SS\" or \"D-HH:MM\", or whole seconds";
  if (node.kind == Kind::kInteger && node.number >= 0 && node.number <= kMostSeconds) {
    out = seconds(node.number);
    return true;
  }
  if (node.kind != Kind::kString) return refuse(node, kExpected, faults);
  const auto duration = parse_duration(node.text);
  if (!duration) return refuse(node, kExpected, faults);
  out = *duration;
  return true;
}

bool read_duration(const Node& node, std::optional<Millis>& out, FaultSink& faults) {
  Millis duration;
  if (!read_duration(node, duration, faults)) return false;
  out = duration;
  return true;
}

bool read_when(const Node& node, Time now, std::optional<When>& out, FaultSink& faults) {
  constexpr std::string_view kExpected =
      "a time like \"2026-11-22T03:00:00Z\", local time like \"2026-11-22 03:00\" or \"03:00\", or "
      "\"+2h\" from the submission";
  if (node.kind != Kind::kString && node.kind != Kind::kTime) {
    return refuse(node, kExpected, faults);
  }
  const auto when = parse_when(node.text, now);
  if (!when) return refuse(node, kExpected, faults);
  out = *when;
  return true;
}

bool read_size(const Node& node, Bytes& out, FaultSink& faults) {
  constexpr std::string_view kExpected = "a size like \"8G\" or \"512M\", or whole bytes";
  if (node.kind == Kind::kInteger && node.number >= 0) {
    out = Bytes{static_cast<std::uint64_t>(node.number)};
    return true;
  }
  if (node.kind != Kind::kString) return refuse(node, kExpected, faults);
  const auto size = parse_bytes(node.text);
  if (!size) return refuse(node, kExpected, faults);
  out = *size;
  return true;
}

bool read_words(const Node& node, std::vector<std::string>& out, FaultSink& faults) {
  if (node.kind == Kind::kString) {
    out.push_back(node.text);
    return true;
  }
  if (node.kind != Kind::kList) return refuse(node, "a list of strings, or one string", faults);
  out.reserve(node.children.size());
  for (const Node& item : node.children) read_string(item, out.emplace_back(), faults);
  return true;
}

bool read_pairs(const Node& node, std::vector<std::pair<std::string, std::string>>& out,
                FaultSink& faults) {
  if (node.kind != Kind::kTable) return refuse(node, "a table of strings", faults);
  out.reserve(node.children.size());
  for (const Node& child : node.children) {
    read_text(child, out.emplace_back(child.key, std::string()).second, faults);
  }
  std::sort(out.begin(), out.end());
  return true;
}

bool read_amount(const Node& node, std::uint64_t& out, FaultSink& faults) {
  constexpr std::string_view kExpected = "a whole number of 0 or more, or one like \"100G\"";
  Bytes amount;
  if (node.kind == Kind::kInteger && node.number >= 0) {
    amount.count = static_cast<std::uint64_t>(node.number);
  } else {
    const auto parsed = parse_bytes(node.kind == Kind::kString ? node.text : std::string());
    if (!parsed) return refuse(node, kExpected, faults);
    amount = *parsed;
  }
  out = amount.count;
  return true;
}

bool read_counts(const Node& node, std::vector<resmgr::Count>& out, FaultSink& faults) {
  if (node.kind != Kind::kTable) {
    return refuse(node, "a table of names and whole numbers", faults);
  }
  for (const Node& child : node.children) {
    std::int64_t amount = 1;
    read_number(child, 1, std::numeric_limits<std::int64_t>::max(), amount, faults);
    out.push_back({child.key, static_cast<std::uint64_t>(amount)});
  }
  std::sort(out.begin(), out.end());
  return true;
}

}  // namespace jobq::conf
