// SPDX-License-Identifier: Apache-2.0
// Checkers that compare what clients and keepers know with what stands in the journal.
#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "sim/promises.h"

namespace jobq::sim {
namespace {

auto as_tuple(const sched::TaskEnd& end) {
  return std::tie(end.how, end.exit_code, end.signal, end.reason, end.cpu, end.max_rss,
                  end.read_bytes, end.written_bytes);
}

auto status_of(const sched::TaskEnd& end) { return std::tie(end.exit_code, end.signal); }

std::string to_text(const sched::TaskEnd& end) {
  return fmt::format("how {} exit {} signal {} '{}'", static_cast<int>(end.how), end.exit_code,
                     end.signal, end.reason);
}

}  // namespace

// --- what clients were told

void Promises::submitted(const std::string& name, std::shared_ptr<const sched::JobSpec> spec,
                         bool held) {
  happened([&] {
    return fmt::format("{} is submitted: {}, {} steps{}", name, resmgr::to_string(spec->needs),
                       spec->steps.size(), held ? ", held" : "");
  });
  Submission& submission = submissions_[name];
  submission.spec = std::move(spec);
  submission.held = held;
}

void Promises::got_number(const std::string& name, JobNumber number) {
  Submission& submission = submissions_.at(name);
  if (submission.number && submission.number != number) {
    broken("same_key_same_number",
           fmt::format("{} was told {} and then {}", name, submission.number.value, number.value));
  }
  submission.number = number;
}

void Promises::may_be_released(const std::string& name) {
  submissions_.at(name).may_be_released = true;
}

Promises::Submission* Promises::by_number(JobNumber job) {
  const auto at = std::find_if(submissions_.begin(), submissions_.end(),
                               [&](const auto& entry) { return entry.second.number == job; });
  return at == submissions_.end() ? nullptr : &at->second;
}

void Promises::is_held(JobNumber job) {
  if (Submission* submission = by_number(job)) submission->held = true;
}

void Promises::is_cancelled(JobNumber job) {
  if (Submission* submission = by_number(job)) submission->cancelled = true;
}

// --- what the journal says

bool Promises::told_anybody() const {
  return !draining_.empty() || !resources_.empty() || !classes_.empty() ||
         std::any_of(submissions_.begin(), submissions_.end(),
                     [](const auto& entry) { return static_cast<bool>(entry.second.number); });
}

void Promises::after_crash(const Disk& disk) {
  const auto facts = read_facts(disk, HowMuch::kWhatIsLive);
  if (facts) {
    check_acknowledged(*facts);
  } else if (told_anybody()) {
    broken("acknowledged_means_on_disk", facts.error().message);
  }
}

void Promises::check_acknowledged(const JournalFacts& facts) {
  const auto lost = [this](const std::string& what) { broken("acknowledged_means_on_disk", what); };
  if (!facts.repeated.empty()) {
    broken("same_key_same_number", facts.repeated + " was submitted once and stands there twice");
  }
  if (!facts.twice.empty()) {
    broken("nothing_comes_twice", facts.twice + " stands there twice");
  }
  for (const auto& [name, told] : submissions_) {
    if (!told.number) continue;
    const auto at = facts.jobs.find(name);
    if (at == facts.jobs.end() || at->second.number != told.number) {
      lost(fmt::format("{}, acknowledged as job {}", name, told.number.value));
      continue;
    }
    const JournalFacts::Job& job = at->second;
    // Its deadline ends a hold as well.
    const bool is_over = job.decided || job.ended;
    if (told.held && !told.may_be_released && !job.held && !is_over) {
      lost(fmt::format("the hold of job {}", told.number.value));
    }
    if (told.cancelled && !job.decided) {
      lost(fmt::format("the cancel of job {}", told.number.value));
    }
  }
  for (const std::string& node : draining_) {
    if (!resumed_.contains(node) && !facts.draining.contains(node)) lost("the drain of " + node);
  }
  for (const std::string& name : resources_) {
    if (!facts.resources.contains(name)) lost("the resource " + name);
  }
  for (const std::string& name : classes_) {
    if (!facts.classes.contains(name)) lost("the class " + name);
  }
}

void Promises::check_ends(const JournalFacts& facts) {
  for (const auto& [id, known] : ends_) {
    if (excused_.contains(id)) continue;
    const auto at = facts.ends.find(id);
    if (at != facts.ends.end() && as_tuple(at->second) == as_tuple(known.end)) continue;
    // The end of what a node had that was given up is not waited for (docs/nodes.md, "Nodes that
    // stay away"), though the node may have written one down. Whether it was given up too early,
    // processes tell: one_attempt_at_a_time, one_holder_of_an_exclusive.
    const bool counts_as_lost =
        at != facts.ends.end() && at->second.how == sched::TaskEnd::How::kLost;
    if (counts_as_lost && lost_with_node_.contains(id)) continue;
    // What ends with a node beside its own counts as lost with it, with the status that it had.
    const bool has_status = at != facts.ends.end() && status_of(at->second) == status_of(known.end);
    if (counts_as_lost && has_status && lost_beside_.contains(id)) continue;
    broken("no_exit_status_lost",
           fmt::format("{}.{}#{} ended on {} with {}, and the journal says {}", id.job.value,
                       id.step.value, id.attempt.value, known.node, to_text(known.end),
                       at == facts.ends.end() ? "nothing" : to_text(at->second)));
  }
}

void Promises::at_the_end(const Disk& disk) {
  const auto facts = read_facts(disk, HowMuch::kEverything);
  if (!facts) return broken("everything_ends_once_healed", facts.error().message);
  check_acknowledged(*facts);
  check_ends(*facts);
  for (const auto& [what, times] : facts->counts) count(what, times);
  for (const JobNumber element : facts->open_elements) {
    broken("everything_ends_once_healed", fmt::format("element {} has no end", element.value));
  }
  for (const JobNumber job : facts->others) {
    broken("everything_ends_once_healed", fmt::format("job {} has no end", job.value));
  }
  for (const auto& [name, job] : facts->jobs) {
    if (!job.ended) {
      broken("everything_ends_once_healed", fmt::format("job {} has no end", job.number.value));
    }
  }
}

}  // namespace jobq::sim
