// SPDX-License-Identifier: Apache-2.0
// The lines of a text file, which may be packed by gzip.
//
// A line is at most kLongest bytes: who hands over something that is no text file gets an error and
// not a full memory.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace jobq::sim {

class GzLines {
 public:
  static constexpr std::size_t kLongest = 64U << 10U;

  // "-" is standard input.
  static Result<GzLines> open(const std::string& path);
  ~GzLines();
  GzLines(GzLines&&) noexcept;
  GzLines& operator=(GzLines&&) noexcept;

  // The next line without its end, good until the next call; none at the end of the file.
  Result<std::optional<std::string_view>> next();
  std::uint64_t number() const;  // of the line that next() gave last, from 1

 private:
  struct State;
  explicit GzLines(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace jobq::sim
