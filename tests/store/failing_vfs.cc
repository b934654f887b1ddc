// SPDX-License-Identifier: Apache-2.0
// Calls are counted down to the one that fails.
#include "tests/store/failing_vfs.h"

namespace jobq::store {

void FailingVfs::fail_at(int nth, int code, bool stays) {
  failed_ = false;
  failure_ = code;
  failure_stays_ = stays;
  left_ = nth;
}

void FailingVfs::heal() { fail_at(0, SQLITE_OK, false); }

bool FailingVfs::has_failed() const { return failed_; }

bool FailingVfs::fails_now() {
  if (failed_ && failure_stays_) return true;
  if (left_ == 0 || --left_ > 0) return false;
  failed_ = true;
  return true;
}

int FailingVfs::write(int size, const WrappedVfs::RealWrite& real) {
  if (!fails_now()) return real(size);
  real(size / 2);
  return failure_ == SQLITE_IOERR ? SQLITE_IOERR_WRITE : failure_.load();
}

}  // namespace jobq::store
