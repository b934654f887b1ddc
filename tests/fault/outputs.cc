// SPDX-License-Identifier: Apache-2.0
// Reading outputs by `jq output` and comparing them.
#include "tests/fault/outputs.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace jobq::fault {
namespace {

constexpr std::size_t kMostAsked = 80;  // of those that were lost, and of those that ended

struct Question {
  const JobSaid* job = nullptr;
  const StepSaid* step = nullptr;
  const AttemptSaid* attempt = nullptr;
  StepPlan plan;
};

std::string whole_output(const Question& question) {
  if (question.plan.kind == "silent") return {};
  std::string text = first_line(question.job->job, question.step->name, question.attempt->attempt);
  for (int i = 0; question.plan.kind == "loud" && i < kLoudParts; ++i) text += loud_part(i);
  return text + last_line(question.plan.code);
}

// Where the state of a node was lost, outputs from before are, too.
bool state_was_lost(const Chronicle& chronicle, const AttemptSaid& attempt) {
  const auto& all = chronicle.disturbances();
  return std::any_of(all.begin(), all.end(), [&](const Disturbance& disturbance) {
    return disturbance.harm == Harm::kStateLost && disturbance.node == attempt.node &&
           disturbance.to_ms >= attempt.started_ms;
  });
}

// From all of the run, not only from its beginning.
std::vector<Question> some_of(const std::vector<Question>& all) {
  std::vector<Question> some;
  const std::size_t every = all.size() / kMostAsked + 1;
  for (std::size_t i = 0; i < all.size(); i += every) some.push_back(all[i]);
  return some;
}

std::vector<Question> questions(const Evidence& evidence, const Chronicle& chronicle) {
  std::map<std::string, const Ticket*> tickets;
  for (const Ticket& ticket : evidence.tickets) tickets[std::to_string(ticket.job)] = &ticket;
  std::vector<Question> lost;
  std::vector<Question> ended;
  for (const JobSaid& job : evidence.said) {
    const auto ticket = tickets.find(job.job.substr(0, job.job.find('[')));
    if (job.is_array || ticket == tickets.end()) continue;
    for (const StepSaid& step : job.steps) {
      for (const AttemptSaid& attempt : step.attempts) {
        if (state_was_lost(chronicle, attempt)) continue;
        const Question question{&job, &step, &attempt, ticket->second->steps.at(step.name)};
        (attempt.exit_code ? ended : lost).push_back(question);
      }
    }
  }
  std::vector<Question> asked = some_of(lost);
  for (const Question& question : some_of(ended)) asked.push_back(question);
  return asked;
}

bool started(const Evidence& evidence, const Question& question) {
  const auto& records = evidence.ledger.records;
  return std::any_of(records.begin(), records.end(), [&](const Record& record) {
    return record.what == "start" && record.job == question.job->job &&
           record.step == question.step->name && record.attempt == question.attempt->attempt;
  });
}

std::string shortened(const std::string& text) {
  constexpr std::size_t kShown = 60;
  return fmt::format("{} bytes ('{}')", text.size(), text.substr(0, kShown));
}

}  // namespace

std::string first_line(const std::string& job, const std::string& step, std::uint32_t attempt) {
  return fmt::format("{} {} {}\n", job, step, attempt);
}

std::string loud_part(int number) {
  constexpr std::size_t kColumns = 1000;
  return fmt::format("{:0{}}\n", number, kColumns);
}

std::string last_line(int code) { return fmt::format("end {}\n", code); }

void check_outputs(const Cluster& cluster, const Evidence& evidence, Chronicle& chronicle) {
  for (const Question& question : questions(evidence, chronicle)) {
    const std::string name = fmt::format("{}.{}", question.job->job, question.step->name);
    const std::string attempt = std::to_string(question.attempt->attempt);
    const std::string whole = whole_output(question);
    const Answer answer = cluster.ask({"output", "--attempt", attempt, name});
    const bool ran = question.attempt->exit_code || started(evidence, question);
    const std::string least = question.attempt->exit_code ? whole
                              : ran                       ? whole.substr(0, whole.find('\n') + 1)
                                                          : "";
    chronicle.count("outputs read");
    const bool is_good = answer.out.starts_with(least) && whole.starts_with(answer.out);
    if (is_good && (answer.code == 0 || !ran)) continue;
    chronicle.broken("outputs can be read",
                     fmt::format("{} attempt {} on {}: got {}, want {}; code {}: {}", name, attempt,
                                 question.attempt->node, shortened(answer.out), shortened(whole),
                                 answer.code, answer.err));
  }
}

}  // namespace jobq::fault
