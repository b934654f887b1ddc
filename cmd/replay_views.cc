// SPDX-License-Identifier: Apache-2.0
// One sentence each.
#include "cmd/replay_views.h"

#include <fmt/format.h>

#include <algorithm>

#include "cmd/phrases.h"

namespace jobq::cmd {
namespace {

std::string text_of(const AttemptId& id) {
  return fmt::format("job {}, step {}, attempt {}", id.job.value, id.step.value, id.attempt.value);
}

std::string text_of(const sched::Selector& jobs) {
  std::vector<std::string> parts;
  for (const auto& [first, last] : jobs.ranges) {
    parts.push_back(first == last ? fmt::format("{}", first.value)
                                  : fmt::format("{}-{}", first.value, last.value));
  }
  for (const auto& [array, indexes] : jobs.elements) {
    parts.push_back(fmt::format("{}[{}]", array.value, to_string(indexes, sched::kShownRanges)));
  }
  for (const std::string& name : jobs.names) parts.push_back("name " + name);
  if (jobs.user) parts.push_back("user " + *jobs.user);
  if (jobs.all) parts.emplace_back("all");
  return fmt::format("{}{}{}", fmt::join(parts, ", "), jobs.step.empty() ? "" : ".", jobs.step);
}

struct EventText {
  std::string operator()(const sched::NewJobNotice& it) const {
    return fmt::format("{} {} {} by {}", it.dry_run ? "trial of" : "submission of",
                       it.tickets.size(), it.tickets.size() == 1 ? "ticket" : "tickets",
                       it.actor.user);
  }
  std::string operator()(const sched::Hold& it) const { return command("hold", it); }
  std::string operator()(const sched::Release& it) const { return command("release", it); }
  std::string operator()(const sched::Cancel& it) const {
    return it.signal == 0 ? command("cancel", it)
                          : command(fmt::format("signal {} to", it.signal), it);
  }
  std::string operator()(const sched::RegisterClass& it) const {
    const sched::JobSpec& spec = *it.definition.spec;
    return fmt::format("class {} {} registered by {}", spec.class_name, spec.class_version,
                       it.actor.user);
  }
  std::string operator()(const sched::RetireClass& it) const {
    return fmt::format("class {} {} retired by {}", it.name, it.version, it.actor.user);
  }
  std::string operator()(const sched::CreateResource& it) const {
    return fmt::format("resource {} ({}) created by {}", it.resource.name, it.resource.total,
                       it.actor.user);
  }
  std::string operator()(const sched::RemoveResource& it) const {
    return fmt::format("resource {} removed by {}", it.name, it.actor.user);
  }
  std::string operator()(const sched::DrainNode& it) const {
    return fmt::format("node {} drained by {}: {}", it.name, it.actor.user, it.reason);
  }
  std::string operator()(const sched::ResumeNode& it) const {
    return fmt::format("node {} resumed by {}", it.name, it.actor.user);
  }
  std::string operator()(const sched::ForgetNode& it) const {
    return fmt::format("node {} forgotten by {}", it.name, it.actor.user);
  }
  std::string operator()(const sched::NodeGivenUp& it) const {
    return fmt::format("node {} given up: it stayed away", it.node.value);
  }
  std::string operator()(const sched::NodeServices& it) const {
    return fmt::format("node {} offers {}", it.node.value,
                       it.types.empty() ? "nothing" : fmt::format("{}", fmt::join(it.types, ", ")));
  }
  std::string operator()(const sched::NodeJoined& it) const {
    return fmt::format("node {} joined: {} cpus, {} attempts known", it.name, it.capacity.cpus,
                       it.attempts.size());
  }
  std::string operator()(const sched::NodeLost& it) const {
    return fmt::format("node {} lost: {}", it.node.value, it.reason);
  }
  std::string operator()(const sched::TaskStarted& it) const {
    return fmt::format("{} runs on node {}", text_of(it.id), it.node.value);
  }
  std::string operator()(const sched::TaskComplete& it) const {
    return fmt::format("{} ended on node {}: {}", text_of(it.id), it.node.value, phrase_of(it.end));
  }
  std::string operator()(const sched::LookedUp& it) const {
    return fmt::format("the history knows {} of the jobs that {} waits for", it.known.size(),
                       text_of(it.id));
  }
  std::string operator()(const sched::AddRecur& it) const {
    return fmt::format("recurring ticket {} added by {}", it.ticket->name, it.actor.user);
  }
  std::string operator()(const sched::RemoveRecur& it) const { return recur("removed", it); }
  std::string operator()(const sched::PauseRecur& it) const { return recur("paused", it); }
  std::string operator()(const sched::ResumeRecur& it) const { return recur("resumed", it); }
  std::string operator()(const sched::ZoneLearned& it) const {
    return "the rules of zone " + it.zone->name;
  }
  std::string operator()(const sched::Tick&) const { return "the clock"; }
  std::string operator()(const sched::SendEvent& it) const {
    return fmt::format("event {} sent to {} by {}", it.event, it.to, it.actor.user);
  }
  std::string operator()(const sched::ReceiveEvent& it) const {
    return fmt::format("event {} asked for by {}", it.event, it.actor.user);
  }
  std::string operator()(const sched::LeaveReceive&) const {
    return "somebody waits for an event no more";
  }
  std::string operator()(const sched::DropEvent& it) const {
    return fmt::format("event {} dropped by {}", it.id.value, it.actor.user);
  }

 private:
  template <class Change>
  static std::string recur(const char* what, const Change& it) {
    return fmt::format("recurring ticket {} {} by {}", it.name, what, it.actor.user);
  }
  template <class Command>
  static std::string command(const std::string& verb, const Command& it) {
    return fmt::format("{} {} by {}", verb, text_of(it.jobs), it.actor.user);
  }
};

std::string text_of(const sched::Submitted& reply) {
  const auto good = [](const auto& ticket) { return ticket.has_value(); };
  const auto accepted = std::count_if(reply.tickets.begin(), reply.tickets.end(), good);
  const auto refused = static_cast<std::ptrdiff_t>(reply.tickets.size()) - accepted;
  std::string text = fmt::format("{} accepted", accepted);
  const auto first = std::find_if(reply.tickets.begin(), reply.tickets.end(), good);
  if (first != reply.tickets.end()) text += fmt::format(", from job {} on", (*first)->value);
  return refused == 0 ? text : text + fmt::format(", {} refused", refused);
}

struct ReplyText {
  std::string operator()(const sched::Submitted& it) const { return text_of(it); }
  std::string operator()(const sched::JobResults& it) const {
    return fmt::format("{} jobs answered", it.jobs.size());
  }
  std::string operator()(const sched::Done&) const { return "done"; }
  std::string operator()(const sched::EventSent& it) const {
    return fmt::format("event {} sent", it.id.value);
  }
  std::string operator()(const sched::EventReceived& it) const {
    return fmt::format("event {} ({}) received", it.id.value, it.event);
  }
  std::string operator()(const Error& it) const { return "refused: " + it.message; }
};

struct ActionText {
  std::string operator()(const sched::Launch& it) const {
    return fmt::format("launch {} ({}) on node {}", text_of(it.id), it.step_name, it.node.value);
  }
  std::string operator()(const sched::Kill& it) const { return order("kill", it); }
  std::string operator()(const sched::Signal& it) const {
    return order(fmt::format("signal {} to", it.signal), it);
  }
  std::string operator()(const sched::Suspend& it) const { return order("suspend", it); }
  std::string operator()(const sched::Resume& it) const { return order("resume", it); }
  std::string operator()(const sched::Forget& it) const { return order("forget", it); }
  std::string operator()(const sched::Welcome& it) const {
    return fmt::format("welcome {} as node {}", it.name, it.node.value);
  }
  std::string operator()(const sched::Reply& it) const {
    return "reply: " + std::visit(ReplyText{}, it.body);
  }
  std::string operator()(const sched::JobEnded& it) const {
    return fmt::format("job {} ended: {}{}{}", to_string(it.job), sched::phrase(it.state),
                       it.reason.empty() ? "" : ", ", it.reason);
  }
  std::string operator()(const sched::ElementsDropped& it) const {
    return fmt::format("{}[{}] dropped: {}", it.array.value,
                       to_string(it.elements, sched::kShownRanges), it.reason);
  }
  std::string operator()(const sched::LookUp& it) const {
    return fmt::format("look up {} jobs for {}", it.jobs.size(), text_of(it.id));
  }
  std::string operator()(const sched::WakeAt& it) const {
    return "wake at " + format_rfc3339(it.at);
  }

 private:
  template <class Order>
  static std::string order(const std::string& verb, const Order& it) {
    return fmt::format("{} {} on node {}", verb, text_of(it.id), it.node.value);
  }
};

bool names(const sched::Selector& jobs, JobNumber job) {
  const auto in_range = [job](const auto& range) {
    return range.first <= job && job <= range.last;
  };
  const auto in_array = [job](const auto& some) { return some.array == job; };
  return std::any_of(jobs.ranges.begin(), jobs.ranges.end(), in_range) ||
         std::any_of(jobs.elements.begin(), jobs.elements.end(), in_array);
}

bool answers(const sched::Reply& reply, JobNumber job) {
  if (const auto* submitted = std::get_if<sched::Submitted>(&reply.body)) {
    return std::any_of(submitted->tickets.begin(), submitted->tickets.end(),
                       [job](const auto& ticket) { return ticket && *ticket == job; });
  }
  const auto* results = std::get_if<sched::JobResults>(&reply.body);
  return results != nullptr && std::any_of(results->jobs.begin(), results->jobs.end(),
                                           [job](const auto& one) { return one.job == job; });
}

}  // namespace

std::string describe(const sched::Event& event) { return std::visit(EventText{}, event); }
std::string describe(const sched::Action& action) { return std::visit(ActionText{}, action); }

bool concerns(const sched::Event& event, JobNumber job) {
  return std::visit(
      [job](const auto& it) {
        if constexpr (requires { it.jobs.ranges; }) {
          return names(it.jobs, job);
        } else if constexpr (requires { it.id.job; }) {
          return it.id.job == job;
        } else {
          return false;
        }
      },
      event);
}

bool concerns(const sched::Action& action, JobNumber job) {
  return std::visit(
      [job](const auto& it) {
        if constexpr (requires { it.id.job; }) {
          return it.id.job == job;
        } else if constexpr (requires { it.job.job; }) {
          return it.job.job == job;
        } else if constexpr (requires { it.array; }) {
          return it.array == job;
        } else if constexpr (requires { it.body; }) {
          return answers(it, job);
        } else {
          return false;
        }
      },
      action);
}

}  // namespace jobq::cmd
