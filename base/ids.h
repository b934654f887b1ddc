// SPDX-License-Identifier: Apache-2.0
// Strong types for identities: a job number is never a node id by accident.
//
// Every id is a plain number inside a type of its own. Zero is "none" for job numbers, spec ids,
// node ids and attempts (all are counted from 1); step ids count from 0, in the order of the class
// file, with the cleanup step last.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

namespace jobq {

template <class Tag, class Rep>
struct StrongId {
  Rep value{};

  constexpr StrongId() = default;
  constexpr explicit StrongId(Rep v) : value(v) {}
  constexpr auto operator<=>(const StrongId&) const = default;
  constexpr explicit operator bool() const { return value != Rep{}; }
};

using JobNumber = StrongId<struct JobNumberTag, std::uint64_t>;  // never reused
using StepId = StrongId<struct StepIdTag, std::uint32_t>;        // position within its job
using Attempt = StrongId<struct AttemptTag, std::uint32_t>;      // from 1, per step
using NodeId = StrongId<struct NodeIdTag, std::uint32_t>;
using SpecId = StrongId<struct SpecIdTag, std::uint64_t>;
using ReplyId = StrongId<struct ReplyIdTag, std::uint64_t>;  // whom an answer goes to; 0: nobody

// A job as users name it: "17", or the element of an array "17[3]".
struct JobRef {
  JobNumber job;
  std::optional<std::uint32_t> index;

  constexpr JobRef() = default;
  constexpr JobRef(JobNumber number,  // NOLINT(google-explicit-constructor): a number is a name
                   std::optional<std::uint32_t> of_element = std::nullopt)
      : job(number), index(of_element) {}
  constexpr auto operator<=>(const JobRef&) const = default;
};
std::string to_string(const JobRef& ref);

// One try at one step: the name under which nodes know a process.
struct AttemptId {
  JobNumber job;
  StepId step;
  Attempt attempt;
  constexpr auto operator<=>(const AttemptId&) const = default;
};

}  // namespace jobq

template <class Tag, class Rep>
struct std::hash<jobq::StrongId<Tag, Rep>> {
  std::size_t operator()(const jobq::StrongId<Tag, Rep>& id) const noexcept {
    return std::hash<Rep>{}(id.value);
  }
};

template <>
struct std::hash<jobq::AttemptId> {
  std::size_t operator()(const jobq::AttemptId& id) const noexcept {
    std::uint64_t mixed = id.job.value * 0x9e3779b97f4a7c15ULL;
    mixed ^= (std::uint64_t{id.step.value} << 32U) | id.attempt.value;
    return std::hash<std::uint64_t>{}(mixed);
  }
};
