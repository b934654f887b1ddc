// SPDX-License-Identifier: Apache-2.0
// A show: two nodes, and the one where everything runs is cut off without a word.
//
// Its retryable step runs elsewhere exactly once more, after the lease; the old attempt is dead by
// then. Its step that is not retried is in doubt, ends meanwhile, and settles as what it was when
// the wire is well again.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "base/unique_name.h"
#include "tests/fault/attempts.h"
#include "tests/fault/clock.h"
#include "tests/fault/cluster.h"
#include "tests/fault/watcher.h"

namespace jobq::fault {
namespace {

constexpr std::int64_t kPatienceMs = 120'000;

class Show {
 public:
  Show(const Setup& setup, Chronicle& chronicle)
      : setup_(setup), chronicle_(chronicle), cluster_(setup, chronicle) {}

  void run();

 private:
  void expect(bool holds, const std::string& what) {
    if (!holds) chronicle_.broken("the show", what);
  }
  void submit();
  void cut();
  void while_it_is_cut();
  void when_it_is_healed();

  // How often the ledger has it, of the job and in all its attempts.
  std::ptrdiff_t written(const std::string& what, const std::string& job) const {
    const auto records = read_ledger(setup_.directory).records;
    return std::count_if(records.begin(), records.end(), [&](const Record& record) {
      return record.what == what && record.job == job;
    });
  }
  JobSaid said(const std::string& job) const {
    const auto all = show(cluster_, {job});
    return all.empty() ? JobSaid{} : all.front();
  }
  std::string submit(const Words& options, const Words& step) {
    Words words = {"submit", "--cpus", "1"};
    words.insert(words.end(), options.begin(), options.end());
    words.insert(words.end(), {"--", setup_.step, setup_.directory});
    words.insert(words.end(), step.begin(), step.end());
    std::string number = cluster_.ask(words).out;
    expect(!number.empty(), fmt::format("a job is accepted: jq {}", fmt::join(words, " ")));
    if (!number.empty()) number.pop_back();
    return number;
  }

  const Setup& setup_;
  Chronicle& chronicle_;
  Cluster cluster_;
  std::string retried_;
  std::string held_;
  std::string waited_;
  std::int64_t cut_ms_ = 0;
};

// All on n1, since n2 takes nothing yet.
void Show::submit() {
  cluster_.insist({"resource", "create", "door"});
  cluster_.insist({"node", "drain", "n2", "--reason", "the show begins on n1"});
  retried_ = submit({"--retry", "1", "--elsewhere"}, {"plain", "12000", "0"});
  held_ = submit({"--exclusive", "door"}, {"stubborn", "60000", "0", "door"});
  waited_ = submit({}, {"plain", "3000", "5"});
  const bool run = within(kPatienceMs, [&] {
    return written("start", retried_) + written("start", held_) + written("start", waited_) == 3;
  });
  expect(run, "all three run");
  cluster_.insist({"node", "resume", "n2"});
}

void Show::cut() {
  cut_ms_ = steady_ms();
  cluster_.nodes().front()->line().set({.up = false, .down = false});
  chronicle_.note("n1", "cut off");
}

void Show::while_it_is_cut() {
  expect(within(kPatienceMs, [&] { return written("end", waited_) == 1; }),
         "the step that is not retried runs on to its end");
  const JobSaid doubtful = said(waited_);
  expect(doubtful.state == "BP", "its job is in doubt, but is " + doubtful.state);
  const Answer why = cluster_.ask({"why", waited_});
  chronicle_.note("jq why", why.out);
  expect(why.out.find("n1") != std::string::npos, "jq why names the node: " + why.out);

  expect(within(kPatienceMs, [&] { return written("start", retried_) == 2; }),
         "the retryable step runs elsewhere");
  expect(steady_ms() - cut_ms_ > kLeaseMs, "after the lease");
  expect(written("clash", retried_) == 0, "its first attempt is dead by then");
  expect(within(kPatienceMs, [&] { return said(held_).state == "JE"; }),
         "the job with the resource is given up");
  const std::string next = submit({"--exclusive", "door"}, {"plain", "0", "0", "door"});
  expect(within(kPatienceMs, [&] { return written("end", next) == 1; }),
         "the resource is given to the next");
  expect(written("clash", next) == 0, "and its holder is dead by then");
  expect(said(waited_).state == "BP", "the other one is still in doubt");
}

void Show::when_it_is_healed() {
  cluster_.nodes().front()->line().set({});
  chronicle_.note("n1", "healed");
  expect(within(kPatienceMs, [&] { return said(waited_).state == "JE"; }),
         "what was in doubt settles");
  const JobSaid settled = said(waited_);
  const auto& attempts = settled.steps.at(0).attempts;
  expect(attempts.size() == 1 && attempts[0].exit_code == 5, "with its own exit code");
  expect(within(kPatienceMs, [&] { return said(retried_).state == "JD"; }),
         "the retried job is done");
  expect(said(retried_).steps.at(0).attempts.size() == 2, "with two attempts");
  expect(written("start", retried_) == 2 && written("start", waited_) == 1,
         "nothing was started once more");
}

void Show::run() {
  if (!cluster_.begin()) return expect(false, "the cluster starts");
  submit();
  cut();
  while_it_is_cut();
  when_it_is_healed();
  cluster_.end();
}

int run_and_tell(const std::filesystem::path& here, Network network) {
  std::string directory =
      unique_name_after((std::filesystem::temp_directory_path() / "jobq-show").string());
  if (mkdtemp(directory.data()) == nullptr) return 1;
  const Setup setup{directory,
                    (here / "bin/jobq").string(),
                    (here / "bin/jq").string(),
                    (here / "fault_step").string(),
                    2,
                    network};
  const Watcher watcher(directory);
  Chronicle chronicle(directory);
  fmt::print("network: {}\n", to_string(network));
  std::fflush(stdout);
  Show(setup, chronicle).run();
  for (const std::string& line : chronicle.timeline()) fmt::print("{}\n", line);
  if (!chronicle.is_clean()) {
    fmt::print("logs and ledger: {}\n", directory);
    return 1;
  }
  std::filesystem::remove_all(directory);
  return 0;
}

}  // namespace
}  // namespace jobq::fault

int main(int argc, char** argv) {
  using namespace jobq::fault;
  const std::vector<std::string_view> words(argv + 1, argv + argc);
  std::optional<Network> wanted;
  if (words.size() == 2 && words[0] == "--network") wanted = network_named(words[1]);
  if (!words.empty() && !wanted) {
    fmt::print(stderr, "usage: {} [--network namespaces|proxies]\n", argv[0]);
    return 2;
  }
  const auto network = network_to_use(wanted);
  if (!network) {
    fmt::print(stderr, "{}\n", network.error().message);
    return 2;
  }
  return run_and_tell(std::filesystem::canonical("/proc/self/exe").parent_path(), *network);
}
