// SPDX-License-Identifier: Apache-2.0
// Parsing of options by CLI11, and the help.
#include "cmd/options.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>

#include "base/nearest.h"
#include "cmd/messages.h"
#include "cmd/terminal.h"
#include "cmd/utf8.h"

namespace jobq::cmd {
namespace {

constexpr std::size_t kHelpColumn = 28;
constexpr std::size_t kHelpWidth = 96;

std::vector<std::string_view> split_names(std::string_view names) {
  std::vector<std::string_view> parts;
  while (true) {
    const std::size_t comma = names.find(',');
    parts.push_back(names.substr(0, comma));
    if (comma == std::string_view::npos) return parts;
    names.remove_prefix(comma + 1);
  }
}

bool looks_like_option(std::string_view word) { return word.size() > 1 && word.front() == '-'; }

// Text from column `column` on, the first line continued where the cursor stands.
void append_wrapped(std::string& out, std::string_view text, std::size_t column) {
  std::size_t at = column;
  while (!text.empty()) {
    const std::size_t space = std::min(text.find(' '), text.size());
    if (at > column && at + 1 + space > kHelpWidth) {
      out += '\n' + std::string(column, ' ');
      at = column;
    }
    if (at > column) out += ' ';
    out += text.substr(0, space);
    at += space + (at > column ? 1 : 0);
    text.remove_prefix(std::min(space + 1, text.size()));
  }
  out += '\n';
}

std::string in_help(std::string_view names) {
  std::string shown(names);
  const std::size_t comma = shown.find(',');
  if (comma != std::string::npos) shown.insert(comma + 1, 1, ' ');
  return shown;
}

}  // namespace

Options::Options(std::string usage, std::string about)
    : usage_(std::move(usage)), about_(std::move(about)), group_("Options") {
  flag("-h,--help", help_wanted_, "this help");
}

void Options::group(std::string_view title) { group_ = title; }

void Options::flag(std::string_view names, bool& to, std::string_view help) {
  options_.push_back({names, "", help, group_, &to, nullptr});
}

void Options::value(std::string_view names, std::string_view placeholder, Taker take,
                    std::string_view help) {
  options_.push_back({names, placeholder, help, group_, nullptr, std::move(take)});
}

void Options::list(std::string_view names, std::string_view placeholder, Taker take,
                   std::string_view help) {
  value(names, placeholder, std::move(take), help);
  options_.back().repeats = true;
}

void Options::words(std::vector<std::string>& to) { words_ = &to; }
void Options::first_word_ends_options() { first_word_ends_ = true; }
void Options::examples(std::string text) { examples_ = std::move(text); }

const Options::Option* Options::find(std::string_view name) const {
  for (const Option& option : options_) {
    const std::string_view names = option.names;
    const std::size_t comma = names.find(',');
    if (names.substr(0, comma) == name) return &option;
    if (comma != std::string_view::npos && names.substr(comma + 1) == name) return &option;
  }
  return nullptr;
}

Options::Option* Options::find(std::string_view name) {
  return const_cast<Option*>(std::as_const(*this).find(name));
}

bool Options::given(std::string_view name) const {
  const Option* option = find(name);
  return option != nullptr && option->given;
}

std::vector<std::string> Options::names() const {
  std::vector<std::string> all;
  for (const Option& option : options_) all.emplace_back(split_names(option.names).back());
  return all;
}

tl::unexpected<Error> Options::unknown(const std::string& name) const {
  std::vector<std::string_view> known;
  for (const Option& each : options_) known.push_back(split_names(each.names).back());
  return fail(ErrorCode::kUsage,
              fmt::format("unknown option '{}'{}; see --help", name, did_you_mean(name, known)));
}

// "-f", "-fq", "-n3", "-n" and its value behind it.
Result<bool> Options::split_letters(const std::string& word, Words& options) {
  options.push_back(word);
  for (std::size_t i = 1; i < word.size(); ++i) {
    const std::string name = {'-', word[i]};
    Option* option = find(name);
    if (option == nullptr) return unknown(name);
    option->mentioned = true;
    if (option->flag == nullptr) return i + 1 == word.size();
  }
  return false;
}

// "--follow", "--name=x", "--name" and its value behind it.
Result<bool> Options::split_long(const std::string& word, Words& options) {
  const std::size_t equals = word.find('=');
  const std::string name = word.substr(0, equals);
  Option* option = find(name);
  if (option == nullptr) return unknown(name);
  option->mentioned = true;
  options.push_back(name);
  if (equals == std::string::npos) return option->flag == nullptr;
  if (option->flag != nullptr) {
    return fail(ErrorCode::kUsage, fmt::format("{} takes no value", name));
  }
  options.push_back(word.substr(equals + 1));
  return false;
}

// Copies one option with its value; CLI11 would take the next word for the value of "--name=".
Result<void> Options::split_option(const Words& words, std::size_t& at, Words& options) {
  const std::string& word = words[at];
  const Result<bool> wants_value =
      word.starts_with("--") ? split_long(word, options) : split_letters(word, options);
  if (!wants_value) return tl::unexpected(wants_value.error());
  if (!*wants_value) return {};
  if (at + 1 == words.size()) return fail(ErrorCode::kUsage, fmt::format("{} needs a value", word));
  options.push_back(words[++at]);
  return {};
}

Result<void> Options::split(const Words& words, Words& options, Words& rest) {
  for (std::size_t at = 0; at < words.size(); ++at) {
    const bool only_words = had_separator_ || (first_word_ends_ && !rest.empty());
    if (!only_words && words[at] == "--") {
      had_separator_ = true;
    } else if (only_words || !looks_like_option(words[at])) {
      rest.push_back(words[at]);
    } else if (Result<void> copied = split_option(words, at, options); !copied) {
      return copied;
    }
  }
  return {};
}

// Only options that were mentioned are declared to the parser, which compares each new one with all
// others.
Result<void> Options::run_parser(Words options) {
  if (options.empty()) return {};
  CLI::App parser;
  parser.set_help_flag();
  for (Option& option : options_) {
    if (!option.mentioned) continue;
    const auto keep = [&option](const CLI::results_t& texts) {
      option.texts = texts;
      option.given = true;
      return true;
    };
    CLI::Option* added = option.flag != nullptr
                             ? parser.add_flag_callback(std::string(option.names),
                                                        [&option] {
                                                          *option.flag = true;
                                                          option.given = true;
                                                        })
                             : parser.add_option(std::string(option.names), keep)->expected(1);
    added->multi_option_policy(option.repeats ? CLI::MultiOptionPolicy::TakeAll
                                              : CLI::MultiOptionPolicy::TakeLast);
  }
  std::reverse(options.begin(), options.end());
  try {
    parser.parse(std::move(options));
  } catch (const CLI::ParseError& error) {
    return fail(ErrorCode::kUsage, fmt::format("{}; see --help", error.what()));
  }
  return {};
}

Result<void> Options::hand_out() {
  for (const Option& option : options_) {
    for (const std::string& text : option.texts) {
      const Result<void> taken = option.take(text);
      if (taken) continue;
      return fail(taken.error().code,
                  fmt::format("{}: {}", split_names(option.names).back(), taken.error().message));
    }
  }
  return {};
}

Result<void> Options::read(const Words& words, Words& rest) {
  for (const std::string& word : words) {
    if (is_utf8(word)) continue;
    return fail(ErrorCode::kUsage,
                fmt::format("'{}' is not UTF-8; arguments must be", printable(word)));
  }
  for (Option& option : options_) option.texts.clear();
  Words options;
  Result<void> done = split(words, options, rest);
  if (done) done = run_parser(std::move(options));
  if (done && !help_wanted_) done = hand_out();
  return done;
}

Result<Options::Next> Options::parse(const Words& words) {
  const bool has_json = find("--json") != nullptr;
  const auto end = std::find(words.begin(), words.end(), "--");
  if (has_json) set_json_errors(std::find(words.begin(), end, "--json") != end);
  Words rest;
  const Result<void> done = read(words, rest);
  if (!done) return tl::unexpected(done.error());
  if (help_wanted_) {
    print(help());
    return Next::kDone;
  }
  if (has_json) set_json_errors(given("--json"));
  if (words_ != nullptr) {
    *words_ = std::move(rest);
  } else if (!rest.empty()) {
    return fail(ErrorCode::kUsage, fmt::format("unexpected '{}'; see --help", rest.front()));
  }
  return Next::kRun;
}

Result<void> Options::parse_line(const Words& words) {
  Words rest;
  Result<void> done = read(words, rest);
  if (done && help_wanted_) return fail(ErrorCode::kUsage, "--help has no place here");
  if (done && !rest.empty()) {
    return fail(ErrorCode::kUsage,
                fmt::format("unexpected '{}'; expected an option", rest.front()));
  }
  return done;
}

std::string Options::help() const {
  std::string text = fmt::format("Usage: {}\n\n{}\n", usage_, about_);
  std::vector<std::string_view> groups;
  for (const Option& option : options_) {
    if (std::find(groups.begin(), groups.end(), option.group) == groups.end()) {
      groups.push_back(option.group);
    }
  }
  std::rotate(groups.begin(), groups.begin() + 1, groups.end());  // "Options" comes last
  for (const std::string_view title : groups) {
    text += fmt::format("\n{}:\n", title);
    for (const Option& option : options_) {
      if (option.group != title) continue;
      std::string head = "  " + in_help(option.names);
      if (!option.placeholder.empty()) head += fmt::format(" {}", option.placeholder);
      head.resize(std::max(head.size() + 2, kHelpColumn), ' ');
      text += head;
      if (head.size() > kHelpColumn) text += '\n' + std::string(kHelpColumn, ' ');
      append_wrapped(text, option.help, kHelpColumn);
    }
  }
  if (!examples_.empty()) text += fmt::format("\nExamples:\n{}", examples_);
  return text;
}

}  // namespace jobq::cmd
