// SPDX-License-Identifier: Apache-2.0
// The journal's thread: takes what waits, commits it as one group, answers, and tidies when idle.
#include "store/journal.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <filesystem>
#include <future>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>

#include "store/journal_file.h"
#include "store/lock.h"

namespace jobq::store {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t kRowsPerCommit = 20000;  // a batch is never split: a bigger one goes alone
constexpr milliseconds kIdleAfter{100};

struct Batch {
  std::vector<sched::Row> rows;
  Journal::Committed committed;
};

// Batches that become one transaction, and who is told.
struct Group {
  JournalFile::Batches batches;
  std::vector<Journal::Committed> told;
};

std::string path_of(const std::string& directory) { return directory + "/journal.db"; }

// The rows hold what users gave their jobs: nobody else reads them. SQLite gives the WAL the same
// mode.
Result<void> create_private(const std::string& path) {
  const int descriptor = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (descriptor < 0) {
    return fail(ErrorCode::kRefused,
                fmt::format("cannot open {}: {}", path, std::generic_category().message(errno)));
  }
  close(descriptor);
  return {};
}

std::uint64_t file_size_of(const std::string& path) {
  std::error_code none;
  const auto size = std::filesystem::file_size(path, none);
  return none ? 0 : size;
}

}  // namespace

struct Journal::Impl {
  Impl(std::string in, DirectoryLock taken, std::unique_ptr<JournalFile> opened)
      : directory(std::move(in)), lock(std::move(taken)), file(std::move(opened)) {
    thread = std::thread([this] { run(); });
  }
  ~Impl() {
    {
      const std::lock_guard guard(mutex);
      stopping = true;
    }
    wake.notify_one();
    thread.join();
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  // --- any thread -------------------------------------------------------------------------------
  void append(Batch batch) {
    {
      const std::lock_guard guard(mutex);
      batches.push_back(std::move(batch));
    }
    wake.notify_one();
  }

  // Runs the work on the journal's thread, after the batches that wait.
  template <class Work>
  auto ask(Work work) {
    std::packaged_task<std::invoke_result_t<Work>()> task(std::move(work));
    auto answer = task.get_future();
    {
      const std::lock_guard guard(mutex);
      questions.emplace_back(std::move(task));
    }
    wake.notify_one();
    return answer.get();
  }

  // --- the journal's thread ---------------------------------------------------------------------
  enum class Next { kBatches, kQuestion, kIdle, kStop };

  void run() {
    milliseconds patience = kIdleAfter;
    for (Next next = wait(patience); next != Next::kStop; next = wait(patience)) {
      switch (next) {
        case Next::kBatches: commit(take_group()); break;
        case Next::kQuestion: take_question()(); break;
        case Next::kIdle:
        case Next::kStop: break;
      }
      patience = next == Next::kIdle ? tidy() : kIdleAfter;
    }
    file->finish();
  }

  Next wait(milliseconds patience) {
    std::unique_lock guard(mutex);
    const auto has_work = [this] { return !batches.empty() || !questions.empty() || stopping; };
    if (!wake.wait_for(guard, patience, has_work)) return Next::kIdle;
    if (!batches.empty()) return Next::kBatches;
    return questions.empty() ? Next::kStop : Next::kQuestion;
  }

  Group take_group() {
    const std::lock_guard guard(mutex);
    Group group;
    for (std::size_t rows = 0; !batches.empty() && rows < kRowsPerCommit;) {
      rows += batches.front().rows.size();
      group.batches.push_back(std::move(batches.front().rows));
      group.told.push_back(std::move(batches.front().committed));
      batches.pop_front();
    }
    return group;
  }

  std::packaged_task<void()> take_question() {
    const std::lock_guard guard(mutex);
    std::packaged_task<void()> question = std::move(questions.front());
    questions.pop_front();
    return question;
  }

  void commit(const Group& group) {
    const Result<void> result = file->commit(group.batches);
    count();
    for (const Journal::Committed& told : group.told) {
      if (told) told(result);
    }
    file->keep_up();
    count();
  }

  milliseconds tidy() {
    const milliseconds patience{file->tidy().count};
    count();
    return patience;
  }

  void count() {
    const std::lock_guard guard(mutex);
    counters = file->counters();
  }

  const std::string directory;
  DirectoryLock lock;
  std::unique_ptr<JournalFile> file;

  std::mutex mutex;  // guards what follows
  std::condition_variable wake;
  std::deque<Batch> batches;
  std::deque<std::packaged_task<void()>> questions;
  bool stopping = false;
  Counters counters;

  std::thread thread;
};

Result<std::unique_ptr<Journal>> Journal::open(Options options) {
  auto lock = DirectoryLock::take(options.directory);
  if (!lock) return tl::unexpected(lock.error());
  const std::string path = path_of(options.directory);
  if (auto created = create_private(path); !created) return tl::unexpected(created.error());
  const std::string directory = options.directory;
  auto file = JournalFile::open(path, std::move(options));
  if (!file) return tl::unexpected(file.error());
  std::unique_ptr<Journal> journal(new Journal);
  journal->impl_ = std::make_unique<Impl>(directory, *std::move(lock), *std::move(file));
  return journal;
}

Journal::Journal() = default;
Journal::~Journal() = default;

Result<std::vector<sched::Row>> Journal::recover() {
  return impl_->ask([file = impl_->file.get()] { return file->recover(); });
}

void Journal::append(std::vector<sched::Row> rows, Committed committed) {
  impl_->append({std::move(rows), std::move(committed)});
}

Result<void> Journal::reopen() {
  return impl_->ask([file = impl_->file.get()] { return file->reopen(); });
}

Journal::Counters Journal::counters() const {
  const std::string path = path_of(impl_->directory);
  const std::lock_guard guard(impl_->mutex);
  Counters counters = impl_->counters;
  counters.file_bytes = file_size_of(path);
  counters.wal_bytes = file_size_of(path + "-wal");
  return counters;
}

}  // namespace jobq::store
