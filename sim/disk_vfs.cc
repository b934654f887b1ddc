// SPDX-License-Identifier: Apache-2.0
// SQLite's calls on files, passed on to the disk.
#include "sim/disk_vfs.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <new>

namespace jobq::sim {
namespace {

constexpr int kLongestName = 64;
constexpr int kSectorSize = 4096;  // as SQLite has it on Unix

struct OpenFile {
  sqlite3_file base;
  Disk* disk;
  Disk::Handle file;
  bool syncs_directory;  // with its first sync: it may be new, and must be found after a crash
};

OpenFile& opened(sqlite3_file* file) { return *reinterpret_cast<OpenFile*>(file); }
Disk& disk_of(sqlite3_vfs* vfs) { return *static_cast<Disk*>(vfs->pAppData); }

int code_of(DiskAnswer answer, int failed) {
  switch (answer) {
    case DiskAnswer::kDone: return SQLITE_OK;
    case DiskAnswer::kFull: return SQLITE_FULL;
    case DiskAnswer::kFailed: break;
  }
  return failed;
}

int close_file(sqlite3_file* f) {
  opened(f).~OpenFile();
  return SQLITE_OK;
}

int read_file(sqlite3_file* f, void* to, int size, sqlite3_int64 at) {
  const OpenFile& self = opened(f);
  const auto wanted = static_cast<std::size_t>(size);
  if (self.disk->is_dead()) return SQLITE_IOERR_READ;
  auto* const bytes = static_cast<char*>(to);
  const std::size_t there =
      self.disk->read(*self.file, static_cast<std::size_t>(at), bytes, wanted);
  if (there == wanted) return SQLITE_OK;
  std::memset(bytes + there, 0, wanted - there);
  return SQLITE_IOERR_SHORT_READ;
}

int write_file(sqlite3_file* f, const void* from, int size, sqlite3_int64 at) {
  const OpenFile& self = opened(f);
  const std::string_view bytes(static_cast<const char*>(from), static_cast<std::size_t>(size));
  return code_of(self.disk->write(*self.file, static_cast<std::size_t>(at), bytes),
                 SQLITE_IOERR_WRITE);
}

int truncate_file(sqlite3_file* f, sqlite3_int64 size) {
  const OpenFile& self = opened(f);
  return code_of(self.disk->truncate(*self.file, static_cast<std::size_t>(size)),
                 SQLITE_IOERR_TRUNCATE);
}

int sync_file(sqlite3_file* f, int /*flags*/) {
  OpenFile& self = opened(f);
  const DiskAnswer answer = self.disk->sync(*self.file, self.syncs_directory);
  if (answer == DiskAnswer::kDone) self.syncs_directory = false;
  return code_of(answer, SQLITE_IOERR_FSYNC);
}

int size_of_file(sqlite3_file* f, sqlite3_int64* size) {
  *size = static_cast<sqlite3_int64>(Disk::size_of(*opened(f).file));
  return SQLITE_OK;
}

int lock_file(sqlite3_file* /*f*/, int /*level*/) { return SQLITE_OK; }
int check_lock(sqlite3_file* /*f*/, int* out) {
  *out = 0;
  return SQLITE_OK;
}
int control_file(sqlite3_file* /*f*/, int /*op*/, void* /*arg*/) { return SQLITE_NOTFOUND; }
int sector_size(sqlite3_file* /*f*/) { return kSectorSize; }
int characteristics(sqlite3_file* /*f*/) { return SQLITE_IOCAP_POWERSAFE_OVERWRITE; }

int shm_map(sqlite3_file* f, int region, int size, int extend, void volatile** to) {
  *to = Disk::shared_memory(*opened(f).file, static_cast<std::size_t>(region),
                            static_cast<std::size_t>(size), extend != 0);
  return SQLITE_OK;
}
int shm_lock(sqlite3_file* /*f*/, int /*at*/, int /*n*/, int /*flags*/) { return SQLITE_OK; }
void shm_barrier(sqlite3_file* /*f*/) {}
int shm_unmap(sqlite3_file* f, int /*remove*/) {
  Disk::forget_shared_memory(*opened(f).file);
  return SQLITE_OK;
}

const sqlite3_io_methods kMethods = {
    2,         close_file,  read_file,  write_file,   truncate_file, sync_file,       size_of_file,
    lock_file, lock_file,   check_lock, control_file, sector_size,   characteristics, shm_map,
    shm_lock,  shm_barrier, shm_unmap,  nullptr,      nullptr};

int open_file(sqlite3_vfs* vfs, const char* name, sqlite3_file* to, int flags, int* out) {
  to->pMethods = nullptr;
  const bool creates = (flags & SQLITE_OPEN_CREATE) != 0;
  const bool is_log = (flags & (SQLITE_OPEN_WAL | SQLITE_OPEN_MAIN_JOURNAL)) != 0;
  Disk& disk = disk_of(vfs);
  Disk::Handle file = disk.open(name, creates);
  if (!file) return SQLITE_CANTOPEN;
  new (to) OpenFile{{&kMethods}, &disk, std::move(file), is_log && creates};
  if (out != nullptr) *out = flags;
  return SQLITE_OK;
}

int delete_file(sqlite3_vfs* vfs, const char* name, int sync_directory) {
  return code_of(disk_of(vfs).remove(name, sync_directory != 0), SQLITE_IOERR_DELETE);
}

int access_file(sqlite3_vfs* vfs, const char* name, int /*flags*/, int* out) {
  *out = disk_of(vfs).exists(name) ? 1 : 0;
  return SQLITE_OK;
}

int full_name(sqlite3_vfs* /*vfs*/, const char* name, int size, char* out) {
  const std::string_view text(name);
  if (text.size() >= static_cast<std::size_t>(size)) return SQLITE_CANTOPEN;
  *std::copy(text.begin(), text.end(), out) = '\0';
  return SQLITE_OK;
}

int randomness(sqlite3_vfs* /*vfs*/, int size, char* out) {
  std::fill_n(out, size, '\x5a');
  return size;
}
int wait(sqlite3_vfs* /*vfs*/, int microseconds) { return microseconds; }
int current_time(sqlite3_vfs* /*vfs*/, double* julian_day) {
  *julian_day = 2440587.5;
  return SQLITE_OK;
}
int last_error(sqlite3_vfs* /*vfs*/, int /*size*/, char* /*out*/) { return 0; }

}  // namespace

DiskVfs::DiskVfs(Disk& disk) {
  static std::uint64_t count = 0;
  name_ = fmt::format("simulated-{}", ++count);
  vfs_.iVersion = 1;
  vfs_.szOsFile = static_cast<int>(sizeof(OpenFile));
  vfs_.mxPathname = kLongestName;
  vfs_.zName = name_.c_str();
  vfs_.pAppData = &disk;
  vfs_.xOpen = open_file;
  vfs_.xDelete = delete_file;
  vfs_.xAccess = access_file;
  vfs_.xFullPathname = full_name;
  vfs_.xRandomness = randomness;
  vfs_.xSleep = wait;
  vfs_.xCurrentTime = current_time;
  vfs_.xGetLastError = last_error;
  sqlite3_vfs_register(&vfs_, 1);
  // SQLite's own chance (the salts of its log) begins anew, from randomness() above.
  sqlite3_randomness(0, nullptr);
}

DiskVfs::~DiskVfs() { sqlite3_vfs_unregister(&vfs_); }

}  // namespace jobq::sim
