// SPDX-License-Identifier: Apache-2.0
// The verbs give and dispose: files from place to place.
#include "cmd/give.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>

#include "cmd/json_writer.h"
#include "cmd/messages.h"
#include "cmd/verbs.h"

namespace jobq::cmd {
namespace {

constexpr double kUnit = 1024.0;
constexpr std::int64_t kNsPerSecond = 1'000'000'000;
// Trouble that passes at once is nothing to hear of.
constexpr Millis kQuietly = seconds(2);

struct CopyVerb {
  std::vector<std::string> words;
  RoadArguments road;
  std::optional<std::uint32_t> streams;
  bool recursive = false;
  bool unchecked = false;
  bool json = false;
};

struct Copied {
  std::uint64_t files = 0;
  std::uint64_t directories = 0;
  std::uint64_t links = 0;
};

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

void print_summary(const CopyVerb& verb, const Copied& copied, const CopyBoard& board,
                   double seconds) {
  const std::uint64_t bytes = board.bytes;
  if (verb.json) {
    JsonWriter json;
    json.object();
    json.field("files", copied.files);
    json.field("directories", copied.directories);
    json.field("links", copied.links);
    json.field("bytes", bytes);
    json.field("resumed_bytes", board.resumed.load());
    json.field("reconnects", board.cuts.load());
    json.field("seconds", seconds);
    json.end();
    return print(json.line());
  }
  std::string text =
      fmt::format("{} file{}, {}", copied.files, copied.files == 1 ? "" : "s", human_bytes(bytes));
  if (copied.directories > 0) text += fmt::format(", {} directories", copied.directories);
  if (copied.links > 0) text += fmt::format(", {} links", copied.links);
  text += fmt::format(" in {:.1f}s", seconds);
  if (board.resumed > 0) text += fmt::format(", {} of it before", human_bytes(board.resumed));
  print(text + "\n");
}

Result<int> copy_all(const CopyVerb& verb) {
  if (verb.words.size() < 2) {
    return fail(ErrorCode::kUsage, "expected what is copied, and where to");
  }
  CopyOptions options{verb.road.options(), verb.streams.value_or(0), !verb.unchecked};
  if (verb.streams && (options.streams == 0 || options.streams > kMostStreams)) {
    return fail(ErrorCode::kUsage, fmt::format("--streams: expected 1 to {}", kMostStreams));
  }
  CopyBoard board;
  FileRoad road(options.road, board);
  CopyWords words{{verb.words.begin(), verb.words.end() - 1}, verb.words.back(), verb.recursive};
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
  print_summary(verb, copied, board, progress.seconds_so_far());
  return 0;
}

}  // namespace

std::string human_bytes(std::uint64_t bytes) {
  constexpr std::array kNames = {"", "K", "M", "G", "T", "P"};
  auto amount = static_cast<double>(bytes);
  std::size_t unit = 0;
  for (; amount >= kUnit && unit + 1 < kNames.size(); ++unit) amount /= kUnit;
  if (unit == 0) return std::to_string(bytes);
  return amount < 10 ? fmt::format("{:.1f}{}", amount, kNames[unit])
                     : fmt::format("{:.0f}{}", amount, kNames[unit]);
}

RoadOptions RoadArguments::options() const {
  RoadOptions options;
  options.where = where;
  if (patience) options.patience = *patience;
  return options;
}

void add_road_options(Options& options, RoadArguments& to) {
  options.value("--patience", "TIME", into(to.patience),
                "how long to try again where a connection is cut; 10m");
  add_controller_options(options, to.where);
}

Result<int> run_copy(const Words& words, std::string usage, std::string about,
                     std::string examples) {
  CopyVerb verb;
  Options options(std::move(usage), std::move(about));
  options.words(verb.words);
  options.flag("-r,--recursive", verb.recursive, "directories with all that is in them");
  options.value("--streams", "N", into(verb.streams),
                "so many connections for each file; 1, from 64M on 4");
  options.flag("--no-checksum", verb.unchecked, "do not compare checksums at the end");
  options.flag("--json", verb.json, "what was copied as JSON");
  add_road_options(options, verb.road);
  options.examples(std::move(examples));
  const auto next = options.parse(words);
  if (!next) return tl::unexpected(next.error());
  if (*next == Options::Next::kDone) return 0;
  return copy_all(verb);
}

Result<int> run_give(const Words& words) {
  return run_copy(words, "jq give SRC... DST",
                  "Brings files to where they are needed. A place is a path here, NODE:PATH, or "
                  "area:NAME/PATH. A file has\nits name when all of it is there and its checksum "
                  "is right, not before; a copy that was cut goes on\nwhere it was.",
                  "  jq give n1:/scratch/result.bin .\n"
                  "  jq give 'area:input/*.dat' work/\n"
                  "  jq give --streams 8 model.bin n2:/scratch/\n");
}

Result<int> run_dispose(const Words& words) {
  return run_copy(words, "jq dispose SRC... DST",
                  "Carries files to elsewhere, as `jq give` does: the two say from which side one "
                  "looks. The files stay where\nthey are, too.",
                  "  jq dispose result.bin area:results/2026/\n"
                  "  jq dispose --recursive logs n1:/srv/logs/\n");
}

}  // namespace jobq::cmd
