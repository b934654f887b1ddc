// SPDX-License-Identifier: Apache-2.0
// Offers, questions, and time.
#include "exec/service_desk.h"

#include <algorithm>
#include <utility>

namespace jobq::exec {
namespace {

// An entry is told again so often within its time to live: two messages may be lost.
constexpr std::int64_t kTimesTold = 3;

std::optional<std::int64_t> refresh_of(const std::vector<ConfiguredService>& configured) {
  const auto least = std::ranges::min_element(configured, {}, &ConfiguredService::ttl);
  if (least == configured.end()) return std::nullopt;
  return least->ttl.count * kNsPerMs / kTimesTold;
}

}  // namespace

ServiceDesk::ServiceDesk(uv_loop_s* loop, std::string node,
                         const std::vector<ConfiguredService>& configured, Users& users, Send send)
    : loop_(loop),
      directory_(std::move(node), configured),
      users_(users),
      send_(std::move(send)),
      refresh_ns_(refresh_of(configured)) {}

pb::StepAnswer ServiceDesk::answer(const pb::StepReport& asked,
                                   const std::optional<net::PeerCredentials>& who) {
  pb::StepAnswer answer;
  if (asked.has_services()) {
    for (wire::NodeServices& node : directory_.find(asked.services().type(), steady_now_ns())) {
      *answer.add_nodes() = std::move(node);
    }
  } else if (!who) {
    answer.set_error("the node cannot see who offers it");
  } else if (const Result<void> taken = take(asked.offer(), *who); !taken) {
    answer.set_error(taken.error().message);
    answer.set_code(static_cast<std::uint32_t>(taken.error().code));
  }
  answer.set_recorded(answer.error().empty());
  return answer;
}

Result<void> ServiceDesk::take(const pb::ServiceOffer& offer, const net::PeerCredentials& who) {
  const std::string& user = users_.find(who.uid, who.gid).name;
  const wire::Service& service = offer.service();
  Result<void> done = offer.withdraw() ? directory_.withdraw(service.type(), user)
                                       : directory_.offer(service, user, steady_now_ns());
  if (!done) return done;
  tell();
  watch();
  return {};
}

void ServiceDesk::joined() {
  joined_ = true;
  directory_.controller_came(steady_now_ns());
  if (!directory_.own(steady_now_ns()).services().empty()) tell();
  watch();
}

void ServiceDesk::away() {
  joined_ = false;
  directory_.controller_left(steady_now_ns());
  watch();
}

void ServiceDesk::heard(const wire::NodeServices& neighbour) {
  directory_.set_neighbour(neighbour);
  watch();
}

void ServiceDesk::stop() {
  joined_ = false;
  next_look_.reset();
}

void ServiceDesk::tell() {
  if (!joined_) return;
  told_ns_ = steady_now_ns();
  wire::Frame frame;
  *frame.mutable_offered() = directory_.own(told_ns_);
  send_(frame);
}

void ServiceDesk::look() {
  const std::int64_t now_ns = steady_now_ns();
  const bool is_due = joined_ && refresh_ns_ && told_ns_ + *refresh_ns_ <= now_ns;
  if (directory_.expire(now_ns) || is_due) tell();
  watch();
}

void ServiceDesk::watch() {
  std::optional<std::int64_t> next = directory_.next_end_ns();
  if (joined_ && refresh_ns_) {
    const std::int64_t refresh = told_ns_ + *refresh_ns_;
    next = std::min(next.value_or(refresh), refresh);
  }
  next_look_.reset();
  if (!next) return;
  const Millis rest{std::max<std::int64_t>((*next - steady_now_ns()) / kNsPerMs + 1, 0)};
  next_look_ = std::make_unique<net::Timer>(loop_, rest, [this] { look(); });
}

}  // namespace jobq::exec
