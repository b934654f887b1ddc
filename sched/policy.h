// SPDX-License-Identifier: Apache-2.0
// What the operators of a cluster decide: elements, caps, accounts, and what counts for priority.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "resmgr/scheduling.h"

namespace jobq::sched {

// How many jobs of one kind there may be at a time; an array counts with each of its elements. None
// is without bound.
struct Caps {
  std::optional<std::uint32_t> running;  // from the start of a job to its end, cleanup included
  std::optional<std::uint32_t> waiting;  // for their start, held ones included; more are refused
  bool operator==(const Caps&) const = default;
};

// A named group of nodes with its own limits and policy. A node may belong to several.
struct ElementPolicy {
  std::string name;
  std::vector<std::string> nodes;  // names, in which '*' stands for any letters; at least one
  int points = 0;                  // added to the priority of its jobs, -1,000,000 to 1,000,000
  std::optional<Millis> default_limit;  // of a job without a time limit
  std::optional<Millis> max_limit;      // more is refused
  Caps caps;
  bool operator==(const ElementPolicy&) const = default;
};

// Users who share what they get. Those whom no account names share one without a name, which has
// one share.
struct AccountPolicy {
  std::string name;
  std::uint32_t shares = 1;  // of the whole, beside those of the other accounts; at least 1
  std::vector<std::string> users;
  bool operator==(const AccountPolicy&) const = default;
};

// What is added to the priority that a job was given; all in points of priority, 0 for none.
struct PriorityPolicy {
  int age = 0;         // for each day since its submission or begin, 0 to 1000
  int size = 0;        // for each processor that it asks for, -1000 to 1000
  int fair_share = 0;  // for who has used nothing of late, 0 to 1,000,000; less for who has
  Millis half_life = seconds(7 * 86400);  // after which use counts half; 1 hour to 1000 days
  bool operator==(const PriorityPolicy&) const = default;
};

struct NamedCaps {
  std::string name;
  Caps caps;
  bool operator==(const NamedCaps&) const = default;
};

struct Policy {
  Millis keep_keys = seconds(7 * 86400);     // how long the users' submission keys are remembered
  Millis keep_request_keys = seconds(3600);  // how long those that clients make are
  Millis cleanup_limit = seconds(600);       // of a cleanup step without a time limit of its own
  resmgr::Scheduling scheduling;
  PriorityPolicy priority;
  std::vector<ElementPolicy> elements;  // by name
  std::vector<AccountPolicy> accounts;  // by name; each user in at most one
  Caps all;                             // of all jobs together
  Caps each_user;                       // of each user who is not named below
  std::vector<NamedCaps> users;         // by name
  std::vector<NamedCaps> classes;       // by name
  bool operator==(const Policy&) const = default;
};

// The defaults, with this way of scheduling.
inline Policy policy_of(const resmgr::Scheduling& scheduling) {
  Policy policy;
  policy.scheduling = scheduling;
  return policy;
}

}  // namespace jobq::sched
