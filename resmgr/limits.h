// SPDX-License-Identifier: Apache-2.0
// Caps on how many jobs run at a time, and the limit classes of requests that count against them.
//
// A limit class is what requests of one user, class and element have in common beside their needs:
// the caps that they count against, and how far fair share moves them in the queue. A class knows
// its lines (shapes) in order, and a cap its classes: so a cap that fills or has room again costs a
// step for each class, and nothing for what waits.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "resmgr/lineup.h"
#include "resmgr/resource_manager.h"

namespace jobq::resmgr {

struct LimitClass;

struct Cap {
  CapId id;
  std::uint64_t most = 0;
  std::uint64_t taken = 0;  // may be more, where the cap was lowered or by recovery
  std::string text;
  std::vector<LimitClass*> classes;  // in the order in which they were given

  bool full() const { return taken >= most; }
};

struct LimitClass {
  std::vector<Cap*> caps;  // each once, in the order of their ids
  std::size_t full = 0;    // of them
  std::int64_t offset = 0;
  bool opened = false;   // since somebody last asked
  std::set<Head> lines;  // by their first members, without the offset

  bool open() const { return full == 0; }
};

class Limits {
 public:
  // Makes it where it is new.
  Cap& cap(CapId id);
  // The class is new and its caps are known.
  void add(LimitClassId id, std::vector<CapId> caps);
  // Null for none; the class must be known.
  LimitClass* find(LimitClassId id);
  const LimitClass* find(LimitClassId id) const;

  // Does each class know how many of its caps are full?
  Result<void> check_invariants() const;

 private:
  std::map<CapId, Cap> caps_;
  std::map<LimitClassId, LimitClass> classes_;
};

// The caps as a pass sees them that has not told of its starts yet.
class Foreseen {
 public:
  bool open(const LimitClass* of) const;
  void start(const LimitClass* of);

 private:
  std::map<CapId, std::uint64_t> taken_;
};

}  // namespace jobq::resmgr
