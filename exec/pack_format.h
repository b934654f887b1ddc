// SPDX-License-Identifier: Apache-2.0
// Packs: files that share small outputs of attempts that ended. docs/nodes.md has the format.
//
//   STATE/output/packs/N   a head, entries one behind the other, and, once it is full, a summary
//
// An entry names its attempt and stream and carries a checksum: whoever has a pack needs nothing
// else to read it. The keeper alone writes, and only at the end of the newest one. The summary says
// which entries may be found without looking at all of them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "exec/output_files.h"

namespace jobq::exec {

// A larger output keeps its file: copying it would cost about what a file does.
inline constexpr std::size_t kMostPacked = 16U << 10U;
// A pack is full at whichever comes first: a look through it takes a millisecond, and one in forty
// summaries says "perhaps" of what is not there.
inline constexpr std::uint64_t kFullPackBytes = 4U << 20U;
inline constexpr std::uint64_t kFullPackEntries = 1U << 16U;

std::string packs_directory(const std::string& state);
std::string pack_file(const std::string& state, std::uint64_t number);
std::vector<std::uint64_t> pack_numbers(const std::string& state);  // in ascending order

std::string pack_head();
std::string entry_head(const AttemptId& id, Which which, std::string_view data);

struct PackEntry {
  AttemptId id;
  Which which = Which::kOutput;
  std::string_view data;  // valid until the next one is asked for
  std::uint32_t checksum = 0;

  bool is_intact() const;
};

// From entry to entry.
class PackWalk {
 public:
  // Of an open file that stays the caller's. A file of another kind or a later version has none.
  explicit PackWalk(int file);

  // False at the end: of the file, of its entries, or where an entry is not whole.
  bool next(PackEntry& entry);
  std::uint64_t at() const { return at_; }  // behind what next() gave; 0: the file is no pack

 private:
  std::string_view peek(std::size_t bytes);

  int file_;
  std::uint64_t at_ = 0;
  std::string buffer_;
  std::uint64_t buffer_at_ = 0;  // where in the file the buffer begins
};

// What a full pack holds: the first and last job of its entries, and a Bloom filter.
class PackSummary {
 public:
  struct Jobs {
    std::uint64_t first = ~0ULL;
    std::uint64_t last = 0;
    bool contain(JobNumber job) const { return first <= job.value && job.value <= last; }
  };

  PackSummary();
  void add(const AttemptId& id, Which which);
  std::uint64_t entries() const { return entries_; }
  std::string bytes() const;

  // Of a file that ends with a summary: its jobs alone, which is quick.
  static std::optional<Jobs> jobs_of(int file);
  // Of the same file: false where the entry is certainly not there.
  static bool may_hold(int file, const AttemptId& id, Which which);

 private:
  Jobs jobs_;
  std::uint64_t entries_ = 0;
  std::string filter_;
};

}  // namespace jobq::exec
