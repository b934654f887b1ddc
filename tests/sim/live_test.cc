// SPDX-License-Identifier: Apache-2.0
// A live queue in the future: what is foreseen is what then happens, if every job uses its limit
// up.
#include "sim/live.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <queue>
#include <random>
#include <utility>

#include "sched/event_manager.h"
#include "sched/queue_walk.h"

namespace jobq::sim {
namespace {

using resmgr::Backfill;

constexpr Time kBegin{1'700'000'000'000};
constexpr Millis kEstimate = seconds(3600);
const sched::Actor kAnn{1000, 1000, "ann", false};
const sched::Actor kBob{1001, 1001, "bob", false};

// A cluster whose jobs all run for their time limit, or the estimate.
class Cluster {
 public:
  explicit Cluster(sched::Policy policy) : core(policy), policy_(std::move(policy)) {}
  explicit Cluster(Backfill backfill) : Cluster(policy_of(backfill)) {}

  static sched::Policy policy_of(Backfill backfill) {
    sched::Policy policy;
    policy.scheduling.backfill = backfill;
    return policy;
  }

  void send(sched::Event event) {
    core.accept(std::move(event), now, actions_);
    decide();
  }
  void join(const std::string& name, std::uint32_t cpus, std::uint32_t gpus = 0) {
    resmgr::Capacity capacity;
    capacity.cpus = cpus;
    capacity.gpus = gpus;
    send(sched::NodeJoined{name, "1", capacity, {}});
  }
  void create(const resmgr::NamedResource& resource) {
    named.push_back(resource);
    send(sched::CreateResource{{}, {0, 0, "root", true}, resource});
  }
  void submit(const std::shared_ptr<sched::JobSpec>& spec, int priority, bool hold = false,
              const sched::Actor& actor = kAnn, const std::string& array = "") {
    sched::Ticket ticket;
    ticket.spec = spec;
    ticket.priority = priority;
    ticket.hold = hold;
    if (!array.empty()) ticket.array = sched::parse_array(array).value();
    send(sched::NewJobNotice{{}, actor, "", {ticket}, false});
  }

  bool advance() {
    if (ends_.empty()) return false;
    now = wake_ ? std::min(wake_, ends_.top().at) : ends_.top().at;
    if (wake_ <= now) wake_ = Time{};
    for (; !ends_.empty() && ends_.top().at <= now; ends_.pop()) {
      core.accept(sched::TaskComplete{ends_.top().node, ends_.top().id, {}}, now, actions_);
    }
    decide();
    return true;
  }

  LiveQueue copy() const {
    LiveQueue copied;
    copied.now = now;
    copied.named = named;
    for (const sched::NodeView& node : core.nodes()) copied.nodes.push_back(node.resources);
    // As it comes to who simulates.
    for (const auto& frame : to_frames(controller::copy_of_queue(core, policy_, now))) {
      const auto added = add_from_wire(frame.jobs(), copied.copied);
      EXPECT_TRUE(added) << added.error().message;
    }
    return copied;
  }

  sched::EventManager core;
  Time now = kBegin;
  std::map<JobRef, Time> starts;
  std::vector<resmgr::NamedResource> named;

 private:
  struct End {
    Time at;
    AttemptId id;
    NodeId node;
    friend bool operator>(const End& a, const End& b) {
      return std::pair(a.at, a.id) > std::pair(b.at, b.id);
    }
  };

  void decide() {
    core.decide(now, actions_);
    for (const sched::Action& action : std::exchange(actions_, {})) {
      if (const auto* wake = std::get_if<sched::WakeAt>(&action)) wake_ = wake->at;
      const auto* launch = std::get_if<sched::Launch>(&action);
      if (launch == nullptr) continue;
      const JobRef ref = core.ref_of(launch->id.job);
      const auto job = core.show(ref, now);
      starts.emplace(ref, now);
      const Millis length = job->time_limit.value_or(job->estimate.value_or(kEstimate));
      const Time end = std::max(job->summary.started + length, now + seconds(1));
      ends_.push({end, launch->id, launch->node});
    }
    core.take_rows();
  }

  sched::Policy policy_;
  Time wake_;
  std::vector<sched::Action> actions_;
  std::priority_queue<End, std::vector<End>, std::greater<>> ends_;
};

std::shared_ptr<sched::JobSpec> spec_of(const resmgr::Needs& of_job, std::optional<Millis> limit) {
  auto spec = std::make_shared<sched::JobSpec>();
  spec->needs = of_job;
  spec->time_limit = limit;
  sched::StepSpec step;
  step.name = "main";
  step.argv = {"true"};
  step.literal = true;
  spec->steps = {step};
  return spec;
}

resmgr::Needs cpus(std::uint32_t count) {
  resmgr::Needs needs;
  needs.cpus = count;
  return needs;
}

// One step or two side by side, needs of the job or of its steps, named things, gpus.
std::shared_ptr<sched::JobSpec> random_spec(std::mt19937_64& random) {
  const auto below = [&](std::uint64_t limit) {
    return static_cast<std::uint32_t>(random() % limit);
  };
  resmgr::Needs needs = cpus(1 + below(4));
  if (below(4) == 0) needs.gpus = 1 + below(2);
  if (below(4) == 0) needs.element = "small";
  if (below(6) == 0) needs.exclusive = {"db"};
  if (below(6) == 0) needs.tokens = {{"licence", 1 + below(3)}};
  const bool has_limit = below(8) != 0;
  auto spec =
      spec_of(needs, has_limit ? std::optional(seconds(60 + 60 * below(30))) : std::nullopt);
  if (below(3) != 0) return spec;
  spec->steps.front().needs = std::exchange(spec->needs, {});
  if (below(2) != 0) return spec;
  spec->steps.push_back(spec->steps.front());
  spec->steps.back().name = "beside";
  return spec;
}

void submit_many(Cluster& cluster, std::mt19937_64& random) {
  cluster.join("n1", 4, 2);
  cluster.join("n2", 6);
  cluster.join("n3", 4, 2);
  cluster.create({"db", resmgr::NamedKind::kExclusive, 1});
  cluster.create({"licence", resmgr::NamedKind::kTokens, 3});
  const std::vector<std::string> arrays = {"0-9", "3-40:4%2", "7,5%1"};
  for (int i = 0; i < 50; ++i) {
    const std::string array = random() % 8 == 0 ? arrays[random() % arrays.size()] : "";
    cluster.submit(random_spec(random), static_cast<int>(random() % 3), random() % 10 == 0,
                   random() % 3 == 0 ? kBob : kAnn, array);
  }
}

// What is foreseen is what then happens.
void expect_foreseen(Cluster& cluster) {
  const std::vector<Foreseen> foreseen = foresee(cluster.copy(), kEstimate);
  ASSERT_FALSE(foreseen.empty());
  while (cluster.advance()) {
  }
  for (const Foreseen& job : foreseen) {
    const auto found = cluster.starts.find(job.job);
    const auto start = found == cluster.starts.end() ? std::nullopt : std::optional(found->second);
    EXPECT_EQ(job.start, start) << "job " << to_string(job.job);
  }
}

// Caps, an element, shares, and points for all that is settled at submission.
sched::Policy strict(Backfill backfill) {
  sched::Policy policy = Cluster::policy_of(backfill);
  policy.priority = {5, 2, 500, seconds(7 * 86400)};
  policy.all.running = 6;
  policy.users = {{"bob", {2, {}}}};
  policy.elements = {{"small", {"n1", "n3"}, 3, {}, {}, {3, {}}}};
  return policy;
}

class Live : public ::testing::TestWithParam<Backfill> {};

TEST_P(Live, WhatIsForeseenIsWhatHappens) {
  for (std::uint64_t seed = 1; seed <= 60 && !HasFailure(); ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    std::mt19937_64 random(seed);
    Cluster cluster(seed % 2 == 0 ? strict(GetParam()) : Cluster::policy_of(GetParam()));
    submit_many(cluster, random);
    for (std::uint64_t left = random() % 20; left > 0; --left) cluster.advance();
    expect_foreseen(cluster);
  }
}

INSTANTIATE_TEST_SUITE_P(Policies, Live,
                         ::testing::Values(Backfill::kNone, Backfill::kEasy,
                                           Backfill::kConservative),
                         [](const auto& it) { return std::string(resmgr::to_string(it.param)); });

class LiveChanges : public ::testing::Test {
 public:
  // The seconds from now until each job that waits would start; -1 for never.
  static std::vector<std::int64_t> waits(const LiveQueue& queue) {
    std::vector<std::int64_t> all;
    for (const Foreseen& job : foresee(queue, kEstimate)) {
      all.push_back(job.start ? (*job.start - queue.now).count / 1000 : -1);
    }
    return all;
  }
  Cluster cluster{Backfill::kConservative};
};

using Waits = std::vector<std::int64_t>;

TEST_F(LiveChanges, NodesLimitsAndDrainsChangeTheFuture) {
  cluster.join("n1", 2);
  cluster.submit(spec_of(cpus(2), seconds(600)), 50);
  cluster.submit(spec_of(cpus(2), seconds(60)), 50);
  cluster.submit(spec_of(cpus(1), std::nullopt), 50);
  const LiveQueue queue = cluster.copy();
  EXPECT_EQ(waits(queue), (Waits{600, 660}));

  LiveQueue more = queue;
  more.nodes.push_back(more.nodes.front());
  more.nodes.back().name = "n2";
  EXPECT_EQ(waits(more), (Waits{0, 60}));

  LiveQueue shorter = queue;
  shorter.copied.jobs.front().job.time_limit = seconds(100);
  EXPECT_EQ(waits(shorter), (Waits{100, 160}));

  LiveQueue drained = queue;
  drained.nodes.front().state = resmgr::NodeState::kDraining;
  EXPECT_EQ(waits(drained), (Waits{-1, -1}));
}

TEST_F(LiveChanges, WhatIsHeldStaysAndWhatIsOnALostNodeStaysInDoubt) {
  cluster.join("n1", 2);
  cluster.submit(spec_of(cpus(2), seconds(600)), 50);
  cluster.submit(spec_of(cpus(2), seconds(60)), 50, true);
  cluster.submit(spec_of(cpus(2), seconds(60)), 50);
  EXPECT_EQ(waits(cluster.copy()), (Waits{-1, 600}));
  cluster.send(sched::NodeLost{cluster.core.node_id("n1").value(), "silent"});
  EXPECT_EQ(waits(cluster.copy()), (Waits{-1, -1}));
}

TEST_F(LiveChanges, AJobPastItsLimitIsTakenToEndAtOnce) {
  cluster.join("n1", 2);
  cluster.submit(spec_of(cpus(2), seconds(600)), 50);
  cluster.submit(spec_of(cpus(2), seconds(60)), 50);
  cluster.now = cluster.now + seconds(700);
  EXPECT_EQ(waits(cluster.copy()), (Waits{1}));
}

// --- arrays

TEST_F(LiveChanges, ElementsThatRunKeepWhatTheyHave) {
  cluster.join("n1", 4);
  cluster.submit(spec_of(cpus(2), seconds(600)), 50, false, kAnn, "0-4");
  cluster.submit(spec_of(cpus(1), seconds(60)), 50);
  // The next element comes to the queue when the one before has started.
  EXPECT_EQ(waits(cluster.copy()), (Waits{600, 660, 1200, 600}));
  std::vector<std::string> names;
  for (const Foreseen& job : foresee(cluster.copy(), kEstimate)) {
    names.push_back(to_string(job.job));
  }
  EXPECT_EQ(names, (std::vector<std::string>{"1[2]", "1[3]", "1[4]", "5"}));
  expect_foreseen(cluster);
}

TEST_F(LiveChanges, AThrottleHoldsElementsBackAndNobodyElse) {
  cluster.join("n1", 4);
  cluster.submit(spec_of(cpus(1), seconds(600)), 50, false, kAnn, "2-8:2%1");
  EXPECT_EQ(waits(cluster.copy()), (Waits{600, 1200, 1800}));
  LiveQueue shorter = cluster.copy();
  for (auto& [job, rest] : shorter.copied.jobs) job.time_limit = seconds(60);
  EXPECT_EQ(waits(shorter), (Waits{60, 120, 180}));
}

TEST_F(LiveChanges, ElementsThatAreHeldStay) {
  cluster.join("n1", 1);
  cluster.submit(spec_of(cpus(1), seconds(600)), 50, false, kAnn, "0-3");
  sched::Selector third;
  third.elements = {{JobNumber{1}, sched::IndexSet(2, 2)}};
  cluster.send(sched::Hold{{}, kAnn, third});
  EXPECT_EQ(waits(cluster.copy()), (Waits{600, -1, 1200}));
  sched::Selector all;
  all.ranges = {{JobNumber{1}, JobNumber{1}}};
  cluster.send(sched::Hold{{}, kAnn, all});
  EXPECT_EQ(waits(cluster.copy()), (Waits{-1, -1, -1}));
}

TEST_F(LiveChanges, OfALargeArrayAsMuchIsCopiedAsOfALongQueue) {
  cluster.join("n1", 2);
  cluster.submit(spec_of(cpus(1), seconds(600)), 50, false, kAnn, "0-99999");
  cluster.submit(spec_of(cpus(1), seconds(600)), 50);
  const LiveQueue queue = cluster.copy();
  EXPECT_TRUE(queue.copied.cut_off);
  const std::vector<Foreseen> foreseen = foresee(queue, kEstimate);
  ASSERT_EQ(foreseen.size(), controller::QueueCopy::kMost - 2);
  EXPECT_EQ(foreseen.back().job, (JobRef{JobNumber{1}, 9999}));
}

// --- the policy

sched::Policy with(const std::function<void(sched::Policy&)>& change) {
  sched::Policy policy = Cluster::policy_of(Backfill::kEasy);
  change(policy);
  return policy;
}

TEST(LivePolicy, ACapKeepsJobsFromStarting) {
  Cluster cluster(with([](sched::Policy& policy) { policy.all.running = 1; }));
  cluster.join("n1", 4);
  for (int i = 0; i < 3; ++i) cluster.submit(spec_of(cpus(1), seconds(600)), 50);
  EXPECT_EQ(LiveChanges::waits(cluster.copy()), (Waits{600, 1200}));
}

TEST(LivePolicy, WhoHasUsedNothingGoesFirst) {
  Cluster cluster(with([](sched::Policy& policy) { policy.priority.fair_share = 1000; }));
  cluster.join("n1", 1);
  cluster.submit(spec_of(cpus(1), seconds(600)), 50);
  while (cluster.advance()) {
  }
  for (int i = 0; i < 2; ++i) cluster.submit(spec_of(cpus(1), seconds(600)), 50);
  cluster.submit(spec_of(cpus(1), seconds(600)), 50, false, kBob);
  const LiveQueue queue = cluster.copy();
  // In the order of the queue, in which shares do not count.
  EXPECT_EQ(LiveChanges::waits(queue), (Waits{1200, 600}));
  expect_foreseen(cluster);
}

TEST(LivePolicy, AClassTellsHowLongItsJobsRun) {
  Cluster cluster(Backfill::kEasy);
  cluster.join("n1", 2);
  const auto of_class = spec_of(cpus(1), std::nullopt);
  of_class->class_name = "night";
  of_class->class_version = "1";
  cluster.send(sched::RegisterClass{{}, kAnn, {of_class, "", ""}});
  sched::Ticket ticket;
  ticket.class_name = "night";
  ticket.time_limit = seconds(300);
  cluster.send(sched::NewJobNotice{{}, kAnn, "", {ticket}, false});
  while (cluster.advance()) {
  }
  ticket.time_limit.reset();
  cluster.send(sched::NewJobNotice{{}, kAnn, "", {ticket}, false});
  cluster.submit(spec_of(cpus(2), seconds(60)), 50);
  // The core knows the end, so nobody overtakes who is not done by then.
  cluster.submit(spec_of(cpus(1), seconds(400)), 50);
  EXPECT_EQ(LiveChanges::waits(cluster.copy()), (Waits{300, 360}));
  expect_foreseen(cluster);
}

}  // namespace
}  // namespace jobq::sim
