// SPDX-License-Identifier: Apache-2.0
// The options of one verb: declared once, they are parsed and make the help. Texts are kept as
// views: they are literals.
//
//   Options options("jq hold JOB...", "Holds jobs.");
//   options.flag("--json", json, "...");
//   options.value("--name", "NAME", into(name), "...");
//   options.words(jobs);
//   const auto next = options.parse(words);
//   if (!next) return tl::unexpected(next.error());
//   if (*next == Options::Next::kDone) return 0;
//
// CLI11 does the parsing; its headers are slow to compile and have objects to construct before
// main, so they stay inside options.cc.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "base/time.h"
#include "base/when.h"
#include "cmd/verbs.h"
#include "sched/index_set.h"

namespace jobq::cmd {

// Takes the text of a value; an error says what was expected, without the option's name.
using Taker = std::function<Result<void>(const std::string& text)>;

// By what reads the type: parse(text) gives a Result.
template <class T, class Parse>
Taker parsed_into(std::optional<T>& to, Parse parse) {
  return [&to, parse](const std::string& text) -> Result<void> {
    Result<T> value = parse(text);
    if (!value) return fail(ErrorCode::kUsage, std::move(value.error().message));
    to = *std::move(value);
    return {};
  };
}

Taker into(std::string& to);
Taker into(std::optional<std::string>& to);
Taker into(std::optional<Millis>& to);
Taker into(std::optional<When>& to);
Taker into(std::optional<Bytes>& to);
Taker into(std::optional<std::uint32_t>& to);
Taker into(std::optional<sched::ArraySpec>& to);
Taker into(std::optional<Time>& to);  // RFC 3339, a date, or a duration: so long ago
// A name as resmgr::valid_name() wants it; `what` of, for the error: "an element".
Taker name_into(std::optional<std::string>& to, std::string_view what);
Taker append_to(std::vector<std::string>& to);
Taker append_split(std::vector<std::string>& to);  // "a,b" is two

class Options {
 public:
  Options(std::string usage, std::string about);

  // Options declared from here on stand under this title in the help.
  void group(std::string_view title);
  // Names are "-f,--follow" or "--json". Given twice, the last one counts.
  void flag(std::string_view names, bool& to, std::string_view help);
  void value(std::string_view names, std::string_view placeholder, Taker take,
             std::string_view help);
  // As value(), and may be repeated.
  void list(std::string_view names, std::string_view placeholder, Taker take,
            std::string_view help);
  // What is no option. Without this, words are refused.
  void words(std::vector<std::string>& to);
  // The first word ends the options: what follows belongs to it.
  void first_word_ends_options();
  void examples(std::string text);

  // kDone: help was asked for and printed.
  enum class Next { kRun, kDone };
  Result<Next> parse(const Words& words);

  // For options that stand in a file: no help, no words; may be called for one line after the
  // other.
  Result<void> parse_line(const Words& words);

  // "--" stood before the first word.
  bool had_separator() const { return had_separator_; }
  // The option was given.
  bool given(std::string_view name) const;
  // The names of all options, the longest form of each.
  std::vector<std::string> names() const;
  std::string help() const;

 private:
  struct Option {
    std::string_view names;
    std::string_view placeholder;  // empty: a flag
    std::string_view help;
    std::string_view group;
    bool* flag;
    Taker take;
    bool repeats = false;
    std::vector<std::string> texts{};  // as given
    bool mentioned = false;            // stands on this command line
    bool given = false;                // and was parsed
  };
  const Option* find(std::string_view name) const;
  Option* find(std::string_view name);
  Result<void> split(const Words& words, Words& options, Words& rest);
  Result<void> split_option(const Words& words, std::size_t& at, Words& options);
  // Whether the next word is the option's value.
  Result<bool> split_long(const std::string& word, Words& options);
  Result<bool> split_letters(const std::string& word, Words& options);
  tl::unexpected<Error> unknown(const std::string& name) const;
  Result<void> run_parser(Words options);
  Result<void> hand_out();
  Result<void> read(const Words& words, Words& rest);

  std::string usage_;
  std::string about_;
  std::string examples_;
  std::string_view group_;
  std::vector<Option> options_;
  std::vector<std::string>* words_ = nullptr;
  bool first_word_ends_ = false;
  bool had_separator_ = false;
  bool help_wanted_ = false;
};

}  // namespace jobq::cmd
