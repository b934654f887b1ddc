// SPDX-License-Identifier: Apache-2.0
// Finding this machine among the nodes, and rewriting places.
#include "cmd/client_places.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <utility>

#include "cmd/client.h"
#include "cmd/file_place.h"
#include "cmd/messages.h"
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

bool is_up(const wire::NodeView& node) {
  return node.state() != static_cast<std::uint32_t>(resmgr::NodeState::kLost);
}

}  // namespace

bool names_client(const sched::JobSpec& spec) {
  return std::any_of(spec.steps.begin(), spec.steps.end(), [](const sched::StepSpec& step) {
    return step.files && has_client(*step.files);
  });
}

ClientPlaces::ClientPlaces(Settings settings)
    : settings_(std::move(settings)), staging_({settings_.where, settings_.patience}) {}

Result<std::string> ClientPlaces::own_node() {
  if (node_) return *node_;
  const auto places = places_of_controller(settings_.where);
  if (!places) return tl::unexpected(places.error());
  if (!places->empty() && !places->front().token.empty()) {
    return node_.emplace(environment("JOBQ_NODE"));
  }
  Result<Client> client = Client::connect(settings_.where);
  if (!client) return tl::unexpected(client.error());
  wire::Frame request;
  request.mutable_node_request()->set_verb(wire::NodeRequest::LIST);
  const auto answer = client->ask(std::move(request));
  if (!answer) return tl::unexpected(answer.error());
  const bool is_local = !places->empty() && !places->front().socket.empty();
  std::string& own = node_.emplace();
  for (const wire::NodeView& node : answer->nodes().nodes()) {
    const bool shares_socket = is_local && node.address().starts_with(kLocalPeer);
    if (is_up(node) && shares_socket && own.empty()) own = node.name();
    if (is_up(node) && node.name() == host_name()) own = node.name();
  }
  return own;
}

// What is looked at or written to when the job runs: only a node can.
Result<void> ClientPlaces::put_on_node(std::string& place) {
  if (!is_of_client(place)) return {};
  const auto node = own_node();
  if (!node) return tl::unexpected(node.error());
  if (node->empty()) {
    return fail(ErrorCode::kRefused,
                fmt::format("{}: this machine, {}, is no node of the cluster: nobody could look "
                            "there or write there when the job runs. Name a storage area, "
                            "area:NAME/PATH, and fetch what lies there with "
                            "`jq give area:NAME/PATH .`",
                            place, host_name()));
  }
  const std::string path = place.substr(kClient.size());
  const bool whole = path.starts_with('/');
  place = fmt::format("{}:{}", *node,
                      whole ? path : joined_path(sched::as_literal(current_directory()), path));
  return {};
}

Result<bool> ClientPlaces::is_staged(const sched::StepSpec& step) {
  if (step.kind == sched::StepKind::kInquire) return false;
  if (settings_.stage) return true;
  return own_node().map([](const std::string& node) { return node.empty(); });
}

Result<std::string> ClientPlaces::area() {
  if (settings_.stage) return *settings_.stage;
  if (!has_area_) {
    const auto known = staging_.knows(kUsualStage);
    if (!known) return tl::unexpected(known.error());
    has_area_ = *known;
  }
  if (*has_area_) return std::string(kUsualStage);
  return fail(
      ErrorCode::kRefused,
      fmt::format("the ticket has files of client:, and this machine, {}, is no node of the "
                  "cluster: nobody could read them when the job runs. Carry them to a "
                  "storage area with `jq dispose FILE area:NAME/`, and name that place in "
                  "the ticket; or have them carried there now with --stage NAME. Where the "
                  "controller's configuration has [area.{}], that is done without being asked for",
                  host_name(), kUsualStage));
}

Result<void> ClientPlaces::stage(const sched::StepSpec& step, std::string& place, Staged& staged) {
  const auto name = area();
  if (!name) return tl::unexpected(name.error());
  if (!staged) {
    auto directory = staging_.open(*name, settings_.trial);
    if (!directory) return tl::unexpected(directory.error());
    staged = std::make_shared<StagedFiles>(StagedFiles{std::move(*directory), 0});
    place_count_ = 0;
  }
  const auto there = staged_place(place, staged->directory, ++place_count_);
  if (!there) return tl::unexpected(there.error());
  Result<void> carried =
      settings_.trial ? staging_.look_for(*there) : staging_.carry(*there, step.files->recursive);
  if (!carried) return carried;
  place = there->from;
  return {};
}

Result<void> ClientPlaces::resolve_source(const sched::StepSpec& step, std::string& place,
                                          Staged& staged) {
  if (!is_of_client(place)) return {};
  const auto goes = is_staged(step);
  if (!goes) return tl::unexpected(goes.error());
  return *goes ? stage(step, place, staged) : put_on_node(place);
}

Result<void> ClientPlaces::resolve(sched::StepSpec& step, Staged& staged) {
  for (std::string& from : step.files->from) {
    const std::string written = from;
    if (auto known = resolve_source(step, from, staged); !known) {
      const bool says_it = known.error().message.find(written) != std::string::npos;
      if (!says_it) known.error().message = written + ": " + known.error().message;
      return known;
    }
  }
  return {};
}

Result<ClientPlaces::Staged> ClientPlaces::resolve(sched::Ticket& ticket) {
  if (ticket.spec == nullptr) return Staged();
  if (ticket.spec == last_) {
    ticket.spec = last_resolved_;
    if (last_staged_) ++last_staged_->use_count;
    return last_staged_;
  }
  if (!names_client(*ticket.spec)) return Staged();
  auto spec = std::make_shared<sched::JobSpec>(*ticket.spec);
  Staged staged;
  Result<void> known;
  // Where something is written comes first: nothing is carried for a ticket that is refused for it.
  for (sched::StepSpec& step : spec->steps) {
    if (known && step.files) known = put_on_node(step.files->to);
  }
  for (sched::StepSpec& step : spec->steps) {
    if (known && step.files) known = resolve(step, staged);
  }
  if (!known) {
    if (staged) remove(*staged);
    return tl::unexpected(known.error());
  }
  if (staged) staged->use_count = 1;
  last_ = std::exchange(ticket.spec, spec);
  last_resolved_ = spec;
  last_staged_ = staged;
  return staged;
}

void ClientPlaces::refused(const Staged& staged) {
  if (!staged || --staged->use_count > 0) return;
  if (staged == last_staged_) last_.reset();  // the next one of its kind stages anew
  remove(*staged);
}

void ClientPlaces::remove(const StagedFiles& staged) {
  if (settings_.trial) return;
  const auto removed = staging_.remove(staged.directory);
  if (removed) return;
  note(fmt::format("what was staged in {} for a ticket that was refused still lies there: {}",
                   staged.directory, removed.error().message));
}

}  // namespace jobq::cmd
