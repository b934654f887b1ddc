// SPDX-License-Identifier: Apache-2.0
// Reading by blocks through zlib, which passes on what is not packed.
#include "sim/gz_lines.h"

#include <fmt/format.h>
#include <unistd.h>
#include <zlib.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace jobq::sim {

struct GzLines::State {
  std::string path;
  gzFile file = nullptr;
  std::string buffer;
  std::size_t at = 0;  // of the buffer: where the next line begins
  std::uint64_t number = 0;
  bool at_end = false;

  State() = default;
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State() {
    if (file != nullptr) gzclose_r(file);
  }

  Result<void> read_more();
  tl::unexpected<Error> read_error(int code, const char* text) const;
};

namespace {

constexpr std::size_t kBlock = 256U << 10U;

tl::unexpected<Error> cannot_open(const std::string& path, int error) {
  return fail(error == ENOENT ? ErrorCode::kNotFound : ErrorCode::kRefused,
              fmt::format("cannot open {}: {}", path, std::strerror(error)));
}

}  // namespace

GzLines::GzLines(std::unique_ptr<State> state) : state_(std::move(state)) {}
GzLines::~GzLines() = default;
GzLines::GzLines(GzLines&&) noexcept = default;
GzLines& GzLines::operator=(GzLines&&) noexcept = default;

Result<GzLines> GzLines::open(const std::string& path) {
  auto state = std::make_unique<State>();
  state->path = path == "-" ? "standard input" : path;
  errno = 0;
  state->file = path == "-" ? gzdopen(dup(STDIN_FILENO), "rb") : gzopen(path.c_str(), "rbe");
  if (state->file == nullptr) return cannot_open(state->path, errno);
  gzbuffer(state->file, kBlock);
  return GzLines(std::move(state));
}

tl::unexpected<Error> GzLines::State::read_error(int code, const char* text) const {
  if (code == Z_BUF_ERROR) {
    return fail(ErrorCode::kUsage,
                fmt::format("{} ends in the middle of its packed data: it was cut off; fetch it "
                            "again",
                            path));
  }
  const char* why = code == Z_ERRNO ? std::strerror(errno) : text;
  return fail(ErrorCode::kUsage, fmt::format("cannot read {}: {}", path, why));
}

// What is left of the last block, and the next one behind it.
Result<void> GzLines::State::read_more() {
  buffer.erase(0, at);
  at = 0;
  const std::size_t left = buffer.size();
  buffer.resize(left + kBlock);
  const int got = gzread(file, buffer.data() + left, kBlock);
  buffer.resize(left + static_cast<std::size_t>(got > 0 ? got : 0));
  at_end = got < static_cast<int>(kBlock);
  int code = Z_OK;
  const char* text = gzerror(file, &code);
  if (got < 0 || (at_end && code != Z_OK && code != Z_STREAM_END)) return read_error(code, text);
  return {};
}

Result<std::optional<std::string_view>> GzLines::next() {
  State& s = *state_;
  std::size_t end = s.buffer.find('\n', s.at);
  while (end == std::string::npos && !s.at_end && s.buffer.size() - s.at <= kLongest) {
    if (auto read = s.read_more(); !read) return tl::unexpected(read.error());
    end = s.buffer.find('\n', s.at);
  }
  const bool ended = end != std::string::npos;
  if (!ended) end = s.buffer.size();
  std::string_view line = std::string_view(s.buffer).substr(s.at, end - s.at);
  if (!ended && line.empty()) return std::nullopt;
  ++s.number;
  if (line.size() > kLongest) {
    return fail(ErrorCode::kUsage,
                fmt::format("{}, line {}: the line is longer than {} bytes; this is not a trace",
                            s.path, s.number, kLongest));
  }
  s.at = ended ? end + 1 : end;
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

std::uint64_t GzLines::number() const { return state_->number; }

}  // namespace jobq::sim
