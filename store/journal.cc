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
#include <optional>
#include <system_error>
#include <thread>
#include <utility>

#include "base/log.h"
#include "store/checkpoints.h"
#include "store/database.h"
#include "store/lock.h"
#include "store/reader.h"
#include "store/retention.h"
#include "store/schema.h"
#include "store/writer.h"

namespace jobq::store {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t kRowsPerCommit = 20000;  // a batch is never split: a bigger one goes alone
constexpr milliseconds kIdleAfter{100};
// Until a checkpoint that a reader kept from its end is tried again.
constexpr milliseconds kReaderPatience{1000};
constexpr milliseconds kSweepEvery{3600 * 1000};  // the only wake-up of a journal without work

struct Batch {
  std::vector<sched::Row> rows;
  Journal::Committed committed;
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

// In words of the user's: what happened, and what helps.
Error cannot_write(const Database& database, const std::string& directory) {
  const std::string detail = database.error();
  std::string text = "the journal cannot be written: ";
  switch (database.error_code()) {
    case SQLITE_FULL:
      text += fmt::format("the disk is full ({}); free some space for {}", detail, directory);
      break;
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
      text +=
          fmt::format("the disk fails ({}); look after the file system of {}", detail, directory);
      break;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      text +=
          fmt::format("{} is damaged ({}); restore it from a backup", path_of(directory), detail);
      break;
    default: text += detail;
  }
  return {ErrorCode::kUnavailable, text};
}

std::uint64_t file_size_of(const std::string& path) {
  std::error_code none;
  const auto size = std::filesystem::file_size(path, none);
  return none ? 0 : size;
}

}  // namespace

struct Journal::Impl {
  Impl(Options given, DirectoryLock taken, Database opened)
      : options(std::move(given)),
        lock(std::move(taken)),
        database(std::move(opened)),
        writer(database, options.codec),
        retention(database, writer, options.keep_jobs),
        checkpoints(database, options.checkpoint_pages) {
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

  // --- any thread
  // ------------------------------------------------------------------------------------
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

  // --- the journal's thread
  // --------------------------------------------------------------------------
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
    checkpoints.run_last();
  }

  Next wait(milliseconds patience) {
    std::unique_lock guard(mutex);
    const auto has_work = [this] { return !batches.empty() || !questions.empty() || stopping; };
    if (!wake.wait_for(guard, patience, has_work)) return Next::kIdle;
    if (!batches.empty()) return Next::kBatches;
    return questions.empty() ? Next::kStop : Next::kQuestion;
  }

  std::vector<Batch> take_group() {
    const std::lock_guard guard(mutex);
    std::vector<Batch> group;
    for (std::size_t rows = 0; !batches.empty() && rows < kRowsPerCommit;) {
      rows += batches.front().rows.size();
      group.push_back(std::move(batches.front()));
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

  void commit(const std::vector<Batch>& group) {
    if (!failure && !write(group)) failure = cannot_write(database, options.directory);
    if (failure) writer.rollback();
    Result<void> result;
    if (failure) result = tl::unexpected(*failure);
    for (const Batch& batch : group) {
      if (batch.committed) batch.committed(result);
    }
    if (failure) return;
    // Under a load that never pauses, old jobs go as fast as new ones end.
    if (ended_since_purge >= kPurgeChunk) purge();
    if (checkpoints.due()) checkpoint();
  }

  bool write(const std::vector<Batch>& group) {
    std::uint64_t rows = 0;
    for (const Batch& batch : group) rows += batch.rows.size();
    if (rows == 0) return true;
    if (!writer.begin()) return false;
    for (const Batch& batch : group) {
      for (const sched::Row& row : batch.rows) {
        if (!writer.write(row)) return false;
        const auto* job = std::get_if<sched::JobRow>(&row);
        if (job != nullptr && job->ended) ++ended_since_purge;
      }
    }
    if (!writer.commit()) return false;
    const std::lock_guard guard(mutex);
    ++counters.commits;
    counters.rows += rows;
    return true;
  }

  Result<void> reopen() {
    if (!failure) return {};
    if (!writer.prove()) return tl::unexpected(cannot_write(database, options.directory));
    failure.reset();
    return {};
  }

  // One piece of what can wait. How long to wait for the next one.
  milliseconds tidy() {
    if (failure) return kSweepEvery;
    if (purge()) return milliseconds{0};
    if (checkpoints.has_work()) checkpoint();
    return checkpoints.reader_in_way() ? kReaderPatience : kSweepEvery;
  }

  // True: there is more.
  bool purge() {
    ended_since_purge = 0;
    const auto purged = retention.purge(options.now());
    if (!purged) {
      log::warning("the journal could not purge old jobs: {}", database.error());
      return false;
    }
    const std::lock_guard guard(mutex);
    counters.purged_jobs += purged->jobs;
    return purged->more;
  }

  void checkpoint() {
    if (!checkpoints.run()) return;
    const std::lock_guard guard(mutex);
    ++counters.checkpoints;
  }

  const Options options;
  DirectoryLock lock;
  Database database;
  Writer writer;
  Retention retention;
  Checkpoints checkpoints;
  std::optional<Error> failure;  // set: nothing is written until reopen() proves the disk
  std::size_t ended_since_purge = 0;

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
  auto database = Database::open(path, Database::Mode::kWrite);
  if (!database) return tl::unexpected(database.error());
  if (auto prepared = prepare_writer(*database, path); !prepared) {
    return tl::unexpected(prepared.error());
  }
  std::unique_ptr<Journal> journal(new Journal);
  journal->impl_ =
      std::make_unique<Impl>(std::move(options), *std::move(lock), *std::move(database));
  return journal;
}

Journal::Journal() = default;
Journal::~Journal() = default;

Result<std::vector<sched::Row>> Journal::recover() {
  return impl_->ask([impl = impl_.get()] {
    return read_live(impl->database, impl->options.codec, impl->options.now());
  });
}

void Journal::append(std::vector<sched::Row> rows, Committed committed) {
  impl_->append({std::move(rows), std::move(committed)});
}

Result<void> Journal::reopen() {
  return impl_->ask([impl = impl_.get()] { return impl->reopen(); });
}

Journal::Counters Journal::counters() const {
  const std::string path = path_of(impl_->options.directory);
  const std::lock_guard guard(impl_->mutex);
  Counters counters = impl_->counters;
  counters.file_bytes = file_size_of(path);
  counters.wal_bytes = file_size_of(path + "-wal");
  return counters;
}

}  // namespace jobq::store
