// SPDX-License-Identifier: Apache-2.0
// One attempt after the other: what it wrote, what is said of it, and whether that may be.
#include "tests/fault/attempts.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <map>
#include <optional>
#include <string_view>
#include <tuple>

namespace jobq::fault {
namespace {

// What a keeper may need, on a busy machine, from an exit to the record of it, and from a launch to
// the first line in the ledger.
constexpr std::int64_t kSlackMs = 3'000;
// How long ago the controller was heard at most, where nothing is wrong; beats are more frequent.
constexpr std::int64_t kBeatMs = 1'000;

// What is said of attempts that the lease ended (docs/nodes.md): by the node, by the controller.
constexpr std::string_view kEndedByLease = "the node lost its controller";
constexpr std::string_view kGivenUp = ", it stayed away";

using Id = std::tuple<std::string, std::string, std::uint32_t>;  // job, step, attempt

struct Written {
  std::int64_t started_ms = 0;
  std::int64_t ended_ms = 0;  // 0: it wrote no end
  std::string node;
  std::string code;
};

std::string to_string(const Id& id) {
  return fmt::format("{}.{} attempt {}", std::get<0>(id), std::get<1>(id), std::get<2>(id));
}

// As it wrote itself, else as it is said.
std::int64_t end_of(const AttemptSaid& said, const std::optional<Written>& written) {
  return written && written->ended_ms != 0 ? written->ended_ms : said.ended_ms;
}

class Check {
 public:
  Check(const Evidence& evidence, Chronicle& chronicle)
      : evidence_(evidence), chronicle_(chronicle) {}

  void run() {
    read_the_ledger();
    for (const Ticket& ticket : evidence_.tickets) tickets_[std::to_string(ticket.job)] = &ticket;
    for (const JobSaid& job : evidence_.said) {
      if (!job.is_array) check_job(job);
    }
    for (const auto& [id, written] : written_) {
      chronicle_.broken("every attempt is on record", to_string(id) + " is not known");
    }
  }

 private:
  void read_the_ledger();
  void check_job(const JobSaid& job);
  void check_steps(const Ticket& ticket, const JobSaid& job, const StepSaid& step);
  void check_attempt(const Ticket& ticket, const Id& id, const AttemptSaid& said);
  void check_exit(const Ticket& ticket, const Id& id, const AttemptSaid& said,
                  const std::optional<Written>& written);
  void check_loss(const Ticket& ticket, const Id& id, const AttemptSaid& said,
                  const std::optional<Written>& written);
  void check_outcome(const Ticket& ticket, const JobSaid& job);
  bool was_disturbed(const std::function<bool(const Disturbance&)>& enough, const AttemptSaid& said,
                     const std::optional<Written>& written) const;
  bool was_untold(const AttemptSaid& said, const std::optional<Written>& written) const;
  bool was_robbed(const AttemptSaid& said, const std::optional<Written>& written) const;
  bool was_fenced(const AttemptSaid& said, const std::optional<Written>& written) const;

  const Evidence& evidence_;
  Chronicle& chronicle_;
  std::map<Id, Written> written_;  // those that are not checked yet
  std::map<std::string, const Ticket*> tickets_;
};

void Check::read_the_ledger() {
  for (const std::string& line : evidence_.ledger.broken) {
    chronicle_.broken("the ledger is whole", line);
  }
  for (const Record& record : evidence_.ledger.records) {
    const Id id{record.job, record.step, record.attempt};
    chronicle_.count("ledger " + record.what);
    if (record.what == "clash") {
      chronicle_.broken("one alive at a time", fmt::format("{} on {} found {} held", to_string(id),
                                                           record.node, record.detail));
    } else if (record.what == "start") {
      const bool is_new =
          written_.try_emplace(id, Written{record.at_ms, 0, record.node, ""}).second;
      if (!is_new) chronicle_.broken("no attempt starts twice", to_string(id));
    } else if (const auto at = written_.find(id); at != written_.end()) {
      at->second.ended_ms = record.at_ms;
      at->second.code = record.detail;
    }
  }
}

void Check::check_job(const JobSaid& job) {
  const auto ticket = tickets_.find(job.job.substr(0, job.job.find('[')));
  if (ticket == tickets_.end()) return;
  for (const StepSaid& step : job.steps) check_steps(*ticket->second, job, step);
  check_outcome(*ticket->second, job);
}

// Attempts are numbered one after the other, and only a lost one has a successor.
void Check::check_steps(const Ticket& ticket, const JobSaid& job, const StepSaid& step) {
  if (step.attempts.size() > ticket.retries + 1) {
    chronicle_.broken("no more attempts than the policy allows",
                      fmt::format("{}.{} had {}", job.job, step.name, step.attempts.size()));
  }
  for (std::size_t i = 0; i < step.attempts.size(); ++i) {
    const AttemptSaid& said = step.attempts[i];
    const bool is_last = i + 1 == step.attempts.size();
    const Id id{job.job, step.name, said.attempt};
    if (!is_last && said.attempt >= step.attempts[i + 1].attempt) {
      chronicle_.broken("attempts have numbers of their own", to_string(id));
    }
    if (!is_last && (said.exit_code || said.signal)) {
      chronicle_.broken("only a lost attempt has a successor", to_string(id));
    }
    check_attempt(ticket, id, said);
  }
}

void Check::check_attempt(const Ticket& ticket, const Id& id, const AttemptSaid& said) {
  std::optional<Written> written;
  if (const auto at = written_.find(id); at != written_.end()) {
    written = at->second;
    written_.erase(at);
  }
  if (written && written->node != said.node) {
    chronicle_.broken("an attempt runs where it is said to",
                      fmt::format("{} ran on {}, not {}", to_string(id), written->node, said.node));
  }
  if (said.ended_ms == 0) {
    chronicle_.broken("every attempt has an end", to_string(id));
  } else if (said.exit_code) {
    check_exit(ticket, id, said, written);
  } else {
    check_loss(ticket, id, said, written);
  }
}

void Check::check_exit(const Ticket& ticket, const Id& id, const AttemptSaid& said,
                       const std::optional<Written>& written) {
  chronicle_.count("attempts that exited");
  const std::string wanted = std::to_string(ticket.steps.at(std::get<1>(id)).code);
  const std::string told = std::to_string(*said.exit_code);
  if (!written || written->ended_ms == 0) {
    chronicle_.broken("no exit status is invented", to_string(id) + " never wrote its end");
  } else if (told != wanted || told != written->code) {
    chronicle_.broken("the exit status is the step's",
                      fmt::format("{} exits with {}, not {}", to_string(id), wanted, told));
  }
}

// On its node, or everywhere, and not over before it was there.
bool Check::was_disturbed(const std::function<bool(const Disturbance&)>& enough,
                          const AttemptSaid& said, const std::optional<Written>& written) const {
  const std::int64_t from_ms = (written ? written->started_ms : said.started_ms) - kSlackMs;
  const auto& all = chronicle_.disturbances();
  return std::any_of(all.begin(), all.end(), [&](const Disturbance& disturbance) {
    const bool is_here = disturbance.node.empty() || disturbance.node == said.node;
    return is_here && disturbance.to_ms >= from_ms && enough(disturbance);
  });
}

// It ended when its node could not tell anybody.
bool Check::was_untold(const AttemptSaid& said, const std::optional<Written>& written) const {
  const std::int64_t ended_ms = end_of(said, written);
  const auto silences = [&](const Disturbance& disturbance) {
    return disturbance.harm == Harm::kCutOff && disturbance.from_ms <= ended_ms + kSlackMs &&
           disturbance.to_ms >= ended_ms;
  };
  return was_disturbed(silences, said, written);
}

// The keeper of its node died, or all of the node, while it lived; or the node's memory of its end
// was lost before the controller had that.
bool Check::was_robbed(const AttemptSaid& said, const std::optional<Written>& written) const {
  const std::int64_t last_ms = end_of(said, written) + kSlackMs;
  const std::int64_t told_ms =
      was_untold(said, written) ? std::max(said.ended_ms, last_ms) : last_ms;
  const auto robs = [&](const Disturbance& disturbance) {
    const bool forgets = disturbance.harm == Harm::kStateLost;
    return disturbance.harm != Harm::kCutOff &&
           disturbance.from_ms <= (forgets ? told_ms : last_ms);
  };
  return was_disturbed(robs, said, written);
}

// The lease ended it, as it is said, and its node had been cut off for as long as that takes. An
// end that it wrote itself does not count where the controller could not hear of it any more, or
// the order to end came in the same moment.
bool Check::was_fenced(const AttemptSaid& said, const std::optional<Written>& written) const {
  const bool by_node = said.reason == kEndedByLease;
  if (!by_node && said.reason != said.node + std::string(kGivenUp)) return false;
  const std::int64_t ended_ms = end_of(said, written);
  const std::int64_t cut_ms = by_node ? ended_ms - (kLeaseMs - kGraceMs - kBeatMs)
                                      : said.ended_ms - (kLeaseMs + kLeaseMarginMs - kBeatMs);
  const auto fences = [&](const Disturbance& disturbance) {
    return disturbance.harm == Harm::kCutOff && disturbance.from_ms <= cut_ms &&
           disturbance.from_ms <= ended_ms + kSlackMs;
  };
  return was_disturbed(fences, said, written);
}

// Not an exit: somebody must have ended it.
void Check::check_loss(const Ticket& ticket, const Id& id, const AttemptSaid& said,
                       const std::optional<Written>& written) {
  chronicle_.count(said.signal ? "attempts by signal" : "attempts lost: " + said.reason);
  const bool was_lost =
      !said.signal && (was_robbed(said, written) || (ticket.fenced && was_fenced(said, written)));
  if (ticket.cancelled || was_lost) return;
  const std::string how = said.signal ? fmt::format("signal {}", *said.signal) : said.reason;
  chronicle_.broken("no exit status is lost",
                    fmt::format("{} on {} ended with {} (started {}, wrote its end {})",
                                to_string(id), said.node, how, said.started_ms,
                                written && written->ended_ms != 0
                                    ? std::to_string(written->ended_ms) + " with " + written->code
                                    : "never"));
}

// A job of one step is what its step is.
void Check::check_outcome(const Ticket& ticket, const JobSaid& job) {
  chronicle_.count("jobs " + job.state);
  if (job.steps.size() != 1 || job.steps[0].attempts.empty()) return;
  const auto& code = job.steps[0].attempts.back().exit_code;
  const std::string wanted = !code ? job.state : *code == 0 ? "JD" : "JE";
  if (job.state == wanted || (ticket.cancelled && job.state == "JC")) return;
  chronicle_.broken("a job is what its step is",
                    fmt::format("{} is {}, want {}", job.job, job.state, wanted));
}

}  // namespace

void check_attempts(const Evidence& evidence, Chronicle& chronicle) {
  Check(evidence, chronicle).run();
}

}  // namespace jobq::fault
