// SPDX-License-Identifier: Apache-2.0
// Texts that nobody means well with: each gives a fault, soon, and never a crash.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <string>

#include "conf/settings.h"
#include "conf/ticket_stream.h"

namespace jobq::conf {
namespace {

std::string repeated(std::string_view text, std::size_t times) {
  std::string out;
  out.reserve(text.size() * times);
  for (std::size_t i = 0; i < times; ++i) out += text;
  return out;
}

// The first fault of a text that must have one.
std::string first_fault(const std::string& text) {
  const auto parsed = parse_file(text, "f");
  EXPECT_LE(parsed.faults.size(), 101U);
  return parsed.faults.empty() ? "none" : to_string(parsed.faults.front());
}

// Ten million of one character, behind a beginning.
std::string ten_million(char filling, std::string text = "") {
  text.resize(10'000'000, filling);
  return text;
}

TEST(Hostile, ALongTextIsRefusedAtOnce) {
  const std::string expected = "f: the text has 10000000 bytes; at most 8388608 are read";
  EXPECT_EQ(first_fault(ten_million('[')), expected);
  EXPECT_EQ(first_fault(ten_million('[', "{")), expected);
  EXPECT_EQ(to_string(parse_json_ticket(ten_million(' '), "f", 3).faults.at(0)), expected);
  EXPECT_EQ(to_string(script_directives(ten_million(' '), "f").faults.at(0)), expected);
}

TEST(Hostile, DepthIsLimited) {
  EXPECT_EQ(first_fault("{\"run\":" + std::string(4'000'000, '[')),
            "f:1:39: more than 32 levels are nested");
  EXPECT_EQ(first_fault(repeated("{\"a\":", 1'000'000)), "f:1:161: more than 32 levels are nested");
  EXPECT_THAT(first_fault("run = " + std::string(4'000'000, '[')), testing::StartsWith("f:1:"));
  EXPECT_EQ(first_fault("[" + repeated("a.", 2'000'000) + "b]"),
            "f:1:35: keys are nested too deep");
  EXPECT_EQ(
      first_fault("x = 'a.b.c' # ...................\n" + repeated("'q'.", 1'000'000) + "b = 1"),
      "f:2:68: keys are nested too deep");
  EXPECT_EQ(first_fault("x = \"\\\"..\" \ny = '''\n''..................'''\n" + repeated("a.", 40)),
            "f:4:34: keys are nested too deep");
}

TEST(Hostile, NulBytesAreFaults) {
  EXPECT_EQ(first_fault("run = [\"a\\u0000b\"]"), "f:1:8: a NUL byte is in the text");
  EXPECT_EQ(first_fault("run = 'x'\n[ticket.env]\n\"A\\u0000\" = '1'"),
            "f:3:1: a NUL byte is in the text");
  EXPECT_EQ(first_fault("{\"run\": [\"a\\u0000\"]}"), "f:1:10: a NUL byte is in the text");
  EXPECT_EQ(first_fault("{\"r\\u0000\": 1, \"run\": \"x\"}"), "f:1:2: a NUL byte is in the text");
  EXPECT_NE(first_fault(std::string("run = 'x'\n\0", 11)), "none");
  EXPECT_NE(first_fault(std::string("{\"run\": \"x\0\"}", 13)), "none");
}

TEST(Hostile, InvalidUtf8IsAFault) {
  EXPECT_THAT(first_fault("run = '\xff'"), testing::StartsWith("f:1:"));
  EXPECT_THAT(first_fault("{\"run\": \"\xc0\x80\"}"), testing::StartsWith("f:1:"));
  EXPECT_THAT(first_fault("{\"run\": \"\\ud800\"}"), testing::StartsWith("f:1:"));
}

// toml++ promises the compiler that none of these is there (see conf/toml_document.cc).
TEST(Hostile, CharactersThatAreNoBlanksHarmNothing) {
  EXPECT_EQ(first_fault("run = \"\"\"x \\\n\u00a7 \u0416\"\"\""), "none");
  EXPECT_THAT(first_fault("\u032a"), testing::StartsWith("f:1:1:"));
  EXPECT_THAT(first_fault("[[[a]]]"), testing::StartsWith("f:1:3:"));
}

TEST(Hostile, RepeatedKeysAreFaults) {
  EXPECT_EQ(first_fault(R"({"run": "x", "run": "y"})"), "f:1:14: key 'run' is there already");
  EXPECT_THAT(first_fault("run = 'x'\nrun = 'y'"), testing::StartsWith("f:2:"));
  EXPECT_EQ(first_fault("{" + repeated("\"a\":1,", 100'000) + "\"b\":1}"),
            "f:1:8: key 'a' is there already");
}

TEST(Hostile, NumbersHaveLimits) {
  EXPECT_THAT(first_fault("run = 'x'\n[needs]\ncpus = 99999999999999999999"),
              testing::StartsWith("f:3:"));
  EXPECT_EQ(first_fault(R"({"run": "x", "needs": {"memory": 9223372036854775808}})"),
            "f:1:34: expected a size like \"8G\" or \"512M\", or whole bytes, found the number "
            "9223372036854775808");
  EXPECT_EQ(first_fault(R"({"run": "x", "needs": {"cpus": 1e999}})"),
            "f:1:36: number overflow parsing '1e999'");
}

TEST(Hostile, StepsAreCounted) {
  EXPECT_EQ(first_fault(repeated("[[step]]\nname='a'\nrun='x'\n", 10'001)),
            "f:1:1: a job has at most 10000 steps, found 10001");
  EXPECT_EQ(first_fault(R"({"step":[)" + repeated("{},", 10'000) + "{}]}"),
            "f:1:9: a job has at most 10000 steps, found 10001");
}

TEST(Hostile, FaultsAreCounted) {
  std::string text = "run = 'x'\n";
  for (int i = 0; i < 100'000; ++i) text += "zz" + std::to_string(i) + " = 1\n";
  const auto faults = parse_file(text, "f").faults;
  ASSERT_EQ(faults.size(), 101U);
  EXPECT_EQ(to_string(faults[99]), "f:101:1: unknown key 'zz99' in the file");
  EXPECT_EQ(to_string(faults[100]), "f:101:1: there are more faults; 100 are shown");
}

TEST(Hostile, LongWordsAndControlCharactersAreNotRepeatedInMessages) {
  EXPECT_LE(first_fault("run = 'x'\n" + std::string(1'000'000, 'q') + " = 1").size(), 1100U);
  EXPECT_EQ(first_fault("run = 'x'\n\"\\u001b[31m\" = 1"),
            "f:2:1: unknown key '?[31m' in the file");
}

// Ten thousand steps, each on the hundred before it, each with faulty conditions and values.
TEST(Hostile, ManyConditionsAndFaultsTakeNoLongTime) {
  std::string text = "{\"step\":[";
  for (int i = 0; i < 10'000; ++i) {
    const std::string number = std::to_string(i);
    text += (i == 0 ? "" : ",");
    text.append("{\"name\":\"s").append(number).append("\",\"run\":[\"${steps.s0.event}\"],");
    text.append("\"after\":[\"t").append(number) += '"';
    for (int k = 1; k < 60 && k <= i; ++k) text.append(",\"s").append(std::to_string(i - k)) += '"';
    text += "]}";
  }
  text += "]}";
  ASSERT_LT(text.size(), kMaxTextBytes);
  EXPECT_EQ(first_fault(text),
            "f:1:30: ${steps.s0.event} has no value here: a step cannot use its own");
}

TEST(Hostile, ALongCircleIsNamedInShort) {
  std::string text;
  for (int i = 0; i < 5'000; ++i) {
    text += "[[step]]\nname='s" + std::to_string(i) + "'\nrun='x'\nafter='s" +
            std::to_string((i + 4'999) % 5'000) + "'\n";
  }
  EXPECT_EQ(
      first_fault(text),
      "f:4:7: steps wait for each other in a circle: s0 -> s1 -> s2 -> s3 -> s4 -> s5 -> s6 -> "
      "s7 -> s8 -> s9 -> ... 4989 more ... -> s4999 -> s0");
}

TEST(Hostile, ManyValuesTakeNoLongTime) {
  const std::string params = "[ticket.params]\na='1'\n[[step]]\nname='m'\nscript = '''";
  const std::string good = params + repeated("${a}\n", 1'000'000) + "'''";
  EXPECT_EQ(first_fault(good), "none");
  const std::string bad = params + repeated("${steps.m.event}\n", 400'000) + "'''";
  EXPECT_EQ(first_fault(bad),
            "f:5:10: ${steps.m.event} has no value here: a step cannot use its own");
}

// A small generator of its own: the same numbers on every machine.
class Dice {
 public:
  explicit Dice(std::uint64_t seed) : state_(seed) {}
  std::size_t below(std::size_t limit) {
    state_ = state_ * 6364136223846793005ULL + 1442695040888963407ULL;
    return static_cast<std::size_t>(state_ >> 33U) % limit;
  }

 private:
  std::uint64_t state_;
};

// Changes a text in a few places: bytes replaced, taken out, doubled, or swapped for language.
std::string mutated(std::string text, Dice& dice) {
  static const std::vector<std::string> kPieces = {
      "[",         "]",       "{",   "}",  "\"",       "'",        "'''",
      "\"\"\"",    "=",       ",",   ".",  "\n",       "#",        "${job}",
      "$",         "\\u0000", "1e9", "-1", "true",     "[[step]]", "after = 'a'",
      "null",      "\xff",    "\\",  ":",  "[ticket]", "[needs]",  "99999999999999999999",
      "1979-05-27"};
  const std::size_t changes = 1 + dice.below(6);
  for (std::size_t i = 0; i < changes; ++i) {
    const std::size_t at = dice.below(text.size() + 1);
    const std::size_t length = std::min(dice.below(12), text.size() - at);
    switch (dice.below(4)) {
      case 0: text.erase(at, length); break;
      case 1: text.insert(at, text.substr(at, length)); break;
      case 2: text.insert(at, kPieces[dice.below(kPieces.size())]); break;
      default:
        if (at < text.size()) text[at] = static_cast<char>(dice.below(256));
    }
  }
  return text;
}

const std::vector<std::string>& seeds() {
  static const std::vector<std::string> kSeeds = {
      R"([class]
name = "daily-plan"
version = "3"
[class.params]
day = { required = true }
[needs]
exclusive = ["plan-db"]
tokens = { solver = 2 }
[[step]]
name = "calc"
run = ["./calc", "--day", "${day}"]
exit = { success = [1], cancel = [77] }
[[step]]
name = "verify"
after = ["calc.event=1"]
script = """
./verify --day ${day} | tee verify.txt
"""
[cleanup]
run = "rm -rf work"
)",
      R"({"run": ["./simulate", "--seed", "7"], "ticket": {"name": "s7", "env": {"A": "b"}}})",
      R"({"step": [{"name": "a", "run": ["true"]}, {"name": "b", "run": "x", "after": ["a"]}]})",
      "#!/bin/bash\n#JQ --cpus 4 --name \"a b\"\n./run\n",
      "[controller]\nnode_timeout = \"15s\"\noperators = ['ann']\n[node.resources]\nscratch = 1\n",
  };
  return kSeeds;
}

TEST(Hostile, MutatedTextsNeverCrashAndSaySortedPlaces) {
  Dice dice(20261121);
  TicketStream stream("-", "/w");
  for (int round = 0; round < 20'000; ++round) {
    const std::string text = mutated(seeds()[dice.below(seeds().size())], dice);
    const auto faults = parse_file(text, "f").faults;
    EXPECT_TRUE(std::is_sorted(faults.begin(), faults.end(), [](const Fault& a, const Fault& b) {
      return std::pair(a.line, a.column) < std::pair(b.line, b.column);
    }));
    stream.next(text);
    script_directives(text, "f");
    parse_settings(text, "f");
    if (HasFailure()) FAIL() << "round " << round << ":\n" << text;
  }
}

}  // namespace
}  // namespace jobq::conf
