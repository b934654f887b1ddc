// SPDX-License-Identifier: Apache-2.0
// The life of a copy.
#include "cmd/file_copier.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <thread>

#include "exec/file_part.h"
#include "exec/files.h"

namespace jobq::cmd {
namespace {

using Entry = wire::FileEntry;
using Order = wire::FileOrder;
using exec::kFileBlock;

constexpr std::uint64_t kManyBytes = 64U << 20U;  // from here on more than one stream pays
constexpr std::size_t kUsualStreams = 4;
constexpr std::uint64_t kComparedBlocks = 128;  // 64 MiB: compared, and copied again, together
constexpr std::uint64_t kMovedBlocks = 8;
constexpr int kRounds = 3;
constexpr std::chrono::milliseconds kBeat{100};

std::uint64_t bytes_of(const BlockRange& range, std::uint64_t size) {
  const std::uint64_t begin = std::min(size, range.first * kFileBlock);
  return std::min(size, (range.first + range.count) * kFileBlock) - begin;
}

}  // namespace

std::vector<BlockRange> missing_blocks(std::uint64_t all, const std::vector<BlockRange>& done,
                                       std::uint64_t longest) {
  std::vector<BlockRange> missing;
  const auto add = [&](std::uint64_t first, std::uint64_t end) {
    for (; first < end; first += longest)
      missing.push_back({first, std::min(longest, end - first)});
  };
  std::uint64_t at = 0;
  for (const BlockRange& range : done) {
    add(at, std::min(all, range.first));
    at = std::max(at, range.first + range.count);
  }
  add(at, all);
  return missing;
}

// One file on its way.
struct FileCopier::Job {
  const CopyItem& item;
  const FileSite& to;
  std::uint64_t size;
  std::string token = exec::random_hex(16);

  const Entry& entry() const { return item.from.entry; }
  std::string source_text() const { return item.from.site.label() + entry().name(); }
  std::string target_text() const { return to.label() + item.to; }

  wire::FileOrder source(Order::What what, std::uint64_t offset = 0,
                         std::uint64_t bytes = 0) const {
    wire::FileOrder order;
    order.set_what(what);
    order.set_path(entry().name());
    order.set_offset(offset);
    order.set_size(bytes);
    return order;
  }
  // About the part.
  wire::FileOrder target(Order::What what) const {
    wire::FileOrder order;
    order.set_what(what);
    order.set_path(item.to);
    order.set_size(size);
    order.set_mode(entry().mode());
    order.set_mtime_ns(entry().mtime_ns());
    order.set_source(source_text());
    order.set_token(token);
    return order;
  }
};

FileCopier::FileCopier(const CopyOptions& options, CopyBoard& board, Beat beat)
    : options_(options), board_(board), beat_(std::move(beat)) {}

FileRoad& FileCopier::road(std::size_t stream) {
  while (roads_.size() <= stream) {
    roads_.push_back(std::make_unique<FileRoad>(options_.road, board_));
  }
  return *roads_[stream];
}

std::size_t FileCopier::streams_for(std::uint64_t bytes) const {
  if (options_.streams != 0) return options_.streams;
  return bytes < kManyBytes ? 1 : kUsualStreams;
}

Result<void> FileCopier::copy(const CopyItem& item, const FileSite& to) {
  wire::FileOrder order;
  order.set_path(item.to);
  Job job{item, to, item.from.entry.size()};
  switch (item.from.entry.kind()) {
    case Entry::DIRECTORY: order.set_what(Order::MKDIR); break;
    case Entry::LINK:
      order.set_what(Order::LINK);
      order.set_target(item.from.entry.target());
      break;
    default: return copy_file(job);
  }
  return road(0).ask(to, std::move(order)).map([](const wire::FileReply&) {});
}

Result<void> FileCopier::copy_file(Job& job) {
  Result<Ranges> missing = begin(job);
  if (!missing) return tl::unexpected(missing.error());
  for (int round = 1;; ++round) {
    if (auto moved = move_blocks(job, *missing); !moved) return moved;
    if (auto same = check_source(job); !same) return same;
    if (!options_.checked) break;
    missing = compare(job);
    if (!missing) return tl::unexpected(missing.error());
    if (missing->empty()) break;
    if (round == kRounds) {
      return fail(ErrorCode::kRefused,
                  fmt::format("{}: its checksum is not that of {}, after {} tries; the disk or the "
                              "memory of one of the machines may be bad",
                              job.target_text(), job.source_text(), kRounds));
    }
    for (const BlockRange& range : *missing) board_.bytes -= bytes_of(range, job.size);
  }
  return finish(job);
}

Result<FileCopier::Ranges> FileCopier::begin(Job& job) {
  const auto reply = road(0).ask(job.to, job.target(Order::BEGIN));
  if (!reply) return tl::unexpected(reply.error());
  Ranges done;
  for (const wire::FileReply::Blocks& blocks : reply->done()) {
    done.push_back({blocks.first(), blocks.count()});
    board_.bytes += bytes_of(done.back(), job.size);
    board_.resumed += bytes_of(done.back(), job.size);
  }
  return missing_blocks(exec::blocks_of(job.size), done, kMovedBlocks);
}

Result<void> FileCopier::move_blocks(Job& job, const Ranges& ranges) {
  return side_by_side(job.size, ranges, [&](FileRoad& road, const BlockRange& piece) {
    Result<void> moved;
    for (std::uint64_t i = 0; moved && i < piece.count && !board_.stop; ++i) {
      moved = move_block(job, road, piece.first + i);
    }
    return moved;
  });
}

Result<void> FileCopier::move_block(Job& job, FileRoad& road, std::uint64_t block) {
  const std::uint64_t offset = block * kFileBlock;
  const std::uint64_t bytes = std::min(kFileBlock, job.size - offset);
  auto data = road.ask(job.item.from.site, job.source(Order::READ, offset, bytes));
  if (!data) return tl::unexpected(data.error());
  if (data->data().size() != bytes) {
    return fail(ErrorCode::kRefused,
                fmt::format("{}: it became shorter while it was copied", job.source_text()));
  }
  wire::FileOrder order = job.target(Order::WRITE);
  order.set_offset(offset);
  *order.mutable_data() = std::move(*data->mutable_data());
  const auto written = road.ask(job.to, std::move(order));
  if (!written) return tl::unexpected(written.error());
  board_.bytes += bytes;
  return {};
}

// The blocks that must come again.
Result<FileCopier::Ranges> FileCopier::compare(Job& job) {
  const Ranges all = missing_blocks(exec::blocks_of(job.size), {}, kComparedBlocks);
  std::mutex mutex;
  Ranges different;
  const auto compared = side_by_side(job.size, all, [&](FileRoad& road, const BlockRange& piece) {
    const Result<bool> same = is_same(job, road, piece);
    if (!same) return Result<void>(tl::unexpected(same.error()));
    const std::lock_guard lock(mutex);
    if (!*same) different.push_back(piece);
    return Result<void>();
  });
  if (!compared) return tl::unexpected(compared.error());
  return different;
}

Result<bool> FileCopier::is_same(Job& job, FileRoad& road, const BlockRange& range) {
  const std::uint64_t offset = range.first * kFileBlock;
  const std::uint64_t bytes = bytes_of(range, job.size);
  const auto read = road.ask(job.item.from.site, job.source(Order::HASH, offset, bytes));
  if (!read) return tl::unexpected(read.error());
  wire::FileOrder order = job.source(Order::HASH, offset, bytes);
  order.set_path(job.item.to);
  order.set_of_part(true);
  const auto written = road.ask(job.to, std::move(order));
  if (!written) return tl::unexpected(written.error());
  return read->sha256() == written->sha256();
}

Result<void> FileCopier::check_source(Job& job) {
  const auto now = road(0).ask(job.item.from.site, job.source(Order::STAT));
  if (!now) return tl::unexpected(now.error());
  const bool same = !now->entries().empty() && now->entries(0).size() == job.size &&
                    now->entries(0).mtime_ns() == job.entry().mtime_ns();
  if (same) return {};
  return fail(ErrorCode::kRefused,
              fmt::format("{}: it was changed while it was copied; copy it again when nobody "
                          "writes to it",
                          job.source_text()));
}

// An answer that was lost on the way may have been a good one: then the file has its name already.
Result<void> FileCopier::finish(Job& job) {
  const auto done = road(0).ask(job.to, job.target(Order::FINISH));
  if (done) return {};
  if (done.error().code == ErrorCode::kNotFound) {
    wire::FileOrder order = job.target(Order::STAT);
    const auto there = road(0).ask(job.to, std::move(order));
    const bool is_ours = there && !there->entries().empty() &&
                         there->entries(0).size() == job.size &&
                         there->entries(0).mtime_ns() == job.entry().mtime_ns();
    if (is_ours) return {};
  }
  return tl::unexpected(done.error());
}

Result<void> FileCopier::side_by_side(std::uint64_t bytes, const Ranges& pieces,
                                      const Piece& piece) {
  const std::size_t count = std::min(streams_for(bytes), pieces.size());
  if (count == 1 && bytes <= kFileBlock) return piece(road(0), pieces.front());
  std::mutex mutex;
  std::condition_variable ended;
  std::size_t next = 0;
  std::size_t running = count;
  Result<void> result;
  const auto work = [&](FileRoad& mine) {
    std::unique_lock lock(mutex);
    while (result && next < pieces.size()) {
      const BlockRange& one = pieces[next++];
      lock.unlock();
      Result<void> done = piece(mine, one);
      lock.lock();
      if (!done && result) result = std::move(done);
      if (!result) board_.stop = true;
    }
    --running;
    ended.notify_one();
  };
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < count; ++i) threads.emplace_back(work, std::ref(road(i)));
  const auto all_ended = [&] {
    std::unique_lock lock(mutex);
    return ended.wait_for(lock, kBeat, [&] { return running == 0; });
  };
  while (!all_ended()) beat_();
  for (std::thread& thread : threads) thread.join();
  return result;
}

}  // namespace jobq::cmd
