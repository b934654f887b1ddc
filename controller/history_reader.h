// SPDX-License-Identifier: Apache-2.0
// Questions to the history, on a thread of their own: a long answer never stops a turn.
//
// Questions are answered one after another, in order; each callback runs on the loop. A long list
// is asked for page by page, so that others get their turn between the pages.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/result.h"
#include "controller/loop_handles.h"
#include "store/history.h"

namespace jobq::controller {

class HistoryReader {
 public:
  HistoryReader(uv_loop_s* loop, std::string directory, store::SpecCodec codec);
  ~HistoryReader();  // waits for the question at hand; the others are dropped
  HistoryReader(const HistoryReader&) = delete;
  HistoryReader& operator=(const HistoryReader&) = delete;

  void show(JobRef job, std::function<void(Result<sched::JobDetail>)> answer);
  using Page = std::vector<sched::JobSummary>;
  // One page: at most filter.limit jobs.
  void list(store::HistoryFilter filter, std::function<void(Result<Page>)> answer);

 private:
  using Work = std::function<std::function<void()>(Result<store::History*>)>;
  void ask(Work work);
  void serve();
  Result<store::History*> history();
  void deliver();

  std::string directory_;
  store::SpecCodec codec_;
  std::unique_ptr<store::History> history_;  // of the thread

  std::mutex mutex_;
  std::condition_variable asked_;
  std::deque<Work> questions_;
  std::vector<std::function<void()>> answers_;
  bool stopping_ = false;
  Waker waker_;
  std::thread thread_;
};

}  // namespace jobq::controller
