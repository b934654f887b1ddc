// SPDX-License-Identifier: Apache-2.0
// Which jobs a command means, and why it may not touch some of them.
//
// A number that is named is answered, also when there is no such job. A range means those of its
// jobs that are in the queue. Filters mean the actor's own jobs; operators mean everybody's.
#include "sched/selection.h"

#include <fmt/format.h>

#include <algorithm>

#include "sched/core.h"

namespace jobq::sched {
namespace {

// So many are looked at in a turn, so that others get theirs.
constexpr std::size_t kJobsPerTurn = 1000;

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

// Which elements a job had that has ended is not known here.
std::string has_ended_text(JobNumber job, JobCommand command, const IndexSet* elements) {
  if (elements == nullptr) {
    return fmt::format("job {} has ended: nothing to {}", job.value, to_string(command));
  }
  return fmt::format("job {} has ended: there is no {} to {}", job.value, name_of(job, *elements),
                     to_string(command));
}

bool has_filter(const Selector& selector) {
  return selector.all || selector.user || !selector.names.empty();
}

Error denied_user(const std::string& user) {
  return {ErrorCode::kDenied,
          fmt::format("only operators may act on jobs of other users ({})", user)};
}

Error bad_step_selection() {
  return {ErrorCode::kUsage, "a step is named with exactly one job or element, like 17.calc"};
}

bool names_one_job(const Selector& selector) {
  if (selector.ranges.size() + selector.elements.size() != 1) return false;
  if (!selector.elements.empty()) return selector.elements[0].indexes.size() == 1;
  return selector.ranges[0].first == selector.ranges[0].last;
}

Error none_in_queue(const Selector::Range& range) {
  return {ErrorCode::kNotFound,
          fmt::format("no job from {} to {} is in the queue", range.first.value, range.last.value)};
}

}  // namespace

Error no_match(const Actor& actor, const Selector& selector) {
  std::string what = actor.is_operator ? "no job in the queue" : "no job of yours in the queue";
  if (!selector.names.empty()) what += fmt::format(" is named '{}'", selector.names.front());
  if (selector.user) what += fmt::format(" belongs to {}", *selector.user);
  if (!has_filter(selector)) what = "no job was named; give job numbers, --name, --user or --all";
  return {has_filter(selector) ? ErrorCode::kNotFound : ErrorCode::kUsage, what};
}

Result<void> check_selector(const Actor& actor, const Selector& selector, JobCommand command) {
  const bool takes_step = command == JobCommand::kCancel || command == JobCommand::kSignal;
  if (!selector.step.empty() && !takes_step) {
    return fail(ErrorCode::kUsage, fmt::format("{} works on whole jobs, not on one step ('{}')",
                                               to_string(command), selector.step));
  }
  if (!selector.step.empty() && !names_one_job(selector)) {
    return tl::unexpected(bad_step_selection());
  }
  const bool filtered =
      selector.ranges.empty() && selector.elements.empty() && has_filter(selector);
  if (filtered && selector.user && *selector.user != actor.user && !actor.is_operator) {
    return tl::unexpected(denied_user(*selector.user));
  }
  return {};
}

Core::Choice Core::choose(const Actor& actor, JobNumber number, JobCommand command,
                          const IndexSet* elements) {
  Choice choice;
  choice.number = number;
  choice.elements = elements;
  Job* job = jobs_.find(number);
  if (job != nullptr && job->whole != nullptr) {
    const std::string name = to_string(job->ref());
    choice.error = {ErrorCode::kNotFound,
                    fmt::format("{} is no job of its own, but {}; name it so", number.value, name)};
  } else if (job == nullptr && was_dispensed(number)) {
    choice.error = {ErrorCode::kRefused, has_ended_text(number, command, elements)};
  } else if (job == nullptr) {
    choice.error = {ErrorCode::kNotFound, fmt::format("there is no job {}", number.value)};
  } else if (!may_act(actor, *job)) {
    choice.error = {
        ErrorCode::kDenied,
        fmt::format("job {} belongs to {}; only {} and operators may {} it", number.value,
                    job->user->name, job->user->name, to_string(command))};
  } else if (elements == nullptr && sched::on(job->state(), command) == Verdict::kRefuse) {
    choice.error = {ErrorCode::kRefused, refusal(*job, command)};
  } else {
    choice.job = job;
  }
  return choice;
}

Core::Choice Core::choose_elements(const Actor& actor, const Selector::Elements& elements,
                                   JobCommand command) {
  Choice choice = choose(actor, elements.array, command, &elements.indexes);
  if (choice.job == nullptr) return choice;
  const auto right = check_elements(*choice.job, elements.indexes, command);
  if (right) return choice;
  choice.error = right.error();
  choice.job = nullptr;
  return choice;
}

// The next jobs of the selection; false when these are the last.
bool Core::select(OpenCommand& open, std::vector<Choice>& choices) {
  for (; open.elements < open.jobs.elements.size(); ++open.elements) {
    choices.push_back(choose_elements(open.actor, open.jobs.elements[open.elements], open.what));
  }
  if (!open.jobs.ranges.empty()) return select_by_number(open, choices);
  if (!has_filter(open.jobs)) return false;
  const auto named = few_meant(open);
  if (!named) return select_by_walk(open, choices);
  for (const JobNumber number : *named) choices.push_back(choose(open.actor, number, open.what));
  return false;
}

bool Core::select_by_number(OpenCommand& open, std::vector<Choice>& choices) {
  const std::vector<Selector::Range>& ranges = open.jobs.ranges;
  for (std::size_t looks = kJobsPerTurn; open.range < ranges.size(); ++open.range) {
    const Selector::Range& range = ranges[open.range];
    const std::uint64_t last = std::min(range.last.value, open.end - 1);
    const bool named = range.first == range.last;
    open.next = std::max(open.next, range.first.value);
    for (; !named && open.next <= last; ++open.next) {
      if (looks-- == 0) return true;
      const Job* job = jobs_.find(JobNumber{open.next});
      if (job == nullptr || job->whole != nullptr) continue;
      choices.push_back(choose(open.actor, JobNumber{open.next}, open.what));
      open.met_in_range = true;
    }
    if (looks-- == 0) return true;
    if (named) choices.push_back(choose(open.actor, range.first, open.what));
    if (!named && !open.met_in_range) {
      choices.push_back({range.first, nullptr, none_in_queue(range), nullptr});
    }
    open.next = 0;
    open.met_in_range = false;
  }
  return false;
}

// A cancel takes those first that wait: else what it ends would only make room for others that it
// is about to cancel.
bool Core::select_by_walk(OpenCommand& open, std::vector<Choice>& choices) {
  const auto meet = [&](const Job& job) {
    if (is_meant(open, job)) choices.push_back(choose(open.actor, job.number, open.what));
    return true;
  };
  if (open.what == JobCommand::kCancel && !open.waiting_done) {
    open.waiting_done = !jobs_.walk_waiting(open.last_waiting, kJobsPerTurn, meet);
    if (!open.waiting_done) return true;
  }
  const bool more = jobs_.walk(open.place, kJobsPerTurn, meet);
  std::ranges::sort(choices, {}, &Choice::number);
  const auto same = [](const Choice& a, const Choice& b) { return a.number == b.number; };
  choices.erase(std::unique(choices.begin(), choices.end(), same), choices.end());
  return more;
}

bool Core::is_meant(const OpenCommand& open, const Job& job) const {
  const Selector& selector = open.jobs;
  const std::vector<std::string>& names = selector.names;
  return job.whole == nullptr && job.number.value < open.end && may_act(open.actor, job) &&
         (!selector.user || job.user->name == *selector.user) &&
         (names.empty() || std::ranges::find(names, job.name->first) != names.end());
}

// Where names mean few jobs, these are found without a walk.
std::optional<std::vector<JobNumber>> Core::few_meant(const OpenCommand& open) const {
  const std::vector<std::string>& names = open.jobs.names;
  if (names.empty() || names.size() > kJobsPerTurn) return std::nullopt;
  std::vector<JobNumber> numbers;
  for (const std::string& name : names) {
    const auto named = jobs_.named(name, kJobsPerTurn);
    if (!named || numbers.size() > kJobsPerTurn) return std::nullopt;
    numbers.insert(numbers.end(), named->begin(), named->end());
  }
  std::ranges::sort(numbers);
  numbers.erase(std::unique(numbers.begin(), numbers.end()), numbers.end());
  std::erase_if(numbers, [&](JobNumber job) { return !is_meant(open, *jobs_.find(job)); });
  return numbers;
}

}  // namespace jobq::sched
