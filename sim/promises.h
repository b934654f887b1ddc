// SPDX-License-Identifier: Apache-2.0
// The promises of docs/architecture.md, each watched by a checker of its name. The first that is
// broken ends the world.
//
//   started_at_most_once            no attempt has two processes, ever and anywhere
//   one_attempt_at_a_time           no step has two processes at once, on whatever nodes
//   one_holder_of_an_exclusive      by the processes that exist, not by what the controller thinks
//   nothing_granted_beyond_capacity likewise: cpus and gpus of nodes, tokens of the cluster
//   same_key_same_number            however often a submission is sent
//   nothing_comes_twice             a spawn has one job, a nominal time one, an event one receiver
//   acknowledged_means_on_disk      what a client was told stands in the journal after any crash
//   no_exit_status_lost             what a keeper has written down reaches the journal
//   no_job_without_reason           what does not run by itself has a blocker that why() names
//   invariants                      EventManager::check_invariants()
//   everything_ends_once_healed     and the journal can be opened and is whole
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sched/event_manager.h"
#include "sim/journal_facts.h"
#include "sim/timeline.h"
#include "sim/witness.h"

namespace jobq::sim {

struct Violation {
  std::string promise;
  std::string what;
};

class Promises final : public Witness {
 public:
  // Where the history goes, line by line; nowhere where it is empty.
  using Trace = std::function<void(const std::string&)>;
  Promises(const Timeline& timeline, Trace trace) : timeline_(timeline), trace_(std::move(trace)) {}

  const std::optional<Violation>& violation() const { return violation_; }
  const std::map<std::string, std::uint64_t>& faults() const { return faults_; }
  std::uint64_t processes() const { return began_.size(); }
  // Everything that happens goes into it: equal fingerprints are equal histories.
  std::uint64_t fingerprint() const { return fingerprint_; }
  // For the report: what came about.
  void count(std::string_view what, std::uint64_t times = 1) {
    counts_[std::string(what)] += times;
  }
  const std::map<std::string, std::uint64_t>& counts() const { return counts_; }
  void broken(std::string_view promise, std::string what);

  // --- told by the world
  void node_may_have(const std::string& node, const resmgr::Capacity& capacity);
  void after_turn(const sched::EventManager& core, Time now);
  void after_crash(const Disk& disk);
  void at_the_end(const Disk& disk);

  // --- told by clients. A name stands for one submission, however often it is sent.
  void submitted(const std::string& name, std::shared_ptr<const sched::JobSpec> spec, bool held);
  void got_number(const std::string& name, JobNumber number);
  void may_be_released(const std::string& name);
  void is_held(JobNumber job);
  void is_cancelled(JobNumber job);
  void node_may_be_resumed(const std::string& node) { resumed_.insert(node); }
  void node_is_draining(const std::string& node) { draining_.insert(node); }
  void exists(const std::string& resource) { resources_.insert(resource); }
  void is_registered(const std::string& name) { classes_.insert(name); }
  // Of jobs that steps and recurring tickets submit: what is in those of this name.
  void name_stands_for(const std::string& name, std::shared_ptr<const sched::JobSpec> spec) {
    submissions_[name].spec = std::move(spec);
  }

  // --- told by nodes and faults
  void process_began(const std::string& node, const sched::Launch& launch) override;
  void process_is_gone(const std::string& node, const AttemptId& id) override;
  void end_is_recorded(const std::string& node, const AttemptId& id,
                       const sched::TaskEnd& end) override;
  void end_is_not_recorded(const AttemptId& id) override { excused_.insert(id); }
  void records_were_cut(const std::string& node, const std::set<AttemptId>& left) override;
  void node_is_given_up(const std::string& node) override;
  void node_is_welcomed(const std::string& node) override { given_up_.erase(node); }
  void counted_as_lost(const std::string& node, const AttemptId& id) override;
  void ends_for_loss_of(const std::string& node, const AttemptId& id) override;
  void happened(const std::function<std::string()>& what) override;
  void fault(std::string_view kind, const std::function<std::string()>& what) override;

 private:
  struct Submission {
    std::shared_ptr<const sched::JobSpec> spec;
    JobNumber number;  // 0: nobody was told yet
    bool held = false;
    bool may_be_released = false;
    bool cancelled = false;
  };
  struct StepProcess {
    std::string node;
    std::string job_name;
    AttemptId id;
    std::vector<std::uint32_t> gpus;
    std::vector<std::string> nodes;  // that it has, its own first
    bool has(const std::string& name) const;
  };
  struct End {
    std::string node;
    sched::TaskEnd end;
  };

  void count_further_attempt(const StepProcess& began);
  const sched::JobSpec* spec_of(const StepProcess& process) const;
  void check_exclusive(const StepProcess& began);
  void check_cpus(const std::string& node);
  void check_gpus(const StepProcess& began);
  void check_tokens();
  void check_reasons(const sched::EventManager& core, Time now);
  void check_acknowledged(const JournalFacts& facts);
  void check_ends(const JournalFacts& facts);
  bool told_anybody() const;
  Submission* by_number(JobNumber job);

  const Timeline& timeline_;
  Trace trace_;
  std::optional<Violation> violation_;
  std::map<std::string, std::uint64_t> faults_;
  std::map<std::string, std::uint64_t> counts_;
  std::uint64_t fingerprint_ = 0;
  std::uint64_t turns_ = 0;

  std::map<std::string, Submission> submissions_;
  std::set<std::string> draining_;
  std::set<std::string> resumed_;
  std::set<std::string> resources_;
  std::set<std::string> classes_;

  std::set<AttemptId> began_;
  std::map<AttemptId, StepProcess> processes_;
  std::map<std::pair<JobNumber, StepId>, std::string> last_node_;  // of each step
  std::map<std::string, resmgr::Capacity> most_;
  std::map<std::string, JobNumber> last_holder_;  // of resources that jobs hold as a whole
  std::set<std::pair<std::string, JobNumber>> holders_;
  std::map<AttemptId, End> ends_;
  std::set<AttemptId> excused_;
  std::set<std::string> given_up_;  // nodes, and not welcomed since; whichever controller did it
  std::set<AttemptId> lost_with_node_;  // settled while their node was one of them
  std::set<AttemptId> lost_beside_;     // told to end while a node beside theirs was one of them
};

}  // namespace jobq::sim
