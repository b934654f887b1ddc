// SPDX-License-Identifier: Apache-2.0
// The whole system with real processes on this machine's disk, each figure beside the physical
// limit of the same run and as a ratio to it:
//
//   throughput   no-op jobs from submission to the record of their end, against bare posix_spawn;
//                as many at a time as there are cores, as `jobq up` does it by itself, and more,
//                so that some start while others wait for the disk
//   latency      one job on an idle system, seen by the client, against one bare start
//   bulk         durable submissions, against rows that SQLite takes in groups of a hundred
//   sequential   `jq submit` as a command, one after another, against a minimal client process
//
// Words on the command line choose rows; none: all.
#include <fmt/format.h>
#include <sqlite3.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <fstream>
#include <thread>

#include "bench/programs.h"
#include "bench/system.h"

namespace jobq::bench {
namespace {

struct Setup {
  std::filesystem::path bin;  // the folder of jobq and jq
  std::size_t jobs = 3000;
  std::size_t bulk = 100000;
  std::size_t singles = 200;
};

// --- physical limits ---------------------------------------------------------------------------

double bare_start_ms(std::size_t count) {
  std::vector<double> times;
  for (std::size_t i = 0; i < count; ++i) {
    const std::int64_t start = steady_now_ns();
    waitpid(spawn_true(), nullptr, 0);
    times.push_back(seconds_since(start) * 1e3);
  }
  return median(times);
}

// Rows of 300 bytes in transactions of a hundred, WAL, synchronous=FULL.
double sqlite_row_rate(const std::string& file, int transactions) {
  sqlite3* db = nullptr;
  if (sqlite3_open(file.c_str(), &db) != SQLITE_OK) give_up("no database in the scratch directory");
  sqlite3_exec(db,
               "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; CREATE TABLE t(k INTEGER "
               "PRIMARY KEY, v BLOB)",
               nullptr, nullptr, nullptr);
  sqlite3_stmt* insert = nullptr;
  sqlite3_prepare_v2(db, "INSERT INTO t(v) VALUES(zeroblob(300))", -1, &insert, nullptr);
  const std::int64_t start = steady_now_ns();
  for (int i = 0; i < transactions; ++i) {
    sqlite3_exec(db, "BEGIN", nullptr, nullptr, nullptr);
    for (int row = 0; row < 100; ++row) {
      sqlite3_step(insert);
      sqlite3_reset(insert);
    }
    if (sqlite3_exec(db, "COMMIT", nullptr, nullptr, nullptr) != SQLITE_OK) give_up("no commit");
  }
  const double rows = transactions * 100 / seconds_since(start);
  sqlite3_finalize(insert);
  sqlite3_close(db);
  return rows;
}

// Small durable writes, one after another: what every chain of decisions waits for.
double sync_rate(const std::string& file, int count) {
  const int fd = open(file.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  const std::string page(4096, 'x');
  const std::int64_t start = steady_now_ns();
  for (int i = 0; i < count; ++i) {
    if (pwrite(fd, page.data(), page.size(), 0) != 4096 || fdatasync(fd) != 0) give_up("no sync");
  }
  const double rate = count / seconds_since(start);
  close(fd);
  return rate;
}

// Answers every connection once; ends with its socket.
class EchoServer {
 public:
  explicit EchoServer(const std::string& path) : fd_(socket(AF_UNIX, SOCK_STREAM, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path.c_str(), sizeof(address.sun_path) - 1);
    const auto* generic = reinterpret_cast<const sockaddr*>(&address);
    if (bind(fd_, generic, sizeof(address)) != 0 || listen(fd_, 64) != 0) give_up("no echo socket");
    thread_ = std::thread([this] { serve(); });
  }
  ~EchoServer() {
    shutdown(fd_, SHUT_RDWR);
    thread_.join();
    close(fd_);
  }
  EchoServer(const EchoServer&) = delete;
  EchoServer& operator=(const EchoServer&) = delete;

 private:
  void serve() const {
    std::array<char, 64> message{};
    for (int peer = accept(fd_, nullptr, nullptr); peer >= 0;
         peer = accept(fd_, nullptr, nullptr)) {
      const ssize_t got = read(peer, message.data(), message.size());
      if (got > 0 && write(peer, message.data(), static_cast<std::size_t>(got)) != got) continue;
      close(peer);
    }
  }
  int fd_;
  std::thread thread_;
};

double process_rate(const std::vector<std::string>& words, std::size_t count) {
  const std::int64_t start = steady_now_ns();
  for (std::size_t i = 0; i < count; ++i) run(words);
  return static_cast<double>(count) / seconds_since(start);
}

// --- jobq --------------------------------------------------------------------------------------

// Submits one job and waits for its end, on one connection.
double one_job_ms(Client& client) {
  wire::Frame submit = true_ticket();
  const std::int64_t start = steady_now_ns();
  const wire::Frame submitted = client.ask(submit);
  wire::Frame wait;
  wire::JobRange& range = *wait.mutable_wait()->mutable_jobs()->add_ranges();
  range.set_first(submitted.submitted().first());
  range.set_last(range.first());
  const wire::Frame ended = client.ask(wait);
  const double ms = seconds_since(start) * 1e3;
  if (ended.ended().outcome() != static_cast<std::uint32_t>(sched::Outcome::kSuccess)) {
    give_up("a job did not succeed: " + ended.ended().reason());
  }
  client.next();
  return ms;
}

// A controller and a node of its own for so many jobs at a time.
class Up {
 public:
  Up(const Setup& setup, const TempDir& scratch, std::size_t cpus)
      : daemon_({(setup.bin / "jobq").string(), "up", "--state",
                 scratch / fmt::format("state-{}", cpus), "--socket", scratch / "sock", "--cpus",
                 fmt::to_string(cpus)},
                scratch / "log") {
    wait_until_up((setup.bin / "jq").string());
  }

 private:
  static void wait_until_up(const std::string& jq) {
    const std::int64_t start = steady_now_ns();
    for (;;) {
      int status = 0;
      waitpid(spawn({jq, "node", "list"}, "/dev/null", "/dev/null", "/dev/null"), &status, 0);
      if (status == 0) return;
      if (seconds_since(start) > 10) give_up("jobq up does not answer");
    }
  }

  Daemon daemon_;
};

struct Round {
  double measured = 0;
  double limit = 0;  // just before and just after
  double ratio() const { return measured / limit; }
};

Round one_round(const Setup& setup, const TempDir& scratch, const std::string& jq) {
  const double before = bare_spawn_rate(setup.jobs);
  const std::int64_t start = steady_now_ns();
  run({jq, "submit", "-"}, scratch / "true.jsonl");
  run({jq, "wait", "--all"});
  const double measured = static_cast<double>(setup.jobs) / seconds_since(start);
  return {measured, (before + bare_spawn_rate(setup.jobs)) / 2};
}

// The median of three rounds: a machine that others share is not the same from second to second.
void measure_throughput(const Setup& setup, const TempDir& scratch, const std::string& jq,
                        std::size_t at_a_time) {
  const Up up(setup, scratch, at_a_time);
  write_lines(scratch / "true.jsonl", setup.jobs, R"({{"run": ["/bin/true"]}})");
  std::array<Round, 3> rounds;
  for (Round& round : rounds) round = one_round(setup, scratch, jq);
  std::sort(rounds.begin(), rounds.end(),
            [](const Round& a, const Round& b) { return a.ratio() < b.ratio(); });
  print_row(fmt::format("no-op jobs, {} at a time", at_a_time), rate(rounds[1].measured),
            rate(rounds[1].limit) + " spawns", rounds[1].ratio(), ">= 0.70",
            rounds[1].ratio() >= 0.7);
}

void measure_latency(const Setup& setup, const TempDir& scratch) {
  Client client(scratch / "sock");
  const double bare = bare_start_ms(setup.singles);
  std::vector<double> times;
  for (std::size_t i = 0; i < setup.singles; ++i) times.push_back(one_job_ms(client));
  const double whole = median(times);
  print_row("one job on an idle system", fmt::format("{:.2f} ms", whole),
            fmt::format("{:.2f} ms bare start", bare), whole / bare,
            fmt::format("<= {:.1f} ms", bare + 3), whole <= bare + 3);
}

void measure_bulk(const Setup& setup, const TempDir& scratch, const std::string& jq) {
  const double limit = sqlite_row_rate(scratch / "rows.db", 500);
  const std::array<std::pair<std::string, std::string>, 2> kinds{
      {{"bulk submission, equal tickets",
        R"({{"run": ["/bin/true"], "ticket": {{"hold": true}}}})"},
       {"bulk submission, all different",
        R"({{"run": ["./simulate", "--seed", "{}"], "ticket": {{"hold": true}}}})"}}};
  for (const auto& [name, format] : kinds) {
    write_lines(scratch / "bulk.jsonl", setup.bulk, format);
    const std::int64_t start = steady_now_ns();
    run({jq, "submit", "-"}, scratch / "bulk.jsonl");
    const double measured = static_cast<double>(setup.bulk) / seconds_since(start);
    print_row(name, rate(measured), rate(limit) + " rows", measured / limit, ">= 50000/s",
              measured >= 50000);
  }
}

void measure_sequential(const Setup& setup, const TempDir& scratch, const std::string& jq) {
  const EchoServer echo(scratch / "echo");
  const std::string client = (setup.bin.parent_path() / "bench_minimal_client").string();
  const double limit = process_rate({client, scratch / "echo"}, setup.singles);
  const double measured = process_rate({jq, "submit", "--hold", "--", "/bin/true"}, setup.singles);
  print_row("jq submit, one after another", rate(measured), rate(limit) + " clients",
            measured / limit, ">= 0.70", measured / limit >= 0.7);
}

std::string disk_of(const std::string& path) {
  std::ifstream mounts("/proc/mounts");
  std::string device;
  std::string point;
  std::string type;
  std::string rest;
  std::string best_point;
  std::string best;
  while (mounts >> device >> point >> type && std::getline(mounts, rest)) {
    const bool covers = path.rfind(point == "/" ? point : point + "/", 0) == 0;
    if (!covers || point.size() < best_point.size()) continue;
    best_point = point;
    best = type + " on " + device;
  }
  return best;
}

}  // namespace
}  // namespace jobq::bench

int main(int argc, char** argv) {
  using namespace jobq::bench;  // NOLINT(google-build-using-namespace): a program's own
  Setup setup;
  const Choice choice(argc, argv);
  if (!choice.any({"throughput", "latency", "sequential", "bulk"})) return 0;
  setup.bin = std::filesystem::canonical("/proc/self/exe").parent_path() / "bin";
  const jobq::TempDir scratch(setup.bin.parent_path());  // on the disk that is measured
  setenv("JOBQ_SOCKET", (scratch / "sock").c_str(), 1);
  const std::size_t cores = std::thread::hardware_concurrency();
  const std::string jq = (setup.bin / "jq").string();

  fmt::print("{} cores; {}, {:.0f} syncs/s; SQLite WAL, synchronous=FULL; real processes\n\n",
             cores, disk_of(scratch / "state"), sync_rate(scratch / "sync", 300));
  print_head();
  if (choice.has("throughput")) {
    measure_throughput(setup, scratch, jq, cores);
    measure_throughput(setup, scratch, jq, 4 * cores);
  }
  const Up up(setup, scratch, 1);
  if (choice.has("latency")) measure_latency(setup, scratch);
  if (choice.has("sequential")) measure_sequential(setup, scratch, jq);
  if (choice.has("bulk")) measure_bulk(setup, scratch, jq);
  return 0;
}
