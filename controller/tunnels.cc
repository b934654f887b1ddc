// SPDX-License-Identifier: Apache-2.0
// Peers that speak through a node.
#include <utility>

#include "controller/peers.h"

namespace jobq::controller {

void Peers::open_tunnel(PeerId node, const std::string& name, const wire::Tunnel& tunnel) {
  if (tunnels_.contains({node, tunnel.number()})) return;
  const PeerId id = ++last_id_;
  tunnels_[{node, tunnel.number()}] = id;
  Peer& peer = peers_[id];
  peer.id = id;
  peer.tunnel = {node, tunnel.number()};
  peer.connection = std::make_unique<TunnelLine>(
      TunnelLine::Node{name, [this, node](const wire::Frame& frame) { send(node, frame); },
                       [this, node]() -> std::size_t {
                         const Peer* through = find(node);
                         return through == nullptr ? 0 : through->connection->queued_bytes();
                       }},
      tunnel.number(), Identity{tunnel.uid(), tunnel.gid(), tunnel.user()});
}

void Peers::on_tunnel(const Peer& node, const wire::Tunnel& tunnel) {
  if (tunnel.what() == wire::Tunnel::OPEN) return open_tunnel(node.id, node.node_name, tunnel);
  const auto at = tunnels_.find({node.id, tunnel.number()});
  if (at == tunnels_.end()) return;  // it was closed meanwhile
  const PeerId id = at->second;
  auto& line = static_cast<TunnelLine&>(*peers_.at(id).connection);
  switch (tunnel.what()) {
    case wire::Tunnel::MESSAGE: return on_message(id, tunnel.message());
    case wire::Tunnel::PAUSE: return line.set_full(true);
    case wire::Tunnel::RESUME: line.set_full(false); return on_drained(id);
    case wire::Tunnel::CLOSE: line.forget(); return drop(id, "the step closed the connection");
    default: return;  // of a later version
  }
}

void Peers::drop_tunnels(PeerId node, const std::string& reason) {
  while (true) {
    const auto at = tunnels_.lower_bound({node, 0});
    if (at == tunnels_.end() || at->first.first != node) return;
    drop(at->second, reason);
  }
}

// The node's connection was read: so were those of its tunnels that the node does not hold up.
void Peers::drain_tunnels(PeerId node) {
  std::vector<PeerId> through;
  for (auto at = tunnels_.lower_bound({node, 0}); at != tunnels_.end() && at->first.first == node;
       ++at) {
    const Peer& peer = peers_.at(at->second);
    const bool is_full = static_cast<const TunnelLine&>(*peer.connection).is_full();
    if (!is_full && !peer.when_drained.empty()) through.push_back(at->second);
  }
  for (const PeerId id : through) on_drained(id);
}

}  // namespace jobq::controller
