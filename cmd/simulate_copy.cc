// SPDX-License-Identifier: Apache-2.0
// The copy of the controller's queue that simulate --live goes on from.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "cmd/client.h"
#include "cmd/messages.h"
#include "cmd/node_views.h"
#include "cmd/resource_views.h"
#include "cmd/simulate.h"
#include "controller/translate.h"
#include "sim/live.h"

namespace jobq::cmd {
namespace {

Result<void> fetch_jobs(Client& client, controller::QueueCopy& copied) {
  wire::Frame request;
  request.mutable_queue()->set_details(true);
  return client.ask(std::move(request), [&](wire::Frame& answer) -> Result<void> {
    if (!answer.has_jobs()) return unexpected_answer();
    return controller::add_from_wire(answer.jobs(), copied);
  });
}

Result<void> fetch_resources(Client& client, sim::LiveQueue& queue) {
  const Result<wire::ResourceList> list = ask_for_resources(client);
  if (!list) return tl::unexpected(list.error());
  for (const wire::ResourceView& view : list->resources()) {
    const bool is_exclusive =
        view.kind() == static_cast<std::uint32_t>(resmgr::NamedKind::kExclusive);
    queue.named.push_back(
        {view.name(), is_exclusive ? resmgr::NamedKind::kExclusive : resmgr::NamedKind::kTokens,
         view.total()});
  }
  return {};
}

// Nodes are named one by one: those that are added later belong to none.
void take_elements(const wire::NodeView& node, std::vector<sched::ElementPolicy>& elements) {
  for (const std::string& name : node.elements()) {
    auto known = std::ranges::lower_bound(elements, name, {}, &sched::ElementPolicy::name);
    if (known == elements.end() || known->name != name) {
      known = elements.insert(known, sched::ElementPolicy{});
      known->name = name;
    }
    known->nodes.push_back(node.name());
  }
}

Result<void> fetch_nodes(Client& client, sim::LiveQueue& queue) {
  const Result<wire::NodeList> list = ask_for_nodes(client);
  if (!list) return tl::unexpected(list.error());
  std::vector<sched::ElementPolicy>& elements = queue.copied.policy.elements;
  for (sched::ElementPolicy& element : elements) element.nodes.clear();
  for (const wire::NodeView& view : list->nodes()) {
    resmgr::NodeView node;
    node.name = view.name();
    take_elements(view, elements);
    node.state = view.state() > static_cast<std::uint32_t>(resmgr::NodeState::kLost)
                     ? resmgr::NodeState::kLost
                     : static_cast<resmgr::NodeState>(view.state());
    node.total = controller::from_wire(view.total());
    node.services = {view.services().begin(), view.services().end()};
    queue.nodes.push_back(std::move(node));
  }
  return {};
}

}  // namespace

Result<sim::LiveQueue> fetch_live_queue(const ControllerOptions& where) {
  Result<Client> client = Client::connect(where);
  if (!client) return tl::unexpected(client.error());
  sim::LiveQueue queue;
  if (auto done = fetch_resources(*client, queue); !done) return tl::unexpected(done.error());
  if (auto done = fetch_jobs(*client, queue.copied); !done) return tl::unexpected(done.error());
  if (auto done = fetch_nodes(*client, queue); !done) return tl::unexpected(done.error());
  queue.now = wall_now();
  if (queue.copied.cut_off) {
    note(fmt::format("the queue is longer; its first {} jobs and elements are looked at",
                     controller::QueueCopy::kMost));
  }
  return queue;
}

}  // namespace jobq::cmd
