// SPDX-License-Identifier: Apache-2.0
// The turn's doors to the simulated world.
#include "sim/controller_process.h"

#include <fmt/format.h>

#include <utility>

#include "controller/journal_codec.h"
#include "controller/translate.h"
#include "sim/job_mix.h"
#include "sim/past.h"

namespace jobq::sim {
namespace {

using controller::TurnTimer;

constexpr std::int64_t kLoopTurnUs = 1500;
constexpr Millis kIdleAfter{100};
constexpr std::size_t kCheckpointPages = 64;  // small, so that checkpoints happen

sched::Policy policy() {
  sched::Policy policy;
  policy.cleanup_limit = seconds(20);
  policy.priority = {.age = 10, .size = 1, .fair_share = 20, .half_life = seconds(3600)};
  policy.elements = elements();
  policy.all.running = 6;
  policy.each_user.running = 5;
  return policy;
}

store::Journal::Options options(const ControllerProcess::Surroundings& around) {
  store::Journal::Options options;
  options.codec = controller::journal_codec();
  options.checkpoint_pages = kCheckpointPages;
  options.now = around.wall_clock;
  return options;
}

// For the report.
std::string name_of(const sched::Action& action) {
  static constexpr std::array<std::string_view, std::variant_size_v<sched::Action>> kNames{
      "launches", "kills of steps", "signals",      "suspensions",       "resumptions", "forgets",
      "welcomes", "answers",        "ends of jobs", "drops of elements", "look-ups",    "wake-ups"};
  return std::string(kNames.at(action.index()));
}

}  // namespace

std::string_view to_string(DeathAt at) {
  static constexpr std::array<std::string_view, kDeathPoints> kNames{
      "before an append", "before a commit", "between a commit and its actions",
      "between two actions"};
  return kNames.at(static_cast<std::size_t>(at));
}

ControllerProcess::ControllerProcess(Surroundings surroundings)
    : around_(std::move(surroundings)),
      process_(around_.timeline),
      vfs_(around_.disk),
      turn_(policy(), *this) {}

ControllerProcess::~ControllerProcess() {
  dead_ = true;
  process_.kill();
  desk_.reset();
}

bool ControllerProcess::begin() {
  auto file = store::JournalFile::open(kJournalPath, options(around_), vfs_.name());
  if (!file) return false;
  file_ = std::move(*file);
  const Result<void> recovered = turn_.recover();
  if (!recovered || around_.disk.is_dead()) return false;
  desk_ = std::make_unique<NodeDesk>(around_.timeline, process_, around_.network, around_.witness,
                                     turn_, around_.counts);
  around_.turned(core());
  return true;
}

void ControllerProcess::post(sched::Event event) {
  ++around_.counts["requests to the core"];
  if (auto* notice = std::get_if<sched::NewJobNotice>(&event)) return submit(std::move(*notice));
  turn_.post(std::move(event));
}

// As controller/past_jobs.h: a request that comes after jobs that have ended takes with it what the
// history knows of them.
void ControllerProcess::submit(sched::NewJobNotice notice) {
  const std::vector<JobNumber> ended = core().ended_among(notice);
  if (ended.empty()) return turn_.post(std::move(notice));
  turn_.ask(
      [this, ended, notice = std::move(notice)](const auto&, Time) -> controller::Turn::Answer {
        return [this, ended, notice](const Result<void>& durable) {
          if (!durable) return around_.reply({notice.reply, durable.error()});
          process_.after_us(around_.chance.between(50, 5000), [this, ended, notice] {
            const auto facts = past_jobs(around_.disk, ended);
            if (!facts) return around_.reply({notice.reply, facts.error()});
            sched::NewJobNotice knowing = notice;
            knowing.known.insert(knowing.known.end(), facts->begin(), facts->end());
            submit(std::move(knowing));
          });
        };
      });
}

void ControllerProcess::look_up(const sched::LookUp& asked) {
  process_.after_us(around_.chance.between(50, 5000), [this, asked] {
    auto facts = past_jobs(around_.disk, asked.jobs);
    if (!facts) return look_up(asked);
    std::erase_if(*facts, [](const sched::JobFact& fact) { return !fact.ended; });
    turn_.post(sched::LookedUp{asked.id, *std::move(facts)});
  });
}

void ControllerProcess::stop() {
  turn_.finish([this] {
    stopped_ = !dead_;
    if (stopped_) file_->finish();
    look_at_disk();
    end();
  });
}

// --- the loop

void ControllerProcess::run_soon() {
  if (std::exchange(run_planned_, true)) return;
  process_.after_us(around_.chance.between(0, kLoopTurnUs), [this] {
    run_planned_ = false;
    turn_.run();
    if (!dead_) around_.turned(core());
  });
}

std::uint64_t& ControllerProcess::plan_of(TurnTimer timer) {
  return plans_.at(static_cast<std::size_t>(timer));
}

void ControllerProcess::start(TurnTimer timer, Millis delay) {
  const std::uint64_t mine = ++plan_of(timer);
  process_.after(delay, [this, timer, mine] {
    if (plan_of(timer) != mine) return;
    turn_.due(timer);
    look_at_disk();
  });
}

void ControllerProcess::stop(TurnTimer timer) { ++plan_of(timer); }

// --- the journal

void ControllerProcess::tell_of_loss(const sched::AttemptRow& attempt) {
  for (const sched::OtherNode& other : attempt.others) {
    if (other.node == attempt.lost_beside) around_.witness.ends_for_loss_of(other.name, attempt.id);
  }
  if (!attempt.ended || attempt.end.how != sched::TaskEnd::How::kLost) return;
  around_.witness.counted_as_lost(attempt.node_name, attempt.id);
}

void ControllerProcess::append(std::vector<sched::Row> rows) {
  if (dies_here(DeathAt::kAppend)) return;
  for (const sched::Row& row : rows) {
    const auto* attempt = std::get_if<sched::AttemptRow>(&row);
    if (attempt != nullptr) tell_of_loss(*attempt);
  }
  queue_.push_back(std::move(rows));
  commit_soon();
}

void ControllerProcess::commit_soon() {
  if (committing_ || queue_.empty()) return;
  committing_ = true;
  ++commits_;
  const std::int64_t slowest_us = slow_disk_ ? 800'000 : 4000;
  process_.after_us(around_.chance.between(100, slowest_us), [this] {
    committing_ = false;
    commit();
  });
}

void ControllerProcess::commit() {
  if (dies_here(DeathAt::kCommit)) return;
  const std::vector<std::vector<sched::Row>> group = std::exchange(queue_, {});
  const Result<void> result = file_->commit(group);
  around_.witness.happened([&] {
    return fmt::format("commit of {} batches: {}", group.size(),
                       result ? "durable" : result.error().message);
  });
  if (dies_here(DeathAt::kCommitted)) return;
  mailbox_.insert(mailbox_.end(), group.size(), result);
  process_.after_us(around_.chance.between(10, 500), [this] { collect(); });
  if (!around_.disk.is_dead()) file_->keep_up();
  look_at_disk();
  commit_soon();
  tidy_soon();
}

void ControllerProcess::collect() {
  for (const Result<void>& result : std::exchange(mailbox_, {})) {
    if (!dead_) turn_.committed(result);
  }
  look_at_disk();
  if (!dead_) around_.turned(core());
}

void ControllerProcess::tidy_soon() {
  process_.after(kIdleAfter, [this, seen = commits_] {
    if (seen != commits_) return;
    file_->tidy();
    look_at_disk();
  });
}

// What was appended comes first, as on the journal's thread.
Result<std::vector<sched::Row>> ControllerProcess::recover() {
  if (!queue_.empty()) commit();
  auto rows = file_->recover();
  around_.witness.happened(
      [&] { return fmt::format("recovery of {} rows", rows ? rows->size() : 0); });
  return rows;
}

Result<void> ControllerProcess::reopen() {
  if (!queue_.empty()) commit();
  return file_->reopen();
}

// --- what leaves

void ControllerProcess::act(sched::Action action) {
  if (dies_here(DeathAt::kAction)) return;
  ++around_.counts[name_of(action)];
  if (const auto* reply = std::get_if<sched::Reply>(&action)) {
    around_.reply(*reply);
  } else if (const auto* asked = std::get_if<sched::LookUp>(&action)) {
    look_up(*asked);
  } else if (desk_) {
    desk_->carry_out(action);
  }
}

void ControllerProcess::journal_failed(const Error& refused_with) {
  if (!dead_ && desk_) desk_->dismiss_all(refused_with.message);
}

void ControllerProcess::journal_back() {
  if (!dead_ && desk_) desk_->dismiss_all("the journal is back");
}

// --- its end

void ControllerProcess::die_at(DeathAt at, std::size_t passes) {
  dies_at_ = at;
  dies_in_ = passes + 1;
}

// True: it is dead.
bool ControllerProcess::dies_here(DeathAt at) {
  if (!dead_ && dies_in_ > 0 && dies_at_ == at && --dies_in_ == 0) {
    around_.witness.happened([&] { return fmt::format("the controller dies {}", to_string(at)); });
    die();
  }
  return dead_;
}

void ControllerProcess::look_at_disk() {
  if (around_.disk.is_dead()) die();
}

// From here on it does nothing that others could see; it is taken away when nothing of it is on the
// stack any more.
void ControllerProcess::die() {
  if (!dead_) stopped_ = false;
  end();
}

void ControllerProcess::end() {
  if (std::exchange(dead_, true)) return;
  process_.kill();
  around_.timeline.after_us(0, around_.over);
}

}  // namespace jobq::sim
