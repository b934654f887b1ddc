// SPDX-License-Identifier: Apache-2.0
// How a turn runs, how its batch commits, and what happens when it cannot.
#include "controller/turns.h"

#include <iterator>
#include <mutex>
#include <utility>

#include "base/check.h"
#include "base/log.h"

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

// Results in the order of the commits. The journal's thread writes, the loop reads; it outlives
// both.
struct Turns::Mailbox {
  std::mutex mutex;
  std::vector<Result<void>> results;
  std::unique_ptr<Waker> waker;  // reset on the loop before the loop goes away

  void put(Result<void> result) {
    const std::lock_guard lock(mutex);
    results.push_back(std::move(result));
    if (waker) waker->wake();
  }
  std::vector<Result<void>> take() {
    const std::lock_guard lock(mutex);
    return std::exchange(results, {});
  }
};

Turns::Turns(uv_loop_s* loop, sched::Policy policy, Handlers handlers)
    : policy_(policy),
      handlers_(std::move(handlers)),
      core_(policy),
      mailbox_(std::make_shared<Mailbox>()),
      turn_end_(loop, [this] { run(); }),
      tick_(loop,
            [this] {
              tick_at_ = Time{};
              post(sched::Tick{});
            }),
      retry_(loop, [this] { try_reopen(); }),
      flush_(loop, [this] { append({}); }) {
  mailbox_->waker = std::make_unique<Waker>(loop, [this] { collect(); });
}

Turns::~Turns() {
  journal_.reset();
  const std::lock_guard lock(mailbox_->mutex);
  mailbox_->waker.reset();
}

Result<void> Turns::open(store::Journal::Options options) {
  auto journal = store::Journal::open(std::move(options));
  if (!journal) return tl::unexpected(journal.error());
  journal_ = std::move(*journal);
  return recover();
}

// The core as the journal has it. What recovery itself changes is journalled like any other turn;
// while the journal is failing, that waits for the recovery after it is back.
Result<void> Turns::recover() {
  auto rows = journal_->recover();
  if (!rows) return tl::unexpected(rows.error());
  core_ = sched::EventManager(policy_);
  Batch batch;
  core_.restore(*rows, wall_now(), batch.actions);
  std::vector<sched::Row> changed = core_.take_rows();
  if (!failure_) commit(std::move(batch), std::move(changed));
  return {};
}

void Turns::post(sched::Event event) {
  inbox_.emplace_back(std::move(event));
  turn_end_.ask();
}

void Turns::ask(Question question) {
  inbox_.emplace_back(std::move(question));
  turn_end_.ask();
}

void Turns::run() {
  const Time now = wall_now();
  std::vector<Item> items = std::exchange(inbox_, {});
  Batch batch;
  for (Item& item : items) take(std::move(item), now, batch);
  commit(std::move(batch), core_.take_rows());
}

void Turns::take(Item item, Time now, Batch& batch) {
  if (auto* question = std::get_if<Question>(&item)) {
    batch.answers.push_back((*question)(core_, now));
    return;
  }
  auto& event = std::get<sched::Event>(item);
  if (failure_) {
    refuse(event);
  } else {
    core_.step(std::move(event), now, batch.actions);
  }
}

void Turns::refuse(const sched::Event& event) {
  const ReplyId to = reply_of(event);
  if (to) handlers_.act(sched::Reply{to, *failure_});
}

// Rows that nothing waits for (a step was seen to run) go with the next batch that something does
// wait for, or after a moment: a commit of their own would only stand in its way. With nothing to
// write and nothing on its way to the disk, there is nothing to wait for.
void Turns::commit(Batch batch, std::vector<sched::Row> rows) {
  std::move(rows.begin(), rows.end(), std::back_inserter(held_rows_));
  if (batch.actions.empty() && batch.answers.empty() && !finished_) {
    if (!held_rows_.empty()) flush_.start(kLongestHold);
  } else if (held_rows_.empty() && outstanding_.empty()) {
    settle(std::move(batch), {});
  } else {
    append(std::move(batch));
  }
}

void Turns::append(Batch batch) {
  flush_.stop();
  outstanding_.push_back(std::move(batch));
  journal_->append(std::exchange(held_rows_, {}),
                   [mailbox = mailbox_](Result<void> result) { mailbox->put(std::move(result)); });
}

void Turns::collect() {
  for (const Result<void>& result : mailbox_->take()) {
    check(!outstanding_.empty(), "the journal answers each batch once");
    Batch batch = std::move(outstanding_.front());
    outstanding_.pop_front();
    settle(std::move(batch), result);
  }
}

void Turns::settle(Batch batch, const Result<void>& result) {
  if (!result) fail(result.error());
  for (sched::Action& action : batch.actions) {
    if (result) {
      act(std::move(action));
    } else if (auto* reply = std::get_if<sched::Reply>(&action)) {
      handlers_.act(sched::Reply{reply->to, *failure_});
    }
  }
  const Result<void> told = result ? result : Result<void>(tl::unexpected(*failure_));
  for (const Answer& answer : batch.answers) {
    if (answer) answer(told);
  }
  if (!result && outstanding_.empty()) rebuild();
  finish_if_idle();
}

void Turns::act(sched::Action action) {
  if (const auto* wake = std::get_if<sched::WakeAt>(&action)) {
    wake_at(wake->at);
  } else {
    handlers_.act(std::move(action));
  }
}

void Turns::finish_if_idle() {
  if (finished_ && outstanding_.empty() && inbox_.empty()) std::exchange(finished_, nullptr)();
}

void Turns::fail(const Error& error) {
  if (failure_) return;
  log::error("{}; nothing of the last requests was recorded, new work is refused", error.message);
  failure_ = not_recorded(error);
}

void Turns::rebuild() {
  held_rows_.clear();
  flush_.stop();
  if (const auto recovered = recover(); !recovered) {
    log::error("the journal cannot be read: {}", recovered.error().message);
  }
  handlers_.journal_failed(*failure_);
  retry_.start(kRetryInterval);
}

void Turns::try_reopen() {
  if (const auto reopened = journal_->reopen(); !reopened) {
    failure_ = not_recorded(reopened.error());
    retry_.start(kRetryInterval);
    return;
  }
  log::notice("the journal can be written again");
  failure_.reset();
  if (const auto recovered = recover(); !recovered) {
    fail(recovered.error());
    retry_.start(kRetryInterval);
    return;
  }
  handlers_.journal_back();
}

void Turns::wake_at(Time at) {
  if (tick_at_ && tick_at_ <= at) return;
  tick_at_ = at;
  tick_.start(at - wall_now());
}

void Turns::finish(std::function<void()> finished) {
  finished_ = std::move(finished);
  turn_end_.ask();
}

}  // namespace jobq::controller
