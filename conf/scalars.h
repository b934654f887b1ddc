// SPDX-License-Identifier: Apache-2.0
// Readers of single values. Each says whether it has set `out`; where not, it has added a fault
// that says what was expected and what was found.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/time.h"
#include "base/when.h"
#include "conf/node.h"
#include "resmgr/needs.h"

namespace jobq::conf {

// Adds "expected <expected>, found <node>" and says false.
bool refuse(const Node& node, std::string_view expected, FaultSink& faults);

bool read_string(const Node& node, std::string& out, FaultSink& faults);
// A string that is not empty.
bool read_word(const Node& node, std::string& out, FaultSink& faults);
// A name as resmgr::valid_name() wants it.
bool read_name(const Node& node, std::string& out, FaultSink& faults);
// A string; a whole number or a boolean counts as the string that it is written as.
bool read_text(const Node& node, std::string& out, FaultSink& faults);
bool read_flag(const Node& node, bool& out, FaultSink& faults);
bool read_number(const Node& node, std::int64_t least, std::int64_t most, std::int64_t& out,
                 FaultSink& faults);
// "90s", or whole seconds.
bool read_duration(const Node& node, Millis& out, FaultSink& faults);
bool read_duration(const Node& node, std::optional<Millis>& out, FaultSink& faults);
// A moment as parse_when() takes it at `now`, or TOML's own date and time, or time.
bool read_when(const Node& node, Time now, std::optional<When>& out, FaultSink& faults);
// "8G", or whole bytes.
bool read_size(const Node& node, Bytes& out, FaultSink& faults);
// A list of strings, or one string. What cannot be read is empty in `out`, so that positions stay.
bool read_words(const Node& node, std::vector<std::string>& out, FaultSink& faults);
// A table of texts, sorted by name.
bool read_pairs(const Node& node, std::vector<std::pair<std::string, std::string>>& out,
                FaultSink& faults);
// A count, 0 or more, as a whole number or with K, M, G or T.
bool read_amount(const Node& node, std::uint64_t& out, FaultSink& faults);
// A table of counts of 1 or more, sorted by name.
bool read_counts(const Node& node, std::vector<resmgr::Count>& out, FaultSink& faults);

}  // namespace jobq::conf
