// SPDX-License-Identifier: Apache-2.0
// Why those wait that stand first in the queue, for accounts of their time: the same that explain()
// says first, as far as it can be told without looking at all nodes.
#include "resmgr/waiting.h"

namespace jobq::resmgr {
namespace {

// So many shapes are looked at after each pass.
constexpr std::size_t kMostFronts = 16;

const Named* lacking(const Demand& demand) {
  for (const NamedNeed& need : demand.named) {
    if (need.amount > need.of->free) return need.of;
  }
  return nullptr;
}

bool is_about_room(std::optional<BlockerKind> kind) {
  return kind == BlockerKind::kResources || kind == BlockerKind::kPriority;
}

BlockerKind kind_by_room(const Ledger& ledger, const Demand& demand) {
  return ledger.has_room(demand) ? BlockerKind::kPriority : BlockerKind::kResources;
}

}  // namespace

// Whether there is room is asked once of each that comes to the front: it is the dear part.
Refusal Waiting::refusal_of(Shape& shape, const Ledger& ledger) {
  const RequestId id = shape.head.id();
  const bool same = shape.told == id;
  const Named* lacks = shape.open() ? lacking(*shape.demand) : nullptr;
  BlockerKind why = BlockerKind::kLimit;
  if (lacks != nullptr) {
    why = lacks->exclusive() ? BlockerKind::kExclusive : BlockerKind::kTokens;
  } else if (shape.open()) {
    why = same && is_about_room(shape.why) ? *shape.why : kind_by_room(ledger, *shape.demand);
  }
  if (same && shape.why == why && shape.lacks == lacks) return {};
  shape.told = id;
  shape.why = why;
  shape.lacks = lacks;
  return {id, why, lacks == nullptr ? std::string() : lacks->resource.name};
}

std::vector<Refusal> Waiting::take_refusals(const Ledger& ledger) {
  std::vector<Refusal> refusals;
  std::size_t seen = 0;
  for (const Head& head : heads_) {
    if (++seen > kMostFronts) break;
    Refusal refusal = refusal_of(shapes_[head.shape], ledger);
    if (refusal.id.job) refusals.push_back(std::move(refusal));
  }
  return refusals;
}

}  // namespace jobq::resmgr
