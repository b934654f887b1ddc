// SPDX-License-Identifier: Apache-2.0
// Which jobs a command means, and why it may not touch some of them.
//
// A number that is named is answered, also when there is no such job. A range means those of its
// jobs that are in the queue. Filters mean the actor's own jobs; operators mean everybody's.
#include <fmt/format.h>

#include <algorithm>

#include "sched/core.h"

namespace jobq::sched {
namespace {

bool may_act(const Actor& actor, const Job& job) {
  return actor.is_operator || actor.uid == job.user->uid;
}

std::string refusal(const Job& job, JobCommand command) {
  if (job.state() == JobState::kCleaningUp) {
    return fmt::format("job {} is cleaning up ({}), which always runs: nothing to {}",
                       job.number.value, job.facts().reason.empty() ? "done" : job.facts().reason,
                       to_string(command));
  }
  return fmt::format("job {} is {} and has no running step: nothing to {}", job.number.value,
                     phrase(job.state()), to_string(command));
}

bool has_filter(const Selector& selector) {
  return selector.all || selector.user || !selector.names.empty();
}

Error denied_user(const std::string& user) {
  return {ErrorCode::kDenied,
          fmt::format("only operators may act on jobs of other users ({})", user)};
}

Error bad_step_selection() {
  return {ErrorCode::kUsage, "a step is named with exactly one job, like 17.calc"};
}

bool names_one_job(const Selector& selector) {
  return selector.ranges.size() == 1 && selector.ranges[0].first == selector.ranges[0].last;
}

Error no_match(const Actor& actor, const Selector& selector) {
  std::string what = actor.is_operator ? "no job in the queue" : "no job of yours in the queue";
  if (!selector.names.empty()) what += fmt::format(" is named '{}'", selector.names.front());
  if (selector.user) what += fmt::format(" belongs to {}", *selector.user);
  if (!has_filter(selector)) what = "no job was named; give job numbers, --name, --user or --all";
  return {has_filter(selector) ? ErrorCode::kNotFound : ErrorCode::kUsage, what};
}

}  // namespace

Core::Choice Core::choose(const Actor& actor, JobNumber number, JobCommand command) {
  Choice choice;
  choice.number = number;
  Job* job = jobs_.find(number);
  if (job == nullptr && was_dispensed(number)) {
    choice.error = {ErrorCode::kRefused, fmt::format("job {} has ended: nothing to {}",
                                                     number.value, to_string(command))};
  } else if (job == nullptr) {
    choice.error = {ErrorCode::kNotFound, fmt::format("there is no job {}", number.value)};
  } else if (!may_act(actor, *job)) {
    choice.error = {
        ErrorCode::kDenied,
        fmt::format("job {} belongs to {}; only {} and operators may {} it", number.value,
                    job->user->name, job->user->name, to_string(command))};
  } else if (sched::on(job->state(), command) == Verdict::kRefuse) {
    choice.error = {ErrorCode::kRefused, refusal(*job, command)};
  } else {
    choice.job = job;
  }
  return choice;
}

void Core::choose_range(const Actor& actor, const Selector::Range& range, JobCommand command,
                        std::vector<Choice>& choices) {
  if (range.first == range.last) {
    choices.push_back(choose(actor, range.first, command));
    return;
  }
  const std::size_t before = choices.size();
  const std::uint64_t last = std::min(range.last.value, next_job_ - 1);
  if (last >= range.first.value && last - range.first.value <= jobs_.live()) {
    for (std::uint64_t n = range.first.value; n <= last; ++n) {
      if (jobs_.find(JobNumber{n}) != nullptr)
        choices.push_back(choose(actor, JobNumber{n}, command));
    }
  } else if (last >= range.first.value) {
    for (const JobNumber number : jobs_.numbers()) {
      const bool inside = number >= range.first && number.value <= last;
      if (inside) choices.push_back(choose(actor, number, command));
    }
  }
  if (choices.size() > before) return;
  Choice none;
  none.number = range.first;
  none.error = {ErrorCode::kNotFound, fmt::format("no job from {} to {} is in the queue",
                                                  range.first.value, range.last.value)};
  choices.push_back(std::move(none));
}

std::vector<JobNumber> Core::filtered(const Actor& actor, const Selector& selector) {
  std::vector<JobNumber> numbers;
  if (selector.names.empty()) {
    numbers = jobs_.numbers();
  } else {
    for (const std::string& name : selector.names) {
      const std::vector<JobNumber> named = *jobs_.named(name);
      numbers.insert(numbers.end(), named.begin(), named.end());
    }
    std::sort(numbers.begin(), numbers.end());
    numbers.erase(std::unique(numbers.begin(), numbers.end()), numbers.end());
  }
  std::erase_if(numbers, [&](JobNumber number) {
    const Job& job = *jobs_.find(number);
    return !may_act(actor, job) || (selector.user && job.user->name != *selector.user);
  });
  return numbers;
}

Result<std::vector<Core::Choice>> Core::select(const Actor& actor, const Selector& selector,
                                               JobCommand command) {
  const bool takes_step = command == JobCommand::kCancel || command == JobCommand::kSignal;
  if (!selector.step.empty() && !takes_step) {
    return fail(ErrorCode::kUsage, fmt::format("{} works on whole jobs, not on one step ('{}')",
                                               to_string(command), selector.step));
  }
  if (!selector.step.empty() && !names_one_job(selector)) {
    return tl::unexpected(bad_step_selection());
  }
  std::vector<Choice> choices;
  for (const Selector::Range& range : selector.ranges) {
    choose_range(actor, range, command, choices);
  }
  if (selector.ranges.empty() && has_filter(selector)) {
    if (selector.user && *selector.user != actor.user && !actor.is_operator) {
      return tl::unexpected(denied_user(*selector.user));
    }
    for (const JobNumber number : filtered(actor, selector)) {
      choices.push_back(choose(actor, number, command));
    }
  }
  if (choices.empty()) return tl::unexpected(no_match(actor, selector));
  return choices;
}

}  // namespace jobq::sched
