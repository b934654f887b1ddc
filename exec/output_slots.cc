// SPDX-License-Identifier: Apache-2.0
// The pool of slots.
#include "exec/output_slots.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <filesystem>
#include <set>
#include <utility>

#include "base/log.h"
#include "exec/error_text.h"

namespace jobq::exec {
namespace {

constexpr std::size_t kMostIdle = 256;

std::uint64_t number_of(const std::string& name) {
  std::uint64_t number = 0;
  if (name.starts_with(kSlotPrefix)) {
    std::from_chars(name.data() + kSlotPrefix.size(), name.data() + name.size(), number);
  }
  return number;
}

template <class Visit>
void for_each_slot(const std::string& state, Visit visit) {
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(output_directory(state), ignored)) {
    const std::uint64_t number = number_of(entry.path().filename().string());
    if (number != 0) visit(number, entry.path());
  }
}

}  // namespace

Result<OutputSlots> OutputSlots::open(const std::string& state) {
  if (auto made = make_directories(output_directory(state), 0700); !made) {
    return tl::unexpected(made.error());
  }
  OutputSlots slots(state);
  for_each_slot(state, [&](std::uint64_t number, const auto&) {
    slots.first_ = std::max(slots.first_, number + 1);
  });
  slots.next_ = slots.first_;
  return slots;
}

Result<OutputSlots> OutputSlots::take_over(const std::string& state, const pb::Handover& handover) {
  Result<OutputSlots> slots = open(state);
  if (!slots) return slots;
  slots->first_ = handover.first_slot();
  std::set<std::uint64_t> held;
  for (const pb::HeldStep& step : handover.steps()) {
    held.insert({step.output().number(), step.error().number()});
  }
  // Of those somebody may have removed the files: then no name on the disk says that they are used.
  if (!held.empty()) slots->next_ = std::max(slots->next_, *held.rbegin() + 1);
  slots->first_standing_ = slots->next_;
  for_each_slot(state, [&](std::uint64_t number, const auto& path) {
    if (number >= slots->first_ && !held.contains(number)) unlink(path.c_str());
  });
  return slots;
}

Result<void> OutputSlots::make_again() {
  idle_.clear();
  idle_count_ = 0;
  first_standing_ = next_;
  if (auto made = make_directories(output_directory(state_), 0700); !made) return made;
  return packs_.make_again();
}

Result<Slot> OutputSlots::take(uid_t uid, gid_t gid) {
  std::vector<Slot>& idle = idle_[uid];
  if (!idle.empty()) {
    Slot slot = std::move(idle.back());
    idle.pop_back();
    --idle_count_;
    return slot;
  }
  const std::string path = slot_file(state_, next_);
  Slot slot{
      next_++,
      Descriptor(::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0600)),
      uid};
  const bool owned = slot.file && (uid == geteuid() || fchown(slot.file.get(), uid, gid) == 0);
  if (owned) return slot;
  const int error = errno;
  unlink(path.c_str());
  return fail(ErrorCode::kUnavailable, why_not_written("no place for the step's output", error));
}

bool OutputSlots::keep(std::uint64_t number, const AttemptId& id, Which which) const {
  const std::string from = slot_file(state_, number);
  const std::string to = kept_file(state_, id, which);
  if (rename(from.c_str(), to.c_str()) == 0) return true;
  mkdir(kept_directory(state_, id).c_str(), 0700);
  if (rename(from.c_str(), to.c_str()) == 0) return true;
  const std::string near = kept_file_on_full_disk(state_, id, which);
  if (rename(from.c_str(), near.c_str()) == 0) return true;
  log::error("output of job {} stays in {}: {}", id.job.value, from, error_text(errno));
  return false;
}

// False where it is too much, or cannot be packed.
bool OutputSlots::pack(int file, const struct stat& status, const AttemptId& id, Which which) {
  if (status.st_size > static_cast<off_t>(kMostPacked)) return false;
  buffer_.resize(static_cast<std::size_t>(status.st_size));
  const ssize_t size = read_all(file, 0, buffer_.data(), buffer_.size());
  if (size <= 0) return false;
  return packs_.append(id, which, std::string_view(buffer_).substr(0, std::size_t(size)));
}

void OutputSlots::keep_written(Slot& slot, const AttemptId& id, Which which) {
  struct stat status = {};
  if (slot.number == 0 || fstat(slot.file.get(), &status) != 0 || status.st_size == 0) return;
  if (!pack(slot.file.get(), status, id, which)) {
    keep(slot.number, id, which);
    slot = Slot();
  } else {
    slot.packed = true;
  }
}

void OutputSlots::make_empty(Slot& slot) {
  if (!std::exchange(slot.packed, false)) return;
  // The next step may drop O_APPEND before it writes, and shall not begin behind a hole.
  const int file = slot.file.get();
  if (ftruncate(file, 0) == 0 && lseek(file, 0, SEEK_SET) == 0) return;
  unlink(slot_file(state_, slot.number).c_str());
  slot = Slot();
}

void OutputSlots::keep_left(std::uint64_t number, const AttemptId& id, Which which) {
  if (number == 0) return;
  const std::string path = slot_file(state_, number);
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
  struct stat status = {};
  if (!file || fstat(file.get(), &status) != 0) return;
  if (status.st_size == 0 || pack(file.get(), status, id, which)) {
    unlink(path.c_str());
  } else {
    keep(number, id, which);
  }
}

// The step had the description that the slot is kept open by: the next one must not find it
// changed.
void OutputSlots::give_back(Slot slot) {
  make_empty(slot);
  if (slot.number == 0) return;
  if (slot.number < first_standing_ || idle_count_ >= kMostIdle ||
      fcntl(slot.file.get(), F_SETFL, O_APPEND) != 0) {
    unlink(slot_file(state_, slot.number).c_str());
    return;
  }
  idle_[slot.owner].push_back(std::move(slot));
  ++idle_count_;
}

void OutputSlots::remove_strays() const {
  for_each_slot(state_, [&](std::uint64_t number, const std::filesystem::path& path) {
    if (number < first_) unlink(path.c_str());
  });
}

}  // namespace jobq::exec
