// SPDX-License-Identifier: Apache-2.0
// The agent's rules, as in exec/agent.cc and exec/controller_link.cc, and what befalls a node.
#include "sim/sim_node.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/overload.h"

namespace jobq::sim {
namespace {

constexpr std::int64_t kLinkDelayUs = 30;
constexpr Millis kFirstPause{50};
constexpr Millis kLongestPause{5000};
constexpr int kSilentBeats = 3;

}  // namespace

SimNode::SimNode(std::string name, resmgr::Capacity capacity, Timeline& timeline, Chance& chance,
                 Network& network, Witness& witness)
    : timeline_(timeline),
      chance_(chance),
      network_(network),
      machine_(std::move(name), timeline, chance, witness),
      capacity_(std::move(capacity)) {}

SimNode::~SimNode() = default;

void SimNode::start_agent() {
  agent_ = std::make_unique<Process>(timeline_);
  attempts_.clear();
  joined_ = false;
  pause_ = {};
  look_for_keeper();
}

void SimNode::offer(std::vector<std::string> types) {
  services_ = std::move(types);
  if (joined_ && connection_) {
    network_.send(*connection_, Network::Side::kNode, Offered{services_});
  }
}

void SimNode::end_agent() {
  if (connection_) network_.close(*connection_, Network::Side::kNode, "the agent is gone");
  connection_.reset();
  agent_.reset();
  joined_ = false;
  ++link_;
}

// --- the keeper

void SimNode::look_for_keeper() {
  const std::uint64_t mine = ++link_;
  const Millis start = keeper_ ? Millis{1} : chance_.between(Millis{5}, Millis{60});
  agent_->after(start, [this, mine] {
    if (mine != link_) return;
    if (!keeper_) {
      keeper_ = std::make_unique<Keeper>(machine_, timeline_, chance_, [this](AttemptNews news) {
        from_keeper([this, news = std::move(news)] { on_attempt(news); });
      });
    }
    attach();
  });
}

void SimNode::attach() {
  to_keeper([this](Keeper& keeper) {
    from_keeper([this, attempts = keeper.attempts()] { on_keeper_state(attempts); });
  });
}

void SimNode::to_keeper(std::function<void(Keeper&)> what) {
  if (!keeper_) return;
  keeper_->process().after_us(kLinkDelayUs, [this, link = link_, what = std::move(what)] {
    if (link == link_ && keeper_) what(*keeper_);
  });
}

void SimNode::from_keeper(std::function<void()> what) {
  if (!agent_) return;
  agent_->after_us(kLinkDelayUs, [this, link = link_, what = std::move(what)] {
    if (link == link_) what();
  });
}

void SimNode::on_keeper_state(const std::vector<AttemptNews>& attempts) {
  attempts_.clear();
  for (const AttemptNews& news : attempts) attempts_[news.id] = {news.end, true};
  hang_up();
  call();
}

void SimNode::on_attempt(const AttemptNews& news) {
  Known& known = attempts_[news.id];
  known = {news.end, true};
  if (joined_) tell(news.id, known);
}

// --- the controller

void SimNode::call() { connection_ = network_.connect(name(), *this, *agent_); }

void SimNode::hang_up() {
  joined_ = false;
  if (connection_) network_.close(*connection_, Network::Side::kNode, "the agent hung up");
  connection_.reset();
}

void SimNode::call_again() {
  connection_.reset();
  pause_ = std::clamp(Millis{pause_.count * 2}, kFirstPause, kLongestPause);
  agent_->after(chance_.between(Millis{pause_.count / 2}, pause_), [this, link = link_] {
    if (!connection_ && link == link_) call();
  });
}

void SimNode::on_connected(ConnectionId connection) {
  if (connection_ != connection) return;
  Join join{name(), machine_.incarnation(), capacity_, {}};
  for (const auto& [id, known] : attempts_) join.attempts.push_back({id, !known.end});
  joined_at_us_ = timeline_.now_us();
  network_.send(connection, Network::Side::kNode, std::move(join));
  silent_beats_ = 0;
  sent_us_.clear();
  beat(++beats_);
}

void SimNode::beat(std::uint64_t of) {
  if (of != beats_ || !connection_) return;
  if (silent_beats_ > kSilentBeats) {
    hang_up();
    call_again();
    return;
  }
  ++silent_beats_;
  sent_us_[++last_number_] = timeline_.now_us();
  network_.send(*connection_, Network::Side::kNode, Heartbeat{last_number_});
  agent_->after(heartbeat_, [this, of] { beat(of); });
}

void SimNode::on_lost(ConnectionId connection, const std::string& /*reason*/) {
  if (connection_ != connection) return;
  joined_ = false;
  call_again();
}

void SimNode::on_message(ConnectionId connection, const Message& message) {
  if (connection_ != connection) return;
  silent_beats_ = 0;
  std::visit(Overload{[this](const Welcomed& one) { on_welcome(one); },
                      [this](const sched::Launch& one) { on_launch(one); },
                      [this](const Order& one) { on_order(one); },
                      [this](const Heartbeat& one) { on_heartbeat(one); },
                      [](const auto& /*not for nodes*/) {}},
             message);
}

// From the moment at which it was sent: the controller heard it later than that.
void SimNode::on_heartbeat(const Heartbeat& answered) {
  const auto sent = sent_us_.find(answered.number);
  if (!joined_ || sent == sent_us_.end()) return;
  renew_lease(sent->second);
  sent_us_.erase(sent_us_.begin(), std::next(sent));
}

void SimNode::renew_lease(std::int64_t since_us) {
  const Millis left = lease_ - Millis{(timeline_.now_us() - since_us) / 1000};
  to_keeper([left](Keeper& keeper) { keeper.renew_lease(left); });
}

void SimNode::on_welcome(const Welcomed& welcome) {
  lease_ = welcome.lease;
  renew_lease(joined_at_us_);
  heartbeat_ = welcome.heartbeat;
  pause_ = {};
  joined_ = true;
  offer(services_);
  for (const auto& [id, known] : attempts_) {
    if (known.confirmed) tell(id, known);
  }
}

void SimNode::on_launch(const sched::Launch& launch) {
  const auto [at, is_new] = attempts_.try_emplace(launch.id);
  if (is_new) at->second.confirmed = false;
  to_keeper([launch](Keeper& keeper) { keeper.start(launch); });
}

void SimNode::on_order(const Order& order) {
  if (order.what == Order::What::kForget) {
    const auto at = attempts_.find(order.id);
    if (at == attempts_.end() || !at->second.end) return;
    attempts_.erase(at);
  }
  to_keeper([order](Keeper& keeper) { keeper.order(order); });
}

void SimNode::tell(const AttemptId& id, const Known& known) {
  if (!connection_) return;
  Message message = known.end ? Message(Complete{id, *known.end}) : Message(Started{id});
  network_.send(*connection_, Network::Side::kNode, std::move(message));
}

// --- faults

void SimNode::kill_agent(Millis down, const resmgr::Capacity& next) {
  if (!agent_) return;
  end_agent();
  capacity_ = next;
  timeline_.after(down, [this, mine = ++starts_] {
    if (mine == starts_ && !agent_) start_agent();
  });
}

void SimNode::kill_keeper() {
  if (!keeper_) return;
  keeper_.reset();
  machine_.kill_all();  // PR_SET_PDEATHSIG
  if (!agent_) return;
  hang_up();
  look_for_keeper();
}

void SimNode::end_all(bool state_too) {
  end_agent();
  keeper_.reset();
  machine_.lose_power(state_too);
  ++starts_;
}

void SimNode::leave(bool state_too) {
  end_all(state_too);
  gone_ = true;
}

void SimNode::lose_power(Millis down, bool state_too) {
  if (gone_) return;
  end_all(state_too);
  timeline_.after(down, [this, mine = starts_] {
    if (mine == starts_ && !agent_) start_agent();
  });
}

void SimNode::pause_agent(Millis span) {
  if (agent_) agent_->pause(span);
}

void SimNode::pause_keeper(Millis span) {
  if (keeper_) keeper_->process().pause(span);
}

void SimNode::heal(const resmgr::Capacity& capacity) {
  machine_.set_disk_full(false);
  gone_ = false;
  if (agent_ && capacity_ == capacity) return;
  if (agent_) end_agent();
  capacity_ = capacity;
  ++starts_;
  start_agent();
}

}  // namespace jobq::sim
