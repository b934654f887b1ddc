// SPDX-License-Identifier: Apache-2.0
// Groups of jobs under caps, and the limit classes made of them.
#include "sched/quotas.h"

#include <fmt/format.h>

#include <algorithm>

#include "sched/elements.h"

namespace jobq::sched {
namespace {

bool caps_something(const Caps& caps) { return caps.running || caps.waiting; }

const Caps* find_caps(const std::vector<NamedCaps>& list, const std::string& name) {
  const auto found = std::ranges::lower_bound(list, name, {}, &NamedCaps::name);
  return found != list.end() && found->name == name ? &found->caps : nullptr;
}

std::string jobs(std::uint64_t count) {
  return count == 1 ? "1 job" : fmt::format("{} jobs", count);
}

}  // namespace

Quotas::Quotas(const Policy& policy, resmgr::ResourceManager& rm) : policy_(&policy), rm_(&rm) {}

const Caps& Quotas::caps_of_user(const std::string& user) const {
  const Caps* own = find_caps(policy_->users, user);
  return own == nullptr ? policy_->each_user : *own;
}

Quotas::KindKey Quotas::key_of(const std::string& user, const JobSpec& spec,
                               FairShare::LineId line) const {
  const ElementPolicy* element = element_of(*policy_, spec);
  const bool user_counts = line || caps_something(caps_of_user(user));
  const bool class_counts = find_caps(policy_->classes, spec.class_name) != nullptr;
  const bool element_counts = element != nullptr && caps_something(element->caps);
  return {line, user_counts ? user : std::string(), class_counts ? spec.class_name : std::string(),
          element_counts ? element->name : std::string()};
}

const Quotas::Kind* Quotas::find_kind(const std::string& user, const JobSpec& spec,
                                      FairShare::LineId line) const {
  const auto known = kinds_.find(key_of(user, spec, line));
  return known == kinds_.end() ? nullptr : &known->second;
}

const Quotas::Kind& Quotas::kind_of(const std::string& user, const JobSpec& spec,
                                    FairShare::LineId line, std::int64_t offset) {
  if (const Kind* known = find_kind(user, spec, line)) return *known;
  return kinds_.emplace(key_of(user, spec, line), make_kind(user, spec, line, offset))
      .first->second;
}

Quotas::Kind Quotas::make_kind(const std::string& user, const JobSpec& spec, FairShare::LineId line,
                               std::int64_t offset) {
  Kind kind;
  const auto add = [&](const std::string& who, const Caps* caps) {
    if (caps == nullptr) return;
    if (const auto place = group(who, *caps)) kind.groups.push_back(*place);
  };
  add("the cluster", &policy_->all);
  add("user " + user, &caps_of_user(user));
  add("class " + spec.class_name, find_caps(policy_->classes, spec.class_name));
  if (const ElementPolicy* element = element_of(*policy_, spec)) {
    add("element " + element->name, &element->caps);
  }
  std::vector<resmgr::CapId> caps;
  for (const std::size_t place : kind.groups) {
    if (groups_[place].cap) caps.push_back(groups_[place].cap);
  }
  kind.started = limit_class(line, offset, {});
  kind.fresh = limit_class(line, offset, caps);
  return kind;
}

std::optional<std::size_t> Quotas::group(const std::string& who, const Caps& caps) {
  if (!caps_something(caps)) return std::nullopt;
  const auto [known, is_new] = by_who_.try_emplace(who, groups_.size());
  if (!is_new) return known->second;
  Group& made = groups_.emplace_back(Group{who, caps, {}, 0});
  if (caps.running) {
    caps_running_ = true;
    made.cap = resmgr::CapId{static_cast<std::uint32_t>(groups_.size())};
    rm_->set_cap(made.cap, *caps.running,
                 fmt::format("{} may run {} at a time", who, jobs(*caps.running)));
  }
  return known->second;
}

resmgr::LimitClassId Quotas::limit_class(FairShare::LineId line, std::int64_t offset,
                                         const std::vector<resmgr::CapId>& caps) {
  if (!line && caps.empty()) return {};
  const resmgr::LimitClassId next{static_cast<std::uint32_t>(classes_.size() + 1)};
  const auto [place, is_new] = classes_.try_emplace({line, caps}, next);
  if (is_new) {
    rm_->set_limit_class(next, caps);
    rm_->set_offsets({{next, offset}});
  }
  return place->second;
}

void Quotas::set_offsets(const std::vector<FairShare::LineId>& lines, const FairShare& fair) {
  std::vector<std::pair<resmgr::LimitClassId, std::int64_t>> offsets;
  for (const FairShare::LineId line : lines) {
    for (auto of_line = classes_.lower_bound({line, {}});
         of_line != classes_.end() && of_line->first.first == line; ++of_line) {
      offsets.emplace_back(of_line->second, fair.offset(line));
    }
  }
  rm_->set_offsets(offsets);
}

std::string Quotas::text_of(const resmgr::FullCap& cap) const {
  const Group& group = groups_[cap.id.value - 1];
  return fmt::format("{} runs {} of {}", group.who, cap.taken, jobs(*group.caps.running));
}

// Where no end of another job would help, it says so.
Error Quotas::refusal(const Group& group, std::uint64_t count) {
  const std::uint64_t most = *group.caps.waiting;
  const std::string cap = fmt::format("{} may have {} waiting", group.who, jobs(most));
  if (most == 0) {
    return {ErrorCode::kRefused, cap + ": none is ever accepted; ask for a higher limit"};
  }
  if (count > most) {
    return {ErrorCode::kRefused,
            fmt::format("{}, and these are {}: they are never accepted together; make it smaller",
                        cap, count)};
  }
  const std::string more = count == 1 ? "" : fmt::format("; these are {} more", count);
  return {ErrorCode::kRefused,
          fmt::format("{}, and has {}{}: submit when some have started, or cancel some", cap,
                      group.waiting, more)};
}

Result<void> Quotas::admit(const Kind& kind, std::uint64_t count) const {
  for (const std::size_t place : kind.groups) {
    const Group& group = groups_[place];
    if (!group.caps.waiting || group.waiting + count <= *group.caps.waiting) continue;
    return tl::unexpected(refusal(group, count));
  }
  return {};
}

void Quotas::count_waiting(const Kind& kind, std::int64_t more) {
  for (const std::size_t place : kind.groups) {
    groups_[place].waiting += static_cast<std::uint64_t>(more);
  }
}

std::vector<std::uint64_t> Quotas::waiting() const {
  std::vector<std::uint64_t> counts;
  for (const Group& group : groups_) counts.push_back(group.waiting);
  return counts;
}

}  // namespace jobq::sched
