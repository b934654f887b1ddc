// SPDX-License-Identifier: Apache-2.0
// Tickets: their class or spec is found and checked, and what is right becomes a job.
//
// A request refuses bad tickets one by one and records the others. What tickets share is checked
// once.
#include <fmt/format.h>

#include <algorithm>

#include "sched/check_spec.h"
#include "sched/core.h"
#include "sched/feasible.h"
#include "sched/rank.h"
#include "sched/values.h"

namespace jobq::sched {
namespace {

constexpr std::string_view kOfRequest = "request:";
constexpr std::string_view kOfTicket = "ticket:";

std::string base_name(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return std::string(slash == std::string_view::npos ? path : path.substr(slash + 1));
}

std::string first_word(std::string_view text) {
  const std::size_t begin = std::min(text.find_first_not_of(" \t\n"), text.size());
  const std::size_t end = std::min(text.find_first_of(" \t\n;|&", begin), text.size());
  return std::string(text.substr(begin, end - begin));
}

// The class's name, else the first word of what the first step runs, else that step's name.
std::string default_name(const JobSpec& spec) {
  if (!spec.class_name.empty()) return spec.class_name;
  const StepSpec& step = spec.steps.front();
  const bool runs = step.kind == StepKind::kRun && !step.argv.empty();
  const bool shell = runs && step.argv.size() == 3 && step.argv[0] == "/bin/sh";
  std::string name = runs ? base_name(shell ? first_word(step.argv[2]) : step.argv[0]) : step.name;
  return name.empty() ? step.name : name.substr(0, 64);
}

bool overrides(const Ticket& ticket) {
  return !ticket.env.empty() || !ticket.workdir.empty() || !ticket.output.empty() ||
         !ticket.error.empty() || !ticket.element.empty() || ticket.append || ticket.umask ||
         !ticket.limits.empty() || ticket.warning;
}

// Both lists are sorted by name; what the ticket says wins.
std::vector<NameValue> merged(const std::vector<NameValue>& of_class,
                              const std::vector<NameValue>& of_ticket) {
  std::map<std::string, std::string> env(of_class.begin(), of_class.end());
  for (const auto& [name, value] : of_ticket) env[name] = value;
  return {env.begin(), env.end()};
}

std::shared_ptr<const JobSpec> with_overrides(const JobSpec& spec, const Ticket& ticket) {
  auto own = std::make_shared<JobSpec>(spec);
  own->env = merged(spec.env, ticket.env);
  if (!ticket.workdir.empty()) own->workdir = ticket.workdir;
  if (!ticket.output.empty()) own->output = ticket.output;
  if (!ticket.error.empty()) own->error = ticket.error;
  if (!ticket.element.empty()) own->needs.element = ticket.element;
  own->append = spec.append || ticket.append;
  own->umask = ticket.umask.value_or(spec.umask);
  if (!ticket.limits.empty()) own->limits = ticket.limits;
  if (ticket.warning) own->warning = ticket.warning;
  return own;
}

// Whether there is time for the job at all; whether there is enough, nobody knows.
Result<void> check_deadline(const Ticket& ticket, Time now) {
  if (!ticket.deadline) return {};
  const Time deadline = time_of(*ticket.deadline, now);
  const Time begin = ticket.begin ? time_of(*ticket.begin, now) : now;
  if (deadline > std::max(begin, now)) return {};
  const std::string at = format_rfc3339(deadline);
  if (begin > now) {
    return fail(ErrorCode::kRefused,
                fmt::format("the deadline {} is not after the begin {}: the job could not run; "
                            "give it a later deadline, or an earlier begin",
                            at, format_rfc3339(begin)));
  }
  return fail(ErrorCode::kRefused,
              fmt::format("the deadline {} has passed: by the controller's clock it is {}; give "
                          "the job a later one",
                          at, format_rfc3339(now)));
}

}  // namespace

void Core::on(NewJobNotice& event) {
  if (repeat_request(event)) return;
  CheckedSpecs checked;
  Submitted answer;
  std::vector<JobNumber> numbers;
  Foresight foresight;
  Origin origin = origin_of(event.caller, event.actor);
  origin.known = std::move(event.known);
  answer.tickets.reserve(event.tickets.size());
  for (const Ticket& ticket : event.tickets) {
    answer.tickets.push_back(event.dry_run ? try_out(ticket, event.actor, checked, origin,
                                                     foresight, answer.expected.emplace_back())
                                           : submit(ticket, event.actor, checked, origin));
    numbers.push_back(answer.tickets.back().value_or(JobNumber{}));
  }
  note_children(origin, event.caller.step, event.dry_run ? std::vector<JobNumber>{} : numbers);
  const bool recorded =
      std::any_of(numbers.begin(), numbers.end(), [](JobNumber n) { return static_cast<bool>(n); });
  if (recorded && !event.key.empty() && !event.dry_run) {
    remember(event.actor, std::string(kOfRequest) + event.key, std::move(numbers),
             policy_.keep_request_keys);
  }
  reply(event.reply, std::move(answer));
}

// A request that was recorded before is answered as it was then; tickets that were refused are
// checked again for the reason, and not recorded.
bool Core::repeat_request(const NewJobNotice& event) {
  if (event.key.empty()) return false;
  const SubmissionRow* known =
      submissions_.find({event.actor.uid, std::string(kOfRequest) + event.key});
  if (known == nullptr) return false;
  if (known->jobs.size() != event.tickets.size()) {
    reply(event.reply, Error{ErrorCode::kRefused,
                             fmt::format("request key '{}' stands for a request of {} tickets, not "
                                         "{}; use a new key for new jobs",
                                         event.key, known->jobs.size(), event.tickets.size())});
    return true;
  }
  CheckedSpecs checked;
  Submitted answer;
  for (std::size_t i = 0; i < known->jobs.size(); ++i) {
    if (known->jobs[i]) {
      answer.tickets.emplace_back(known->jobs[i]);
      continue;
    }
    const auto again = check_all(event.tickets[i], event.actor, checked);
    answer.tickets.emplace_back(tl::unexpected(
        again ? Error{ErrorCode::kRefused,
                      "refused when it was first sent; send it again under a new key"}
              : again.error()));
  }
  reply(event.reply, std::move(answer));
  return true;
}

Result<JobNumber> Core::submit(const Ticket& ticket, const Actor& actor, CheckedSpecs& checked,
                               const Origin& origin) {
  if (const auto known = submitted_before(ticket, actor)) return *known;
  const auto spec = check_all(ticket, actor, checked);
  if (!spec) return tl::unexpected(spec.error());
  auto after = dependencies_of(ticket, actor, origin.known);
  if (!after) return tl::unexpected(after.error());
  if (auto right = check_generations(origin); !right) return tl::unexpected(right.error());
  const JobNumber number = record(ticket, actor, **spec, origin, *std::move(after));
  if (!ticket.key.empty()) {
    remember(actor, std::string(kOfTicket) + ticket.key, {number}, policy_.keep_keys);
  }
  return number;
}

// Nothing is recorded, and a ticket that would be accepted has no number.
Result<JobNumber> Core::try_out(const Ticket& ticket, const Actor& actor, CheckedSpecs& checked,
                                const Origin& origin, Foresight& foresight,
                                Submitted::Expected& expected) {
  if (const auto known = submitted_before(ticket, actor)) return *known;
  const auto spec = check_all(ticket, actor, checked);
  if (!spec) return tl::unexpected(spec.error());
  const auto after = dependencies_of(ticket, actor, origin.known);
  if (!after) return tl::unexpected(after.error());
  if (!after->empty()) return JobNumber{};  // nobody knows when the others end
  expected = expected_of(ticket, actor, *(*spec)->spec, foresight);
  return JobNumber{};
}

std::optional<JobNumber> Core::submitted_before(const Ticket& ticket, const Actor& actor) const {
  if (ticket.key.empty()) return std::nullopt;
  const SubmissionRow* known = submissions_.find({actor.uid, std::string(kOfTicket) + ticket.key});
  return known == nullptr ? std::nullopt : std::optional(known->jobs.front());
}

Result<CheckedSpec*> Core::check_all(const Ticket& ticket, const Actor& actor,
                                     CheckedSpecs& checked) {
  if (ticket.recur) {
    return fail(ErrorCode::kUsage,
                "the ticket has [recur]: it is no job but a recurring ticket; "
                "add it with `jq recur add FILE`");
  }
  if (static_cast<bool>(ticket.spec) == !ticket.class_name.empty()) {  // both, or neither
    return fail(ErrorCode::kUsage, to_string(check_ticket(ticket, nullptr)));
  }
  CheckedSpec* spec = nullptr;
  if (ticket.spec) {
    spec = &check_inline(ticket.spec, checked);
  } else {
    auto of_class = check_class(ticket, checked);
    if (!of_class) return tl::unexpected(of_class.error());
    spec = *of_class;
  }
  if (spec->refusal) return tl::unexpected(*spec->refusal);
  if (const auto faults = check_ticket(ticket, spec->spec.get()); !faults.empty()) {
    return fail(ErrorCode::kUsage, to_string(faults));
  }
  if (auto possible = check_deadline(ticket, now_); !possible) {
    return tl::unexpected(possible.error());
  }
  if (auto allowed = check_policy(ticket, actor, *spec->spec); !allowed) {
    return tl::unexpected(allowed.error());
  }
  return spec;
}

CheckedSpec& Core::check_inline(const std::shared_ptr<const JobSpec>& spec, CheckedSpecs& checked) {
  const auto [it, is_new] = checked.try_emplace(spec.get());
  CheckedSpec& found = it->second;
  if (!is_new) return found;
  found.spec = spec;
  if (!spec->class_name.empty()) {
    found.refusal = Error{ErrorCode::kUsage,
                          fmt::format("steps given inline may not name a class ('{}'); register "
                                      "the class, or leave its name out",
                                      spec->class_name)};
    return found;
  }
  check_new(found, false);
  return found;
}

Result<CheckedSpec*> Core::check_class(const Ticket& ticket, CheckedSpecs& checked) {
  const auto row = classes_.resolve(ticket.class_name, ticket.class_version);
  if (!row) return tl::unexpected(row.error());
  std::shared_ptr<const JobSpec> spec = specs_.find((*row)->spec)->spec;
  const bool own = overrides(ticket);
  if (own) spec = with_overrides(*spec, ticket);
  const auto [it, is_new] = checked.try_emplace(spec.get());
  if (is_new) {
    it->second.spec = spec;
    check_new(it->second, !own);
  }
  return &it->second;
}

namespace {

Result<void> check_class_of(const Spawn& spawn, const ClassTable& classes, const SpecStore& specs) {
  if (!value_refs(spawn.class_name + spawn.class_version).empty()) return {};
  const auto row = classes.resolve(spawn.class_name, spawn.class_version);
  if (!row) return tl::unexpected(row.error());
  const auto faults = check_params(*specs.find((*row)->spec)->spec, spawn.params);
  return faults.empty() ? Result<void>() : fail(ErrorCode::kUsage, faults.front().text);
}

}  // namespace

// An equal spec in memory was found good before; what the cluster has may have changed since.
void Core::check_new(CheckedSpec& spec, bool is_known_good) {
  spec.entry = specs_.find(*spec.spec, hash_of(*spec.spec));
  if (spec.entry == nullptr && !is_known_good) {
    if (const auto faults = check_spec(*spec.spec); !faults.empty()) {
      spec.refusal = Error{ErrorCode::kUsage, to_string(faults)};
      return;
    }
  }
  if (auto possible = feasible(rm_, *spec.spec); !possible) spec.refusal = possible.error();
  if (auto there = check_spawned(*spec.spec); !there) spec.refusal = there.error();
}

// A job that a step submits could run here: the class that it names outright is there, and is given
// what it requires; what its own steps need is there. A class whose name is a value is looked at
// when the step starts.
Result<void> Core::check_spawned(const JobSpec& spec) const {
  for (const StepSpec& step : spec.steps) {
    if (!step.spawn) continue;
    const std::shared_ptr<const JobSpec>& own = step.spawn->spec;
    Result<void> good = own ? feasible(rm_, *own) : check_class_of(*step.spawn, classes_, specs_);
    if (good && own) good = check_spawned(*own);
    if (!good) {
      return fail(good.error().code, fmt::format("step {}: {}", step.name, good.error().message));
    }
  }
  return {};
}

SpecEntry& Core::entry_for(const std::shared_ptr<const JobSpec>& spec) {
  if (SpecEntry* known = specs_.find(*spec, hash_of(*spec))) return *known;
  SpecEntry& added = specs_.add(SpecId{next(Counter::kSpec)}, spec);
  changes_.add_marked(added.id);
  return added;
}

JobNumber Core::record(const Ticket& ticket, const Actor& actor, CheckedSpec& spec,
                       const Origin& origin, std::vector<Dependency> after) {
  if (spec.entry == nullptr) spec.entry = &entry_for(spec.spec);
  SpecStore::take(*spec.entry);
  const JobSpec& what = *spec.entry->spec;
  const JobNumber number{next(Counter::kJob)};
  Job& job = jobs_.add(number, ticket.name.empty() ? default_name(what) : ticket.name);
  job.spec = spec.entry;
  job.user = &jobs_.intern({actor.uid, actor.gid, actor.user});
  job.priority = ticket.priority.value_or(what.priority);
  job.params = ticket.params;
  job.time_limit = time_limit_of(ticket, what);
  job.submitted = now_;
  if (ticket.begin) {
    job.more().begin = time_of(*ticket.begin, now_);
    job.more().to_begin = job.facts().begin > now_;
  }
  if (origin.nominal) {
    job.more().nominal = origin.nominal;
    note_run(job);
  }
  if (ticket.deadline) job.more().deadline = time_of(*ticket.deadline, now_);
  join_family(job, origin);
  follow(job, std::move(after), ticket.keeps_never);
  job.rank = rank_of(policy_, job.priority, what, job.since());
  if (ticket.array) {
    job.array = std::make_unique<ArrayRun>();
    job.array->spec = *ticket.array;
    arrays_.insert(number);
    touch_array(job);
  } else {
    job.steps.resize(step_count(what));
    job.counts.at(0) = static_cast<std::uint16_t>(what.steps.size());
  }
  jobs_.enter_queue(job);
  count_waiting(job, static_cast<std::int64_t>(waiting_of(job)));
  if (job.run) refresh_deadline(job);
  touch(job);
  if (ticket.hold) {
    job.held = true;
    job.more().held_by = actor.user;
    note(job, "held", "by " + actor.user + ", at submission");
  }
  if (job.is_to_follow()) {
    look_at_conditions(job);
  } else {
    go_on(job);
  }
  return number;
}

void Core::remember(const Actor& actor, std::string key, std::vector<JobNumber> jobs, Millis keep) {
  changes_.add_marked(SubmissionKey{actor.uid, key});
  submissions_.add({actor.uid, std::move(key), std::move(jobs), now_ + keep});
}

}  // namespace jobq::sched
