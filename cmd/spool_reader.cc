// SPDX-License-Identifier: Apache-2.0
// From names and texts to tickets.
#include "cmd/spool_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <string_view>
#include <utility>

#include "cmd/client_places.h"
#include "cmd/configuration.h"
#include "cmd/recur_tickets.h"
#include "cmd/submit_sources.h"
#include "cmd/utf8.h"
#include "conf/ticket_stream.h"

namespace jobq::cmd {
namespace {

using Tickets = std::vector<controller::SpoolTicket>;

constexpr std::size_t kMostTickets = 1000;  // as in one request
constexpr std::size_t kMostFaults = 100;

Result<void> check(const sched::Ticket& ticket, const std::string& name) {
  if (!ticket.spec || !names_client(*ticket.spec)) return {};
  return fail(ErrorCode::kUsage,
              fmt::format("{} has files of client:, and who moves a file into the spool directory "
                          "is no client; name a node or a storage area",
                          name));
}

// "local" is the zone of the controller.
Result<void> name_zone(sched::Ticket& ticket) {
  if (!ticket.recur || ticket.recur->zone != "local") return {};
  auto name = conf::local_zone_name(zone_places());
  if (!name) return tl::unexpected(name.error());
  ticket.recur->zone = *std::move(name);
  return {};
}

Result<Tickets> only(Result<sched::Ticket> ticket, const std::string& name) {
  if (!ticket) return tl::unexpected(ticket.error());
  if (auto fits = check(*ticket, name); !fits) return tl::unexpected(fits.error());
  if (auto named = name_zone(*ticket); !named) return tl::unexpected(named.error());
  Tickets tickets;
  tickets.push_back({*std::move(ticket), 0});
  return tickets;
}

void check_line(const sched::Ticket& ticket, std::uint32_t line, const std::string& name,
                std::vector<conf::Fault>& faults) {
  if (ticket.recur) {
    faults.push_back({name, line, 1, "a recurring ticket stands in a file of its own"});
  } else if (const auto fits = check(ticket, name); !fits) {
    faults.push_back({name, line, 1, fits.error().message});
  }
}

Result<Tickets> read_lines(std::string_view text, const std::string& name,
                           const std::string& home) {
  conf::TicketStream stream(name, home);
  Tickets tickets;
  std::vector<conf::Fault> faults;
  while (!text.empty() && faults.size() < kMostFaults && tickets.size() <= kMostTickets) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    auto ticket = stream.next(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (!ticket) continue;
    if (ticket->ok()) check_line(ticket->value, stream.line(), name, ticket->faults);
    std::move(ticket->faults.begin(), ticket->faults.end(), std::back_inserter(faults));
    tickets.push_back({std::move(ticket->value), stream.line()});
  }
  if (!faults.empty()) return tl::unexpected(faults_error(name, faults));
  if (tickets.size() <= kMostTickets) return tickets;
  return fail(ErrorCode::kUsage,
              fmt::format("{} has more than {} tickets; make several files of it, or submit it "
                          "with `jq submit -`",
                          name, kMostTickets));
}

bool has_end(const std::string& name, std::string_view a, std::string_view b) {
  return name.ends_with(a) || name.ends_with(b);
}

}  // namespace

Result<Tickets> read_spooled(const std::string& text, const std::string& name,
                             const std::string& home) {
  if (text.find_first_not_of(" \t\r\n") == std::string::npos) {
    return fail(ErrorCode::kUsage, fmt::format("{} is empty; expected a ticket or a script", name));
  }
  if (name.ends_with(".jsonl")) return read_lines(text, name, home);
  if (has_end(name, ".toml", ".json")) return only(ticket_from_text({}, text, name, home), name);
  if (has_end(name, ".sh", ".job") || is_script(text)) {
    if (text.find('\0') != std::string::npos) {
      return fail(ErrorCode::kUsage, fmt::format("{} has NUL bytes: it is no script", name));
    }
    return only(ticket_from_script({}, text, name, {}, {home, {}, 022}), name);
  }
  return fail(ErrorCode::kUsage,
              fmt::format("{} is neither a ticket (NAME.toml, NAME.json, or NAME.jsonl with a "
                          "ticket on each line) nor a script (NAME.sh, NAME.job, or a text that "
                          "begins with #! or has #JQ lines)",
                          name));
}

}  // namespace jobq::cmd
