// SPDX-License-Identifier: Apache-2.0
// Reading outputs.
#include "exec/output_reader.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "exec/borrowed_identity.h"
#include "exec/error_text.h"
#include "exec/files.h"
#include "exec/output_files.h"
#include "exec/wire.h"

namespace jobq::exec {
namespace {

constexpr Millis kLookEvery{100};
// A question that nobody asks any more, because the one who asked was interrupted, goes after this.
constexpr Millis kPatience = seconds(15);
constexpr std::uint32_t kUsualBytes = 256U << 10U;
constexpr std::uint32_t kMostBytes = 4U << 20U;

// Nothing that could keep us waiting.
constexpr int kForReading = O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;

// As the user who named it; a link of the user's leads where the user may go.
Descriptor open_named(const std::string& path) {
  return Descriptor(open(path.c_str(), kForReading));
}

// In the node's own store there are no links.
Descriptor open_stored(const std::string& path) {
  return Descriptor(open(path.c_str(), kForReading | O_NOFOLLOW));
}

std::size_t bytes_wanted(const wire::ReadOutput& what) {
  return std::min(what.max_bytes() == 0 ? kUsualBytes : what.max_bytes(), kMostBytes);
}

// Reads at most what is wanted; at_end: there is no more now.
Result<std::string> read_at(int file, const wire::ReadOutput& what, bool& at_end) {
  std::string data(bytes_wanted(what), '\0');
  const ssize_t got = read_all(file, what.offset(), data.data(), data.size());
  if (got < 0) return fail(ErrorCode::kRefused, error_text(errno));
  const auto size = static_cast<std::size_t>(got);
  at_end = size < data.size();
  data.resize(size);
  return data;
}

Result<wire::OutputChunk> chunk_of(int file, const wire::ReadOutput& what, bool running,
                                   const std::string& path) {
  bool at_end = true;
  wire::OutputChunk chunk;
  chunk.set_offset(what.offset());
  chunk.set_path(path);
  if (file >= 0) {
    Result<std::string> data = read_at(file, what, at_end);
    if (!data) return fail(data.error().code, fmt::format("{}: {}", path, data.error().message));
    chunk.set_data(std::move(*data));
  }
  chunk.set_ended(!running && at_end);
  return chunk;
}

wire::OutputChunk chunk_of(const std::string& whole, const wire::ReadOutput& what) {
  const std::size_t begin = std::min<std::size_t>(what.offset(), whole.size());
  wire::OutputChunk chunk;
  chunk.set_offset(what.offset());
  chunk.set_data(whole.substr(begin, bytes_wanted(what)));
  chunk.set_ended(begin + chunk.data().size() == whole.size());
  return chunk;
}

bool runs(const pb::Attempt* attempt) { return attempt != nullptr && !attempt->has_end(); }

}  // namespace

OutputReader::OutputReader(uv_loop_s* loop, std::string state, Users& users, Find find,
                           Answer answer)
    : loop_(loop),
      state_(std::move(state)),
      packs_(state_),
      users_(users),
      find_(std::move(find)),
      answer_(std::move(answer)) {}

void OutputReader::ask(std::uint64_t question, const wire::ReadOutput& what) {
  Asked asked{question, what, steady_now_ns() + kPatience.count * kNsPerMs};
  if (answer_if_any(asked)) return;
  waiting_.push_back(std::move(asked));
  if (!next_look_) look_again();
}

void OutputReader::look_again() {
  next_look_ = std::make_unique<net::Timer>(loop_, kLookEvery, [this] { look(); });
}

void OutputReader::look() {
  std::vector<Asked> still;
  for (Asked& asked : std::exchange(waiting_, {})) {
    if (!answer_if_any(asked)) still.push_back(std::move(asked));
  }
  waiting_ = std::move(still);
  next_look_.reset();
  if (!waiting_.empty()) look_again();
}

void OutputReader::forget() {
  waiting_.clear();
  next_look_.reset();
}

bool OutputReader::answer_if_any(const Asked& asked) {
  Result<wire::OutputChunk> chunk = read(asked.what);
  const bool nothing_yet = chunk && chunk->data().empty() && !chunk->ended();
  const bool patient = asked.what.follow() && steady_now_ns() < asked.until_ns;
  if (nothing_yet && patient) return false;
  answer_(asked.question, std::move(chunk));
  return true;
}

// Whether it runs is asked before the file is read: what ends in between is read once more.
Result<wire::OutputChunk> OutputReader::read(const wire::ReadOutput& what) {
  if (!what.path().empty()) return read_named(what);
  return read_stored(what, find_(what.id()));
}

Result<wire::OutputChunk> OutputReader::read_named(const wire::ReadOutput& what) {
  const bool running = runs(find_(what.id()));
  Descriptor file;
  int error = 0;
  {
    const BorrowedIdentity user(what.uid(), what.gid(), users_.find(what.uid(), what.gid()).groups);
    file = open_named(what.path());
    error = errno;
  }
  if (!file && error != ENOENT) {
    return fail(ErrorCode::kDenied, fmt::format("{}: {}", what.path(), error_text(error)));
  }
  struct stat status = {};
  if (file && (fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode))) {
    return fail(ErrorCode::kRefused, what.path() + " is not a file that can be read again");
  }
  return chunk_of(file.get(), what, running, what.path());
}

// What an attempt wrote is in its slot while it runs. At its end a large output gets a file of its
// own, a small one stands in a pack as well; the slot is emptied only after we have let the keeper
// forget the attempt. So it is found here also while its end is on the way to us.
Result<wire::OutputChunk> OutputReader::read_stored(const wire::ReadOutput& what,
                                                    const pb::Attempt* attempt) {
  const bool running = runs(attempt);
  const Which which = what.error_stream() ? Which::kError : Which::kOutput;
  if (running) {
    const std::uint64_t number =
        which == Which::kError ? attempt->error_slot() : attempt->output_slot();
    const std::string slot = slot_file(state_, number);
    const Descriptor file = number == 0 ? Descriptor() : open_stored(slot);
    if (file) return chunk_of(file.get(), what, running, slot);
  }
  std::string kept = kept_file(state_, id_of(what.id()), which);
  Descriptor file = open_stored(kept);
  if (!file) {
    kept = kept_file_on_full_disk(state_, id_of(what.id()), which);
    file = open_stored(kept);
  }
  if (!file) {
    if (const auto packed = packs_.find(id_of(what.id()), which)) return chunk_of(*packed, what);
  }
  return chunk_of(file.get(), what, running, kept);
}

}  // namespace jobq::exec
