// SPDX-License-Identifier: Apache-2.0
// Wraps every file of the default VFS.
#include "tests/store/failing_vfs.h"

#include <new>

namespace jobq::store {
namespace {

std::atomic<int> left{0};  // calls until one fails; 0: none will
std::atomic<int> failure{SQLITE_OK};
std::atomic<bool> failure_stays{false};
std::atomic<bool> failed{false};

sqlite3_vfs* real_vfs = nullptr;
sqlite3_vfs vfs;

struct File {
  sqlite3_file base;
  sqlite3_file* real;
};
File& wrapper(sqlite3_file* file) { return *reinterpret_cast<File*>(file); }
sqlite3_file* real(sqlite3_file* file) { return wrapper(file).real; }
const sqlite3_io_methods& methods(sqlite3_file* file) { return *real(file)->pMethods; }

bool fails_now() {
  if (failed && failure_stays) return true;
  if (left == 0 || --left > 0) return false;
  failed = true;
  return true;
}

int close_file(sqlite3_file* f) { return methods(f).xClose(real(f)); }
int read_file(sqlite3_file* f, void* to, int n, sqlite3_int64 at) {
  return methods(f).xRead(real(f), to, n, at);
}
int write_file(sqlite3_file* f, const void* from, int n, sqlite3_int64 at) {
  if (!fails_now()) return methods(f).xWrite(real(f), from, n, at);
  methods(f).xWrite(real(f), from, n / 2, at);
  return failure == SQLITE_IOERR ? SQLITE_IOERR_WRITE : failure.load();
}
int truncate_file(sqlite3_file* f, sqlite3_int64 size) {
  return fails_now() ? SQLITE_IOERR_TRUNCATE : methods(f).xTruncate(real(f), size);
}
int sync_file(sqlite3_file* f, int flags) {
  return fails_now() ? SQLITE_IOERR_FSYNC : methods(f).xSync(real(f), flags);
}
int size_of_file(sqlite3_file* f, sqlite3_int64* size) {
  return methods(f).xFileSize(real(f), size);
}
int lock_file(sqlite3_file* f, int level) { return methods(f).xLock(real(f), level); }
int unlock_file(sqlite3_file* f, int level) { return methods(f).xUnlock(real(f), level); }
int check_lock(sqlite3_file* f, int* out) { return methods(f).xCheckReservedLock(real(f), out); }
int control_file(sqlite3_file* f, int op, void* arg) {
  return methods(f).xFileControl(real(f), op, arg);
}
int sector_size(sqlite3_file* f) { return methods(f).xSectorSize(real(f)); }
int characteristics(sqlite3_file* f) { return methods(f).xDeviceCharacteristics(real(f)); }
int shm_map(sqlite3_file* f, int page, int size, int extend, void volatile** to) {
  return methods(f).xShmMap(real(f), page, size, extend, to);
}
int shm_lock(sqlite3_file* f, int at, int n, int flags) {
  return methods(f).xShmLock(real(f), at, n, flags);
}
void shm_barrier(sqlite3_file* f) { methods(f).xShmBarrier(real(f)); }
int shm_unmap(sqlite3_file* f, int remove) { return methods(f).xShmUnmap(real(f), remove); }

const sqlite3_io_methods kMethods = {
    2,         close_file,  read_file,  write_file,   truncate_file, sync_file,       size_of_file,
    lock_file, unlock_file, check_lock, control_file, sector_size,   characteristics, shm_map,
    shm_lock,  shm_barrier, shm_unmap,  nullptr,      nullptr};

int open_file(sqlite3_vfs* /*self*/, const char* name, sqlite3_file* file, int flags, int* out) {
  File& self = wrapper(file);
  self.real = reinterpret_cast<sqlite3_file*>(&self + 1);
  const int result = real_vfs->xOpen(real_vfs, name, self.real, flags, out);
  self.base.pMethods = self.real->pMethods == nullptr ? nullptr : &kMethods;
  return result;
}

}  // namespace

FailingVfs::FailingVfs() {
  heal();
  real_vfs = sqlite3_vfs_find(nullptr);
  vfs = *real_vfs;
  vfs.zName = "failing";
  vfs.szOsFile = static_cast<int>(sizeof(File)) + real_vfs->szOsFile;
  vfs.xOpen = open_file;
  sqlite3_vfs_register(&vfs, 1);
}
FailingVfs::~FailingVfs() {
  sqlite3_vfs_unregister(&vfs);
  sqlite3_vfs_register(real_vfs, 1);
}

void FailingVfs::fail_at(int nth, int code, bool stays) {
  failed = false;
  failure = code;
  failure_stays = stays;
  left = nth;
}
void FailingVfs::heal() { fail_at(0, SQLITE_OK, false); }
bool FailingVfs::has_failed() const { return failed; }

}  // namespace jobq::store
