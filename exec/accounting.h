// SPDX-License-Identifier: Apache-2.0
// Limits where no controller holds steps to them: the memory and the number of processes of a step
// are looked at, and who is above is told to the owner, who ends it.
//
// How often depends on how far a step is from its limits: so often that it cannot take much more
// than it was granted before somebody looks, and never more than a fiftieth of a processor's time.
// Without a step that has such a limit nothing is ever looked at. What is swapped out, in files of
// a tmpfs that are not mapped, or in the kernel, is not seen.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/ids.h"
#include "exec/containment.h"
#include "exec/keeper.pb.h"

namespace jobq::exec {

class Accounting {
 public:
  struct Excess {
    AttemptId id;
    pb::End::How how = pb::End::MEMORY;
    std::string reason;
  };

  // Those limits that the kernel does not enforce; no limit, no watch. The cell outlives it.
  void watch(const AttemptId& id, Cell& cell, CellLimits limits, const Enforced& enforced,
             std::int64_t now_ns);
  // The most memory that was seen.
  Bytes peak(const AttemptId& id) const;
  void forget(const AttemptId& id);

  // When to look again; nothing where nobody is watched.
  std::optional<std::int64_t> next() const;
  // Looks at those who are due. The containment looks at the processes of now.
  std::vector<Excess> look(std::int64_t now_ns);

 private:
  struct Watched {
    Cell* cell = nullptr;
    CellLimits limits;
    Bytes peak;
    std::int64_t due_ns = 0;
  };

  static std::optional<Excess> look_at(Watched& watched, std::int64_t now_ns);
  static std::optional<Excess> look_at_memory(Watched& watched, std::int64_t now_ns);
  static std::optional<Excess> look_at_processes(Watched& watched, std::int64_t now_ns);

  std::unordered_map<AttemptId, Watched> watched_;
  std::int64_t rest_until_ns_ = 0;
};

// "memory: used 1043M of 100M granted"
std::string memory_reason(Bytes used, Bytes granted);

}  // namespace jobq::exec
