// SPDX-License-Identifier: Apache-2.0
// How attempts end: by themselves, by order, or because their keeper died.
#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <utility>

#include "base/log.h"
#include "exec/state.h"
#include "exec/step.h"
#include "exec/steps.h"

namespace jobq::exec {
namespace {

constexpr std::int64_t kFirstPause = kNsPerMs;
constexpr std::int64_t kLongestPause = 100 * kNsPerMs;
constexpr std::int64_t kLookPause = 20 * kNsPerMs;  // for ends that no SIGCHLD tells of
constexpr std::int64_t kDiskPause = 1000 * kNsPerMs;
constexpr std::uint64_t kBlock = 512;  // of what rusage counts, whatever the file system has

std::int64_t milliseconds_of(const timeval& time) {
  return time.tv_sec * 1000 + time.tv_usec / 1000;
}

void describe_exit(int status, const rusage& usage, pb::End& end) {
  if (WIFSIGNALED(status)) {
    end.set_how(pb::End::SIGNALLED);
    end.set_signal(WTERMSIG(status));
  } else {
    end.set_how(pb::End::EXITED);
    end.set_exit_code(WEXITSTATUS(status));
  }
  end.set_cpu_ms(milliseconds_of(usage.ru_utime) + milliseconds_of(usage.ru_stime));
  const auto largest = static_cast<std::uint64_t>(usage.ru_maxrss) * 1024;
  end.set_max_rss(std::max<std::uint64_t>(end.max_rss(), largest));
  end.set_read_bytes(static_cast<std::uint64_t>(usage.ru_inblock) * kBlock);
  end.set_written_bytes(static_cast<std::uint64_t>(usage.ru_oublock) * kBlock);
}

}  // namespace

void Steps::not_started(Step& step, std::string reason) {
  step.end.set_how(pb::End::NOT_STARTED);
  step.end.set_reason(std::move(reason));
  finish_exited(step);
}

void Steps::reap() {
  std::vector<Step*> exited;
  int status = 0;
  rusage usage = {};
  // Whoever lost its parent is ours as well, and unknown here.
  for (pid_t pid = 0; (pid = wait4(-1, &status, WNOHANG | __WALL, &usage)) > 0;) {
    const auto found = by_pid_.find(pid);
    if (found == by_pid_.end()) continue;
    Step& step = *found->second;
    by_pid_.erase(found);
    main_exited(step, status, usage);
    exited.push_back(&step);
  }
  containment_.look_again();
  for (Step* step : exited) finish_exited(*step);
  for (Step* step : tended_) {
    // One that has ended waits for the disk, which no exit of a process makes any emptier.
    if (step->pid == 0 && step->phase != Step::Phase::kEnded) step->due_ns = 0;
  }
}

void Steps::main_exited(Step& step, int status, const rusage& usage) {
  step.pid = 0;
  describe_exit(status, usage, step.end);
  step.end.set_wall_ms((steady_now_ns() - step.started_ns) / kNsPerMs);
  judge_end(step);
}

// What the main process leaves behind of itself has no grace: nobody asked it to stay.
void Steps::finish_exited(Step& step) {
  if (!step.cell || step.cell->empty()) {
    complete(step);
  } else if (step.phase == Step::Phase::kRunning) {
    kill_at_once(step);
  }
}

void Steps::kill_at_once(Step& step) {
  step.phase = Step::Phase::kKilling;
  step.cell->kill();
  tend_at(step, steady_now_ns() + kFirstPause);
}

void Steps::kill(Step& step, Millis grace) {
  if (step.phase != Step::Phase::kRunning) return;
  resume(step);
  step.cell->signal(SIGTERM);
  step.phase = Step::Phase::kTerminating;
  step.grace_ns = steady_now_ns() + grace.count * kNsPerMs;
  tend_at(step, step.grace_ns);
}

void Steps::end_fenced(Millis within) {
  for (const auto& [id, step] : steps_) {
    if (!step->fenced || step->phase != Step::Phase::kRunning) continue;
    judge(*step, pb::End::LOST, kUncontrolled);
    kill(*step, within);
  }
}

void Steps::kill_fenced() {
  for (const auto& [id, step] : steps_) {
    if (!step->fenced || step->phase == Step::Phase::kEnded) continue;
    if (step->phase == Step::Phase::kRunning) judge(*step, pb::End::LOST, kUncontrolled);
    kill_at_once(*step);
  }
}

void Steps::end_everything(const std::string& reason) {
  for (const auto& [id, step] : steps_) {
    if (step->phase != Step::Phase::kEnded) end_for(*step, pb::End::LOST, reason);
  }
}

void Steps::tend_at(Step& step, std::int64_t at_ns) {
  step.due_ns = at_ns;
  if (std::find(tended_.begin(), tended_.end(), &step) == tended_.end()) tended_.push_back(&step);
}

std::optional<std::int64_t> Steps::tick(std::int64_t now_ns) {
  const std::optional<std::int64_t> next_look = accounting_.next();
  const bool looks = next_look && *next_look <= now_ns;
  if (tended_.empty() && !looks) return next_look;
  containment_.look_again();
  if (looks) enforce(now_ns);
  std::vector<Step*> due;
  std::copy_if(tended_.begin(), tended_.end(), std::back_inserter(due),
               [&](const Step* step) { return step->due_ns <= now_ns; });
  for (Step* step : due) tend(*step, now_ns);
  const auto next =
      std::min_element(tended_.begin(), tended_.end(),
                       [](const Step* a, const Step* b) { return a->due_ns < b->due_ns; });
  std::optional<std::int64_t> soonest = accounting_.next();
  if (next != tended_.end()) {
    soonest = soonest ? std::min(*soonest, (*next)->due_ns) : (*next)->due_ns;
  }
  return soonest;
}

void Steps::tend(Step& step, std::int64_t now_ns) {
  if (step.phase == Step::Phase::kEnded) {
    record_end(step);
  } else if (step.pid == 0 && step.cell->empty()) {
    complete(step);
  } else if (step.phase == Step::Phase::kTerminating && now_ns < step.grace_ns) {
    step.due_ns = step.pid != 0 ? step.grace_ns : std::min(step.grace_ns, now_ns + kLookPause);
  } else {
    // Again and again: what was forked while we looked, and what the kernel is slow to end.
    step.phase = Step::Phase::kKilling;
    step.cell->kill();
    step.pause_ns = std::clamp(step.pause_ns * 2, kFirstPause, kLongestPause);
    step.due_ns = now_ns + step.pause_ns;
  }
}

void Steps::complete(Step& step) {
  const auto known = log_.ledger().attempts.find(step.id);
  if (known != log_.ledger().attempts.end()) {
    if (const auto& reported = known->second.reported) {
      step.end.set_reported(reported->outcome());
      if (reported->has_event()) step.end.set_event(reported->event());
    }
    if (step.adopted) {
      slots_.keep_left(known->second.started.output_slot(), step.id, Which::kOutput);
      slots_.keep_left(known->second.started.error_slot(), step.id, Which::kError);
    }
  }
  slots_.keep_written(step.output, step.id, Which::kOutput);
  slots_.keep_written(step.error, step.id, Which::kError);
  if (!step.script_file.empty()) unlink(step.script_file.c_str());
  add_usage(step);
  if (step.cell) containment_.give_back(std::move(step.cell));
  by_token_.erase(step.token);
  tended_.erase(std::remove(tended_.begin(), tended_.end(), &step), tended_.end());
  step.phase = Step::Phase::kEnded;
  --running_;
  if (!step.recorded) record_end(step);
  if (step.adopted && --adopted_ == 0) leave_no_trace_of_predecessors();
  tell_(view(step));
}

void Steps::record_end(Step& step) {
  pb::Record record;
  *record.mutable_ended()->mutable_id() = to_pb(step.id);
  *record.mutable_ended()->mutable_end() = step.end;
  if (const auto noted = log_.append(record); !noted) {
    log::error("the end of job {} cannot be recorded: {}", step.id.job.value,
               noted.error().message);
    tend_at(step, steady_now_ns() + kDiskPause);
    return;
  }
  step.recorded = true;
  tended_.erase(std::remove(tended_.begin(), tended_.end(), &step), tended_.end());
}

void Steps::settle() {
  std::error_code ignored;
  for (const auto& script :
       std::filesystem::directory_iterator(scripts_directory(options_.state), ignored)) {
    unlink(script.path().c_str());
  }
  // Ends are recorded while we go: the ledger changes under an iterator.
  const std::map<AttemptId, KnownAttempt> left = log_.ledger().attempts;
  adopted_ = 1;
  for (const auto& [id, known] : left) adopt(id, known);
  if (--adopted_ == 0) leave_no_trace_of_predecessors();
}

void Steps::adopt(const AttemptId& id, const KnownAttempt& known) {
  auto held = std::make_unique<Step>();
  Step& step = *held;
  steps_.emplace(id, std::move(held));
  step.id = id;
  if (known.end) {
    step.end = *known.end;
    step.phase = Step::Phase::kEnded;
    step.recorded = true;
    return;
  }
  step.adopted = true;
  step.phase = Step::Phase::kKilling;
  step.end.set_how(pb::End::LOST);
  step.end.set_reason(log_.other_boot() ? "the machine was restarted" : "the keeper died");
  ++running_;
  ++adopted_;
  if (!log_.other_boot()) step.cell = adopt_cell(known.started.place(), known.running);
  if (!step.cell) {
    complete(step);
  } else {
    step.cell->kill();
    tend_at(step, 0);
  }
}

// All that they started has ended: their cgroups and files can go, and what the log says of them.
void Steps::leave_no_trace_of_predecessors() {
  for (const pb::Opened& opened : log_.ledger().opened) {
    if (opened.cgroup() != containment_.opened().cgroup()) remove_base(opened);
  }
  slots_.remove_strays();
  log_.compact();
}

}  // namespace jobq::exec
