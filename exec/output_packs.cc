// SPDX-License-Identifier: Apache-2.0
// The two sides of packs.
#include "exec/output_packs.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "exec/error_text.h"

namespace jobq::exec {

// --- writing ------------------------------------------------------------------------------------

OutputPacks::OutputPacks(std::string state) : state_(std::move(state)) {
  mkdir(packs_directory(state_).c_str(), 0700);
  const std::vector<std::uint64_t> numbers = pack_numbers(state_);
  if (numbers.empty()) return;
  next_ = numbers.back() + 1;
  go_on_with(numbers.back());
}

Result<void> OutputPacks::make_again() {
  file_ = Descriptor();
  return make_directories(packs_directory(state_), 0700);
}

void OutputPacks::go_on_with(std::uint64_t number) {
  const std::string path = pack_file(state_, number);
  Descriptor file(::open(path.c_str(), O_RDWR | O_APPEND | O_NOFOLLOW | O_CLOEXEC));
  if (!file || PackSummary::jobs_of(file.get())) return;
  PackWalk walk(file.get());
  PackEntry entry;
  while (walk.at() != 0) {
    size_ = walk.at();
    if (!walk.next(entry) || !entry.is_intact()) break;
    summary_.add(entry.id, entry.which);
  }
  if (size_ == 0) return;  // of a later version, or nothing was written before a crash
  file_ = std::move(file);
  cut();
  if (is_full()) finish();
}

bool OutputPacks::begin_next() {
  const std::string path = pack_file(state_, next_++);
  file_ = Descriptor(
      ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0600));
  const std::string head = pack_head();
  if (!file_ || !write_all(file_.get(), head)) {
    log::warning("{}: {}", path, error_text(errno));
    if (file_) unlink(path.c_str());
    file_ = Descriptor();
    return false;
  }
  size_ = head.size();
  summary_ = PackSummary();
  return lock();
}

// False also where the pack was removed.
bool OutputPacks::lock() {
  if (!file_ || flock(file_.get(), LOCK_EX | LOCK_NB) != 0) return false;
  struct stat status = {};
  if (fstat(file_.get(), &status) == 0 && status.st_nlink > 0) return true;
  flock(file_.get(), LOCK_UN);
  return false;
}

bool OutputPacks::append(const AttemptId& id, Which which, std::string_view data) {
  if (!lock() && !begin_next()) return false;
  const bool written = write(id, which, data);
  flock(file_.get(), LOCK_UN);
  if (written && is_full()) finish();
  return written;
}

bool OutputPacks::write(const AttemptId& id, Which which, std::string_view data) {
  std::string head = entry_head(id, which, data);
  const iovec parts[] = {{head.data(), head.size()}, {const_cast<char*>(data.data()), data.size()}};
  const std::size_t size = head.size() + data.size();
  const ssize_t wrote = writev(file_.get(), parts, 2);
  if (wrote != static_cast<ssize_t>(size)) {
    log::warning("an output cannot be packed: {}", error_text(wrote < 0 ? errno : ENOSPC));
    cut();
    return false;
  }
  size_ += size;
  summary_.add(id, which);
  return true;
}

// What is not whole would hide all that is written behind it.
void OutputPacks::cut() const {
  if (ftruncate(file_.get(), static_cast<off_t>(size_)) != 0) {
    log::error("a pack of outputs cannot be cut: {}", error_text(errno));
  }
}

bool OutputPacks::is_full() const {
  return size_ >= kFullPackBytes || summary_.entries() >= kFullPackEntries;
}

// A pack without its summary is as good, and slower to search.
void OutputPacks::finish() {
  if (!write_all(file_.get(), summary_.bytes())) cut();
  file_ = Descriptor();
}

// --- reading ------------------------------------------------------------------------------------

std::optional<std::string> PackReader::find(const AttemptId& id, Which which) {
  std::vector<std::uint64_t> numbers = pack_numbers(state_);
  std::erase_if(full_,
                [&](const auto& pack) { return numbers.empty() || pack.first < numbers.front(); });
  // The newest first: what is asked for has ended lately more often than not.
  std::reverse(numbers.begin(), numbers.end());
  for (const std::uint64_t number : numbers) {
    const auto known = full_.find(number);
    if (known != full_.end() && !known->second.contain(id.job)) continue;
    const std::string path = pack_file(state_, number);
    const Descriptor file(::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
    if (!file || !may_hold(number, file.get(), id, which)) continue;
    std::optional<std::string> found;
    PackWalk walk(file.get());
    PackEntry entry;
    while (walk.next(entry)) {
      if (entry.id == id && entry.which == which && entry.is_intact()) found = entry.data;
    }
    if (found) return found;
  }
  return std::nullopt;
}

bool PackReader::may_hold(std::uint64_t number, int file, const AttemptId& id, Which which) {
  auto known = full_.find(number);
  if (known == full_.end()) {
    const auto jobs = PackSummary::jobs_of(file);
    if (!jobs) return true;
    known = full_.emplace(number, *jobs).first;
  }
  return known->second.contain(id.job) && PackSummary::may_hold(file, id, which);
}

// --- removing -----------------------------------------------------------------------------------

bool remove_pack(const std::string& path, std::uint64_t seen_size) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
  struct stat now = {};
  return file && flock(file.get(), LOCK_EX | LOCK_NB) == 0 && fstat(file.get(), &now) == 0 &&
         static_cast<std::uint64_t>(now.st_size) == seen_size && unlink(path.c_str()) == 0;
}

}  // namespace jobq::exec
