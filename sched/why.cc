// SPDX-License-Identifier: Apache-2.0
// Why a job stands where it stands: one sentence, and every reason with what would remove it.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/check.h"
#include "sched/core.h"
#include "sched/elements.h"

namespace jobq::sched {
namespace {

constexpr std::size_t kManyReasons = 100;

std::string name_of(resmgr::BlockerKind kind) {
  switch (kind) {
    case resmgr::BlockerKind::kResources: return "resources";
    case resmgr::BlockerKind::kExclusive: return "exclusive";
    case resmgr::BlockerKind::kTokens: return "tokens";
    case resmgr::BlockerKind::kPriority: return "priority";
    case resmgr::BlockerKind::kNodeState: return "node_state";
    case resmgr::BlockerKind::kLimit: return "limit";
    case resmgr::BlockerKind::kElement: return "element";
    case resmgr::BlockerKind::kService: return "service";
  }
  unreachable("kind of blocker out of range");
}

std::string steps_of(std::size_t count) {
  return count == 1 ? "1 step" : fmt::format("{} steps", count);
}

std::string running_sentence(const Job& job) {
  std::string text = fmt::format("job {} is being processed: {} of {} {}", to_string(job.ref()),
                                 active_steps(job.counts), steps_of(job.what().steps.size()),
                                 active_steps(job.counts) == 1 ? "is under way" : "are under way");
  const std::size_t waiting = count_of(job.counts, StepState::kWaiting);
  if (waiting > 0) text += fmt::format(", {} waiting for resources", waiting);
  if (job.decided() != Outcome::kNone) {
    text += fmt::format("; it takes no new steps ({})", job.facts().reason);
  }
  return text;
}

std::string cleaning_sentence(const Job& job) {
  const Step& cleanup = *job.cleanup();
  const std::string why = job.facts().reason.empty() ? "" : " (" + job.facts().reason + ")";
  std::string where = "waits for a node";
  if (const AttemptRow* attempt = cleanup.attempt()) where = "runs on " + attempt->node_name;
  return fmt::format("job {} is decided as {}{}; its cleanup {}", to_string(job.ref()),
                     to_string(job.decided()), why, where);
}

std::string sentence(const Job& job) {
  switch (job.state()) {
    case JobState::kHeld:
      return fmt::format("job {} is held by {}{}", to_string(job.ref()), job.facts().held_by,
                         job.started() ? "; what runs of it is suspended" : "");
    case JobState::kCleaningUp: return cleaning_sentence(job);
    case JobState::kProcessing: return running_sentence(job);
    case JobState::kProcessingWaits:
      return fmt::format("job {} has started, and every step that could run waits for resources",
                         to_string(job.ref()));
    case JobState::kQueued:
      return fmt::format("job {} has not begun: it {}", to_string(job.ref()),
                         job.is_to_begin() ? begin_text(job) : follow_text(job));
    default: return fmt::format("job {} waits for what it needs", to_string(job.ref()));
  }
}

void add_blocker(resmgr::Blocker blocker, const std::string& step, Why& why) {
  why.blockers.push_back(
      {name_of(blocker.kind), step, std::move(blocker.text), std::move(blocker.remedy)});
}

// Of a step in a loop: which round it is in, and how often the loops around it went back.
std::string round_text(const Job& job, StepId id) {
  std::string text;
  for (const LoopPlan& loop : job.spec->flow.loops()) {
    const Step& owner = job.step(loop.owner);
    if (job.is_cleanup(id) || !loop.goes_back[id.value] || !owner.run) continue;
    if (owner.run->went_back == 0) continue;
    const StepSpec& spec = job.what().steps[loop.owner.value];
    text += fmt::format("; {} went back to {} {} of {} times", spec.name, spec.again->to,
                        owner.run->went_back, spec.again->max);
  }
  if (text.empty()) return text;
  return fmt::format(" (round {} of the step{})", round_of(job, id), text);
}

// What would end the wait for these steps of the job: the first that is under way, or that waits
// for something else.
std::string remedy_of(const Job& job, const std::vector<StepId>& waited_for) {
  const auto first = [&](auto is_it) {
    const auto at = std::find_if(waited_for.begin(), waited_for.end(),
                                 [&](StepId id) { return is_it(job.step(id).state); });
    return at == waited_for.end() ? std::string() : step_of(job.what(), *at).name;
  };
  const std::string active = first([](StepState state) {
    return state == StepState::kStarting || state == StepState::kRunning ||
           state == StepState::kEnding;
  });
  if (!active.empty()) {
    return fmt::format(
        "wait for the end of {1}; jq output -f {0}.{1} shows what it does, jq cancel "
        "{0}.{1} ends it",
        to_string(job.ref()), active);
  }
  const std::string open = first([](StepState state) { return !is_final(state); });
  return open.empty() ? "it goes on by itself" : fmt::format("see what {} waits for", open);
}

// A step that goes back with a loop, as soon as nothing runs any more of what goes back with it.
void explain_round(const Job& job, StepId id, Why& why) {
  for (const LoopPlan& loop : job.spec->flow.loops()) {
    if (!loop.goes_back[id.value] || !wants_back(job, loop.owner)) continue;
    const StepSpec& owner = job.what().steps[loop.owner.value];
    std::vector<std::string_view> running;
    for (const StepId other : loop.steps) {
      const StepState state = job.step(other).state;
      const bool runs = !is_final(state) && state != StepState::kPending;
      if (runs) running.push_back(job.what().steps[other.value].name);
    }
    why.blockers.push_back(
        {"dependency", step_of(job.what(), id).name,
         fmt::format("begins anew when {} goes back to {}, which waits for the end of {}",
                     owner.name, owner.again->to, fmt::join(running, ", ")),
         remedy_of(job, loop.steps)});
  }
}

}  // namespace

void Core::explain_request(resmgr::RequestId id, const std::string& step, Time now,
                           Why& why) const {
  if (!rm_.is_waiting(id)) return;
  for (resmgr::Blocker& blocker : rm_.explain(id, now)) {
    add_blocker(std::move(blocker), step, why);
  }
  const auto start = rm_.expected_start(id, now, followers());
  if (start && (!why.expected_start || *start < *why.expected_start)) why.expected_start = start;
  why.is_estimate = why.expected_start && !estimates_.empty();
}

// Of a step that takes nothing and waits for any node of the element; empty: for any at all.
void Core::explain_no_node(const std::string& element, const std::string& step, Why& why) const {
  if (!element.empty() && find_element(policy_, element) == nullptr) {
    return add_blocker(resmgr::element_is_gone(element), step, why);
  }
  const std::size_t before = why.blockers.size();
  for (const auto& [id, node] : nodes_.all()) {
    const bool is_of = element.empty() || std::ranges::binary_search(node.elements, element);
    const bool would_do = is_of && node.connected && !node.row.draining;
    if (would_do) add_blocker(resmgr::node_is_clearing(node.row.name), step, why);
  }
  if (why.blockers.size() != before) return;
  const resmgr::BlockerKind kind =
      element.empty() ? resmgr::BlockerKind::kNodeState : resmgr::BlockerKind::kElement;
  const std::string of = element.empty() ? "" : " of element " + element;
  add_blocker({kind, fmt::format("no node{} that takes steps is connected", of),
               element.empty() ? "start a node, or resume one that is drained"
                               : "start one of its nodes, or resume one that is drained"},
              step, why);
}

// Of a step that takes nothing of a node: it runs where its job is, the cleanup anywhere else.
void Core::explain_node_wait(const Job& job, StepId id, Why& why) const {
  const std::string& name = step_of(job.what(), id).name;
  const Node* home = nodes_.find(job.facts().node);
  if (home != nullptr && home->connected) {
    return add_blocker(resmgr::node_is_clearing(home->row.name), name, why);
  }
  if (home == nullptr || job.is_cleanup(id)) {
    return explain_no_node(element_of(job, id), name, why);
  }
  // It leaves a node that is given up as soon as it can.
  add_blocker(
      {resmgr::BlockerKind::kNodeState,
       fmt::format("node {}, where the job is, {}", home->row.name,
                   home->row.forgotten ? "was forgotten" : "is not connected"),
       home->row.given_up ? "wait until nothing of the job runs: then it goes to another node"
                          : fmt::format("bring node {} back", home->row.name)},
      name, why);
}

// Which of the step's conditions are open, and how the steps stand that they name.
void Core::explain_conditions(const Job& job, StepId id, Why& why) const {
  const StepSpec& step = job.what().steps[id.value];
  const FactsOf facts = facts_of(job);
  std::string text;
  std::vector<StepId> named;
  for (std::size_t c = 0; c < step.after.size() + step.after_any.size(); ++c) {
    const bool any = c >= step.after.size();
    const Condition& condition = any ? step.after_any[c - step.after.size()] : step.after[c];
    const StepId source = job.spec->flow.source(id, c);
    if (holds(condition, facts(source)) != Holds::kOpen) continue;
    const std::string_view glue = text.empty() ? "waits for " : any ? " or " : " and ";
    text += fmt::format("{}{} ({})", glue, to_string(condition), to_string(job.step(source).state));
    named.push_back(source);
  }
  if (step.is_export) {
    text = "is an export: it waits for all steps before it";
    for (std::uint32_t i = 0; i < id.value; ++i) named.emplace_back(i);
  }
  if (text.empty()) return;
  why.blockers.push_back({"dependency", step.name, text, remedy_of(job, named)});
}

void Core::explain_step(const Job& job, StepId id, Time now, Why& why) const {
  const std::size_t before = why.blockers.size();
  explain_place(job, id, now, why);
  const std::string round = round_text(job, id);
  for (std::size_t i = before; i < why.blockers.size(); ++i) why.blockers[i].text += round;
}

// Where the step stands.
void Core::explain_place(const Job& job, StepId id, Time now, Why& why) const {
  const Step& step = job.step(id);
  const std::string& name = step_of(job.what(), id).name;
  const AttemptRow* attempt = step.attempt();
  if (attempt != nullptr && !attempt->ended && !attempt->node)
    return explain_built_in(job, id, why);
  if (attempt != nullptr && !attempt->ended && !nodes_.is_connected(attempt->node)) {
    why.blockers.push_back({"node_state", name, shown_reason(job, id),
                            fmt::format("bring node {0} back, cancel the job, or give the node up: "
                                        "jq node forget {0}",
                                        attempt->node_name)});
  }
  if (is_delayed(job, id)) {
    why.blockers.push_back({"retry_delay", name,
                            fmt::format("{}; the next attempt comes {}", step.run->reason,
                                        format_rfc3339(step.run->not_before)),
                            "wait for it, or cancel the job"});
  }
  if (step.state == StepState::kPending && !job.is_cleanup(id)) {
    is_to_go_back(job, id) ? explain_round(job, id, why) : explain_conditions(job, id, why);
  }
  if (step.state != StepState::kWaiting) return;
  explain_request(request_of(job.number, id), name, now, why);
  if (node_waits_.contains({key_of(job), id})) explain_node_wait(job, id, why);
}

// One for each other job that it is to come after.
void Core::explain_conditions(const Job& job, Why& why) const {
  for (const Dependency& it : job.facts().after) {
    if (it.state == Dependency::State::kHolds || why.blockers.size() >= kManyReasons) continue;
    const Job* other = jobs_.find(it.job);
    std::string remedy = "wait for it, or cancel this one and submit it anew without the condition";
    if (it.state == Dependency::State::kNever) {
      remedy = fmt::format("jq cancel {}, and submit it anew", to_string(job.ref()));
    } else if (other != nullptr) {
      remedy =
          fmt::format("see `jq why {}` ({}); {}", it.job.value, phrase(other->state()), remedy);
    }
    why.blockers.push_back({"dependency", "", open_text(it), std::move(remedy)});
  }
}

// What a step that the controller carries out waits for.
void Core::explain_built_in(const Job& job, StepId id, Why& why) const {
  const std::string& name = step_of(job.what(), id).name;
  const AttemptId attempt = job.step(id).attempt()->id;
  const auto explain_job = [&](JobNumber number) {
    if (why.blockers.size() >= kManyReasons) return;
    const Job* other = jobs_.find(number);
    std::string what = other == nullptr ? "in the history" : std::string(phrase(other->state()));
    if (waits_for(number, job.number) || waits_for(number, job.place())) {
      what += ", which waits for this one in turn: neither ends by itself";
    }
    why.blockers.push_back({"dependency", name,
                            fmt::format("waits for the end of job {} ({})", number.value, what),
                            fmt::format("see `jq why {}`; jq cancel {}.{} ends the wait",
                                        number.value, to_string(job.ref()), name)});
  };
  if (const Job* child = spawned_by(attempt)) explain_job(child->number);
  explain_event(job, id, why);
  const auto wait = waits_.find(attempt);
  if (wait == waits_.end()) return;
  for (const JobNumber number : wait->second.open) explain_job(number);
}

// It has not ended.
std::vector<Span> spans_of(const Job& job, Time now) {
  return job.run && job.run->account ? job.run->account->spans(now)
                                     : Account(job.submitted).spans(now);
}

// It may have to wait then, or be held still: its begin is the earliest that it can start. Past its
// deadline, which may be found at the controller's start, it takes nothing new.
void Core::explain_times(const Job& job, Why& why) const {
  if (is_overdue(job)) {
    why.blockers.push_back({"limit", "", deadline_text(job), "it is being ended"});
  }
  explain_conditions(job, why);
  if (!job.is_to_begin()) return;
  why.blockers.push_back({"begin", "", begin_text(job), "wait for it, or submit it anew"});
  if (!job.held) why.expected_start = job.facts().begin;
}

Why Core::why_job(const Job& job, Time now) const {
  Why why;
  why.job = job.ref();
  why.state = job.state();
  why.summary = sentence(job);
  if (job.held) {
    why.blockers.push_back({"held", "", "held by " + job.facts().held_by,
                            fmt::format("jq release {}", to_string(job.ref()))});
  }
  why.spans = spans_of(job, now);
  explain_times(job, why);
  explain_request(request_of(job.number), "", now, why);
  explain_request(move_of(job.number), "", now, why);
  const bool asks = rm_.is_waiting(request_of(job.number)) || rm_.is_waiting(move_of(job.number));
  const bool is_queued = job.is_to_begin() || job.is_to_follow();
  const bool waits_whole = asks || is_queued || (job.held && !job.started());
  for (std::uint32_t i = 0; i < job.steps.size() && !waits_whole; ++i) {
    if (why.blockers.size() >= kManyReasons) break;
    explain_step(job, StepId{i}, now, why);
  }
  return why;
}

std::optional<Why> Core::why(JobRef ref, Time now) const {
  const Job* job = job_of(ref);
  if (job != nullptr) return job->array ? why_array(*job, now) : why_job(*job, now);
  const Job* array = jobs_.find(ref.job);
  const bool unmade =
      ref.index && array != nullptr && array->array && array->array->is_unstarted(*ref.index);
  return unmade ? std::optional(why_unmade(*array, *ref.index, now)) : std::nullopt;
}

}  // namespace jobq::sched
