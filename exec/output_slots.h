// SPDX-License-Identifier: Apache-2.0
// Files that steps write into. Creating two files costs more than starting a process, so a step
// borrows a slot for each stream: a file made before, empty, and kept open.
//
// At the end an empty slot can be borrowed again, and so can one that was written to a little: that
// is packed, and the slot emptied when it is given back. Until then both have it: readers that have
// not heard of the end look into the slot. One that was written to more takes the attempt's name.
//
// A slot belongs to its user (a step may open /dev/stdout once more) and is never lent to another:
// whoever still holds it open must not see what others write. No process of the step is left then,
// but another one of the user's may have opened the step's /proc/PID/fd/1. It can disturb what this
// user's next steps write, as it could disturb them in any other way, and nobody else's.
#pragma once

#include <sys/stat.h>
#include <sys/types.h>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "exec/files.h"
#include "exec/handover.pb.h"
#include "exec/output_files.h"
#include "exec/output_packs.h"

namespace jobq::exec {

struct Slot {
  std::uint64_t number = 0;  // 0: none
  Descriptor file;
  uid_t owner = 0;
  bool packed = false;  // what stands in it is also in a pack
};

class OutputSlots {
 public:
  static Result<OutputSlots> open(const std::string& state);
  // As the program before us had them. Slots that none of its steps has are removed.
  static Result<OutputSlots> take_over(const std::string& state, const pb::Handover& handover);

  Result<Slot> take(uid_t uid, gid_t gid);

  // The attempt ended: what it wrote is packed; or takes its name, and the slot is gone (number 0).
  // An empty slot stays as it is.
  void keep_written(Slot& slot, const AttemptId& id, Which which);
  // The same for a slot of which only the number is known: of an attempt that a predecessor
  // started. No slot remains. What that one had packed already is packed once more, and counts.
  void keep_left(std::uint64_t number, const AttemptId& id, Which which);
  // Nobody reads what was packed from the slot any more. Where it cannot be emptied it is gone.
  void make_empty(Slot& slot);
  void give_back(Slot slot);  // of which everything that was written is kept

  // Somebody removed the directory: slots that are not in use go, too.
  Result<void> make_again();
  std::uint64_t first() const { return first_; }

  // Removes the files of slots that a predecessor had; after keep_left().
  void remove_strays() const;

 private:
  explicit OutputSlots(std::string state) : state_(std::move(state)), packs_(state_) {}
  bool pack(int file, const struct stat& status, const AttemptId& id, Which which);
  bool keep(std::uint64_t number, const AttemptId& id, Which which) const;

  std::string state_;
  OutputPacks packs_;
  std::string buffer_;       // of what is packed
  std::uint64_t first_ = 1;  // of this keeper; numbers below are a predecessor's
  std::uint64_t next_ = 1;
  std::uint64_t first_standing_ = 0;  // the files of those below may be gone
  std::map<uid_t, std::vector<Slot>> idle_;
  std::size_t idle_count_ = 0;
};

}  // namespace jobq::exec
