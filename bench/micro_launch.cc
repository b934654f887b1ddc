// SPDX-License-Identifier: Apache-2.0
// What a no-op step costs the keeper, beside the bare start of the same program: /bin/true, two in
// flight, recorded and contained, silent; and what one costs that says hello.
#include <benchmark/benchmark.h>
#include <spawn.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include "exec/state.h"
#include "exec/steps.h"

namespace jobq::exec {
namespace {

constexpr int kInFlight = 2;

constexpr const char* kSilent = "/bin/true";
constexpr const char* kHello = "/bin/echo";

void bare_posix_spawn(benchmark::State& state) {
  char program[] = "/bin/true";
  char* const argv[] = {program, nullptr};
  const auto start = [&] {
    pid_t pid = 0;
    if (posix_spawn(&pid, program, nullptr, nullptr, argv, environ) != 0) {
      state.SkipWithError("posix_spawn fails");
    }
  };
  for (int i = 0; i < kInFlight; ++i) start();
  for (auto _ : state) {
    wait(nullptr);
    start();
  }
  for (int i = 0; i < kInFlight; ++i) wait(nullptr);
  state.SetItemsProcessed(state.iterations());
}

// Steps without a loop round it; the process stands for the keeper.
class Kept {
 public:
  Kept(bool cgroups, const char* program)
      : program_(program), containment_(make_containment(cgroups)) {
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    slots_ = std::make_unique<OutputSlots>(OutputSlots::open(state_).value());
    log_ = std::make_unique<RecordLog>(RecordLog::open(attempts_log(state_), "boot").value());
    steps_ = std::make_unique<Steps>(StepsOptions{state_}, *containment_, *slots_, *log_,
                                     [this](const pb::Attempt& attempt) { heard(attempt); });
  }
  ~Kept() { std::filesystem::remove_all(state_); }
  Kept(const Kept&) = delete;
  Kept& operator=(const Kept&) = delete;

  std::string way() const { return std::string(containment_->way()); }
  std::uint64_t ended() const { return ended_; }

  void start() {
    pb::Start start;
    *start.mutable_id() = to_pb({JobNumber(++last_), StepId(0), Attempt(1)});
    start.set_uid(geteuid());
    start.set_gid(getegid());
    start.add_argv(program_);
    start.add_argv("hello");
    start.add_env("PATH=/usr/bin:/bin");
    steps_->start(start);
  }
  // Waits for a child as the loop does, and forgets what ended.
  void turn() {
    siginfo_t info = {};
    waitid(P_ALL, 0, &info, WEXITED | WNOWAIT);
    steps_->reap();
    steps_->tick(steady_now_ns());
    for (const pb::Id& id : std::exchange(over_, {})) {
      pb::Order order;
      order.set_what(pb::Order::FORGET);
      *order.mutable_id() = id;
      steps_->order(order);
    }
  }

 private:
  void heard(const pb::Attempt& attempt) {
    if (!attempt.has_end()) return;
    over_.push_back(attempt.id());
    ++ended_;
  }

  std::string state_ =
      (std::filesystem::temp_directory_path() / ("jobq-bench-" + std::to_string(getpid())))
          .string();
  const char* program_;
  std::unique_ptr<Containment> containment_;
  std::unique_ptr<OutputSlots> slots_;
  std::unique_ptr<RecordLog> log_;
  std::vector<pb::Id> over_;
  std::uint64_t last_ = 0;
  std::uint64_t ended_ = 0;
  std::unique_ptr<Steps> steps_;
};

void kept_steps(benchmark::State& state, bool cgroups, const char* program) {
  Kept kept(cgroups, program);
  state.SetLabel(kept.way());
  std::uint64_t started = 0;
  for (; started < kInFlight; ++started) kept.start();
  for (auto _ : state) {
    while (started - kept.ended() >= kInFlight) kept.turn();
    kept.start();
    ++started;
  }
  while (kept.ended() < started) kept.turn();
  state.SetItemsProcessed(state.iterations());
}

BENCHMARK(bare_posix_spawn)->UseRealTime();
BENCHMARK_CAPTURE(kept_steps, cgroups, true, kSilent)->UseRealTime();
BENCHMARK_CAPTURE(kept_steps, process_groups, false, kSilent)->UseRealTime();
BENCHMARK_CAPTURE(kept_steps, cgroups_hello, true, kHello)->UseRealTime();
BENCHMARK_CAPTURE(kept_steps, process_groups_hello, false, kHello)->UseRealTime();

}  // namespace
}  // namespace jobq::exec

BENCHMARK_MAIN();
