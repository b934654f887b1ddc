// SPDX-License-Identifier: Apache-2.0
// Copying one file after the other, block by block, on one road or several side by side.
//
// A file comes as a part beside its name (exec/file_part.h). What is there of an earlier try stays;
// the rest is read and written in blocks; checksums of source and part are compared, and what
// differs comes again; then the part takes its name. Memory: a block or two for each stream.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "cmd/file_list.h"
#include "cmd/file_road.h"

namespace jobq::cmd {

struct CopyOptions {
  RoadOptions road;
  std::uint32_t streams = 0;  // 0: by the size of the file
  bool checked = true;        // checksums are compared
};
inline constexpr std::uint32_t kMostStreams = 16;

// A range of blocks.
struct BlockRange {
  std::uint64_t first = 0;
  std::uint64_t count = 0;
  bool operator==(const BlockRange&) const = default;
};
// What is not done, of so many; in pieces of at most `longest`.
std::vector<BlockRange> missing_blocks(std::uint64_t all, const std::vector<BlockRange>& done,
                                       std::uint64_t longest);

class FileCopier {
 public:
  using Beat = std::function<void()>;  // some times a second, on the caller's thread

  FileCopier(const CopyOptions& options, CopyBoard& board, Beat beat);

  Result<void> copy(const CopyItem& item, const FileSite& to);

 private:
  using Ranges = std::vector<BlockRange>;
  struct Job;

  Result<void> copy_file(Job& job);
  Result<Ranges> begin(Job& job);
  Result<void> move_blocks(Job& job, const Ranges& ranges);
  Result<void> move_block(Job& job, FileRoad& road, std::uint64_t block);
  Result<Ranges> compare(Job& job);
  Result<bool> is_same(Job& job, FileRoad& road, const BlockRange& range);
  Result<void> check_source(Job& job);
  Result<void> finish(Job& job);

  // Calls for each piece, on as many threads as there are streams; the first error ends it.
  using Piece = std::function<Result<void>(FileRoad& road, const BlockRange& piece)>;
  Result<void> side_by_side(std::uint64_t bytes, const Ranges& pieces, const Piece& piece);
  std::size_t streams_for(std::uint64_t bytes) const;
  FileRoad& road(std::size_t stream);

  const CopyOptions& options_;
  CopyBoard& board_;
  Beat beat_;
  std::vector<std::unique_ptr<FileRoad>> roads_;
};

}  // namespace jobq::cmd
