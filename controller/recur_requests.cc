// SPDX-License-Identifier: Apache-2.0
// Requests about recurring tickets. Zones are read here, so that all that fires goes by one
// database, and given to the core as data.
#include <fmt/format.h>

#include <cstdlib>
#include <set>

#include "base/log.h"
#include "conf/zone.h"
#include "controller/requests.h"
#include "controller/translate_recur.h"
#include "controller/zones.h"

namespace jobq::controller {

Result<std::shared_ptr<const sched::Zone>> known_zone(const std::string& name) {
  // "local" would be another zone on another machine; the command puts in its real name.
  if (name == "local") {
    return fail(ErrorCode::kUsage,
                "the zone 'local' is that of a machine; expected its name, such "
                "as Europe/Moscow");
  }
  conf::ZonePlaces places;
  const char* database = std::getenv("TZDIR");
  if (database != nullptr && *database != '\0') places.database = database;
  auto zone = conf::read_zone(name, places);
  if (!zone) return tl::unexpected(zone.error());
  return std::make_shared<const sched::Zone>(*std::move(zone));
}

void learn_zones(Turns& turns) {
  std::set<std::string> names;
  for (const sched::RecurView& view : turns.core().recurring()) names.insert(view.row.zone->name);
  for (const std::string& name : names) {
    const auto zone = known_zone(name);
    if (zone) {
      turns.post(sched::ZoneLearned{*zone});
    } else {
      log::warning("zone {}: {}; its recurring tickets go by the rules known before", name,
                   zone.error().message);
    }
  }
}

void Requests::change_recur(const Peer& peer, const To& to, const wire::RecurRequest& request) {
  const auto named = [&]<class Event>(Event event) {
    event.reply = expect(to);
    event.actor = peer.actor;
    event.user = request.user();
    event.name = request.name();
    turns_.post(std::move(event));
  };
  switch (request.verb()) {
    case wire::RecurRequest::ADD: return add_recur(peer, to, request);
    case wire::RecurRequest::REMOVE: return named(sched::RemoveRecur{});
    case wire::RecurRequest::PAUSE: return named(sched::PauseRecur{});
    case wire::RecurRequest::RESUME: return named(sched::ResumeRecur{});
    case wire::RecurRequest::LIST: return list_recur(to);
    case wire::RecurRequest::SHOW:
    case wire::RecurRequest::FIRINGS: return show_recur(peer, to, request);
    default: break;
  }
  respond_error(to, {ErrorCode::kUsage, "no such request about recurring tickets"});
}

void Requests::add_recur(const Peer& peer, const To& to, const wire::RecurRequest& request) {
  auto ticket = recur_ticket_from_wire(request);
  if (!ticket) return respond_error(to, ticket.error());
  if (!(*ticket)->recur) {
    return respond_error(to, {ErrorCode::kUsage,
                              "the ticket has no [recur]: it does not recur; "
                              "submit it with `jq submit`"});
  }
  auto zone = known_zone((*ticket)->recur->zone);
  if (!zone) return respond_error(to, zone.error());
  turns_.post(sched::AddRecur{expect(to), peer.actor, *std::move(ticket), *std::move(zone),
                              request.replace()});
}

void Requests::add_recur(const sched::Actor& actor, std::shared_ptr<const sched::Ticket> ticket,
                         Answered answered) {
  auto zone = known_zone(ticket->recur->zone);
  if (!zone) return answered({{}, zone.error()});
  turns_.post(sched::AddRecur{expect(std::move(answered)), actor, std::move(ticket),
                              *std::move(zone), false});
}

void Requests::list_recur(const To& to) {
  turns_.ask([this, to](const sched::EventManager& core, Time) -> Turns::Answer {
    auto frame = std::make_shared<wire::Frame>();
    wire::RecurList& list = *frame->mutable_recur_list();
    for (const sched::RecurView& view : core.recurring()) to_wire(view, *list.add_tickets());
    return answer(to, std::move(frame));
  });
}

void Requests::show_recur(const Peer& peer, const To& to, const wire::RecurRequest& request) {
  turns_.ask([this, to, actor = peer.actor, request](const sched::EventManager& core,
                                                     Time) -> Turns::Answer {
    auto frame = std::make_shared<wire::Frame>();
    const auto firings = core.firings(actor, request.user(), request.name());
    if (!firings) {
      to_wire(firings.error(), *frame->mutable_error());
      return answer(to, std::move(frame));
    }
    wire::RecurList& list = *frame->mutable_recur_list();
    const std::string& user = request.user().empty() ? actor.user : request.user();
    for (const sched::RecurView& view : core.recurring()) {
      if (view.row.name != request.name() || view.row.user != user) continue;
      to_wire(view, *list.add_tickets());
      to_wire(*view.row.zone, *list.mutable_tickets()->rbegin()->mutable_zone());
    }
    if (request.verb() == wire::RecurRequest::FIRINGS) {
      for (const sched::FiringRow& row : *firings) to_wire(row, *list.add_firings());
    }
    return answer(to, std::move(frame));
  });
}

}  // namespace jobq::controller
