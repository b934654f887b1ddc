// SPDX-License-Identifier: Apache-2.0
// madvise(2) on every segment that nobody can have written to.
#include "exec/startup_pages.h"

#include <link.h>
#include <malloc.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>

namespace jobq::exec {
namespace {

int forget_segments(dl_phdr_info* object, std::size_t /*size*/, void* /*none*/) {
  const auto page = static_cast<std::uintptr_t>(sysconf(_SC_PAGESIZE));
  for (int i = 0; i < object->dlpi_phnum; ++i) {
    const ElfW(Phdr)& segment = object->dlpi_phdr[i];
    if (segment.p_type != PT_LOAD || (segment.p_flags & PF_W) != 0) continue;
    const std::uintptr_t begin = object->dlpi_addr + segment.p_vaddr;
    const std::uintptr_t first = begin & ~(page - 1);
    madvise(reinterpret_cast<void*>(first), begin + segment.p_memsz - first, MADV_DONTNEED);
  }
  return 0;
}

}  // namespace

void forget_startup_pages() {
  malloc_trim(0);
  dl_iterate_phdr(forget_segments, nullptr);
}

}  // namespace jobq::exec
