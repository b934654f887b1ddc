// SPDX-License-Identifier: Apache-2.0
// The fault test as a program: a cluster of real processes, load, faults from a seed, and a check
// of what is promised when all is healed (docs/fault-test.md).
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string_view>

#include "base/unique_name.h"
#include "tests/fault/checker.h"
#include "tests/fault/clock.h"
#include "tests/fault/faults.h"
#include "tests/fault/watcher.h"

namespace jobq::fault {
namespace {

struct Settings {
  std::uint64_t seed = 0;
  std::uint64_t seconds = 20;
  std::uint64_t kills = 0;  // not 0: so many, however long that takes
  std::uint64_t nodes = 3;
  std::vector<std::string> only;
  bool keeps = false;
  std::optional<Network> network;  // else the best that can be had
  std::string binaries;
  std::string step;
};

std::optional<std::uint64_t> number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::vector<std::string> listed(std::string_view text) {
  std::vector<std::string> result;
  while (!text.empty()) {
    const std::size_t comma = text.find(',');
    result.emplace_back(text.substr(0, comma));
    text.remove_prefix(comma == std::string_view::npos ? text.size() : comma + 1);
  }
  return result;
}

bool all_known(const std::vector<std::string>& names) {
  const auto known = fault_names();
  return std::all_of(names.begin(), names.end(), [&](const std::string& name) {
    return std::find(known.begin(), known.end(), name) != known.end();
  });
}

bool read_number(std::string_view word, std::string_view value, Settings& settings) {
  const auto got = number(value);
  if (!got) return false;
  if (word == "--seed")
    settings.seed = *got;
  else if (word == "--seconds")
    settings.seconds = *got;
  else if (word == "--kills")
    settings.kills = *got;
  else if (word == "--nodes")
    settings.nodes = *got;
  else
    return false;
  return settings.nodes > 0 && settings.nodes < 10;
}

std::optional<Settings> read_settings(const std::vector<std::string_view>& words) {
  Settings settings;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string_view value = i + 1 < words.size() ? words[i + 1] : std::string_view();
    if (words[i] == "--keep") {
      settings.keeps = true;
    } else if (words[i] == "--only") {
      settings.only = listed(value);
      if (settings.only.empty() || !all_known(settings.only)) return std::nullopt;
      ++i;
    } else if (words[i] == "--network") {
      settings.network = network_named(value);
      if (!settings.network) return std::nullopt;
      ++i;
    } else if (words[i] == "--bin") {
      settings.binaries = value;
      ++i;
    } else if (read_number(words[i], value, settings)) {
      ++i;
    } else {
      return std::nullopt;
    }
  }
  if (settings.seed == 0) settings.seed = static_cast<std::uint64_t>(wall_ms());
  return settings;
}

// Nothing of the user's own jobq may be found by what is tested.
void clean_environment(const std::string& directory) {
  for (const char* name : {"JOBQ_SOCKET", "JOBQ_CONTROLLER", "JOBQ_KEY", "JOBQ_CONFIG"}) {
    unsetenv(name);
  }
  setenv("HOME", directory.c_str(), 1);
  for (const char* name :
       {"XDG_RUNTIME_DIR", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME"}) {
    setenv(name, directory.c_str(), 1);
  }
}

std::string fresh_directory() {
  std::string path =
      unique_name_after((std::filesystem::temp_directory_path() / "jobq-fault").string());
  return mkdtemp(path.data()) == nullptr ? std::string() : path;
}

// Under load, with faults, until it is enough; then everything is healed and checked.
void run(const Settings& settings, const Setup& setup, Chronicle& chronicle) {
  Cluster cluster(setup, chronicle);
  if (!cluster.begin()) return chronicle.broken("the cluster starts", "not all came up");
  Load load(cluster, chronicle, settings.seed);
  {
    Faults faults(cluster, load, chronicle, {settings.seed, settings.only});
    const std::int64_t end_ms = steady_ms() + static_cast<std::int64_t>(settings.seconds) * 1000;
    const auto is_enough = [&] {
      return settings.kills > 0 ? chronicle.kills() >= settings.kills : steady_ms() >= end_ms;
    };
    while (!is_enough()) wait_ms(50);
    faults.heal();
  }
  chronicle.note("test", "healed");
  load.end();
  load.release_all();
  check_jobs(cluster, load, chronicle);
  check_all_is_free(cluster, chronicle);
  check_no_step_is_left(setup, chronicle);
  load.submit_again();
  cluster.end();
  check_nothing_is_left(setup, chronicle);
  check_recordings(cluster, chronicle);
}

void show_counts(const Chronicle& chronicle) {
  for (const auto& [name, count] : chronicle.counts()) fmt::print("{:>8}  {}\n", count, name);
}

std::string to_repeat(const Settings& settings, const std::string& program) {
  std::string command = fmt::format("{} --network {} --seed {} --nodes {}", program,
                                    to_string(*settings.network), settings.seed, settings.nodes);
  command += settings.kills > 0 ? fmt::format(" --kills {}", settings.kills)
                                : fmt::format(" --seconds {}", settings.seconds);
  if (!settings.only.empty()) {
    command += fmt::format(" --only {}", fmt::join(settings.only, ","));
  }
  return command;
}

void show_failure(const Settings& settings, const Setup& setup, const Chronicle& chronicle,
                  const std::string& program) {
  fmt::print("what was done, and when:\n");
  for (const std::string& line : chronicle.timeline()) fmt::print("  {}\n", line);
  fmt::print("broken promises:\n");
  for (const std::string& line : chronicle.broken_promises()) fmt::print("  {}\n", line);
  fmt::print("logs, states, ledger and timeline: {}\nagain: {}\n", setup.directory,
             to_repeat(settings, program));
}

int run_and_tell(const Settings& settings, const std::string& program) {
  std::signal(SIGPIPE, SIG_IGN);
  const Setup setup{.directory = fresh_directory(),
                    .jobq = settings.binaries + "/jobq",
                    .jq = settings.binaries + "/jq",
                    .step = settings.step,
                    .nodes = static_cast<int>(settings.nodes),
                    .network = *settings.network};
  if (setup.directory.empty()) {
    fmt::print(stderr, "no directory can be made for the test\n");
    return 1;
  }
  const Watcher watcher(setup.directory);
  clean_environment(setup.directory);
  Chronicle chronicle(setup.directory);
  fmt::print("network: {}\nseed {}, in {}\n", to_string(setup.network), settings.seed,
             setup.directory);
  std::fflush(stdout);
  run(settings, setup, chronicle);
  show_counts(chronicle);
  fmt::print("{:>8}  kills\n", chronicle.kills());
  if (!chronicle.is_clean()) {
    show_failure(settings, setup, chronicle, program);
    return 1;
  }
  if (!settings.keeps) std::filesystem::remove_all(setup.directory);
  return 0;
}

}  // namespace
}  // namespace jobq::fault

int main(int argc, char** argv) {
  const std::vector<std::string_view> words(argv + 1, argv + argc);
  auto settings = jobq::fault::read_settings(words);
  if (!settings) {
    fmt::print(stderr,
               "usage: {} [--seed N] [--seconds N | --kills N] [--nodes N] [--only FAULT,...] "
               "[--network namespaces|proxies] [--keep] [--bin FOLDER]\nfaults: {}\n",
               argv[0], fmt::join(jobq::fault::fault_names(), " "));
    return 2;
  }
  if (settings->kills > 0 && !jobq::fault::any_kills(settings->only)) {
    fmt::print(stderr, "--kills would never end: {} kills nothing\n",
               fmt::join(settings->only, ","));
    return 2;
  }
  const auto network = jobq::fault::network_to_use(settings->network);
  if (!network) {
    fmt::print(stderr, "{}\n", network.error().message);
    return 2;
  }
  settings->network = *network;
  const auto here = std::filesystem::canonical("/proc/self/exe").parent_path();
  settings->step = (here / "fault_step").string();
  if (settings->binaries.empty()) settings->binaries = (here / "bin").string();
  return jobq::fault::run_and_tell(*settings, argv[0]);
}
