// SPDX-License-Identifier: Apache-2.0
// Users and operators: they submit under keys, hold, release, cancel, signal, register, drain,
// forget. What is not answered is sent again; requests and answers get lost, late, doubled and out
// of order, as when each copy has a connection of its own.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "sched/action.h"
#include "sched/event.h"
#include "sim/chance.h"
#include "sim/promises.h"
#include "sim/timeline.h"

namespace jobq::sim {

class Clients {
 public:
  // Hands an event to the controller, where there is one.
  using Deliver = std::function<void(sched::Event)>;
  Clients(Timeline& timeline, Chance& chance, Promises& promises, Deliver deliver);

  // All that they will do, at random times within the span.
  void plan(std::size_t jobs, Millis span, const std::vector<std::string>& nodes);
  void on_reply(const sched::Reply& reply);

  void set_lossy(bool lossy) { lossy_ = lossy; }
  // It is away and stays away until heal(): they say so until it is done.
  void forget(const std::string& node);
  // Nothing is lost any more, and nobody keeps anything held or drained.
  void heal(const std::vector<std::string>& nodes);
  bool all_answered() const { return open_ == 0; }
  std::uint64_t requests() const { return requests_.size(); }
  std::uint64_t copies() const { return reply_to_.size(); }

 private:
  using Token = std::size_t;
  // True: that settles it. False: the same again, later.
  using OnReply = std::function<bool(const sched::Reply&)>;
  struct Request {
    sched::Event event;
    OnReply on_reply;
    bool done = false;
  };

  void ask(sched::Event event, OnReply on_reply);
  void send(Token token);
  void send_copy(Token token);
  void send_again(Token token);
  void deliver(Token token);
  std::int64_t random_delay_us();
  void answered(Token token, const sched::Reply& reply);

  void create_resources();
  void submit();
  sched::Ticket next_ticket();
  std::shared_ptr<const sched::JobSpec> spec_of(const sched::Ticket& ticket) const;
  void got_numbers(const std::vector<std::string>& names, const sched::Submitted& submitted);
  void register_class();
  void add_recurring();
  void pause_recurring();
  void resume_recurring();
  void command();
  void hold(const sched::Selector& jobs);
  void cancel(const std::string& name, const sched::Selector& jobs);
  void drain(const std::string& node);
  void resume(const std::string& node);
  void say_forgotten(const std::string& node, Token token);

  Timeline& timeline_;
  Chance& chance_;
  Promises& promises_;
  Deliver deliver_;
  std::vector<Request> requests_;
  std::vector<Token> reply_to_;  // by reply id - 1
  std::size_t open_ = 0;
  bool lossy_ = false;
  bool healed_ = false;
  std::size_t nodes_ = 1;
  std::set<std::string> forgotten_;  // nodes, as they were told
  std::size_t submitted_ = 0;
  std::string recurring_;                  // a ticket; empty: none
  std::map<JobNumber, std::string> jobs_;  // with their names
  std::map<std::string, std::shared_ptr<const sched::JobSpec>> classes_;
};

}  // namespace jobq::sim
