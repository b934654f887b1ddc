// SPDX-License-Identifier: Apache-2.0
// Writing packs, which the keeper does, and finding outputs in them, which the agent does.
//
// They share nothing but the files. An entry is one write(2); one that was not written whole is cut
// by the next keeper and seen by no reader. The agent removes packs that are past their time: it
// holds the file's lock (flock) and looks once more before; the keeper holds it while it appends,
// and begins another pack when the one that it had is gone.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "exec/files.h"
#include "exec/pack_format.h"

namespace jobq::exec {

class OutputPacks {
 public:
  // Goes on with the newest pack where that has room.
  explicit OutputPacks(std::string state);
  // Somebody removed the directory, or moved it away with the packs in it.
  Result<void> make_again();

  // At least one byte and at most kMostPacked. False where it cannot be written (disk full): the
  // packs are as they were.
  bool append(const AttemptId& id, Which which, std::string_view data);

 private:
  void go_on_with(std::uint64_t number);
  bool begin_next();
  bool lock();
  bool write(const AttemptId& id, Which which, std::string_view data);
  void cut() const;
  bool is_full() const;
  void finish();

  std::string state_;
  std::uint64_t next_ = 1;
  Descriptor file_;  // none: the next output begins a pack
  std::uint64_t size_ = 0;
  PackSummary summary_;
};

class PackReader {
 public:
  explicit PackReader(std::string state) : state_(std::move(state)) {}

  // What the attempt wrote; of several entries the last one.
  std::optional<std::string> find(const AttemptId& id, Which which);

 private:
  bool may_hold(std::uint64_t number, int file, const AttemptId& id, Which which);

  std::string state_;
  std::map<std::uint64_t, PackSummary::Jobs> full_;  // by number of the pack
};

// Removes a pack that nobody has appended to since it had this size. True where it is gone.
bool remove_pack(const std::string& path, std::uint64_t seen_size);

}  // namespace jobq::exec
