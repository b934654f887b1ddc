// SPDX-License-Identifier: Apache-2.0
// ${values} in the texts of a spec: finding them, putting them in, and the names that there are.
//
// Grammar. "${", a name of letters, digits, '_', '-' and '.', "}" is a value. "$${" is a plain
// "${". Everything else passes untouched: "$HOME", "$(date)", "${HOME:-/tmp}", "${#list[@]}". A
// value goes in letter by letter: no quoting is added, and what was put in is not looked at again.
// So a text for a shell is better served by the environment variables of the same values (see
// env_suffix()).
//
// Where: argv and script of a step that is not literal; values of env; workdir; output and error.
// In output and error the values go in first; whoever does it doubles a '%' of a value, so that it
// is not taken for a letter of the pattern.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace jobq::sched {

struct ValueRef {
  std::string name;        // between the braces, not empty
  std::size_t offset = 0;  // of the '$', in bytes
  bool operator==(const ValueRef&) const = default;
};

// All values that the text asks for, in order, repeated ones too.
std::vector<ValueRef> value_refs(std::string_view text);

// The value of a name, or nothing where there is no such name.
using ValueLookup = std::function<std::optional<std::string>(std::string_view name)>;

// The text with its values put in. An unknown name is an error (kUsage) that names it; kRefused:
// the text with its values is longer than `most` bytes.
Result<std::string> substitute(std::string_view text, const ValueLookup& lookup,
                               std::size_t most = std::string::npos);

// A text that substitute() turns back into the given one: for what a user wrote for no eyes but the
// program's (the environment, --workdir and --output of a command line).
std::string as_literal(std::string_view text);

// What a name stands for.
struct ValueName {
  enum class Kind { kParam, kJob, kIndex, kStepEvent, kStepNode };
  Kind kind = Kind::kParam;
  std::string_view name;  // of the parameter or step; empty for kJob and kIndex
  bool operator==(const ValueName&) const = default;
};

// "job", "index", "steps.NAME.event", "steps.NAME.node", "PARAM"; nothing for any other dotted
// name.
std::optional<ValueName> parse_value_name(std::string_view name);

// Words that no parameter may be called: "job", "index", "steps".
bool is_reserved_value(std::string_view name);

// How a name ends an environment variable (JOBQ_PARAM_..., JOBQ_EVENT_...): letters in upper case,
// digits, '_' for anything else. "start-day" -> "START_DAY".
std::string env_suffix(std::string_view name);

}  // namespace jobq::sched
