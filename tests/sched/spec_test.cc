// SPDX-License-Identifier: Apache-2.0
// Words for conditions, positions of steps, and hashes of specs.
#include "sched/spec.h"

#include <gtest/gtest.h>

#include <functional>
#include <set>
#include <utility>
#include <vector>

namespace jobq::sched {
namespace {

TEST(Condition, IsReadAndWrittenTheSame) {
  for (const char* text : {"calc", "calc.failure", "calc.cancel", "calc.ended", "calc.event=1",
                           "calc.event=a.b = c"}) {
    EXPECT_EQ(to_string(parse_condition(text).value()), text);
  }
  EXPECT_EQ(parse_condition("calc.success"), parse_condition("calc"));
}

TEST(Condition, RefusesOtherWords) {
  for (const char* text : {"", ".", ".failure", "calc.", "calc.done", "calc.event",
                           "calc.event=", "calc.failure.ended", "calc.Failure"}) {
    const auto condition = parse_condition(text);
    ASSERT_FALSE(condition) << text;
    EXPECT_EQ(condition.error().message,
              "'" + std::string(text) +
                  "' is not a condition; expected a step's name, or NAME.success, NAME.failure, "
                  "NAME.cancel, NAME.ended or NAME.event=VALUE");
  }
}

TEST(Spec, TheCleanupStepIsLast) {
  JobSpec spec;
  spec.steps.resize(2);
  spec.steps[1].name = "b";
  EXPECT_EQ(step_count(spec), 2U);
  spec.cleanup.emplace().name = "cleanup";
  EXPECT_EQ(step_count(spec), 3U);
  EXPECT_EQ(cleanup_id(spec), StepId{2});
  EXPECT_EQ(step_of(spec, StepId{1}).name, "b");
  EXPECT_EQ(step_of(spec, StepId{2}).name, "cleanup");
}

using Change = std::function<void(JobSpec&, StepSpec&)>;

std::vector<Change> changes_of_the_job() {
  return {
      [](JobSpec& j, StepSpec&) { j.class_name = "a"; },
      [](JobSpec& j, StepSpec&) { j.class_version = "a"; },
      [](JobSpec& j, StepSpec&) { j.priority = 1; },
      [](JobSpec& j, StepSpec&) { j.time_limit = Millis{0}; },
      [](JobSpec& j, StepSpec&) { j.on_failure = OnFailure::kContinue; },
      [](JobSpec& j, StepSpec&) {
        j.params = {{"a", false, {}}};
      },
      [](JobSpec& j, StepSpec&) {
        j.params = {{"a", true, {}}};
      },
      [](JobSpec& j, StepSpec&) {
        j.params = {{"a", false, ""}};
      },
      [](JobSpec& j, StepSpec&) { j.needs.cpus = 1; },
      [](JobSpec& j, StepSpec&) { j.needs.memory = Bytes{1}; },
      [](JobSpec& j, StepSpec&) { j.needs.gpus = 1; },
      [](JobSpec& j, StepSpec&) {
        j.needs.counts = {{"a", 1}};
      },
      [](JobSpec& j, StepSpec&) { j.needs.exclusive = {"a"}; },
      [](JobSpec& j, StepSpec&) {
        j.needs.tokens = {{"a", 1}};
      },
      [](JobSpec& j, StepSpec&) { j.needs.element = "a"; },
      [](JobSpec& j, StepSpec&) { j.needs.service = "a"; },
      [](JobSpec& j, StepSpec&) { j.append = true; },
      [](JobSpec& j, StepSpec&) { j.umask = 077; },
      [](JobSpec& j, StepSpec&) {
        j.limits = {{"core", 0, 0}};
      },
      [](JobSpec& j, StepSpec&) {
        j.limits = {{"core", 0, 1}};
      },
      [](JobSpec& j, StepSpec&) {
        j.warning = {10, seconds(1)};
      },
      [](JobSpec& j, StepSpec&) {
        j.warning = {10, seconds(2)};
      },
      [](JobSpec& j, StepSpec&) { j.steps.emplace_back(); },
      [](JobSpec& j, StepSpec&) { j.cleanup.emplace(); },
      [](JobSpec& j, StepSpec&) {
        j.env = {{"a", ""}};
      },
      [](JobSpec& j, StepSpec&) { j.workdir = "a"; },
      [](JobSpec& j, StepSpec&) { j.output = "a"; },
      [](JobSpec& j, StepSpec&) { j.error = "a"; },
  };
}

std::vector<Change> changes_of_a_step() {
  return {
      [](JobSpec&, StepSpec& s) { s.name = "a"; },
      [](JobSpec&, StepSpec& s) { s.kind = StepKind::kScript; },
      [](JobSpec&, StepSpec& s) { s.argv = {"ab"}; },
      [](JobSpec&, StepSpec& s) {
        s.argv = {"a", "b"};
      },
      [](JobSpec&, StepSpec& s) { s.script = "a"; },
      [](JobSpec&, StepSpec& s) { s.literal = true; },
      [](JobSpec&, StepSpec& s) {
        s.after = {{"a", Condition::On::kSuccess, ""}};
      },
      [](JobSpec&, StepSpec& s) {
        s.after_any = {{"a", Condition::On::kSuccess, ""}};
      },
      [](JobSpec&, StepSpec& s) {
        s.after = {{"a", Condition::On::kEvent, "1"}};
      },
      [](JobSpec&, StepSpec& s) { s.needs.emplace(); },
      [](JobSpec&, StepSpec& s) { s.exit.success = {1}; },
      [](JobSpec&, StepSpec& s) { s.exit.failure = {1}; },
      [](JobSpec&, StepSpec& s) { s.exit.cancel = {1}; },
      [](JobSpec&, StepSpec& s) { s.time_limit = Millis{1}; },
      [](JobSpec&, StepSpec& s) { s.retry.max = 1; },
      [](JobSpec&, StepSpec& s) { s.retry.on_failure = false; },
      [](JobSpec&, StepSpec& s) { s.retry.on_node_lost = false; },
      [](JobSpec&, StepSpec& s) { s.retry.delay = Millis{1}; },
      [](JobSpec&, StepSpec& s) { s.retry.backoff = 2; },
      [](JobSpec&, StepSpec& s) { s.retry.max_delay = Millis{1}; },
      [](JobSpec&, StepSpec& s) { s.retry.elsewhere = true; },
      [](JobSpec&, StepSpec& s) { s.again.emplace().to = "a"; },
      [](JobSpec&, StepSpec& s) { s.again.emplace().max = 1; },
      [](JobSpec&, StepSpec& s) { s.again.emplace().when.value = "a"; },
      [](JobSpec&, StepSpec& s) { s.is_export = true; },
      [](JobSpec&, StepSpec& s) {
        s.is_export = true;
        s.device = "a";
      },
  };
}

// Of steps that run no process, each with its kind.
std::vector<Change> changes_of_other_kinds() {
  return {
      [](JobSpec&, StepSpec& s) { s.spawn.emplace().class_name = "a"; },
      [](JobSpec&, StepSpec& s) { s.spawn.emplace().class_version = "a"; },
      [](JobSpec&, StepSpec& s) { s.spawn.emplace().name = "a"; },
      [](JobSpec&, StepSpec& s) {
        s.spawn.emplace().params = {{"a", ""}};
      },
      [](JobSpec&, StepSpec& s) { s.spawn.emplace().priority = 1; },
      [](JobSpec&, StepSpec& s) { s.spawn.emplace().wait = true; },
      [](JobSpec&, StepSpec& s) { s.spawn.emplace().spec = std::make_shared<JobSpec>(); },
      [](JobSpec&, StepSpec& s) {
        JobSpec within;
        within.priority = 1;
        s.spawn.emplace().spec = std::make_shared<JobSpec>(within);
      },
      [](JobSpec&, StepSpec& s) { s.wait_for = {"a"}; },
      [](JobSpec&, StepSpec& s) { s.send.emplace().to = "a"; },
      [](JobSpec&, StepSpec& s) { s.send.emplace().event = "a"; },
      [](JobSpec&, StepSpec& s) { s.send.emplace().payload = "a"; },
      [](JobSpec&, StepSpec& s) { s.send.emplace().ttl = Millis{1}; },
      [](JobSpec&, StepSpec& s) { s.send.emplace().broadcast = true; },
      [](JobSpec&, StepSpec& s) { s.recv.emplace().event = "a"; },
      [](JobSpec&, StepSpec& s) { s.recv.emplace().from = "a"; },
      [](JobSpec&, StepSpec& s) { s.recv.emplace().mailbox = "a"; },
      [](JobSpec&, StepSpec& s) { s.files.emplace().from = {"a"}; },
      [](JobSpec&, StepSpec& s) {
        s.files.emplace().from = {"a", "b"};
      },
      [](JobSpec&, StepSpec& s) { s.files.emplace().to = "a"; },
      [](JobSpec&, StepSpec& s) { s.files.emplace().streams = 1; },
      [](JobSpec&, StepSpec& s) { s.files.emplace().recursive = true; },
      [](JobSpec&, StepSpec& s) { s.files.emplace().unchecked = true; },
  };
}

TEST(Spec, EveryFieldChangesTheHash) {
  std::vector<Change> changes = changes_of_the_job();
  for (Change& change : changes_of_a_step()) changes.push_back(std::move(change));
  for (Change& change : changes_of_other_kinds()) changes.push_back(std::move(change));
  changes.emplace_back([](JobSpec&, StepSpec&) {});
  std::set<std::uint64_t> hashes;
  for (const Change& change : changes) {
    JobSpec spec;
    spec.steps.resize(1);
    change(spec, spec.steps.front());
    hashes.insert(hash_of(spec));
    const JobSpec same = spec;
    EXPECT_EQ(hash_of(same), hash_of(spec));
  }
  EXPECT_EQ(hashes.size(), changes.size());
}

TEST(Spec, TheHashIsTheSameOnEveryMachine) {
  JobSpec spec;
  spec.steps.emplace_back().argv = {"true"};
  EXPECT_EQ(hash_of(spec), 14686880450227179821U);
}

}  // namespace
}  // namespace jobq::sched
