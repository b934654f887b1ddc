// SPDX-License-Identifier: Apache-2.0
// What clients ask, and how they are answered.
//
// A change becomes an event with a ReplyId; its answer comes back as an action when it is durable.
// A question passes through the turn as well, so that its answer stands in order with the changes
// before it.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "controller/files.h"
#include "controller/history_reader.h"
#include "controller/nodes.h"
#include "controller/past_jobs.h"
#include "controller/peers.h"
#include "controller/turns.h"
#include "controller/waiters.h"
#include "sched/queue_walk.h"

namespace jobq::controller {

class Requests {
 public:
  Requests(Turns& turns, Peers& peers, Nodes& nodes, Files& files, HistoryReader& history,
           PastJobs& past_jobs);

  void on_request(Peer& peer, const wire::Frame& frame);
  void on_gone(const Peer& peer);

  // The same for one who is no peer; the reply of the notice is set here. Called back once, with an
  // error as the body where nothing was recorded.
  using Answered = std::function<void(const sched::Reply&)>;
  void submit(sched::NewJobNotice notice, Answered answered);
  void add_recur(const sched::Actor& actor, std::shared_ptr<const sched::Ticket> ticket,
                 Answered answered);

  // From the turn: answers to changes, and ends of jobs.
  void reply(const sched::Reply& reply);
  void job_ended(const sched::JobEnded& ended);
  void elements_dropped(const sched::ElementsDropped& dropped);
  // What was not answered by now never will be: the core has forgotten it.
  void journal_failed(const Error& error);

 private:
  // Whom an answer goes to: a request of a peer that may be gone by then.
  using To = Waiters::Key;

  void dispatch(Peer& peer, const wire::Frame& frame);
  void submit(Peer& peer, const To& to, const wire::SubmitRequest& request);
  void control(Peer& peer, const To& to, const wire::ControlRequest& request);
  void change_class(Peer& peer, const To& to, const wire::ClassRequest& request);
  void register_class(Peer& peer, const To& to, const wire::ClassRequest& request);
  void change_node(Peer& peer, const To& to, const wire::NodeRequest& request);
  void change_resource(Peer& peer, const To& to, const wire::ResourceRequest& request);
  // recur_requests.cc
  void change_recur(const Peer& peer, const To& to, const wire::RecurRequest& request);
  void add_recur(const Peer& peer, const To& to, const wire::RecurRequest& request);
  void list_recur(const To& to);
  void show_recur(const Peer& peer, const To& to, const wire::RecurRequest& request);

  // Events between flows (event_requests.cc).
  void flow_event(Peer& peer, const To& to, const wire::EventRequest& request);
  void list_events(const Peer& peer, const To& to, const std::string& mailbox);

  void ask_for_file(const Peer& peer, const To& to, const wire::FileRequest& request);

  void queue(const To& to, const wire::QueueRequest& request);
  void go_on_listing(const To& to, const std::shared_ptr<sched::QueueWalk>& walk);
  void copy_queue(const To& to);
  void send_copy(const To& to, const std::shared_ptr<std::vector<wire::Frame>>& frames,
                 std::size_t next);
  void show(const To& to, JobRef job);
  void why(const To& to, JobRef job);
  // A wait request on its way into the book, and past it until all that had ended is told.
  struct OpenWait {
    To to;
    bool any = false;
    sched::QueueWalk walk;  // where names, a user or all are meant: they become ranges first
    bool collected = false;
    bool registered = false;
    std::vector<JobRef> elements;
    std::set<JobNumber> named;  // one by one, not in a range: each must be known
    std::vector<JobIntervals::Range> ranges;
    std::size_t range = 0;  // the look-up stands here
    JobNumber next;
  };
  void wait(const To& to, const wire::WaitRequest& request);
  void go_on_waiting(const std::shared_ptr<OpenWait>& wait);
  Turns::Answer collect(const sched::EventManager& core, const std::shared_ptr<OpenWait>& wait);
  Turns::Answer register_wait(const sched::EventManager& core,
                              const std::shared_ptr<OpenWait>& wait, Time now);
  Turns::Answer look_up(const sched::EventManager& core, const std::shared_ptr<OpenWait>& wait);
  void tell_ended(const std::shared_ptr<OpenWait>& wait, const JobIntervals& ended);
  void tell_page(const To& to, const HistoryReader::Page& page);
  std::optional<JobNumber> first_missing(const OpenWait& wait, const JobIntervals& jobs);
  Turns::Answer look_up_elements(const sched::EventManager& core,
                                 const std::shared_ptr<OpenWait>& wait, Time now);
  void tell_element(const To& to, JobRef element);
  void tell_waiter(const To& to, JobRef job, wire::Frame& frame);
  void output(const Peer& peer, const To& to, const wire::OutputRequest& request);
  void read_output(const To& to, const sched::Actor& actor, const wire::OutputRequest& request,
                   const sched::JobDetail& detail);
  void list_history(const To& to, const wire::HistoryRequest& request);
  void history_page(const To& to, store::HistoryFilter filter, std::size_t left);
  void list_classes(const To& to);
  void show_class(const To& to, const wire::ClassRequest& request);
  void list_nodes(const To& to, const wire::NodeRequest& request);
  void list_services(const To& to, const std::string& type);
  void list_resources(const To& to);

  // The whole job, from the queue or from the history.
  using WithDetail = std::function<void(Result<sched::JobDetail>)>;
  void with_detail(JobRef job, WithDetail then);

  static Error unknown_job(JobRef job);
  // A frame as an answer that leaves with its turn.
  Turns::Answer answer(const To& to, std::shared_ptr<wire::Frame> frame);
  ReplyId expect(const To& to);
  ReplyId expect(Answered answered);
  void respond(const To& to, wire::Frame& frame);  // sets the id; the last frame of a request
  void respond_more(const To& to, wire::Frame& frame);
  void respond_error(const To& to, const Error& error);
  void finished(PeerId id);

  Turns& turns_;
  Peers& peers_;
  Nodes& nodes_;
  Files& files_;
  HistoryReader& history_;
  PastJobs& past_jobs_;
  Waiters waiters_;
  std::unordered_map<ReplyId, To> expected_;
  std::unordered_map<ReplyId, Answered> inner_;   // of those who are no peers
  std::map<PeerId, std::set<ReplyId>> receives_;  // that wait for an event, or did
  ReplyId last_reply_;
};

}  // namespace jobq::controller
