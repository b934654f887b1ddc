// SPDX-License-Identifier: Apache-2.0
// Files as bytes, with the writes that no sync has made durable yet.
#include "sim/disk.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace jobq::sim {
namespace {

constexpr std::size_t kSector = 512;

using Content = std::vector<char>;

void put(Content& content, std::size_t at, std::string_view bytes) {
  if (content.size() < at + bytes.size()) content.resize(at + bytes.size());
  std::copy(bytes.begin(), bytes.end(), content.begin() + static_cast<std::ptrdiff_t>(at));
}

}  // namespace

class Disk::File {
 public:
  // A write, or where `cuts` is set a truncation to `at`.
  struct Change {
    std::size_t at = 0;
    std::string bytes;
    bool cuts = false;
    bool never_durable = false;  // a sync has failed over it
  };

  Content content;               // as it reads
  Content durable;               // as of the last sync
  std::vector<Change> unsynced;  // since then, oldest first
  std::vector<std::unique_ptr<Content>> shared;

  static void apply(Content& to, const Change& change) {
    if (change.cuts) {
      to.resize(change.at);
    } else {
      put(to, change.at, change.bytes);
    }
  }
};

Disk::Disk(const Disk& other, std::uint64_t seed) : chance_(seed) {
  for (const auto& [name, file] : other.names_) {
    if (!file) continue;
    auto copy = std::make_shared<File>();
    copy->content = file->content;
    copy->durable = file->durable;
    copy->unsynced = file->unsynced;
    names_.emplace(name, std::move(copy));
  }
}

// Counts a call that changes something; false: the process is dead, or dies with this call.
bool Disk::is_alive() {
  if (dead_) return false;
  if (dies_in_ == 0 || --dies_in_ > 0) return true;
  dead_ = true;
  return false;
}

bool Disk::fails_now() {
  const bool fails = failing_ || (fails_in_ > 0 && --fails_in_ == 0);
  if (fails) ++counters_.refused;
  return fails;
}

void Disk::set_name(const std::string& name, Handle file) {
  Handle& now = names_[name];
  unsynced_names_.push_back({name, now});
  now = std::move(file);
}

Disk::Handle Disk::open(const std::string& name, bool create) {
  const auto known = names_.find(name);
  if (known != names_.end() && known->second) return known->second;
  if (!create || !is_alive() || fails_now()) return nullptr;
  auto file = std::make_shared<File>();
  set_name(name, file);
  return file;
}

DiskAnswer Disk::remove(const std::string& name, bool sync_directory) {
  if (!is_alive() || fails_now()) return DiskAnswer::kFailed;
  set_name(name, nullptr);
  if (sync_directory) unsynced_names_.clear();
  return DiskAnswer::kDone;
}

bool Disk::exists(const std::string& name) const {
  const auto known = names_.find(name);
  return known != names_.end() && known->second && !known->second->content.empty();
}

std::size_t Disk::read(const File& file, std::size_t at, char* to, std::size_t size) const {
  if (dead_ || at >= file.content.size()) return 0;
  const std::size_t there = std::min(size, file.content.size() - at);
  std::memcpy(to, file.content.data() + at, there);
  return there;
}

DiskAnswer Disk::write(File& file, std::size_t at, std::string_view bytes) {
  const bool was_dead = dead_;
  const bool alive = is_alive();
  if (was_dead) return DiskAnswer::kFailed;
  const bool full = alive && full_ && at + bytes.size() > file.content.size();
  const bool fails = alive && !full && fails_now();
  if (full) ++counters_.refused;
  // What cannot be done whole may be done in part.
  if (!alive || full || fails) bytes = bytes.substr(0, chance_.below(bytes.size() + 1));
  if (full) bytes = bytes.substr(0, std::max(file.content.size(), at) - at);
  if (!bytes.empty()) {
    put(file.content, at, bytes);
    file.unsynced.push_back({at, std::string(bytes), false, false});
    ++counters_.writes;
  }
  if (full) return DiskAnswer::kFull;
  return alive && !fails ? DiskAnswer::kDone : DiskAnswer::kFailed;
}

DiskAnswer Disk::truncate(File& file, std::size_t size) {
  if (!is_alive() || fails_now()) return DiskAnswer::kFailed;
  file.content.resize(size);
  file.unsynced.push_back({size, {}, true, false});
  return DiskAnswer::kDone;
}

DiskAnswer Disk::sync(File& file, bool directory_too) {
  if (!is_alive()) return DiskAnswer::kFailed;
  if (fails_now()) {
    for (File::Change& change : file.unsynced) {
      if (chance_.one_in(2)) change.never_durable = true;
    }
    return DiskAnswer::kFailed;
  }
  ++counters_.syncs;
  for (const File::Change& change : std::exchange(file.unsynced, {})) {
    if (!change.never_durable) File::apply(file.durable, change);
  }
  if (directory_too) unsynced_names_.clear();
  return DiskAnswer::kDone;
}

std::size_t Disk::size_of(const File& file) { return file.content.size(); }

char* Disk::shared_memory(File& file, std::size_t region, std::size_t size, bool create) {
  if (file.shared.size() <= region && !create) return nullptr;
  while (file.shared.size() <= region) file.shared.push_back(std::make_unique<Content>(size));
  return file.shared[region]->data();
}

void Disk::forget_shared_memory(File& file) { file.shared.clear(); }

void Disk::restart() {
  dead_ = false;
  dies_in_ = 0;
  for (auto& [name, file] : names_) {
    if (file) forget_shared_memory(*file);
  }
}

void Disk::lose_power() {
  const std::size_t kept = chance_.below(unsynced_names_.size() + 1);
  while (unsynced_names_.size() > kept) {
    names_[unsynced_names_.back().name] = unsynced_names_.back().before;
    unsynced_names_.pop_back();
  }
  unsynced_names_.clear();
  const std::size_t bias = 1 + chance_.below(4);  // of this failure: how much of it gets lost
  for (auto& [name, file] : names_) {
    if (!file) continue;
    for (const File::Change& change : std::exchange(file->unsynced, {})) {
      if (change.cuts) {
        if (chance_.one_in(2)) File::apply(file->durable, change);
        continue;
      }
      std::size_t survived = 0;
      std::size_t pieces = 0;
      for (std::size_t from = 0; from < change.bytes.size(); ++pieces) {
        const std::size_t size =
            std::min(change.bytes.size() - from, kSector - (change.at + from) % kSector);
        if (!change.never_durable && chance_.below(4) >= bias) {
          put(file->durable, change.at + from, std::string_view(change.bytes).substr(from, size));
          ++survived;
        }
        from += size;
      }
      if (survived == 0) ++counters_.lost;
      if (survived > 0 && survived < pieces) ++counters_.torn;
    }
    file->content = file->durable;
  }
  restart();
}

void Disk::heal() {
  full_ = false;
  failing_ = false;
  fails_in_ = 0;
  dies_in_ = 0;
}

}  // namespace jobq::sim
