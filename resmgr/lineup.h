// SPDX-License-Identifier: Apache-2.0
// The shapes that wait, in the order of their first members, to be searched for the first that fits
// on a node. There may be a thousand of them, and a search for each end of a job: so their needs
// stand close together, and a node on which nothing fits is known without a search.
#pragma once

#include <algorithm>
#include <compare>
#include <cstddef>
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

// The line of a shape, by its first member.
struct Head {
  QueueKey key;
  ShapeId shape = 0;
  std::strong_ordering operator<=>(const Head& other) const { return key <=> other.key; }
  bool operator==(const Head& other) const { return key == other.key; }
};

class Lineup {
 public:
  // A shape that stands in no line yet; what takes nothing from nodes never stands in one.
  void open(ShapeId shape, std::span<const Amount> needs);
  void close(ShapeId shape);  // it stands in no line any more
  void insert(ShapeId shape, QueueKey head);
  void erase(ShapeId shape, QueueKey head);
  void replace(ShapeId shape, QueueKey head, QueueKey next);  // which is greater
  void clear();                                               // nobody stands in line any more
  void append(ShapeId shape, QueueKey head);                  // behind all others

  // The first shape in line that fits by gpus, cpus and memory, roughly, and that `accepts`.
  template <class Accepts>
  std::optional<ShapeId> first_to_fit(std::span<const Amount> free, const Accepts& accepts) const;

  std::size_t size() const { return line_.size(); }
  // Does the shape stand in line by this key, in order, and is the shortcut right?
  bool is_right(ShapeId shape, QueueKey head) const;

 private:
  struct Needs {
    Amount gpus = 0;
    Amount cpus = 0;
    Amount memory = 0;
  };
  // The same, less exact and small, so that a line of a thousand stays in the nearest cache: who
  // does not fit by these does not fit.
  struct Gist {
    std::uint32_t gpus = 0;
    std::uint32_t cpus = 0;
    std::uint32_t memory_mib = 0;
    ShapeId shape = 0;
  };
  static Gist gist_of(const Needs& needs, ShapeId shape);
  static constexpr std::size_t kMostCpus = 1024;  // of the shortcut; beyond it counts as this

  static std::size_t step_of(Amount cpus);
  bool nothing_fits(const Needs& free) const;
  void note_least(const Needs& needs);
  void find_least();
  std::ptrdiff_t place_of(QueueKey head) const;

  std::vector<QueueKey> heads_;  // in order
  std::vector<Gist> line_;       // in the order of heads_
  std::vector<Needs> needs_;     // by shape
  std::vector<bool> open_;       // by shape
  // The least memory that any open shape needs which needs at most so many cpus. It may be less
  // than that after some have closed.
  std::vector<Amount> least_memory_ = std::vector<Amount>(kMostCpus + 1, kMostAmount + 1);
  std::size_t closed_ = 0;  // since it was found
};

template <class Accepts>
std::optional<ShapeId> Lineup::first_to_fit(std::span<const Amount> free,
                                            const Accepts& accepts) const {
  // Where less than nothing is free, what needs nothing of it still fits.
  const auto have = [&](std::size_t of) { return std::max<Amount>(at(free, of), 0); };
  const Needs room{have(kGpus), have(kCpus), have(kMemory)};
  if (nothing_fits(room)) return std::nullopt;
  const Gist gist = gist_of(room, 0);
  for (const Gist& needs : line_) {
    if (needs.cpus > gist.cpus || needs.memory_mib > gist.memory_mib) continue;
    if (needs.gpus <= gist.gpus && accepts(needs.shape)) return needs.shape;
  }
  return std::nullopt;
}

}  // namespace jobq::resmgr
