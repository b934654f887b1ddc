// SPDX-License-Identifier: Apache-2.0
// What operators do to the cluster: draining and resuming nodes, creating and removing named
// resources.
#include <fmt/format.h>

#include "base/nearest.h"
#include "sched/check_spec.h"
#include "sched/core.h"

namespace jobq::sched {
namespace {

Result<void> only_operators(const Actor& actor, std::string_view what) {
  if (actor.is_operator) return {};
  return fail(ErrorCode::kDenied,
              fmt::format("only operators may {}; {} is not one", what, actor.user));
}

Result<void> check_resource(const resmgr::NamedResource& resource) {
  if (!resmgr::valid_name(resource.name)) {
    return fail(ErrorCode::kUsage,
                fmt::format("'{}' is no name of a resource; expected letters, digits, '.', '_' and "
                            "'-', a letter or digit first, at most 64",
                            printable(resource.name)));
  }
  if (resource.total == 0) {
    return fail(ErrorCode::kUsage,
                fmt::format("{} needs a total of at least 1 token", resource.name));
  }
  return {};
}

}  // namespace

Error Core::unknown_node(const std::string& name) const {
  std::vector<std::string_view> known;
  for (const auto& [id, node] : nodes_.all()) {
    if (!node.row.forgotten) known.emplace_back(node.row.name);
  }
  return {ErrorCode::kNotFound,
          fmt::format("no node is named '{}'{}", name, did_you_mean(name, known))};
}

Node* Core::known_node(const std::string& name) {
  Node* node = nodes_.find(name);
  return node == nullptr || node->row.forgotten ? nullptr : node;
}

void Core::on(DrainNode& event) {
  if (auto may = only_operators(event.actor, "drain nodes"); !may) return reply(event.reply, may);
  Node* node = known_node(event.name);
  if (node == nullptr) return reply(event.reply, unknown_node(event.name));
  nodes_.drain(*node, true);
  node->row.drained_by = event.actor.user;
  node->row.drain_reason = event.reason;
  drain_ends_.erase({node->row.drain_until, node->row.id});
  node->row.drain_until = event.span ? now_ + *event.span : Time{};
  if (event.span) drain_ends_.emplace(node->row.drain_until, node->row.id);
  changes_.add(node->row.id);
  rm_.set_draining(node->row.id, true);
  schedule_due_ = true;
  renew_wishes();
  reply(event.reply, Done{});
}

void Core::on(ForgetNode& event) {
  if (auto may = only_operators(event.actor, "forget nodes"); !may) {
    return reply(event.reply, may);
  }
  Node* node = known_node(event.name);
  if (node == nullptr) return reply(event.reply, unknown_node(event.name));
  if (node->connected) {
    return reply(event.reply,
                 Error{ErrorCode::kRefused,
                       fmt::format("node {} is connected; stop its daemon first, and it is "
                                   "forgotten when it is away",
                                   event.name)});
  }
  node->row.given_up = true;
  node->row.forgotten = true;
  node->row.capacity = {};
  changes_.add(node->row.id);
  rm_.forget_node(node->row.id);
  const std::set<AttemptId> attempts = node->attempts;
  for (const AttemptId& attempt : attempts) {
    if (!node->attempts.contains(attempt)) continue;  // its job ended by another one
    settle_as_lost(*node, attempt, "forgotten by " + event.actor.user);
  }
  leave_all(node->row.id);
  schedule_due_ = true;
  renew_wishes();
  reply(event.reply, Done{});
}

void Core::on(ResumeNode& event) {
  if (auto may = only_operators(event.actor, "resume nodes"); !may) return reply(event.reply, may);
  Node* node = known_node(event.name);
  if (node == nullptr) return reply(event.reply, unknown_node(event.name));
  resume(*node);
  reply(event.reply, Done{});
}

void Core::resume(Node& node) {
  drain_ends_.erase({node.row.drain_until, node.row.id});
  nodes_.drain(node, false);
  node.row.drained_by.clear();
  node.row.drain_reason.clear();
  node.row.drain_until = {};
  changes_.add(node.row.id);
  rm_.set_draining(node.row.id, false);
  schedule_due_ = true;
  retry_node_waits();
  renew_wishes();
}

void Core::resume_due_nodes() {
  while (!drain_ends_.empty() && drain_ends_.begin()->first <= now_) {
    resume(*nodes_.find(drain_ends_.begin()->second));
  }
}

void Core::on(CreateResource& event) {
  if (auto may = only_operators(event.actor, "create resources"); !may) {
    return reply(event.reply, may);
  }
  if (auto sound = check_resource(event.resource); !sound) return reply(event.reply, sound);
  const Result<void> created = rm_.create(event.resource);
  if (created) {
    named_[event.resource.name] = {event.resource, false};
    changes_.add(ResourceKey{event.resource.name});
    schedule_due_ = true;
  }
  reply(event.reply, created);
}

void Core::on(RemoveResource& event) {
  if (auto may = only_operators(event.actor, "remove resources"); !may) {
    return reply(event.reply, may);
  }
  const Result<void> removed = rm_.remove(event.name);
  if (removed) {
    named_.at(event.name).removed = true;
    changes_.add(ResourceKey{event.name});
  }
  reply(event.reply, removed);
}

}  // namespace jobq::sched
