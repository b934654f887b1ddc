// SPDX-License-Identifier: Apache-2.0
// Scheduling alone: the resource manager on a simulated cluster with a deep queue, without jobs,
// journal or network. Every start is one decision. What counts is the time that the resource
// manager takes for starts and ends, not that of the simulated world around it.
//
//   bench_scheduling [--nodes N] [--jobs N] [--shapes N] [--backfill none|easy|conservative]
//                    [--depth K] [--unlimited] [--users N] [--cap N] [--user-cap N] [--rows]
//
// With --cap or --user-cap: no more jobs run at a time, of all or of each of the users, between
// whom the shapes are divided.
//
// With --rows: beside the budgets, as in the other benchmarks' tables.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <queue>
#include <string_view>
#include <tuple>
#include <vector>

#include "base/time.h"
#include "bench/programs.h"
#include "bench/system.h"
#include "resmgr/resource_manager.h"

namespace jobq::bench {
namespace {

using namespace jobq::resmgr;

struct Case {
  std::uint64_t nodes = 10'000;
  std::uint64_t jobs = 1'000'000;
  std::uint64_t shapes = 1'000;
  std::uint64_t users = 1;
  std::uint64_t cap = 0;  // 0: none
  std::uint64_t user_cap = 0;
  bool limited = true;
  bool rows = false;
  Scheduling scheduling{Backfill::kEasy};
};

constexpr std::uint32_t kCpus = 64;
constexpr std::uint64_t kGiB = 1ULL << 30U;
constexpr std::uint64_t kMany = 1'000'000'000;

// splitmix64 (Steele, Lea, Flood, 2014): the same numbers on every machine.
struct Dice {
  std::uint64_t state = 1;
  std::uint64_t next() {
    std::uint64_t z = (state += 0x9e3779b97f4a7c15ULL);
    z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27U)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31U);
  }
  std::uint64_t between(std::uint64_t low, std::uint64_t high) {
    return low + next() % (high - low + 1);
  }
};

struct End {
  Time at;
  RequestId id;
  bool operator>(const End& other) const { return std::tie(at, id) > std::tie(other.at, other.id); }
};

class Cluster {
 public:
  explicit Cluster(const Case& given) : case_(given), manager_(given.scheduling) {
    for (std::uint64_t i = 1; i <= case_.nodes; ++i) {
      const NodeId id{static_cast<std::uint32_t>(i)};
      manager_.set_node(id, fmt::format("n{}", i), {kCpus, Bytes{256 * kGiB}, 0, {}});
      manager_.set_connected(id, true);
    }
    if (case_.cap + case_.user_cap > 0) make_limit_classes();
    for (std::uint64_t i = 0; i < case_.shapes; ++i) shapes_.push_back(make_shape());
  }

  void run() {
    const std::int64_t start = steady_now_ns();
    for (std::uint64_t i = 1; i <= case_.jobs; ++i) enqueue(i);
    const double queued = seconds_since(start);
    turn();
    worst_ns_ = 0;  // that was the filling of an empty cluster
    while (!ends_.empty()) turn();
    const double ran = static_cast<double>(spent_ns_) / 1e9;
    if (started_ != case_.jobs) give_up(fmt::format("{} jobs started", started_));
    case_.rows ? print_rows(ran) : report(queued, ran);
  }

 private:
  // The class of a user counts against what he may run and against what all may.
  void make_limit_classes() {
    const auto most = [](std::uint64_t cap) { return cap == 0 ? kMany : cap; };
    manager_.set_cap(CapId{1}, most(case_.cap), "all");
    for (std::uint32_t user = 0; user < case_.users; ++user) {
      manager_.set_cap(CapId{user + 2}, most(case_.user_cap), "a user");
      manager_.set_limit_class(LimitClassId{user + 1}, {CapId{1}, CapId{user + 2}});
    }
  }
  LimitClassId class_of(RequestId id) const {
    return LimitClassId{static_cast<std::uint32_t>(shape_of_[id.job.value - 1] % case_.users) + 1};
  }

  Request make_shape() {
    Request shape;
    shape.needs.cpus = static_cast<std::uint32_t>(1ULL << dice_.between(0, 4)) +
                       static_cast<std::uint32_t>(dice_.between(0, 7));
    shape.needs.memory = Bytes{dice_.between(1, 64) * kGiB};
    if (case_.limited) shape.limit = seconds(static_cast<std::int64_t>(dice_.between(60, 7200)));
    return shape;
  }

  void enqueue(std::uint64_t number) {
    const std::size_t shape = dice_.next() % shapes_.size();
    Request request = shapes_[shape];
    shape_of_.push_back(shape);
    request.id = {JobNumber{number}, 1};
    request.rank = 50;
    if (case_.cap + case_.user_cap > 0) request.limit_class = class_of(request.id);
    if (!manager_.enqueue(request)) give_up("a request was refused");
  }

  // A turn: what ended is given back, and what may start starts.
  void turn() {
    std::vector<RequestId> ended;
    if (!ends_.empty()) now_ = ends_.top().at;
    for (; !ends_.empty() && ends_.top().at == now_; ends_.pop()) ended.push_back(ends_.top().id);
    const std::int64_t start = steady_now_ns();
    for (const RequestId id : ended) {
      manager_.release(id);
      if (case_.cap + case_.user_cap > 0) manager_.leave(class_of(id));
    }
    const std::vector<Grant> grants = manager_.schedule(now_);
    const std::int64_t took = steady_now_ns() - start;
    spent_ns_ += took;
    worst_ns_ = std::max(worst_ns_, took);
    for (const Grant& grant : grants) begin(grant);
  }

  void begin(const Grant& grant) {
    const std::size_t shape = shape_of_[grant.id.job.value - 1];
    const Millis longest = shapes_[shape].limit.value_or(seconds(3600));
    const auto run = static_cast<std::int64_t>(dice_.between(30'000, 3'600'000));
    ends_.push({now_ + std::min(Millis{run}, longest), grant.id});
    ++started_;
  }

  void report(double queued, double ran) const {
    const Work& work = manager_.work();
    fmt::print("{} nodes, {} jobs in {} shapes, backfill {}{}\n", case_.nodes, case_.jobs,
               case_.shapes, to_string(case_.scheduling.backfill),
               case_.limited ? "" : ", no time limits");
    fmt::print("  queued {:.0f}/s, decided {:.0f}/s, worst turn {:.2f} ms\n",
               static_cast<double>(case_.jobs) / queued, static_cast<double>(case_.jobs) / ran,
               static_cast<double>(worst_ns_) / 1e6);
    fmt::print(
        "  a start: {:.1f} passes, {:.1f} placements, {:.2f} reservations, {:.1f} glances, "
        "{:.1f} visits\n",
        each(work.passes), each(work.placements), each(work.reservations), each(work.glances),
        each(work.visits));
  }
  void print_rows(double ran) const {
    constexpr double kDecisions = 200'000;  // a second
    constexpr double kTurn = 50;            // ms
    const double decided = static_cast<double>(case_.jobs) / ran;
    const double turn = static_cast<double>(worst_ns_) / 1e6;
    print_head();
    print_row("simulated decisions", rate(decided), rate(kDecisions), decided / kDecisions,
              ">= " + rate(kDecisions), decided >= kDecisions);
    print_row("simulated decisions, worst turn", fmt::format("{:.2f} ms", turn),
              fmt::format("{:.0f} ms", kTurn), turn / kTurn, fmt::format("< {:.0f} ms", kTurn),
              turn < kTurn);
  }
  double each(std::uint64_t count) const {
    return static_cast<double>(count) / static_cast<double>(case_.jobs);
  }

  Case case_;
  ResourceManager manager_;
  Dice dice_;
  std::vector<Request> shapes_;
  std::vector<std::size_t> shape_of_;  // by job
  std::priority_queue<End, std::vector<End>, std::greater<>> ends_;
  Time now_{1'000'000'000};
  std::uint64_t started_ = 0;
  std::int64_t spent_ns_ = 0;  // in the resource manager
  std::int64_t worst_ns_ = 0;  // the longest turn
};

std::uint64_t number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value == 0) {
    give_up(fmt::format("'{}' is no number above 0", text));
  }
  return value;
}

Backfill backfill(std::string_view text) {
  for (const Backfill one : {Backfill::kNone, Backfill::kEasy, Backfill::kConservative}) {
    if (to_string(one) == text) return one;
  }
  give_up(fmt::format("'{}' is not none, easy or conservative", text));
}

Case read_arguments(const std::vector<std::string_view>& words) {
  Case read;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string_view word = words[i];
    if (word == "--unlimited") read.limited = false;
    if (word == "--rows") read.rows = true;
    if (word == "--unlimited" || word == "--rows") continue;
    if (++i == words.size()) give_up(fmt::format("{} takes a value", word));
    if (word == "--nodes") read.nodes = number(words[i]);
    if (word == "--jobs") read.jobs = number(words[i]);
    if (word == "--shapes") read.shapes = number(words[i]);
    if (word == "--users") read.users = number(words[i]);
    if (word == "--cap") read.cap = number(words[i]);
    if (word == "--user-cap") read.user_cap = number(words[i]);
    if (word == "--depth") read.scheduling.depth = static_cast<std::uint32_t>(number(words[i]));
    if (word == "--backfill") read.scheduling.backfill = backfill(words[i]);
  }
  return read;
}

}  // namespace
}  // namespace jobq::bench

int main(int argc, char** argv) {
  using namespace jobq::bench;
  Cluster(read_arguments({argv + 1, argv + argc})).run();
  return 0;
}
