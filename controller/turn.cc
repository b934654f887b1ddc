// SPDX-License-Identifier: Apache-2.0
// How a turn runs, how its batch commits, and what happens when it cannot.
#include "controller/turn.h"

#include <iterator>
#include <utility>

#include "base/check.h"
#include "base/log.h"
#include "base/plant.h"

namespace jobq::controller {
namespace {

constexpr Millis kRetryInterval = seconds(1);
constexpr Millis kLongestHold{20};

ReplyId reply_of(const sched::Event& event) {
  return std::visit(
      [](const auto& one) {
        if constexpr (requires { one.reply; }) {
          return one.reply;
        } else {
          return ReplyId{};
        }
      },
      event);
}

Error not_recorded(const Error& error) {
  return {error.code, "nothing of the request was recorded: " + error.message};
}

}  // namespace

Turn::Turn(sched::Policy policy, TurnDoors& doors)
    : policy_(std::move(policy)), doors_(doors), core_(policy_) {}

// What recovery itself changes is journalled like any other turn; while the journal is failing,
// that waits for the recovery after it is back.
Result<void> Turn::recover() {
  auto rows = doors_.recover();
  if (!rows) return tl::unexpected(rows.error());
  core_ = sched::EventManager(policy_);
  Batch batch;
  const Time now = doors_.now();
  core_.restore(*rows, now, batch.actions);
  std::vector<sched::Row> changed = core_.take_rows();
  if (failure_) {
    if (witness_) witness_->lost();
    return {};
  }
  if (witness_) witness_->restored(std::move(*rows), now, policy_, batch.actions, changed);
  commit(std::move(batch), std::move(changed));
  return {};
}

void Turn::post(sched::Event event) {
  inbox_.emplace_back(std::move(event));
  doors_.run_soon();
}

void Turn::ask(Question question) {
  inbox_.emplace_back(std::move(question));
  doors_.run_soon();
}

void Turn::run() {
  const Time now = doors_.now();
  std::vector<Item> items = std::exchange(inbox_, {});
  Batch batch;
  for (Item& item : items) take(std::move(item), now, batch);
  std::vector<sched::Row> rows = core_.take_rows();
  if (witness_) witness_->turned(rows);
  commit(std::move(batch), std::move(rows));
}

void Turn::take(Item item, Time now, Batch& batch) {
  if (auto* question = std::get_if<Question>(&item)) {
    batch.answers.push_back((*question)(core_, now));
    return;
  }
  auto& event = std::get<sched::Event>(item);
  if (failure_) {
    refuse(event);
  } else {
    if (witness_) witness_->given(event, now);
    const std::size_t before = batch.actions.size();
    core_.step(std::move(event), now, batch.actions);
    if (witness_) witness_->decided(std::span(batch.actions).subspan(before));
  }
}

void Turn::refuse(const sched::Event& event) {
  const ReplyId to = reply_of(event);
  if (to) doors_.act(sched::Reply{to, *failure_});
}

// Rows that nothing waits for (a step was seen to run) go with the next batch that something does
// wait for, or after a moment: a commit of their own would only stand in its way. With nothing to
// write and nothing on its way to the disk, there is nothing to wait for.
void Turn::commit(Batch batch, std::vector<sched::Row> rows) {
  std::move(rows.begin(), rows.end(), std::back_inserter(held_rows_));
  if (batch.actions.empty() && batch.answers.empty() && !finished_) {
    if (!held_rows_.empty()) doors_.start(TurnTimer::kFlush, kLongestHold);
  } else if (held_rows_.empty() && outstanding_.empty()) {
    settle(std::move(batch), {});
  } else {
    append(std::move(batch));
  }
}

void Turn::append(Batch batch) {
  doors_.stop(TurnTimer::kFlush);
  if (JOBQ_PLANT(act_before_commit)) settle(std::exchange(batch, {}), {});
  outstanding_.push_back(std::move(batch));
  doors_.append(std::exchange(held_rows_, {}));
}

void Turn::committed(const Result<void>& result) {
  check(!outstanding_.empty(), "the journal answers each batch once");
  Batch batch = std::move(outstanding_.front());
  outstanding_.pop_front();
  settle(std::move(batch), result);
}

void Turn::settle(Batch batch, const Result<void>& result) {
  if (!result) fail(result.error());
  for (sched::Action& action : batch.actions) {
    if (result) {
      act(std::move(action));
    } else if (auto* reply = std::get_if<sched::Reply>(&action)) {
      doors_.act(sched::Reply{reply->to, *failure_});
    }
  }
  const Result<void> told = result ? result : Result<void>(tl::unexpected(*failure_));
  for (const Answer& answer : batch.answers) {
    if (answer) answer(told);
  }
  if (!result && outstanding_.empty()) rebuild();
  finish_if_idle();
}

void Turn::act(sched::Action action) {
  if (const auto* wake = std::get_if<sched::WakeAt>(&action)) {
    wake_at(wake->at);
  } else {
    doors_.act(std::move(action));
  }
}

void Turn::finish(std::function<void()> finished) {
  finished_ = std::move(finished);
  doors_.run_soon();
}

void Turn::finish_if_idle() {
  if (finished_ && outstanding_.empty() && inbox_.empty()) std::exchange(finished_, nullptr)();
}

void Turn::fail(const Error& error) {
  if (failure_) return;
  log::error("{}; nothing of the last requests was recorded, new work is refused", error.message);
  failure_ = not_recorded(error);
}

void Turn::rebuild() {
  held_rows_.clear();
  doors_.stop(TurnTimer::kFlush);
  if (const auto recovered = recover(); !recovered) {
    log::error("the journal cannot be read: {}", recovered.error().message);
  }
  doors_.journal_failed(*failure_);
  doors_.start(TurnTimer::kRetry, kRetryInterval);
}

void Turn::try_reopen() {
  if (const auto reopened = doors_.reopen(); !reopened) {
    failure_ = not_recorded(reopened.error());
    doors_.start(TurnTimer::kRetry, kRetryInterval);
    return;
  }
  log::notice("the journal can be written again");
  failure_.reset();
  if (const auto recovered = recover(); !recovered) {
    fail(recovered.error());
    doors_.start(TurnTimer::kRetry, kRetryInterval);
    return;
  }
  doors_.journal_back();
}

void Turn::wake_at(Time at) {
  if (tick_at_ && tick_at_ <= at) return;
  tick_at_ = at;
  doors_.start(TurnTimer::kTick, at - doors_.now());
}

void Turn::due(TurnTimer timer) {
  switch (timer) {
    case TurnTimer::kTick:
      tick_at_ = Time{};
      post(sched::Tick{});
      return;
    case TurnTimer::kRetry: return try_reopen();
    case TurnTimer::kFlush: return append({});
  }
}

}  // namespace jobq::controller
