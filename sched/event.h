// SPDX-License-Identifier: Apache-2.0
// What can happen to the event manager. An event carries everything that the decision needs.
//
// Events come from clients (with a ReplyId and an Actor), from nodes, and from the controller's own
// clock. To add one, see docs/adding-an-event.md.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/ids.h"
#include "base/time.h"
#include "resmgr/needs.h"
#include "sched/mailbox.h"
#include "sched/spec.h"
#include "sched/state.h"
#include "sched/zone.h"

namespace jobq::sched {

// Who asks. Operators (root, the controller's own user, those in the configuration) may act on
// every job.
struct Actor {
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  std::string user;
  bool is_operator = false;
};

// Which jobs a command means: explicit ranges and elements, or all that the filters let through.
struct Selector {
  struct Range {
    JobNumber first;
    JobNumber last;  // inclusive
  };
  std::vector<Range> ranges;
  struct Elements {
    JobNumber array;
    IndexSet indexes;  // not empty
  };
  std::vector<Elements> elements;
  std::string step;  // with exactly one job or element: "17.calc", "17[3].calc"
  std::vector<std::string> names;
  std::optional<std::string> user;
  bool all = false;     // every job that is not final (of the user, where that is given)
  bool family = false;  // of a cancel: with all that their steps have submitted
};

// --- from clients -------------------------------------------------------------------------------

// The step that a request comes from.
struct Caller {
  JobRef job;  // job 0: from none
  std::string step;
};

struct NewJobNotice {
  ReplyId reply;
  Actor actor;
  std::string key;  // of the whole request, made by the client; empty: none
  std::vector<Ticket> tickets;
  bool dry_run = false;  // check only: nothing is recorded
  Caller caller = {};
  std::vector<JobFact> known = {};  // from the history: of jobs that tickets name, and that ended
};
struct Hold {
  ReplyId reply;
  Actor actor;
  Selector jobs;
};
struct Release {
  ReplyId reply;
  Actor actor;
  Selector jobs;
};
struct Cancel {
  ReplyId reply;
  Actor actor;
  Selector jobs;
  int signal = 0;  // not 0: send this signal to running steps instead
};
struct RegisterClass {
  ReplyId reply;
  Actor actor;
  ClassDefinition definition;
};
struct RetireClass {
  ReplyId reply;
  Actor actor;
  std::string name;
  std::string version;  // empty: all versions
};
struct CreateResource {
  ReplyId reply;
  Actor actor;
  resmgr::NamedResource resource;
};
struct RemoveResource {
  ReplyId reply;
  Actor actor;
  std::string name;
};
struct DrainNode {
  ReplyId reply;
  Actor actor;
  std::string name;
  std::string reason;
  std::optional<Millis> span;  // after which it is taken into use again; none: by ResumeNode alone
};
struct ResumeNode {
  ReplyId reply;
  Actor actor;
  std::string name;
};

// Of a node that is away and does not come back: what it was told to run counts as lost.
struct ForgetNode {
  ReplyId reply;
  Actor actor;
  std::string name;
};

// A ticket with `recur`. One of its user and name that is equal is there already, or it is replaced
// where that is asked for: what has fired stays.
struct AddRecur {
  ReplyId reply;
  Actor actor;
  std::shared_ptr<const Ticket> ticket;
  std::shared_ptr<const Zone> zone;  // that `ticket` names
  bool replace = false;
};
// Jobs that it fired stay.
struct RemoveRecur {
  ReplyId reply;
  Actor actor;
  std::string user;  // whose it is; empty: the actor's
  std::string name;
};
struct PauseRecur {
  ReplyId reply;
  Actor actor;
  std::string user;
  std::string name;
};
struct ResumeRecur {
  ReplyId reply;
  Actor actor;
  std::string user;
  std::string name;
};

// Events between flows, sent, received and dropped by hand. `job` and `step` say in which step the
// command runs, where it does.
struct SendEvent {
  ReplyId reply;
  Actor actor;
  std::string key;  // of this request; empty: none
  std::optional<JobRef> job;
  std::string step;
  std::string to;
  std::string event;
  std::string payload;
  std::optional<Millis> ttl;
  bool broadcast = false;
};
// Answered when there is one, or when patience ends.
struct ReceiveEvent {
  ReplyId reply;
  Actor actor;
  std::string key;
  std::optional<JobRef> job;
  std::string mailbox;  // empty: what is sent to the job
  std::string event;
  std::string from;  // only of this flow; empty: of anybody
  std::optional<Millis> patience;
};
// Whoever waited for this reply does so no more.
struct LeaveReceive {
  ReplyId of;
};
struct DropEvent {
  ReplyId reply;
  Actor actor;
  EventId id;
};

// --- from nodes ---------------------------------------------------------------------------------

// A node came (back). `incarnation` names the node's memory of attempts: it changes when that was
// lost (new state directory, reboot), and then an attempt that the node does not list may have run.
struct NodeJoined {
  std::string name;
  std::string incarnation;
  resmgr::Capacity capacity;
  struct Known {
    AttemptId id;
    bool running = true;  // false: it ended, its TaskComplete follows
  };
  std::vector<Known> attempts;
  std::uint64_t link = 0;  // the connection that it joined on; stands in its Welcome
  Millis lease{};          // that its Welcome promises it; 0: none
};
struct NodeLost {
  NodeId node;
  std::string reason;
};
// What the node offers from now on, all of it, by type; until it says so, it offers nothing.
struct NodeServices {
  NodeId node;
  std::vector<std::string> types;
};
// So long away that its lease, where it has one, has run out there: what is fenced of its steps has
// ended then. One without a lease is given up as well: what was ordered to end is not waited for.
struct NodeGivenUp {
  NodeId node;
};
struct TaskStarted {
  NodeId node;
  AttemptId id;
};

// How an attempt ended, as the node saw it.
struct TaskEnd {
  enum class How : std::uint8_t {
    kExited,      // exit_code counts
    kSignalled,   // signal counts
    kNotStarted,  // an error before exec; reason says which
    kLost,        // the keeper or the node died; how the process ended is unknown
    kMemory,      // the node ended it: it used more memory than it was granted
    kLimit,       // likewise, of another limit that the node enforces; reason says which
    kBuiltIn,     // the controller carried it out: `reported`, `event` and `reason` say all
  };
  How how = How::kExited;
  int exit_code = 0;
  int signal = 0;
  std::string reason;                 // of all but kExited and kSignalled, for users
  Outcome reported = Outcome::kNone;  // by `jq report`
  std::optional<std::string> event;   // likewise
  Millis wall;                        // measured on the node
  Millis cpu;                         // user and system
  Bytes max_rss;
  Bytes read_bytes;  // from storage
  Bytes written_bytes;
};
struct TaskComplete {
  NodeId node;
  AttemptId id;
  TaskEnd end;
};

// --- from the controller ------------------------------------------------------------------------

// What the history knows of the jobs that a LookUp asked for; the others it does not have any more.
struct LookedUp {
  AttemptId id;
  std::vector<JobFact> known;
};

struct Tick {};

// The rules of a zone as the controller knows them from its start on; recurring tickets of that
// zone follow them with all times that are not decided.
struct ZoneLearned {
  std::shared_ptr<const Zone> zone;
};

using Event = std::variant<NewJobNotice, Hold, Release, Cancel, RegisterClass, RetireClass,
                           CreateResource, RemoveResource, DrainNode, ResumeNode, ForgetNode,
                           AddRecur, RemoveRecur, PauseRecur, ResumeRecur, SendEvent, ReceiveEvent,
                           LeaveReceive, DropEvent, NodeJoined, NodeLost, NodeGivenUp, NodeServices,
                           TaskStarted, TaskComplete, LookedUp, Tick, ZoneLearned>;

}  // namespace jobq::sched
