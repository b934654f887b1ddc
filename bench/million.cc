// SPDX-License-Identifier: Apache-2.0
// A million waiting jobs in one controller, and what daemons cost that do nothing:
//
//   memory      of the controller for each job that waits
//   questions   why, show, and what fits a terminal: the round trip less that of an empty request;
//               the whole queue as JSON, and how long others wait for their answers meanwhile
//   restart     after kill -9, from exec to the first launch that reaches a node
//   depth       no-op jobs from submission to the record of their end, real processes on one node,
//               behind a million jobs that wait for a token that another holds, against the same
//               behind a thousand; each against the bare spawn rate just before and after
//   idle        wake-ups of controller, node and keeper, against the heartbeats of that time
//   resident    memory of the keeper and of a node's daemon
//
// Words on the command line choose rows; none: all. JOBQ_BENCH_WAITING changes the million.
#include <array>
#include <atomic>
#include <thread>

#include "bench/system.h"

namespace jobq::bench {
namespace {

struct Setup {
  std::filesystem::path bin;
  std::size_t waiting = 1'000'000;
  std::string jobq() const { return (bin / "jobq").string(); }
  std::string jq() const { return (bin / "jq").string(); }
};

std::uint64_t wake_ups(pid_t pid) {
  std::uint64_t sum = 0;
  const std::string tasks = fmt::format("/proc/{}/task", pid);
  for (const auto& task : std::filesystem::directory_iterator(tasks)) {
    sum += status_of(task.path() / "status", "voluntary_ctxt_switches");
  }
  return sum;
}

void wait_for_socket(const Setup& setup) {
  const std::int64_t start = steady_now_ns();
  for (int status = 1; status != 0;) {
    waitpid(spawn({setup.jq(), "node", "list"}, "/dev/null", "/dev/null", "/dev/null"), &status, 0);
    if (seconds_since(start) > 30) give_up("the controller does not answer");
  }
}

// A controller of its own; killed without warning when it goes.
class Killed {
 public:
  Killed(const Setup& setup, const TempDir& scratch)
      : pid_(spawn({setup.jobq(), "controller", "--state", scratch / "million", "--socket",
                    scratch / "sock"},
                   "/dev/null", "/dev/null", scratch / "log")) {}
  ~Killed() {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  Killed(const Killed&) = delete;
  Killed& operator=(const Killed&) = delete;
  pid_t pid() const { return pid_; }

 private:
  pid_t pid_;
};

void submit_waiting(const Setup& setup, const TempDir& scratch, std::size_t count,
                    const std::string& ticket) {
  write_lines(scratch / "waiting.jsonl", count, ticket);
  run({setup.jq(), "submit", "-"}, scratch / "waiting.jsonl");
}

// --- memory ------------------------------------------------------------------------------------

void measure_memory(const Setup& setup, pid_t controller, std::uint64_t before_kib) {
  const double bytes = static_cast<double>(resident_kib(controller) - before_kib) * 1024 /
                       static_cast<double>(setup.waiting);
  print_row(fmt::format("memory a waiting job, of {}", setup.waiting),
            fmt::format("{:.0f} bytes", bytes), "400 bytes", bytes / 400, "<= 400", bytes <= 400);
}

// --- questions ---------------------------------------------------------------------------------

double ask_ms(Client& client, const wire::Frame& question) {
  std::vector<double> times;
  for (int i = 0; i < 25; ++i) {
    wire::Frame frame = question;
    const std::int64_t start = steady_now_ns();
    for (wire::Frame answer = client.ask(frame); answer.more(); answer = client.next()) {
    }
    times.push_back(seconds_since(start) * 1e3);
  }
  return median(times);
}

void measure_questions(const Setup& setup, const TempDir& scratch) {
  Client client(scratch / "sock");
  const std::uint64_t middle = setup.waiting / 2;
  wire::Frame nothing;
  nothing.mutable_resource_request()->set_verb(wire::ResourceRequest::LIST);
  std::array<std::pair<std::string, wire::Frame>, 3> questions;
  questions[0].first = "why";
  questions[0].second.mutable_why()->set_job(middle);
  questions[1].first = "show";
  questions[1].second.mutable_show()->set_job(middle);
  questions[2].first = "queue, what fits a terminal";
  questions[2].second.mutable_queue()->set_limit(40);
  const double empty = ask_ms(client, nothing);
  for (const auto& [name, question] : questions) {
    const double ms = std::max(0.0, ask_ms(client, question) - empty);
    print_row(fmt::format("{}, {} waiting", name, setup.waiting), fmt::format("{:.2f} ms", ms),
              fmt::format("{:.2f} ms empty", empty), ms / 20, "< 20 ms", ms < 20);
  }
}

void measure_listing(const Setup& setup, const TempDir& scratch) {
  std::atomic<bool> done = false;
  double worst = 0;
  std::thread other([&] {
    Client client(scratch / "sock");
    wire::Frame question;
    question.mutable_resource_request()->set_verb(wire::ResourceRequest::LIST);
    while (!done) {
      const std::int64_t start = steady_now_ns();
      client.ask(question);
      worst = std::max(worst, seconds_since(start) * 1e3);
    }
  });
  const std::int64_t start = steady_now_ns();
  run({setup.jq(), "queue", "--json"}, "/dev/null", scratch / "queue.json");
  const double took = seconds_since(start);
  done = true;
  other.join();
  print_row("queue --json, others meanwhile",
            rate(static_cast<double>(setup.waiting) / took) + " jobs",
            fmt::format("{:.1f} ms at worst", worst), worst / 50, "< 50 ms", worst < 50);
}

// --- restart -----------------------------------------------------------------------------------

wire::Frame join_frame() {
  wire::Frame frame;
  wire::NodeJoin& join = *frame.mutable_join();
  join.set_name("bench");
  join.set_incarnation("bench");
  join.mutable_capacity()->set_cpus(1);
  join.mutable_capacity()->set_memory(1U << 30U);
  return frame;
}

void measure_restart(const Setup& setup, const TempDir& scratch) {
  std::filesystem::remove(scratch / "sock");
  const std::int64_t start = steady_now_ns();
  const Killed controller(setup, scratch);
  while (!net::BlockingClient::connect_unix(scratch / "sock")) {
    if (seconds_since(start) > 60) give_up("the controller does not come back");
    std::this_thread::yield();
  }
  Client node(scratch / "sock", wire::Hello::NODE);
  wire::Frame join = join_frame();
  for (wire::Frame frame = node.ask(join); !frame.has_launch();) frame = node.next();
  const double took = seconds_since(start);
  print_row(fmt::format("restart to first launch, {} waiting", setup.waiting),
            fmt::format("{:.2f} s", took), "3 s", took / 3, "<= 3 s", took <= 3);
}

void measure_controller(const Setup& setup, const TempDir& scratch, const Choice& choice) {
  {
    const Killed controller(setup, scratch);
    wait_for_socket(setup);
    const std::uint64_t before = resident_kib(controller.pid());
    submit_waiting(setup, scratch, setup.waiting, R"({{"run": ["/bin/true"]}})");
    if (choice.has("memory")) measure_memory(setup, controller.pid(), before);
    if (choice.has("questions")) measure_questions(setup, scratch);
    if (choice.has("questions")) measure_listing(setup, scratch);
  }
  if (choice.has("restart")) measure_restart(setup, scratch);
}

// --- depth -------------------------------------------------------------------------------------

constexpr std::size_t kRound = 3000;

// The median of three rounds, as a share of the bare spawn rate.
double share_of_spawns(const Setup& setup, const TempDir& scratch) {
  std::vector<double> shares;
  for (int i = 0; i < 3; ++i) {
    const double before = bare_spawn_rate(kRound);
    const std::int64_t start = steady_now_ns();
    run({setup.jq(), "submit", "--wait", "-"}, scratch / "true.jsonl");
    const double measured = static_cast<double>(kRound) / seconds_since(start);
    shares.push_back(measured * 2 / (before + bare_spawn_rate(kRound)));
  }
  return median(shares);
}

void measure_depth(const Setup& setup, const TempDir& scratch) {
  const std::string blocked = R"({{"run": ["/bin/true"], "needs": {{"tokens": {{"gate": 1}}}}}})";
  const Daemon up({setup.jobq(), "up", "--state", scratch / "depth", "--socket", scratch / "sock",
                   "--cpus", "3"},
                  scratch / "log");
  wait_for_socket(setup);
  run({setup.jq(), "resource", "create", "gate", "--tokens", "1"});
  write_lines(scratch / "holder.jsonl", 1,
              R"({{"run": ["sleep", "1000"], "needs": {{"tokens": {{"gate": 1}}}}}})");
  run({setup.jq(), "submit", "-"}, scratch / "holder.jsonl");
  write_lines(scratch / "true.jsonl", kRound, R"({{"run": ["/bin/true"]}})");
  submit_waiting(setup, scratch, 1000, blocked);
  const double shallow = share_of_spawns(setup, scratch);
  submit_waiting(setup, scratch, setup.waiting - 1000, blocked);
  const double deep = share_of_spawns(setup, scratch);
  print_row(fmt::format("no-op jobs behind {} blocked", setup.waiting),
            fmt::format("{:.2f} of spawns", deep), fmt::format("{:.2f} behind 1000", shallow),
            deep / shallow, ">= 0.95", deep / shallow >= 0.95);
  // What holds the gate would go on without its controller.
  run({setup.jq(), "cancel", "1"});
  waitpid(spawn({setup.jq(), "wait", "1"}), nullptr, 0);  // it exits 130: the job was cancelled
}

// --- daemons that do nothing -------------------------------------------------------------------

constexpr int kIdleSeconds = 20;
constexpr int kHeartbeatSeconds = 5;  // a third of the controller's node_timeout

pid_t child_of(pid_t parent) {
  std::ifstream in(fmt::format("/proc/{0}/task/{0}/children", parent));
  pid_t child = 0;
  if (!(in >> child)) give_up("the node has no keeper");
  return child;
}

void print_wake_ups(const std::string& what, std::uint64_t count, double heartbeats) {
  // A heartbeat is a timer on one side and a message on the other, each with what it wakes.
  print_row(fmt::format("wake-ups of an idle {}", what), fmt::format("{} in {} s", count, 20),
            fmt::format("{:.0f} heartbeats", heartbeats),
            heartbeats > 0 ? static_cast<double>(count) / heartbeats : 0, "<= 2 a beat",
            static_cast<double>(count) <= 2 * heartbeats + 2);
}

void print_resident(const std::string& what, pid_t pid, double budget_mib) {
  const double mib = static_cast<double>(resident_kib(pid)) / 1024;
  print_row("resident, " + what, fmt::format("{:.1f} MiB", mib),
            fmt::format("{:.0f} MiB", budget_mib), mib / budget_mib,
            fmt::format("< {:.0f} MiB", budget_mib), mib < budget_mib);
}

void measure_idle(const Setup& setup, const TempDir& scratch, const Choice& choice) {
  const Daemon controller(
      {setup.jobq(), "controller", "--state", scratch / "idle", "--socket", scratch / "sock"},
      scratch / "idle.log");
  wait_for_socket(setup);
  const Daemon node({setup.jobq(), "node", "--state", scratch / "node", "--controller",
                     scratch / "sock", "--cpus", "1"},
                    scratch / "log");
  run({setup.jq(), "submit", "--wait", "--", "/bin/true"});
  const pid_t keeper = child_of(node.pid());
  if (choice.has("idle")) {
    std::this_thread::sleep_for(std::chrono::seconds(2));
    const std::array<pid_t, 3> pids{controller.pid(), node.pid(), keeper};
    std::array<std::uint64_t, 3> before{};
    for (std::size_t i = 0; i < 3; ++i) before[i] = wake_ups(pids[i]);
    std::this_thread::sleep_for(std::chrono::seconds(kIdleSeconds));
    const double beats = 2.0 * kIdleSeconds / kHeartbeatSeconds;  // both ways
    print_wake_ups("controller", wake_ups(pids[0]) - before[0], beats);
    print_wake_ups("node", wake_ups(pids[1]) - before[1], beats);
    print_wake_ups("keeper", wake_ups(pids[2]) - before[2], 0);
  }
  if (choice.has("resident")) print_resident("keeper", keeper, 4);
  if (choice.has("resident")) print_resident("node daemon", node.pid(), 16);
}

}  // namespace
}  // namespace jobq::bench

int main(int argc, char** argv) {
  using namespace jobq::bench;  // NOLINT(google-build-using-namespace): a program's own
  const Choice choice(argc, argv);
  Setup setup;
  setup.bin = std::filesystem::canonical("/proc/self/exe").parent_path() / "bin";
  if (const char* waiting = std::getenv("JOBQ_BENCH_WAITING")) setup.waiting = std::stoul(waiting);
  const jobq::TempDir scratch(setup.bin.parent_path());  // on the disk that is measured
  setenv("JOBQ_SOCKET", (scratch / "sock").c_str(), 1);
  print_head();
  if (choice.any({"memory", "questions", "restart"})) measure_controller(setup, scratch, choice);
  if (choice.has("depth")) measure_depth(setup, scratch);
  if (choice.any({"idle", "resident"})) measure_idle(setup, scratch, choice);
  return 0;
}
