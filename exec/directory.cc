// SPDX-License-Identifier: Apache-2.0
// Entries, and when they go.
#include "exec/directory.h"

#include <fmt/format.h>

#include <algorithm>

#include "exec/text.h"

namespace jobq::exec {
namespace {

constexpr std::size_t kMostTypeBytes = 64;

bool is_over(const std::optional<std::int64_t>& ends_ns, std::int64_t now_ns) {
  return ends_ns && *ends_ns <= now_ns;
}

Result<void> check_text(std::string_view what, const std::string& text, std::size_t most) {
  if (text.size() > most) {
    return fail(ErrorCode::kUsage, fmt::format("the {} of a service has at most {} bytes, this one "
                                               "{}",
                                               what, most, text.size()));
  }
  if (!is_utf8(text)) {
    return fail(ErrorCode::kUsage, fmt::format("the {} of a service must be UTF-8", what));
  }
  return {};
}

}  // namespace

Result<void> check_offer(const wire::Service& offer) {
  if (offer.type().empty()) return fail(ErrorCode::kUsage, "a service has a type");
  if (auto good = check_text("type", offer.type(), kMostTypeBytes); !good) return good;
  if (auto good = check_text("specification", offer.spec(), kMostSpecBytes); !good) return good;
  if (auto good = check_text("body", offer.body(), kMostBodyBytes); !good) return good;
  const Millis ttl{offer.ttl()};
  if (kLeastServiceTtl <= ttl && ttl <= kMostServiceTtl) return {};
  return fail(ErrorCode::kUsage,
              fmt::format("the time to live of a service is {} to {}, not {}",
                          format_duration(kLeastServiceTtl), format_duration(kMostServiceTtl),
                          format_duration(ttl)));
}

Directory::Directory(std::string node, const std::vector<ConfiguredService>& configured)
    : node_(std::move(node)) {
  for (const ConfiguredService& one : configured) {
    wire::Service& service = own_[{one.type, ""}].service;
    service.set_id(fmt::format("{}@{}", one.type, node_));
    service.set_type(one.type);
    service.set_source("configuration");
    service.set_spec(one.spec);
    service.set_body(one.body);
    service.set_ttl(one.ttl.count);
  }
}

// --- of this node

Result<void> Directory::offer(const wire::Service& offer, const std::string& user,
                              std::int64_t now_ns) {
  if (auto good = check_offer(offer); !good) return good;
  const Key key{offer.type(), user};
  if (!own_.contains(key)) {
    if (offered_ == kMostServices) {
      return fail(ErrorCode::kRefused,
                  fmt::format("the users of node {} offer {} services already, which is the most",
                              node_, kMostServices));
    }
    ++offered_;
  }
  Entry& entry = own_[key];
  entry.service = offer;
  entry.service.set_id(fmt::format("{}@{}:{}", offer.type(), node_, user));
  entry.service.set_source(user);
  entry.ends_ns = now_ns + offer.ttl() * kNsPerMs;
  return {};
}

Result<void> Directory::withdraw(const std::string& type, const std::string& user) {
  if (own_.erase({type, user}) == 0) {
    return fail(ErrorCode::kNotFound,
                fmt::format("{} offers no service {} on node {}", user, type, node_));
  }
  --offered_;
  return {};
}

wire::Service Directory::shown(const Entry& entry, std::int64_t now_ns) {
  wire::Service service = entry.service;
  const std::int64_t left_ms = entry.ends_ns ? (*entry.ends_ns - now_ns) / kNsPerMs : service.ttl();
  service.set_left(std::max<std::int64_t>(left_ms, 0));
  return service;
}

wire::NodeServices Directory::own(std::int64_t now_ns) const {
  wire::NodeServices services;
  services.set_node(node_);
  for (const auto& [key, entry] : own_) {
    if (!is_over(entry.ends_ns, now_ns)) *services.add_services() = shown(entry, now_ns);
  }
  return services;
}

// --- of its neighbours

void Directory::set_neighbour(const wire::NodeServices& services) {
  Entries entries;
  for (const wire::Service& service : services.services()) entries.push_back({service, {}});
  neighbours_[services.node()] = std::move(entries);
  if (services.services().empty()) neighbours_.erase(services.node());
}

void Directory::controller_left(std::int64_t now_ns) {
  if (!away_since_ns_) away_since_ns_ = now_ns;
  for (auto& [node, entries] : neighbours_) {
    for (Entry& entry : entries) entry.ends_ns.reset();
  }
}

void Directory::controller_came(std::int64_t now_ns) {
  away_since_ns_.reset();
  for (auto& [node, entries] : neighbours_) {
    for (Entry& entry : entries) entry.ends_ns = now_ns + entry.service.ttl() * kNsPerMs;
  }
}

// --- time

bool Directory::expire(std::int64_t now_ns) {
  const auto over = [&](const Entry& entry) { return is_over(entry.ends_ns, now_ns); };
  for (auto& [node, entries] : neighbours_) std::erase_if(entries, over);
  std::erase_if(neighbours_, [](const auto& neighbour) { return neighbour.second.empty(); });
  const std::size_t gone = std::erase_if(own_, [&](const auto& own) { return over(own.second); });
  offered_ -= gone;
  return gone > 0;
}

std::optional<std::int64_t> Directory::next_end_ns() const {
  std::optional<std::int64_t> next;
  const auto see = [&](const Entry& entry) {
    if (entry.ends_ns && (!next || *entry.ends_ns < *next)) next = entry.ends_ns;
  };
  for (const auto& [key, entry] : own_) see(entry);
  for (const auto& [node, entries] : neighbours_) {
    for (const Entry& entry : entries) see(entry);
  }
  return next;
}

// --- answers

std::vector<wire::NodeServices> Directory::find(const std::string& type,
                                                std::int64_t now_ns) const {
  std::vector<wire::NodeServices> nodes = {own(now_ns)};
  for (const auto& [node, entries] : neighbours_) {
    wire::NodeServices& services = nodes.emplace_back();
    services.set_node(node);
    if (away_since_ns_) services.set_age(std::max(now_ns - *away_since_ns_, kNsPerMs) / kNsPerMs);
    for (const Entry& entry : entries) {
      if (!is_over(entry.ends_ns, now_ns)) *services.add_services() = entry.service;
    }
  }
  for (wire::NodeServices& services : nodes) {
    auto& all = *services.mutable_services();
    const auto other = [&](const wire::Service& one) {
      return !type.empty() && one.type() != type;
    };
    all.erase(std::remove_if(all.begin(), all.end(), other), all.end());
  }
  std::erase_if(nodes,
                [](const wire::NodeServices& services) { return services.services().empty(); });
  return nodes;
}

}  // namespace jobq::exec
