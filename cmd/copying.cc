// SPDX-License-Identifier: Apache-2.0
// Copies with their progress.
#include "cmd/copying.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <utility>

#include "cmd/messages.h"

namespace jobq::cmd {
namespace {

constexpr double kUnit = 1024.0;
constexpr std::int64_t kNsPerSecond = 1'000'000'000;
// Trouble that passes at once is nothing to hear of.
constexpr Millis kQuietly = seconds(2);

// What a terminal shows while it goes on, and what went wrong meanwhile.
class Progress {
 public:
  Progress(CopyBoard& board, std::uint64_t total)
      : board_(board), total_(total), shows_(::isatty(STDERR_FILENO) == 1) {}
  ~Progress() { clear(); }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void beat();
  double seconds_so_far() const {
    return static_cast<double>(steady_now_ns() - begin_ns_) / kNsPerSecond;
  }

 private:
  void clear();

  CopyBoard& board_;
  std::uint64_t total_;
  bool shows_;
  bool is_shown_ = false;
  std::int64_t begin_ns_ = steady_now_ns();
  std::uint64_t last_bytes_ = 0;
  std::int64_t moved_ns_ = steady_now_ns();  // when bytes came last
};

void Progress::clear() {
  if (is_shown_) std::fputs("\r\033[K", stderr);
  is_shown_ = false;
}

void Progress::beat() {
  const std::uint64_t bytes = board_.bytes;
  if (std::exchange(last_bytes_, bytes) != bytes) moved_ns_ = steady_now_ns();
  if (steady_now_ns() - moved_ns_ > kQuietly.count * kNsPerMs) {
    if (const auto trouble = board_.take_trouble()) {
      clear();
      note(fmt::format("{}; trying again", *trouble));
    }
  }
  if (!shows_ || total_ == 0) return;
  const std::uint64_t fresh = bytes - std::min<std::uint64_t>(bytes, board_.resumed);
  const double rate = static_cast<double>(fresh) / std::max(seconds_so_far(), 0.001);
  const std::string line =
      fmt::format("\r\033[K{} of {} ({}%), {}/s", human_bytes(bytes), human_bytes(total_),
                  bytes * 100 / total_, human_bytes(static_cast<std::uint64_t>(rate)));
  std::fputs(line.c_str(), stderr);
  is_shown_ = true;
}

}  // namespace

Result<Copied> copy_files(const CopyOptions& options, const CopyWords& words) {
  CopyBoard board;
  FileRoad road(options.road, board);
  const Result<CopyPlan> plan = plan_copy(road, words);
  if (!plan) return tl::unexpected(plan.error());
  Copied copied;
  Progress progress(board, plan->bytes);
  FileCopier copier(options, board, [&progress] { progress.beat(); });
  for (const CopyItem& item : plan->items) {
    if (auto done = copier.copy(item, plan->to); !done) return tl::unexpected(done.error());
    const auto kind = item.from.entry.kind();
    ++(kind == wire::FileEntry::DIRECTORY ? copied.directories
       : kind == wire::FileEntry::LINK    ? copied.links
                                          : copied.files);
    progress.beat();
  }
  copied.bytes = board.bytes;
  copied.resumed_bytes = board.resumed;
  copied.reconnects = board.cuts;
  copied.seconds = progress.seconds_so_far();
  return copied;
}

std::string human_bytes(std::uint64_t bytes) {
  constexpr std::array kNames = {"", "K", "M", "G", "T", "P"};
  auto amount = static_cast<double>(bytes);
  std::size_t unit = 0;
  for (; amount >= kUnit && unit + 1 < kNames.size(); ++unit) amount /= kUnit;
  if (unit == 0) return std::to_string(bytes);
  return amount < 10 ? fmt::format("{:.1f}{}", amount, kNames[unit])
                     : fmt::format("{:.0f}{}", amount, kNames[unit]);
}

}  // namespace jobq::cmd
