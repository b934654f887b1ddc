// SPDX-License-Identifier: Apache-2.0
// The man pages jobq-class(5), jobq.toml(5) and jobq-states(7) against the code: every example is
// read by the real parser, every fault shown is the one reported, every table is the code's.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <set>

#include "conf/settings.h"
#include "conf/ticket_file.h"
#include "sched/check_spec.h"
#include "sched/event_manager.h"
#include "sched/lifecycle.h"

namespace jobq::conf {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using Lines = std::vector<std::string>;

// --- reading pages ------------------------------------------------------------------------------

Lines lines_of_page(const std::string& name) {
  std::ifstream file(JOBQ_SOURCE_DIR "/man/" + name);
  Lines lines;
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  EXPECT_FALSE(lines.empty()) << name;
  return lines;
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size()) {
    text.replace(at, from.size(), to);
  }
  return text;
}

bool is_heading(const std::string& line) {
  return line.starts_with(".Sh ") || line.starts_with(".Ss ");
}

// What a reader sees of a literal line.
std::string shown(const std::string& line) {
  return replaced(replaced(replaced(line, "\\&", ""), "\\(aq", "'"), "\\e", "\\");
}

// A literal block.
struct Example {
  std::string section;  // the nearest ".Ss", "[ticket]"; empty: none since the ".Sh"
  std::string key;      // of the item that it stands in; empty: a whole text
  std::string mark;     // the comment before it
  std::string text;
};

std::vector<Example> examples_of(const Lines& page) {
  std::vector<Example> examples;
  Example current;
  bool inside = false;
  for (const std::string& line : page) {
    if (line == ".Ed") {
      examples.push_back(current);
      current.text.clear();
      current.mark.clear();
      inside = false;
    } else if (inside) {
      current.text += shown(line) + "\n";
    } else if (line.starts_with(".Bd -literal")) {
      inside = true;
    } else if (is_heading(line)) {
      current.section = line.starts_with(".Ss ") ? line.substr(4) : "";
      current.key.clear();
    } else if (line.starts_with(".It ")) {
      const std::string rest = line.substr(7);  // behind "Ic" or "Ar"
      current.key = rest.substr(0, rest.find(' '));
    } else if (line == ".El") {
      current.key.clear();
    } else if (line.starts_with(".\\\" ")) {
      current.mark = line.substr(4);
    }
  }
  return examples;
}

Lines texts_of(const std::vector<Fault>& faults) {
  Lines texts;
  for (const Fault& fault : faults) texts.push_back(to_string(fault));
  return texts;
}

Lines split(const std::string& text) {
  Lines lines;
  for (std::size_t at = 0; at < text.size(); at = text.find('\n', at) + 1) {
    lines.push_back(text.substr(at, text.find('\n', at) - at));
  }
  return lines;
}

// --- jobq-class(5) ------------------------------------------------------------------------------

// One key of a section, completed to a file that has all that belongs to it.
std::string completed(const Example& example) {
  const std::string& key = example.key;
  static const std::set<std::string> kKinds{"run",  "script", "spawn",   "wait",   "send",
                                            "recv", "give",   "dispose", "inquire"};
  const bool is_kind = kKinds.contains(key);
  const std::string run = is_kind ? "" : "run = 'x'\n";
  const std::string params = key == "params" ? "" : "params = { day = '' }\n";
  if (example.section == "[class]") {
    const std::string name = key == "name" ? "" : "name = 'a'\n";
    const std::string version = key == "version" ? "" : "version = '1'\n";
    return "run = 'x'\n[class]\n" + name + version + example.text;
  }
  if (example.section == "[ticket]") {
    if (key == "class") return "[ticket]\n" + example.text;
    if (key == "version") return "[ticket]\nclass = 'a'\n" + example.text;
    return "run = 'x'\n[ticket]\n" + params + example.text;
  }
  if (example.section == "[recur]") {
    const std::string cron = key == "cron" ? "" : "cron = '@daily'\n";
    return "run = 'x'\n[ticket]\nname = 'a'\n[recur]\n" + cron + example.text;
  }
  if (example.section == "[needs]") return "run = 'x'\n[needs]\n" + example.text;
  if (example.section == "[[step]]") {
    const std::string name = key == "name" ? "" : "name = 'it'\n";
    return "[ticket]\n" + params + "[[step]]\nname = 'collect'\nrun = 'x'\n" +
           "[[step]]\nname = 'probe'\nrun = 'x'\n[[step]]\n" + name + run + example.text;
  }
  if (example.section == "[[export]]") {
    const std::string from = key == "from" ? "" : "from = 'a'\n";
    const std::string to = key == "to" ? "" : "to = 'area:b/a'\n";
    return "run = 'x'\n[[export]]\n" + from + to + example.text;
  }
  EXPECT_EQ(example.section, "[cleanup]");
  return "run = 'x'\n[cleanup]\n" + run + example.text;
}

// A whole text: a script, JSON tickets one a line, or a file.
Lines faults_of(const std::string& text) {
  if (text.starts_with("#!")) {
    const auto directives = script_directives(text, "f");
    EXPECT_FALSE(directives.value.empty());
    return texts_of(directives.faults);
  }
  const Lines lines = split(text);
  const bool stream = std::all_of(lines.begin(), lines.end(), [](const std::string& line) {
    return line.starts_with('{') && line.ends_with('}');
  });
  if (!stream) return texts_of(parse_file(text, "f").faults);
  Lines faults;
  for (const std::string& line : lines) {
    for (const std::string& fault : texts_of(parse_json_ticket(line, "f", 1).faults)) {
      faults.push_back(fault);
    }
  }
  return faults;
}

TEST(ClassPage, EveryExampleIsRead) {
  std::size_t whole = 0;
  std::size_t keys = 0;
  for (const Example& example : examples_of(lines_of_page("jobq-class.5"))) {
    if (example.mark.starts_with("fault")) continue;
    const bool is_whole = example.key.empty();
    const std::string text = is_whole ? example.text : completed(example);
    EXPECT_THAT(faults_of(text), IsEmpty()) << text;
    ++(is_whole ? whole : keys);
  }
  EXPECT_GT(whole, 6U);
  EXPECT_GT(keys, 30U);
}

using SectionKey = std::pair<std::string, std::string>;

std::set<SectionKey> keys_on_class_page() {
  std::set<SectionKey> keys;
  std::string section;
  for (const std::string& line : lines_of_page("jobq-class.5")) {
    if (is_heading(line)) section = line.starts_with(".Ss ") ? line.substr(4) : "";
    if (!line.starts_with(".It Ic ")) continue;
    const std::string rest = line.substr(7);
    keys.emplace(section, rest.substr(0, rest.find(' ')));
  }
  return keys;
}

TEST(ClassPage, EveryKeyHasAnExampleOfItself) {
  std::set<SectionKey> shown_keys;
  for (const Example& example : examples_of(lines_of_page("jobq-class.5"))) {
    if (example.key.empty()) continue;
    shown_keys.emplace(example.section, example.key);
    const std::string expected = example.key == "any-other-name" ? " = " : example.key;
    EXPECT_THAT(example.text, HasSubstr(expected));
  }
  for (const auto& [section, key] : keys_on_class_page()) {
    EXPECT_TRUE(shown_keys.contains({section, key})) << section << " " << key;
  }
}

// Keys of the whole language that this version need not know: on the page when the reader does.
TEST(ClassPage, HasAKeyWhenTheReaderSupportsIt) {
  const std::vector<std::pair<std::string, Lines>> candidates = {
      {"[class]", {"env", "workdir", "output", "error", "element", "priority"}},
      {"[ticket]", {"begin", "deadline", "after", "array", "element", "priority"}},
      {"[needs]", {"nodes", "element", "features", "service", "cpus"}},
      {"[[step]]",
       {"give", "dispose", "inquire", "spawn", "wait", "send", "recv", "retry", "again",
        "time_limit", "exit"}},
      {"[cleanup]", {"time_limit"}},
      {"[[export]]", {"from", "to"}},
  };
  const std::set<SectionKey> on_page = keys_on_class_page();
  for (const auto& [section, keys] : candidates) {
    for (const std::string& key : keys) {
      const auto faults =
          texts_of(parse_file(fmt::format("{}\n{} = 1\n", section, key), "f").faults);
      const bool is_refused = std::any_of(faults.begin(), faults.end(), [](const auto& fault) {
        return fault.find("not supported yet") != std::string::npos;
      });
      EXPECT_EQ(on_page.contains({section, key}), !is_refused) << section << " " << key;
    }
  }
}

TEST(ClassPage, HasTheNumbersOfTheCode) {
  std::string page;
  for (const std::string& line : lines_of_page("jobq-class.5")) page += line + " ";
  EXPECT_THAT(page, HasSubstr(fmt::format("0 to {}; jobs of higher", sched::kMaxPriority)));
  EXPECT_THAT(page, HasSubstr(fmt::format("go first. Default: {}.", sched::kDefaultPriority)));
  EXPECT_THAT(page, HasSubstr(fmt::format("has 1 to {} steps", sched::kMaxSteps)));
  EXPECT_THAT(page, HasSubstr(fmt::format("the first {} are listed", sched::kMaxFaults)));
  EXPECT_THAT(page, HasSubstr(fmt::format("at most {} MiB", kMaxTextBytes >> 20U)));
  const std::string limit = format_duration(sched::Policy{}.cleanup_limit);
  EXPECT_THAT(page, HasSubstr(fmt::format("cleanup may take. Default: {}.", limit)));
}

// --- faults that pages show ---------------------------------------------------------------------

template <class Parse>
void expect_faults_shown(const std::string& page, const Parse& parse) {
  constexpr std::string_view kFaulty = "faulty: ";
  const std::vector<Example> examples = examples_of(lines_of_page(page));
  std::size_t pairs = 0;
  for (std::size_t i = 0; i + 1 < examples.size(); ++i) {
    if (!examples[i].mark.starts_with(kFaulty)) continue;
    ASSERT_EQ(examples[i + 1].mark, "faults");
    const std::string file = examples[i].mark.substr(kFaulty.size());
    EXPECT_EQ(parse(examples[i].text, file), split(examples[i + 1].text));
    ++pairs;
  }
  EXPECT_EQ(pairs, 1U);
}

TEST(ClassPage, ShowsTheFaultsThatAreReported) {
  expect_faults_shown("jobq-class.5", [](const std::string& text, const std::string& file) {
    return texts_of(parse_file(text, file).faults);
  });
}

TEST(SettingsPage, ShowsTheFaultsThatAreReported) {
  expect_faults_shown("jobq.toml.5", [](const std::string& text, const std::string& file) {
    return texts_of(parse_settings(text, file).faults);
  });
}

TEST(SettingsPage, EveryExampleIsRead) {
  std::size_t read = 0;
  for (const Example& example : examples_of(lines_of_page("jobq.toml.5"))) {
    if (example.mark.starts_with("fault")) continue;
    EXPECT_THAT(texts_of(parse_settings(example.text, "f").faults), IsEmpty()) << example.text;
    ++read;
  }
  EXPECT_GT(read, 2U);
}

// --- jobq-states(7) -----------------------------------------------------------------------------

// The items of one kind between a heading and the next.
Lines items_after(const std::string& heading, std::string_view kind) {
  Lines items;
  bool inside = false;
  for (const std::string& line : lines_of_page("jobq-states.7")) {
    if (is_heading(line)) inside = line == heading;
    if (inside && line.starts_with(kind)) items.push_back(line);
  }
  return items;
}

std::string_view word_of(sched::Verdict verdict) {
  switch (verdict) {
    case sched::Verdict::kDo: return "done";
    case sched::Verdict::kIgnore: return "no change";
    case sched::Verdict::kRefuse: return "refused";
  }
  return "";
}

TEST(StatesPage, NamesTheStatesOfJobs) {
  Lines expected;
  for (std::size_t i = 0; i < sched::kJobStates; ++i) {
    const auto state = static_cast<sched::JobState>(i);
    expected.push_back(fmt::format(".It Sy {} No {}", code(state), phrase(state)));
  }
  EXPECT_EQ(items_after(".Sh JOB STATES", ".It Sy"), expected);
}

TEST(StatesPage, SaysWhatMayBeAskedOfAJob) {
  std::string head = ".It Sy state";
  for (std::size_t c = 0; c < sched::kJobCommands; ++c) {
    head += fmt::format(" Ta Sy {}", to_string(static_cast<sched::JobCommand>(c)));
  }
  Lines expected = {head};
  for (std::size_t i = 0; i < sched::kJobStates; ++i) {
    const auto state = static_cast<sched::JobState>(i);
    const std::string_view name = code(state);
    const std::string_view quote = name.find(' ') == std::string_view::npos ? "" : "\"";
    std::string row = fmt::format(".It Li {0}{1}{0}", quote, name);
    for (std::size_t c = 0; c < sched::kJobCommands; ++c) {
      row += fmt::format(" Ta {}", word_of(on(state, static_cast<sched::JobCommand>(c))));
    }
    expected.push_back(row);
  }
  EXPECT_EQ(items_after(".Ss What may be asked of a job", ".It "), expected);
}

TEST(StatesPage, NamesTheStatesOfSteps) {
  Lines expected;
  for (std::size_t i = 0; i < sched::kStepStates; ++i) {
    expected.push_back(fmt::format(".It Sy {}", to_string(static_cast<sched::StepState>(i))));
  }
  EXPECT_EQ(items_after(".Sh STEP STATES", ".It Sy"), expected);
}

TEST(StatesPage, SaysHowStepsChange) {
  Lines expected = {".It Sy state Ta Sy what happens Ta Sy next"};
  for (std::size_t s = 0; s < sched::kStepStates; ++s) {
    for (std::size_t i = 0; i < sched::kStepInputs; ++i) {
      const auto state = static_cast<sched::StepState>(s);
      const auto input = static_cast<sched::StepInput>(i);
      const sched::StepCell cell = on(state, input);
      if (cell.kind != sched::StepCell::Kind::kGo) continue;
      expected.push_back(fmt::format(".It Li {} Ta {} Ta {}", to_string(state), to_string(input),
                                     to_string(cell.next)));
    }
  }
  Lines items = items_after(".Ss How steps change", ".It ");
  std::erase_if(items,
                [](const std::string& line) { return line.find(" Ta ") == std::string::npos; });
  EXPECT_EQ(items, expected);
}

}  // namespace
}  // namespace jobq::conf
