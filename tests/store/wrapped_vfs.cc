// SPDX-License-Identifier: Apache-2.0
// Wraps every file of the default VFS.
#include "tests/store/wrapped_vfs.h"

#include <utility>

namespace jobq::store {
namespace {

WrappedVfs::Hooks hooks;
sqlite3_vfs* real_vfs = nullptr;
sqlite3_vfs vfs;

struct File {
  sqlite3_file base;
  sqlite3_file* real;
};
sqlite3_file* real(sqlite3_file* file) { return reinterpret_cast<File*>(file)->real; }
const sqlite3_io_methods& methods(sqlite3_file* file) { return *real(file)->pMethods; }

int write_file(sqlite3_file* f, const void* from, int n, sqlite3_int64 at) {
  const auto write = [=](int first) { return methods(f).xWrite(real(f), from, first, at); };
  return hooks.write ? hooks.write(n, write) : write(n);
}
int truncate_file(sqlite3_file* f, sqlite3_int64 size) {
  const auto truncate = [=] { return methods(f).xTruncate(real(f), size); };
  return hooks.truncate ? hooks.truncate(truncate) : truncate();
}
int sync_file(sqlite3_file* f, int flags) {
  const auto sync = [=] { return methods(f).xSync(real(f), flags); };
  return hooks.sync ? hooks.sync(sync) : sync();
}

int close_file(sqlite3_file* f) { return methods(f).xClose(real(f)); }
int read_file(sqlite3_file* f, void* to, int n, sqlite3_int64 at) {
  return methods(f).xRead(real(f), to, n, at);
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
  auto& self = *reinterpret_cast<File*>(file);
  self.real = reinterpret_cast<sqlite3_file*>(&self + 1);
  const int result = real_vfs->xOpen(real_vfs, name, self.real, flags, out);
  self.base.pMethods = self.real->pMethods == nullptr ? nullptr : &kMethods;
  return result;
}

}  // namespace

WrappedVfs::WrappedVfs(Hooks with) {
  hooks = std::move(with);
  real_vfs = sqlite3_vfs_find(nullptr);
  vfs = *real_vfs;
  vfs.zName = "wrapped";
  vfs.szOsFile = static_cast<int>(sizeof(File)) + real_vfs->szOsFile;
  vfs.xOpen = open_file;
  sqlite3_vfs_register(&vfs, 1);
}

WrappedVfs::~WrappedVfs() {
  sqlite3_vfs_unregister(&vfs);
  sqlite3_vfs_register(real_vfs, 1);
}

}  // namespace jobq::store
