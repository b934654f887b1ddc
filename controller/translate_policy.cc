// SPDX-License-Identifier: Apache-2.0
// The operators' policy, and what fair share counts.
#include "controller/translate.h"
#include "controller/wire_checks.h"

namespace jobq::controller {
namespace {

using sched::Caps;
using sched::Policy;

template <class In>
std::vector<std::string> strings_from_wire(const In& in) {
  return {in.begin(), in.end()};
}

void caps_to_wire(const Caps& caps, wire::Caps& out) {
  if (caps.running) out.set_running(*caps.running);
  if (caps.waiting) out.set_waiting(*caps.waiting);
}

Caps caps_from_wire(const wire::Caps& in) {
  Caps caps;
  if (in.has_running()) caps.running = in.running();
  if (in.has_waiting()) caps.waiting = in.waiting();
  return caps;
}

template <class Out>
void named_to_wire(const std::vector<sched::NamedCaps>& all, Out& out) {
  for (const sched::NamedCaps& named : all) {
    wire::NamedCaps& entry = *out.Add();
    entry.set_name(named.name);
    caps_to_wire(named.caps, *entry.mutable_caps());
  }
}

template <class In>
std::vector<sched::NamedCaps> named_from_wire(const In& in) {
  std::vector<sched::NamedCaps> all;
  for (const wire::NamedCaps& entry : in) {
    all.push_back({entry.name(), caps_from_wire(entry.caps())});
  }
  return all;
}

void element_to_wire(const sched::ElementPolicy& element, wire::ElementPolicy& out) {
  out.set_name(element.name);
  for (const std::string& node : element.nodes) out.add_nodes(node);
  out.set_points(element.points);
  if (element.default_limit) out.set_default_limit(element.default_limit->count);
  if (element.max_limit) out.set_max_limit(element.max_limit->count);
  caps_to_wire(element.caps, *out.mutable_caps());
}

sched::ElementPolicy element_from_wire(const wire::ElementPolicy& in) {
  sched::ElementPolicy element;
  element.name = in.name();
  element.nodes = strings_from_wire(in.nodes());
  element.points = in.points();
  if (in.has_default_limit()) element.default_limit = Millis{in.default_limit()};
  if (in.has_max_limit()) element.max_limit = Millis{in.max_limit()};
  element.caps = caps_from_wire(in.caps());
  return element;
}

}  // namespace

void to_wire(const Policy& policy, wire::Policy& out) {
  out.set_age(policy.priority.age);
  out.set_size(policy.priority.size);
  out.set_fair_share(policy.priority.fair_share);
  out.set_half_life(policy.priority.half_life.count);
  for (const sched::ElementPolicy& element : policy.elements) {
    element_to_wire(element, *out.add_elements());
  }
  for (const sched::AccountPolicy& account : policy.accounts) {
    wire::AccountPolicy& entry = *out.add_accounts();
    entry.set_name(account.name);
    entry.set_shares(account.shares);
    for (const std::string& user : account.users) entry.add_users(user);
  }
  caps_to_wire(policy.all, *out.mutable_all());
  caps_to_wire(policy.each_user, *out.mutable_each_user());
  named_to_wire(policy.users, *out.mutable_users());
  named_to_wire(policy.classes, *out.mutable_classes());
}

Result<void> from_wire(const wire::Policy& in, Policy& policy) {
  policy.priority = {in.age(), in.size(), in.fair_share(), Millis{in.half_life()}};
  if (in.half_life() <= 0) return tl::unexpected(malformed("a half-life of nothing"));
  for (const wire::ElementPolicy& entry : in.elements()) {
    policy.elements.push_back(element_from_wire(entry));
  }
  for (const wire::AccountPolicy& entry : in.accounts()) {
    if (entry.shares() == 0) return tl::unexpected(malformed("an account without a share"));
    policy.accounts.push_back({entry.name(), entry.shares(), strings_from_wire(entry.users())});
  }
  policy.all = caps_from_wire(in.all());
  policy.each_user = caps_from_wire(in.each_user());
  policy.users = named_from_wire(in.users());
  policy.classes = named_from_wire(in.classes());
  return {};
}

void to_wire(const sched::UsageRow& usage, wire::Usage& out) {
  out.set_user(usage.user);
  out.set_used(usage.used);
  out.set_as_of(usage.as_of.ms);
}

sched::UsageRow from_wire(const wire::Usage& in) {
  return {in.user(), in.used(), Time{in.as_of()}};
}

}  // namespace jobq::controller
