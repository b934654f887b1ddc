// SPDX-License-Identifier: Apache-2.0
// Starting, orders and reports; how attempts end stands in step_end.cc.
#include "exec/steps.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <utility>

#include "base/log.h"
#include "exec/error_text.h"
#include "exec/report.h"
#include "exec/state.h"
#include "exec/step.h"

namespace jobq::exec {
namespace {

bool in_store(const std::string& named) { return named.empty(); }

}  // namespace

Steps::Steps(StepsOptions options, Containment& containment, OutputSlots& slots, RecordLog& log,
             Tell tell)
    : options_(std::move(options)),
      containment_(containment),
      slots_(slots),
      log_(log),
      tell_(std::move(tell)) {}

Steps::~Steps() = default;

Steps::Step* Steps::find(const pb::Id& id) {
  const auto found = steps_.find(id_of(id));
  return found == steps_.end() ? nullptr : found->second.get();
}

pb::Attempt Steps::view(const Step& step) const {
  pb::Attempt attempt;
  *attempt.mutable_id() = to_pb(step.id);
  if (step.phase == Step::Phase::kEnded) *attempt.mutable_end() = step.end;
  attempt.set_output_slot(step.output.number);
  attempt.set_error_slot(step.error.number);
  return attempt;
}

std::vector<pb::Attempt> Steps::attempts() const {
  std::vector<pb::Attempt> all;
  all.reserve(steps_.size());
  for (const auto& [id, step] : steps_) all.push_back(view(*step));
  return all;
}

bool Steps::anything_runs() const { return running_ > 0; }

bool Steps::anything_unrecorded() const {
  return std::any_of(steps_.begin(), steps_.end(),
                     [](const auto& entry) { return !entry.second->recorded; });
}

// Null where it is known: its state is told.
Steps::Step* Steps::hold(const pb::Id& id) {
  if (const Step* known = find(id)) {
    tell_(view(*known));
    return nullptr;
  }
  auto held = std::make_unique<Step>();
  Step* const step = held.get();
  step->id = id_of(id);
  steps_.emplace(step->id, std::move(held));
  ++running_;
  return step;
}

void Steps::start_too_late(const pb::Start& start) {
  Step* const step = hold(start.id());
  if (step == nullptr) return;
  step->recorded = true;  // the next keeper would say the same
  step->end.set_how(pb::End::LOST);
  step->end.set_reason(kUncontrolled);
  finish_exited(*step);
}

void Steps::start(const pb::Start& start) {
  Step* const held = hold(start.id());
  if (held == nullptr) return;
  Step& step = *held;
  if (Result<LaunchMeans> means = prepare(step, start)) {
    launch(step, start, *means);
  } else {
    // Nothing of the attempt was recorded and nothing has to be: it can be refused once more.
    step.recorded = true;
    not_started(step, means.error().message);
  }
}

Result<LaunchMeans> Steps::prepare(Step& step, const pb::Start& start) {
  if (auto possible = Launcher::check(start); !possible) return tl::unexpected(possible.error());
  LaunchMeans means;
  if (in_store(start.output())) {
    Result<Slot> slot = slots_.take(start.uid(), start.gid());
    if (!slot) return tl::unexpected(slot.error());
    step.output = std::move(*slot);
    means.output = step.output.file.get();
  }
  if (in_store(start.error()) && in_store(start.output())) {
    Result<Slot> slot = slots_.take(start.uid(), start.gid());
    if (!slot) return tl::unexpected(slot.error());
    step.error = std::move(*slot);
    means.error = step.error.file.get();
  }
  if (!start.script().empty()) {
    if (auto written = write_script(step, start); !written) return tl::unexpected(written.error());
    means.script_file = step.script_file;
  }
  step.limits = granted_to(start);
  Result<std::unique_ptr<Cell>> cell = containment_.take(step.limits);
  if (!cell) return tl::unexpected(cell.error());
  step.cell = std::move(*cell);
  means.cgroup = step.cell->descriptor();
  means.mark = step.cell->place().mark();
  if (auto noted = record_start(step); !noted) return tl::unexpected(noted.error());
  return means;
}

Result<void> Steps::record_start(const Step& step) {
  pb::Record record;
  pb::Started& started = *record.mutable_started();
  *started.mutable_id() = to_pb(step.id);
  *started.mutable_place() = step.cell->place();
  started.set_output_slot(step.output.number);
  started.set_error_slot(step.error.number);
  return log_.append(record);
}

Result<void> Steps::write_script(Step& step, const pb::Start& start) const {
  const std::string path =
      fmt::format("{}/{}.{}.{}", scripts_directory(options_.state), step.id.job.value,
                  step.id.step.value, step.id.attempt.value);
  unlink(path.c_str());
  step.script_file = path;
  const Descriptor file(open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0500));
  const bool owned =
      start.uid() == geteuid() || (file && fchown(file.get(), start.uid(), start.gid()) == 0);
  if (file && owned && write_all(file.get(), start.script())) return {};
  return fail(ErrorCode::kUnavailable, why_not_written("the script cannot be written", errno));
}

void Steps::launch(Step& step, const pb::Start& start, const LaunchMeans& means) {
  step.started_ns = steady_now_ns();
  const Result<pid_t> pid = launcher_.launch(start, means);
  if (!pid) {
    not_started(step, pid.error().message);
    return;
  }
  step.pid = *pid;
  step.token = start.token();
  step.fenced = start.fenced();
  by_pid_.emplace(*pid, &step);
  if (!step.token.empty()) by_token_.emplace(step.token, &step);
  if (step.cell->entered(*pid)) {
    pb::Record record;
    *record.mutable_running() = step.cell->running();
    *record.mutable_running()->mutable_id() = to_pb(step.id);
    if (const auto noted = log_.append(record); !noted) log::warning("{}", noted.error().message);
  }
  watch(step);
  tell_(view(step));
}

void Steps::order(const pb::Order& order) {
  Step* const step = find(order.id());
  if (step == nullptr) return;
  switch (order.what()) {
    case pb::Order::KILL: kill(*step, options_.grace); break;
    case pb::Order::SIGNAL: signal(*step, order.signal()); break;
    case pb::Order::SUSPEND: suspend(*step); break;
    case pb::Order::RESUME: resume(*step); break;
    case pb::Order::FORGET: forget(*step); break;
    default: break;
  }
}

void Steps::suspend(Step& step) {
  if (step.phase != Step::Phase::kRunning || step.suspended) return;
  step.cell->freeze();
  step.suspended = true;
}

void Steps::resume(Step& step) {
  if (!step.suspended) return;
  step.cell->thaw();
  step.suspended = false;
}

void Steps::signal(Step& step, int number) {
  if (step.pid == 0 || number <= 0 || number >= NSIG) return;
  ::kill(-step.pid, number);
}

void Steps::forget(Step& step) {
  if (step.phase != Step::Phase::kEnded) return;
  if (log_.ledger().attempts.contains(step.id)) {
    pb::Record record;
    *record.mutable_forgotten()->mutable_id() = to_pb(step.id);
    // Where it is lost, the end is told once more by the next keeper, and forgotten then.
    log_.append_later(record);
  }
  slots_.give_back(std::move(step.output));
  slots_.give_back(std::move(step.error));
  tended_.erase(std::remove(tended_.begin(), tended_.end(), &step), tended_.end());
  steps_.erase(step.id);
  log_.compact_if_worth();
}

std::string Steps::report(const pb::Report& report) {
  const auto found = by_token_.find(report.token());
  if (found == by_token_.end()) return "no running step of this node has this token";
  if (report.asks()) return {};
  const auto event = report.has_event() ? std::optional(report.event()) : std::nullopt;
  if (auto good = check_report(report.outcome(), event); !good) return good.error().message;
  pb::Record record;
  pb::Reported& reported = *record.mutable_reported();
  *reported.mutable_id() = to_pb(found->second->id);
  reported.set_outcome(report.outcome());
  if (report.has_event()) reported.set_event(report.event());
  const auto noted = log_.append(record);
  return noted ? std::string() : noted.error().message;
}

}  // namespace jobq::exec
