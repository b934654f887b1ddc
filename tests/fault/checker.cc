// SPDX-License-Identifier: Apache-2.0
// The checks of a run as a whole; those of single attempts are in attempts.cc.
#include "tests/fault/checker.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "tests/fault/attempts.h"
#include "tests/fault/clock.h"
#include "tests/fault/ledger.h"
#include "tests/fault/outputs.h"
#include "tests/fault/views.h"

namespace jobq::fault {
namespace {

constexpr std::int64_t kPatienceMs = 90'000;
constexpr std::size_t kMostExplained = 5;

void wait_for_the_end(const Cluster& cluster, Chronicle& chronicle) {
  const auto nothing_queued = [&] {
    const Answer answer = cluster.ask({"queue", "--json"});
    return answer.code == 0 && answer.out.empty();
  };
  if (within(kPatienceMs, nothing_queued)) return;
  const auto left = numbers_in_queue(cluster);
  for (std::size_t i = 0; i < std::min(left.size(), kMostExplained); ++i) {
    const Answer why = cluster.ask({"why", left[i]});
    chronicle.broken("everything ends once healed",
                     fmt::format("job {} of {}: {}", left[i], left.size(), why.out));
  }
}

std::vector<std::string> acknowledged(const Load& load) {
  std::vector<std::string> names;
  for (const Ticket& ticket : load.tickets()) {
    names.push_back(std::to_string(ticket.job));
    for (std::uint32_t index = 0; index < ticket.elements; ++index) {
      names.push_back(fmt::format("{}[{}]", ticket.job, index));
    }
  }
  return names;
}

void check_none_is_lost(const std::vector<std::string>& names, const std::vector<JobSaid>& said,
                        Chronicle& chronicle) {
  std::set<std::string> known;
  for (const JobSaid& job : said) {
    known.insert(job.job);
    if (job.state != "JD" && job.state != "JE" && job.state != "JC") {
      chronicle.broken("everything ends once healed",
                       fmt::format("job {} is {}", job.job, job.state));
    }
  }
  for (const std::string& name : names) {
    if (!known.contains(name)) chronicle.broken("no acknowledged job is lost", name);
  }
}

void check_none_is_doubled(const Cluster& cluster, const Load& load, Chronicle& chronicle) {
  std::set<std::string> wanted;
  for (const Ticket& ticket : load.tickets()) {
    if (!wanted.insert(std::to_string(ticket.job)).second) {
      chronicle.broken("two submissions have two numbers", std::to_string(ticket.job));
    }
  }
  for (const std::string& number : numbers_in_history(cluster)) {
    if (!wanted.contains(number)) {
      chronicle.broken("one submission is one job", number + " was not submitted");
    }
  }
}

std::string all_of(const std::set<pid_t>& pids) {
  std::string text;
  for (const pid_t pid : pids) text += fmt::format("\n    {} {}", pid, command_line(pid));
  return text;
}

}  // namespace

void check_jobs(const Cluster& cluster, const Load& load, Chronicle& chronicle) {
  wait_for_the_end(cluster, chronicle);
  const auto names = acknowledged(load);
  const auto said = show(cluster, names);
  check_none_is_lost(names, said, chronicle);
  check_none_is_doubled(cluster, load, chronicle);
  const Evidence evidence{load.tickets(), said, read_ledger(cluster.setup().directory)};
  check_attempts(evidence, chronicle);
  check_outputs(cluster, evidence, chronicle);
}

void check_all_is_free(const Cluster& cluster, Chronicle& chronicle) {
  for (const std::string& line : held_by_nobody(cluster)) {
    chronicle.broken("what was granted is given back", line);
  }
}

// Those of another test that runs at the same time are not meant: the directory is a step's first
// word.
void check_no_step_is_left(const Setup& setup, Chronicle& chronicle) {
  const std::string command = setup.step + '\0' + setup.directory + '\0';
  std::set<pid_t> left;
  const bool none = within(kPatienceMs / 6, [&] {
    left = processes_with(command);
    return left.empty();
  });
  if (!none) chronicle.broken("nothing is left running", "steps:" + all_of(left));
}

void check_nothing_is_left(const Setup& setup, Chronicle& chronicle) {
  std::set<pid_t> left;
  const bool none = within(kPatienceMs / 6, [&] {
    left = processes_with(setup.directory);
    return left.empty();
  });
  if (!none) chronicle.broken("nothing is left running", all_of(left));
}

void check_recordings(const Cluster& cluster, Chronicle& chronicle) {
  const Answer answer = cluster.ask(
      {"admin", "replay", "--check", "--state", cluster.setup().directory + "/controller"});
  if (answer.code == 0) return;
  chronicle.broken("what was decided is decided again",
                   fmt::format("code {}: {}{}", answer.code, answer.out, answer.err));
}

}  // namespace jobq::fault
