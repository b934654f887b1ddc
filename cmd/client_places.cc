// SPDX-License-Identifier: Apache-2.0
// Finding this machine among the nodes.
#include "cmd/client_places.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <utility>

#include "cmd/client.h"
#include "cmd/file_place.h"
#include "cmd/paths.h"
#include "resmgr/resource_manager.h"
#include "sched/values.h"

namespace jobq::cmd {
namespace {

constexpr std::string_view kClient = "client:";
constexpr std::string_view kLocalPeer = "uid ";  // as the controller names who uses its socket

bool is_of_client(const std::string& text) { return text.starts_with(kClient); }

bool has_client(const sched::FileSpec& files) {
  return is_of_client(files.to) || std::any_of(files.from.begin(), files.from.end(), is_of_client);
}

void put_on_node(std::string& place, const std::string& node) {
  if (!is_of_client(place)) return;
  const std::string path = place.substr(kClient.size());
  const bool whole = path.starts_with('/');
  place = fmt::format("{}:{}", node,
                      whole ? path : joined_path(sched::as_literal(current_directory()), path));
}

bool is_up(const wire::NodeView& node) {
  return node.state() != static_cast<std::uint32_t>(resmgr::NodeState::kLost);
}

}  // namespace

bool names_client(const sched::JobSpec& spec) {
  return std::any_of(spec.steps.begin(), spec.steps.end(), [](const sched::StepSpec& step) {
    return step.files && has_client(*step.files);
  });
}

Result<std::string> ClientPlaces::own_node() {
  if (!node_.empty()) return node_;
  const auto places = places_of_controller(where_);
  if (!places) return tl::unexpected(places.error());
  if (!places->empty() && !places->front().token.empty()) return node_ = environment("JOBQ_NODE");
  Result<Client> client = Client::connect(where_);
  if (!client) return tl::unexpected(client.error());
  wire::Frame request;
  request.mutable_node_request()->set_verb(wire::NodeRequest::LIST);
  const auto answer = client->ask(std::move(request));
  if (!answer) return tl::unexpected(answer.error());
  const bool is_local = !places->empty() && !places->front().socket.empty();
  for (const wire::NodeView& node : answer->nodes().nodes()) {
    const bool shares_socket = is_local && node.address().starts_with(kLocalPeer);
    if (is_up(node) && shares_socket && node_.empty()) node_ = node.name();
    if (is_up(node) && node.name() == host_name()) node_ = node.name();
  }
  if (!node_.empty()) return node_;
  return fail(
      ErrorCode::kRefused,
      fmt::format("the ticket has files of client:, and this machine, {}, is no node of the "
                  "cluster: nobody could read them when the job runs. Carry them to a "
                  "storage area with `jq dispose FILE area:NAME/`, and name that place in "
                  "the ticket",
                  host_name()));
}

Result<void> ClientPlaces::resolve(sched::Ticket& ticket) {
  if (ticket.spec == nullptr) return {};
  if (ticket.spec == last_) {
    ticket.spec = last_resolved_;
    return {};
  }
  if (!names_client(*ticket.spec)) return {};
  const auto node = own_node();
  if (!node) return tl::unexpected(node.error());
  auto spec = std::make_shared<sched::JobSpec>(*ticket.spec);
  for (sched::StepSpec& step : spec->steps) {
    if (!step.files) continue;
    for (std::string& from : step.files->from) put_on_node(from, *node);
    put_on_node(step.files->to, *node);
  }
  last_ = std::exchange(ticket.spec, spec);
  last_resolved_ = spec;
  return {};
}

}  // namespace jobq::cmd
