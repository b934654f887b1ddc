// SPDX-License-Identifier: Apache-2.0
// The fault simulator as a program: runs worlds by their seeds, prints what was in them, and for a
// seed that fails the end of its history and the command that runs it again.
//
// Built with JOBQ_PLANTS it has bugs of which one can be chosen; then a failure is what is wanted.
#include <fmt/format.h>
#include <unistd.h>

#include <charconv>
#include <csignal>
#include <cstdio>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/log.h"
#include "base/plant.h"
#include "sim/fault_world.h"

namespace jobq::sim {
namespace {

constexpr std::size_t kTail = 60;  // lines of the trace

struct Settings {
  std::uint64_t first = 1;
  std::uint64_t last = 1000;
  bool traces = false;
  bool keeps_going = false;    // past the first failure
  bool wants_failure = false;  // a bug is planted
};

std::uint64_t seed_that_runs = 0;
int code_of_failure = 1;

// check() aborts: the seed must be known all the same.
void on_abort(int /*signal*/) {
  const std::string text =
      fmt::format("seed {0} breaks a check; its history: --seed {0} --trace\n", seed_that_runs);
  [[maybe_unused]] const ssize_t written = ::write(STDOUT_FILENO, text.data(), text.size());
  _exit(code_of_failure);
}

std::optional<std::uint64_t> number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

bool read_seeds(std::string_view text, Settings& settings) {
  const std::size_t dash = text.find('-');
  const auto first = number(text.substr(0, dash));
  const auto last = dash == std::string_view::npos ? first : number(text.substr(dash + 1));
  if (!first || !last) return false;
  settings.first = *first;
  settings.last = *last;
  return true;
}

// False: this program has no plants.
bool plant([[maybe_unused]] std::string_view bug) {
#ifdef JOBQ_PLANTS
  planted = bug;
  return !bug.empty();
#else
  return false;
#endif
}

std::optional<Settings> read_settings(const std::vector<std::string_view>& words) {
  Settings settings;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string_view value = i + 1 < words.size() ? words[i + 1] : std::string_view();
    if (words[i] == "--trace") {
      settings.traces = true;
    } else if (words[i] == "--keep-going") {
      settings.keeps_going = true;
    } else if (words[i] == "--plant" && plant(value)) {
      settings.wants_failure = true;
      ++i;
    } else if (words[i] == "--seed" || words[i] == "--seeds") {
      if (!read_seeds(value, settings)) return std::nullopt;
      ++i;
    } else {
      return std::nullopt;
    }
  }
  return settings;
}

Promises::Trace to_output() {
  return [](const std::string& line) {
    fmt::print("{}\n", line);
    std::fflush(stdout);
  };
}

// The seed once more, with its history.
void show_failure(std::uint64_t seed, const Violation& violation, bool in_short,
                  std::string_view program) {
  fmt::print("seed {} breaks {}: {}\n", seed, violation.promise, violation.what);
  std::fflush(stdout);
  if (in_short) return;
  fmt::print("the end of its history:\n");
  std::deque<std::string> tail;
  run_world(seed, [&](const std::string& line) {
    tail.push_back(line);
    if (tail.size() > kTail) tail.pop_front();
  });
  for (const std::string& line : tail) fmt::print("{}\n", line);
  fmt::print("all of it: {} --seed {} --trace\n", program, seed);
}

void show_sums(const char* title, const std::map<std::string, std::uint64_t>& sums) {
  fmt::print("{}:\n", title);
  for (const auto& [name, count] : sums) fmt::print("{:>14}  {}\n", count, name);
}

int run(const Settings& settings, std::string_view program) {
  code_of_failure = settings.wants_failure ? 0 : 1;
  std::map<std::string, std::uint64_t> faults;
  std::map<std::string, std::uint64_t> counts;
  std::uint64_t failures = 0;
  for (std::uint64_t seed = settings.first; seed <= settings.last; ++seed) {
    seed_that_runs = seed;
    const WorldReport report = run_world(seed, settings.traces ? to_output() : nullptr);
    if (report.violation) {
      ++failures;
      show_failure(seed, *report.violation, settings.keeps_going, program);
      if (!settings.keeps_going) return code_of_failure;
    }
    for (const auto& [name, count] : report.faults) faults[name] += count;
    for (const auto& [name, count] : report.counts) counts[name] += count;
  }
  fmt::print("seeds {} to {}: {} broke a promise\n", settings.first, settings.last, failures);
  show_sums("what happened", counts);
  show_sums("faults", faults);
  return failures == 0 ? 1 - code_of_failure : code_of_failure;
}

}  // namespace
}  // namespace jobq::sim

int main(int argc, char** argv) {
  const std::vector<std::string_view> words(argv + 1, argv + argc);
  const auto settings = jobq::sim::read_settings(words);
  if (!settings) {
    fmt::print(stderr, "usage: {} [--seeds FIRST-LAST | --seed N] [--trace] [--keep-going]\n",
               argv[0]);
    return 2;
  }
  jobq::log::set_level(static_cast<jobq::log::Level>(0));  // failures of disks are meant here
  std::signal(SIGABRT, jobq::sim::on_abort);
  return jobq::sim::run(*settings, argv[0]);
}
