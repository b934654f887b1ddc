// SPDX-License-Identifier: Apache-2.0
// The directory of services as a node knows it: what is offered here, and what its neighbours
// offer, as the controller tells it.
//
// An entry of this node has a type and an owner: the configuration, or a user of this machine. What
// the configuration offers stays; what a user offers goes when its time to live is over, unless he
// offers it again.
//
// Of a neighbour's entries the controller says when they go, by its own clock; while it is away
// they stay as they were, and answers say how long it is away. When it is back, an entry that it
// does not confirm within its time to live goes.
//
// All times are this machine's steady clock.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "exec/agent.h"
#include "net/jobq.pb.h"

namespace jobq::exec {

inline constexpr std::size_t kMostServices = 64;  // of a node, offered by users
inline constexpr std::size_t kMostSpecBytes = 256;
inline constexpr std::size_t kMostBodyBytes = 1024;
inline constexpr Millis kLeastServiceTtl = seconds(1);
inline constexpr Millis kMostServiceTtl = seconds(86400);

// The texts and the time to live of an offer; kUsage says what is wrong.
Result<void> check_offer(const wire::Service& offer);

class Directory {
 public:
  Directory(std::string node, const std::vector<ConfiguredService>& configured);

  // --- of this node
  // Takes the place of the user's own entry of the type.
  Result<void> offer(const wire::Service& offer, const std::string& user, std::int64_t now_ns);
  // kNotFound where the user offers none of the type.
  Result<void> withdraw(const std::string& type, const std::string& user);
  wire::NodeServices own(std::int64_t now_ns) const;

  // --- of its neighbours
  void set_neighbour(const wire::NodeServices& services);
  void controller_left(std::int64_t now_ns);
  void controller_came(std::int64_t now_ns);

  // Forgets what is over; true when that was of this node.
  bool expire(std::int64_t now_ns);
  std::optional<std::int64_t> next_end_ns() const;

  // Entries of the type, of every type where it is empty; this node's first.
  std::vector<wire::NodeServices> find(const std::string& type, std::int64_t now_ns) const;

 private:
  struct Entry {
    wire::Service service;
    std::optional<std::int64_t> ends_ns;
  };
  using Entries = std::vector<Entry>;
  using Key = std::pair<std::string, std::string>;  // type, user; no user: the configuration

  static wire::Service shown(const Entry& entry, std::int64_t now_ns);

  std::string node_;
  std::map<Key, Entry> own_;
  std::size_t offered_ = 0;                    // of these, by users
  std::map<std::string, Entries> neighbours_;  // by node
  std::optional<std::int64_t> away_since_ns_;  // the controller
};

}  // namespace jobq::exec
