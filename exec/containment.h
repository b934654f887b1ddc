// SPDX-License-Identifier: Apache-2.0
// Holding together everything that a step starts, so that all of it can be frozen, ended and found.
//
// A Cell is one step's place. There are two kinds: a cgroup v2 directory (cgroups.h), and a session
// with marks (process_groups.h) where no cgroup can be made. Cells are found again after the
// keeper's death by the pb::Place that stands in the records.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "exec/handover.pb.h"
#include "exec/keeper.pb.h"
#include "exec/records.pb.h"

namespace jobq::exec {

// What a step was granted and must not go past; 0: no limit.
struct CellLimits {
  std::uint32_t cpus = 0;
  Bytes memory;
  std::uint32_t processes = 0;  // and threads
  bool operator==(const CellLimits&) const = default;
};

// The limits that the kernel holds a cell to.
struct Enforced {
  bool memory = false;
  bool cpus = false;
  bool processes = false;
  bool any() const { return memory || cpus || processes; }
};

// What the kernel counted of everything that ran in a cell since it was taken; nothing where it
// counts no such thing.
struct CellUsage {
  std::optional<std::int64_t> cpu_ms;
  std::optional<std::uint64_t> peak_memory;
};

enum class OutOfMemory {
  kNo,
  kLimit,  // the kernel ended the cell at its limit
  kNode,   // likewise, as the machine had no memory left
};

class Cell {
 public:
  Cell() = default;
  virtual ~Cell() = default;
  Cell(const Cell&) = delete;
  Cell& operator=(const Cell&) = delete;

  virtual pb::Place place() const = 0;
  // For vfork_into: the child is born inside; -1 where nothing has to be done.
  virtual int descriptor() const { return -1; }
  // The main process exists. True where the cell is found by it, so that it must be recorded.
  virtual bool entered(pid_t main) = 0;
  virtual pb::Running running() const { return {}; }
  // For the program that takes the keeper's place.
  virtual pb::HeldCell held() const;

  virtual bool empty() = 0;
  virtual void signal(int number) = 0;  // every process
  virtual void kill() = 0;              // every process; what they fork meanwhile may survive
  virtual void freeze() = 0;
  virtual void thaw() = 0;

  virtual std::vector<pid_t> processes() = 0;
  virtual std::size_t tasks() = 0;  // processes and threads
  virtual CellUsage usage() { return {}; }
  virtual OutOfMemory out_of_memory() const { return OutOfMemory::kNo; }
};

class Containment {
 public:
  Containment() = default;
  virtual ~Containment() = default;
  Containment(const Containment&) = delete;
  Containment& operator=(const Containment&) = delete;

  virtual std::string_view way() const = 0;  // "cgroup v2", "process groups"
  virtual pb::Opened opened() const = 0;
  virtual Enforced enforced() const { return {}; }
  // An empty cell with these limits, as far as they are enforced.
  virtual Result<std::unique_ptr<Cell>> take(const CellLimits& limits) = 0;
  // The cell is empty. Cells that were not given back when the containment goes are left alone.
  virtual void give_back(std::unique_ptr<Cell> cell) = 0;
  // A cell of this containment as the program before us held it; it is not used again afterwards.
  virtual std::unique_ptr<Cell> take_over(const pb::HeldCell& held) = 0;
  // Looks from here on see the processes of now; cells may share one look until the next call.
  virtual void look_again() {}
};

// "cgroup v2; memory: controller; cpus: quota; processes: controller": the way that steps are held,
// and who holds them to what they were granted.
std::string in_force(const Containment& containment);

// The best that this process can have. The base is a random name in the cgroup `place`, or below
// this process's own: see make_cgroups().
std::unique_ptr<Containment> make_containment(bool cgroups, const std::string& place = {});

// The one that the program before us had. Cells that no step of it is in are removed.
std::unique_ptr<Containment> take_over_containment(const pb::Handover& handover);

// What a predecessor left: a cell by what its records say.
std::unique_ptr<Cell> adopt_cell(const pb::Place& place, const std::optional<pb::Running>& running);

// Removes an empty base of a predecessor; false where something still lives in it.
bool remove_base(const pb::Opened& opened);

}  // namespace jobq::exec
