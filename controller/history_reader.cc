// SPDX-License-Identifier: Apache-2.0
// The thread that reads the history.
#include "controller/history_reader.h"

#include <utility>

namespace jobq::controller {

HistoryReader::HistoryReader(uv_loop_s* loop, std::string directory, store::SpecCodec codec)
    : directory_(std::move(directory)),
      codec_(std::move(codec)),
      waker_(loop, [this] { deliver(); }),
      thread_([this] { serve(); }) {}

HistoryReader::~HistoryReader() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  asked_.notify_one();
  thread_.join();
}

void HistoryReader::show(JobRef job, std::function<void(Result<sched::JobDetail>)> answer) {
  ask([job, answer = std::move(answer)](Result<store::History*> from) -> std::function<void()> {
    Result<sched::JobDetail> detail =
        from ? (*from)->show(job) : Result<sched::JobDetail>(tl::unexpected(from.error()));
    return [answer, detail = std::move(detail)]() mutable { answer(std::move(detail)); };
  });
}

void HistoryReader::list(store::HistoryFilter filter, std::function<void(Result<Page>)> answer) {
  ask([filter = std::move(filter),
       answer = std::move(answer)](Result<store::History*> from) -> std::function<void()> {
    Result<Page> page = Page{};
    Result<void> read = from ? (*from)->list(filter,
                                             [&page](const sched::JobSummary& job) {
                                               page->push_back(job);
                                               return true;
                                             })
                             : Result<void>(tl::unexpected(from.error()));
    if (!read) page = tl::unexpected(read.error());
    return [answer, page = std::move(page)]() mutable { answer(std::move(page)); };
  });
}

void HistoryReader::ask(Work work) {
  {
    const std::lock_guard lock(mutex_);
    questions_.push_back(std::move(work));
  }
  asked_.notify_one();
}

void HistoryReader::serve() {
  std::unique_lock lock(mutex_);
  for (;;) {
    asked_.wait(lock, [this] { return stopping_ || !questions_.empty(); });
    if (stopping_) return;
    const Work work = std::move(questions_.front());
    questions_.pop_front();
    lock.unlock();
    std::function<void()> answer = work(history());
    lock.lock();
    answers_.push_back(std::move(answer));
    waker_.wake();
  }
}

// Opened at the first question, when the journal certainly exists.
Result<store::History*> HistoryReader::history() {
  if (!history_) {
    auto opened = store::History::open(directory_, codec_);
    if (!opened) return tl::unexpected(opened.error());
    history_ = std::move(*opened);
  }
  return history_.get();
}

void HistoryReader::deliver() {
  std::vector<std::function<void()>> answers;
  {
    const std::lock_guard lock(mutex_);
    answers.swap(answers_);
  }
  for (const auto& answer : answers) answer();
}

}  // namespace jobq::controller
