// SPDX-License-Identifier: Apache-2.0
// Processes that end when chance has it, and a log that is written and not synced.
#include "sim/machine.h"

#include <fmt/format.h>

#include <array>
#include <csignal>
#include <utility>

namespace jobq::sim {
namespace {

// What is older than this the operating system has written out by itself.
constexpr std::int64_t kWrittenOutUs = 5'000'000;

}  // namespace

Machine::Machine(std::string name, Timeline& timeline, Chance& chance, Witness& witness)
    : name_(std::move(name)),
      timeline_(timeline),
      chance_(chance),
      witness_(witness),
      log_id_(chance.next()) {}

std::string Machine::incarnation() const { return fmt::format("{:x}.{}", log_id_, boot_); }

sched::TaskEnd Machine::random_end() {
  static constexpr std::array<int, 8> kCodes{0, 0, 0, 0, 0, 0, 3, 77};
  sched::TaskEnd end;
  end.exit_code = kCodes.at(chance_.below(kCodes.size()));
  if (chance_.one_in(16)) {
    end = {};
    end.how = sched::TaskEnd::How::kSignalled;
    end.signal = SIGSEGV;
  }
  if (chance_.one_in(4)) end.event = chance_.one_in(2) ? "same" : "3";
  if (chance_.one_in(16)) end.reported = sched::Outcome::kFailure;
  // No two ends look the same: none can be taken for another.
  end.cpu = Millis{static_cast<std::int64_t>(chance_.below(1U << 20U))};
  end.max_rss = Bytes{chance_.below(1U << 30U)};
  // Without another draw, so that seeds go on to mean the same worlds.
  end.read_bytes = Bytes{end.max_rss.count * 2};
  end.written_bytes = Bytes{end.max_rss.count * 3};
  return end;
}

void Machine::spawn(const sched::Launch& launch) {
  witness_.process_began(name_, launch);
  StepProcess& process = processes_[launch.id];
  process.end = random_end();
  process.heeds_term = !chance_.one_in(5);
  const bool is_long = chance_.one_in(6);
  plan_end(launch.id, process, chance_.between(1000, is_long ? 30'000'000 : 3'000'000));
}

void Machine::plan_end(const AttemptId& id, StepProcess& process, std::int64_t delay_us) {
  process.ends_at_us = timeline_.now_us() + delay_us;
  process.plan = ++last_plan_;
  timeline_.after_us(delay_us, [this, id, plan = process.plan] {
    const auto at = processes_.find(id);
    if (at != processes_.end() && !at->second.frozen && at->second.plan == plan) exit(id);
  });
}

void Machine::exit(const AttemptId& id) {
  const auto at = processes_.find(id);
  const sched::TaskEnd end = at->second.end;
  processes_.erase(at);
  witness_.process_is_gone(name_, id);
  if (on_exit_) on_exit_(id, end);
}

void Machine::freeze(const AttemptId& id) {
  const auto at = processes_.find(id);
  if (at == processes_.end() || at->second.frozen) return;
  at->second.frozen = true;
  at->second.left_us = at->second.ends_at_us - timeline_.now_us();
}

void Machine::thaw(const AttemptId& id) {
  const auto at = processes_.find(id);
  if (at == processes_.end() || !at->second.frozen) return;
  at->second.frozen = false;
  plan_end(id, at->second, at->second.left_us);
}

void Machine::terminate(const AttemptId& id) {
  const auto at = processes_.find(id);
  if (at == processes_.end() || !at->second.heeds_term) return;
  at->second.end.how = sched::TaskEnd::How::kSignalled;
  at->second.end.exit_code = 0;
  at->second.end.signal = SIGTERM;
  plan_end(id, at->second, chance_.between(100, 50'000));
}

void Machine::kill(const AttemptId& id, int signal) {
  const auto at = processes_.find(id);
  if (at == processes_.end()) return;
  at->second.end.how = sched::TaskEnd::How::kSignalled;
  at->second.end.exit_code = 0;
  at->second.end.signal = signal;
  exit(id);
}

void Machine::kill_all() {
  std::vector<AttemptId> all;
  for (const auto& [id, process] : processes_) all.push_back(id);
  for (const AttemptId& id : all) kill(id, SIGKILL);
}

bool Machine::append(Record record) {
  if (disk_full_) return false;
  record.at_us = timeline_.now_us();
  log_.push_back(std::move(record));
  return true;
}

bool Machine::record_start(const AttemptId& id) {
  return append({Record::Kind::kStarted, id, {}, 0});
}

bool Machine::record_end(const AttemptId& id, const sched::TaskEnd& end) {
  const bool recorded = append({Record::Kind::kEnded, id, end, 0});
  if (recorded) witness_.end_is_recorded(name_, id, end);
  if (!recorded) witness_.end_is_not_recorded(id);
  return recorded;
}

bool Machine::record_forgotten(const AttemptId& id) {
  return append({Record::Kind::kForgotten, id, {}, 0});
}

Machine::Ledger Machine::ledger() const {
  Ledger ledger;
  for (const Record& record : log_) {
    switch (record.kind) {
      case Record::Kind::kStarted: ledger[record.id]; break;
      case Record::Kind::kEnded: ledger[record.id].end = record.end; break;
      case Record::Kind::kForgotten: ledger.erase(record.id); break;
    }
  }
  return ledger;
}

Machine::Ledger Machine::open_log() {
  log_boot_ = boot_;
  return ledger();
}

void Machine::lose_power(bool state_too) {
  std::vector<AttemptId> ended;
  for (const auto& [id, process] : processes_) ended.push_back(id);
  processes_.clear();
  for (const AttemptId& id : ended) witness_.process_is_gone(name_, id);
  ++boot_;
  std::size_t safe = 0;
  while (safe < log_.size() && log_[safe].at_us + kWrittenOutUs < timeline_.now_us()) ++safe;
  log_.resize(safe + chance_.below(log_.size() - safe + 1));
  if (state_too) {
    log_.clear();
    log_id_ = chance_.next();
  }
  std::set<AttemptId> left;
  for (const Record& record : log_) {
    if (record.kind == Record::Kind::kEnded) left.insert(record.id);
  }
  witness_.records_were_cut(name_, left);
}

}  // namespace jobq::sim
