// SPDX-License-Identifier: Apache-2.0
// A world in which anything may happen: random jobs, commands, ends and failures of nodes, from a
// seed.
#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "tests/sched/world.h"

namespace jobq::sched {

class RandomWorld {
 public:
  // With a policy, jobs ask for its elements too.
  explicit RandomWorld(std::uint32_t seed, const Policy& policy = {});

  void act();             // one random event
  void finish();          // nodes come, holds end, what runs ends, until nothing is left
  void lose_all_nodes();  // and give some of them up
  void leave_all_receives();
  bool all_nodes_away() const { return connected_ == 0; }
  // The events since the last call and when they were sent.
  std::vector<std::pair<Event, Time>> take_events() { return std::exchange(events_, {}); }

  World world;
  void answer_look_ups();  // all that are open
  LookedUp answer_to(const LookUp& asked) const;

 private:
  static constexpr unsigned kNodes = 3;

  unsigned pick(unsigned below);  // 0 to below-1
  void send(Event event);
  void submit();
  SpecBuilder random_spec();
  void add_loop(JobSpec& spec);
  void add_built_in(JobSpec& spec);
  void add_conditions(Ticket& ticket);
  resmgr::Needs random_needs();
  void command();
  void end_an_attempt(bool kindly);
  void start_an_attempt();
  void join(unsigned index);
  void lose(unsigned index);
  void give_up(unsigned index);
  void send_or_receive();
  void offer(unsigned index);
  void drain_or_resume(unsigned index);
  void note_launches();
  void answer_look_up();
  JobNumber some_job();

  struct SimNode {
    NodeId id;
    int incarnation = 1;
    bool connected = false;
    Millis lease{};                      // as it is promised; 0: none
    std::map<AttemptId, bool> attempts;  // and whether they run
    std::vector<std::pair<AttemptId, bool>> unsent;
  };

  std::vector<std::string> elements_;
  std::mt19937 random_;
  std::vector<SimNode> nodes_{kNodes};
  unsigned connected_ = 0;
  std::vector<LookUp> asked_;  // of the history, and not answered yet
  std::uint64_t last_job_ = 0;
  std::uint64_t last_receive_ = 0;
  std::uint64_t left_ = 0;
  std::vector<std::pair<Event, Time>> events_;
};

}  // namespace jobq::sched
