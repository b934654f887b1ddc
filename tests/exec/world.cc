// SPDX-License-Identifier: Apache-2.0
// The tests' world.
#include "tests/exec/world.h"

#include <poll.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <fstream>
#include <sstream>

#include "exec/output_packs.h"
#include "exec/process_table.h"
#include "exec/state.h"

namespace jobq::exec {

bool wait_until(const std::function<bool()>& holds, const std::function<void()>& meanwhile) {
  const std::int64_t end_ns = steady_now_ns() + 20'000'000'000;
  while (!holds()) {
    if (steady_now_ns() > end_ns) return false;
    if (meanwhile) meanwhile();
    poll(nullptr, 0, 1);
  }
  return true;
}

std::string stored(const std::string& state, const AttemptId& id, Which which) {
  const auto packed = PackReader(state).find(id, which);
  return packed ? *packed : read_file(kept_file(state, id, which));
}

std::string read_file(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

bool exists(const std::string& path) { return access(path.c_str(), F_OK) == 0; }

bool alive(pid_t pid) {
  const auto entry = look_at(pid);
  return entry && entry->living();
}

pid_t pid_in(const std::string& path) {
  const std::string text = read_file(path);
  return text.ends_with('\n') ? static_cast<pid_t>(std::stol(text)) : 0;
}

pb::Id id_of_job(std::uint64_t job, std::uint32_t attempt) {
  return to_pb({JobNumber(job), StepId(0), Attempt(attempt)});
}

pb::Start start_of(std::uint64_t job, std::vector<std::string> argv) {
  pb::Start start;
  *start.mutable_id() = id_of_job(job);
  start.set_uid(geteuid());
  start.set_gid(getegid());
  start.add_groups(getegid());
  for (std::string& word : argv) start.add_argv(std::move(word));
  start.add_env("PATH=/usr/bin:/bin");
  start.set_workdir("/");
  start.set_token("token-" + std::to_string(job));
  return start;
}

pb::Start shell(std::uint64_t job, const std::string& command) {
  return start_of(job, {"/bin/sh", "-c", command});
}

StepsWorld::StepsWorld(const std::string& state, bool cgroups, Millis grace)
    : containment_(make_containment(cgroups)) {
  prctl(PR_SET_CHILD_SUBREAPER, 1);
  static_cast<void>(make_directories(scripts_directory(state), 0711));
  slots_ = std::make_unique<OutputSlots>(OutputSlots::open(state).value());
  log_ = std::make_unique<RecordLog>(RecordLog::open(attempts_log(state), "this boot").value());
  pb::Record record;
  *record.mutable_opened() = containment_->opened();
  EXPECT_TRUE(log_->append(record));
  steps_ = std::make_unique<Steps>(
      StepsOptions{state, grace}, *containment_, *slots_, *log_,
      [this](const pb::Attempt& attempt) { told_[attempt.id().job()] = attempt; });
  steps_->settle();
}

StepsWorld::~StepsWorld() {
  for (const pb::Attempt& attempt : steps_->attempts()) {
    order(pb::Order::SIGNAL, attempt.id().job(), SIGKILL);
  }
  EXPECT_TRUE(wait([this] { return !steps_->anything_runs(); }));
}

const pb::Attempt* StepsWorld::told(std::uint64_t job) const {
  const auto found = told_.find(job);
  return found == told_.end() ? nullptr : &found->second;
}

bool StepsWorld::wait(const std::function<bool()>& holds) {
  return wait_until(holds, [this] {
    steps_->reap();
    steps_->tick(steady_now_ns());
  });
}

pb::End StepsWorld::end_of(std::uint64_t job) {
  EXPECT_TRUE(wait([&] { return told(job) != nullptr && told(job)->has_end(); }))
      << "job " << job << " does not end";
  return told(job) != nullptr ? told(job)->end() : pb::End();
}

pb::End StepsWorld::run(const pb::Start& start) {
  steps_->start(start);
  return end_of(start.id().job());
}

void StepsWorld::order(pb::Order::What what, std::uint64_t job, int signal) {
  pb::Order order;
  order.set_what(what);
  *order.mutable_id() = id_of_job(job);
  order.set_signal(signal);
  steps_->order(order);
}

OnLoop::OnLoop() { EXPECT_EQ(uv_loop_init(&loop_), 0); }

OnLoop::~OnLoop() {
  EXPECT_TRUE(wait([this] { return uv_loop_alive(&loop_) == 0; }));
  EXPECT_EQ(uv_loop_close(&loop_), 0);
}

bool OnLoop::wait(const std::function<bool()>& holds) {
  return wait_until(holds, [this] { uv_run(&loop_, UV_RUN_NOWAIT); });
}

HeldSteps::HeldSteps(Millis grace) : world_(dir_.path(), GetParam(), grace) {}

void HeldSteps::SetUp() {
  if (!GetParam() || world_.containment().way() == "cgroup v2") return;
  GTEST_SKIP() << "no cgroup v2 hierarchy that this process may write to";
}

}  // namespace jobq::exec
