// SPDX-License-Identifier: Apache-2.0
// The shapes that wait, in the order of their first members, to be searched for the first that fits
// on a node. There may be a thousand of them, and a search for each end of a job: so their needs
// stand close together, and a node on which nothing fits is known without a search.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/ids.h"
#include "resmgr/amounts.h"
#include "resmgr/resource_manager.h"

namespace jobq::resmgr {

// A place in the queue; what is less goes first.
struct QueueKey {
  JobNumber job;
  std::uint32_t part = 0;
  std::int64_t rank = 0;
  JobNumber place;

  RequestId id() const { return {job, part}; }
  std::strong_ordering operator<=>(const QueueKey& other) const {
    if (const auto c = other.rank <=> rank; c != 0) return c;
    if (const auto c = place <=> other.place; c != 0) return c;
    if (const auto c = job <=> other.job; c != 0) return c;
    return part <=> other.part;
  }
  bool operator==(const QueueKey&) const = default;
};

using ShapeId = std::uint32_t;

class Lineup {
 public:
  // A shape that stands in no line yet; what takes nothing from nodes never stands in one.
  void open(ShapeId shape, std::span<const Amount> needs);
  void close(ShapeId shape);  // it stands in no line any more
  void insert(ShapeId shape, QueueKey head);
  void erase(ShapeId shape, QueueKey head);

  // The first shape in line that may fit by gpus, cpus and memory, and that `accepts`.
  template <class Accepts>
  std::optional<ShapeId> first_to_fit(std::span<const Amount> free, const Accepts& accepts) const;

  std::size_t size() const { return line_.size(); }
  // Does the shape stand in line by this key, in order, and is the shortcut right?
  bool is_right(ShapeId shape, QueueKey head) const;

 private:
  struct Entry {
    QueueKey head;
    ShapeId shape = 0;
  };
  struct Needs {
    Amount gpus = 0;
    Amount cpus = 0;
    Amount memory = 0;
  };
  static constexpr std::size_t kMostCpus = 1024;  // of the shortcut; beyond it counts as this

  static std::size_t step_of(Amount cpus);
  bool nothing_fits(const Needs& free) const;
  void note_least(const Needs& needs);
  void find_least();
  std::vector<Entry>::iterator place_of(QueueKey head);

  std::vector<Entry> line_;   // by head
  std::vector<Needs> needs_;  // by shape
  std::vector<bool> open_;    // by shape
  // The least memory that any open shape needs which needs at most so many cpus. It may be less
  // than that after some have closed.
  std::vector<Amount> least_memory_ = std::vector<Amount>(kMostCpus + 1, kMostAmount + 1);
  std::size_t closed_ = 0;  // since it was found
};

template <class Accepts>
std::optional<ShapeId> Lineup::first_to_fit(std::span<const Amount> free,
                                            const Accepts& accepts) const {
  const Needs room{at(free, kGpus), at(free, kCpus), at(free, kMemory)};
  if (nothing_fits(room)) return std::nullopt;
  for (const Entry& entry : line_) {
    const Needs& needs = needs_[entry.shape];
    if (needs.cpus > room.cpus || needs.memory > room.memory || needs.gpus > room.gpus) continue;
    if (accepts(entry.shape)) return entry.shape;
  }
  return std::nullopt;
}

}  // namespace jobq::resmgr
