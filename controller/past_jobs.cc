// SPDX-License-Identifier: Apache-2.0
// Reading what is asked for, and posting it.
#include "controller/past_jobs.h"

#include <algorithm>
#include <iterator>
#include <memory>
#include <utility>

#include "base/log.h"

namespace jobq::controller {
namespace {

constexpr Millis kRetryInterval = seconds(5);

store::HistoryFilter filter_of(const std::vector<JobNumber>& jobs) {
  store::HistoryFilter filter;
  for (const JobNumber job : jobs) filter.jobs.ranges.push_back({job, job});
  filter.by_record = true;
  return filter;
}

// One for each that was asked for: without an end, where the history does not have it. An element
// of an array is no job.
std::vector<sched::JobFact> facts_of(const std::vector<JobNumber>& jobs,
                                     const HistoryReader::Page& found) {
  std::vector<sched::JobFact> facts;
  for (const JobNumber job : jobs) {
    const auto it = std::find_if(found.begin(), found.end(), [&](const sched::JobSummary& one) {
      return one.record == job && !one.index;
    });
    if (it == found.end()) {
      facts.push_back({job, {}, {}, sched::Outcome::kNone, ""});
    } else {
      facts.push_back({job, it->started, it->ended, it->outcome, it->reason});
    }
  }
  return facts;
}

}  // namespace

PastJobs::PastJobs(uv_loop_s* loop, Turns& turns, HistoryReader& history)
    : turns_(turns), history_(history), retry_(loop, [this] { ask_again(); }) {}

void PastJobs::read(std::vector<JobNumber> jobs, std::function<void(Facts)> answer) {
  store::HistoryFilter filter = filter_of(jobs);
  history_.list(std::move(filter), [jobs = std::move(jobs),
                                    answer = std::move(answer)](Result<HistoryReader::Page> page) {
    answer(page ? Facts(facts_of(jobs, *page)) : Facts(tl::unexpected(page.error())));
  });
}

// One that ends while the history is read is asked for in the next round.
void PastJobs::submit(sched::NewJobNotice notice, std::function<void(const Error&)> refuse) {
  std::vector<JobNumber> ended = turns_.core().ended_among(notice);
  if (ended.empty()) return turns_.post(std::move(notice));
  auto waiting = std::make_shared<sched::NewJobNotice>(std::move(notice));
  auto take = [this, waiting, refuse](Facts facts) {
    if (!facts) return refuse(facts.error());
    std::move(facts->begin(), facts->end(), std::back_inserter(waiting->known));
    submit(std::move(*waiting), refuse);
  };
  // Their ends may be on their way to the disk.
  turns_.ask([this, ended, take, refuse](const sched::EventManager&, Time) -> Turns::Answer {
    return [this, ended, take, refuse](const Result<void>& durable) {
      durable ? read(ended, take) : refuse(durable.error());
    };
  });
}

void PastJobs::look_up(const sched::LookUp& asked) {
  read(asked.jobs, [this, asked](Facts facts) {
    if (facts) {
      std::erase_if(*facts, [](const sched::JobFact& fact) { return !fact.ended; });
      return turns_.post(sched::LookedUp{asked.id, *std::move(facts)});
    }
    log::warning("the history cannot be read for a step that waits for jobs: {}",
                 facts.error().message);
    unanswered_.push_back(asked);
    retry_.start(kRetryInterval);
  });
}

void PastJobs::ask_again() {
  for (const sched::LookUp& asked : std::exchange(unanswered_, {})) look_up(asked);
}

}  // namespace jobq::controller
