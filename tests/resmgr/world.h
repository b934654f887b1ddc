// SPDX-License-Identifier: Apache-2.0
// The small world of these tests: a resource manager, a clock that the test moves, and short words
// for requests.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "resmgr/resource_manager.h"

namespace jobq::resmgr::test {

constexpr Bytes gib(std::uint64_t n) { return Bytes{n << 30U}; }
constexpr RequestId part(std::uint64_t job, std::uint32_t part) { return {JobNumber{job}, part}; }
constexpr RequestId step(std::uint64_t job) { return part(job, 1); }
constexpr RequestId whole(std::uint64_t job) { return part(job, 0); }

inline Needs cpus(std::uint32_t n) {
  Needs needs;
  needs.cpus = n;
  return needs;
}
inline Needs exclusive(std::vector<std::string> names, Needs needs = {}) {
  needs.exclusive = std::move(names);
  return needs;
}
inline Needs tokens(const std::string& name, std::uint64_t amount, Needs needs = {}) {
  needs.tokens.push_back({name, amount});
  return needs;
}

struct World {
  ResourceManager manager{Scheduling{Backfill::kConservative, 1000}};
  Time now{1'000'000};

  World() = default;
  // One connected node, n1, with so many cpus.
  explicit World(std::uint32_t n) { join(1, n); }

  void join(std::uint32_t id, const Capacity& capacity) {
    manager.set_node(NodeId{id}, "n" + std::to_string(id), capacity);
    manager.set_connected(NodeId{id}, true);
  }
  void join(std::uint32_t id, std::uint32_t n) { join(id, Capacity{n, gib(64), 0, {}}); }
  void make_exclusive(const std::string& name) {
    ASSERT_TRUE(manager.create({name, NamedKind::kExclusive, 1}));
  }
  void make_tokens(const std::string& name, std::uint64_t total) {
    ASSERT_TRUE(manager.create({name, NamedKind::kTokens, total}));
  }

  struct Ask {
    RequestId id;
    Needs needs;
    std::optional<Millis> limit{};
    std::int64_t rank = 50;
    LimitClassId limit_class{};
  };
  Result<void> try_ask(const Ask& ask) {
    Result<void> done =
        manager.enqueue({ask.id, ask.rank, ask.needs, ask.limit, {}, ask.limit_class});
    expect_sound();
    return done;
  }
  void ask(const Ask& ask) {
    const Result<void> done = try_ask(ask);
    ASSERT_TRUE(done) << done.error().message;
  }

  // The jobs that start, in order; a part other than 1 shows as "job.part".
  std::vector<std::string> started() {
    std::vector<std::string> names;
    for (const Grant& grant : manager.schedule(now)) names.push_back(name_of(grant.id));
    expect_sound();
    return names;
  }
  static std::string name_of(RequestId id) {
    const std::string job = std::to_string(id.job.value);
    return id.part == 1 ? job : job + "." + std::to_string(id.part);
  }
  // Asks and expects that it starts at once.
  Grant hold(const Ask& wanted) {
    ask(wanted);
    const std::vector<Grant> grants = manager.schedule(now);
    expect_sound();
    EXPECT_EQ(grants.size(), 1U);
    EXPECT_EQ(grants.at(0).id, wanted.id);
    return grants.at(0);
  }
  void end(RequestId id) {
    EXPECT_TRUE(manager.release(id));
    expect_sound();
  }
  void pass_time(Millis time) { now = now + time; }
  std::vector<Blocker> why(RequestId id) { return manager.explain(id, now); }

  void expect_sound() {
    const Result<void> good = manager.check_invariants();
    EXPECT_TRUE(good) << good.error().message;
  }
};

using Names = std::vector<std::string>;

}  // namespace jobq::resmgr::test
