// SPDX-License-Identifier: Apache-2.0
// The resource manager: it knows nodes and named resources, queues requests, and grants each whole
// or not at all, in the order of the job queue.
//
// Protocol: enqueue() a request; schedule() says which waiting requests are satisfied now
// (ResourcesSatisfied); the caller then holds the grant until release(). What is free changes only
// by a grant, a release, and by nodes and named resources that come, go or change.
//
// Who may overtake. Requests are considered in queue order (rank and offset, then place, then job
// number, then part). One that fits starts. One that does not fit keeps what it needs in reach from
// the earliest time at which it might fit, and a lower one may start only if that cannot delay it:
//
// - What a lower one gives back by its time limit before that time, it may use.
// - A holder without a time limit, or past it, may end at any moment; so may the holder of a named
//   resource, whatever its limit. Nothing is squeezed in before it, and what may be over after it
//   may be used only if it is over whichever of such holders end first.
// - Where such holders stand on several nodes, what is needed is kept in reach on all of them.
// - A request that cannot be met before some job ends lets the waiting steps of that job go first:
//   only their start can end it.
//
// This is conservative backfilling (Mu'alem and Feitelson, 2001), made strict for ends that nobody
// knows. Two limits keep it cheap and busy: of equal requests (a shape), only the first ones, those
// that could start together, keep something in reach; and a request keeps nothing in reach while
// those above it, for want of time limits, leave no room for it at any time. EASY, the usual
// policy, keeps what it needs in reach for the first request alone, on one node: see easy.h.
//
// Several nodes together. Such a request starts when all of them have room at one time, and what it
// keeps in reach, it keeps on so many nodes at once.
//
// Parts of one job. Part 0 is asked for before any other part, and given back after all. A step
// that asks for an exclusive resource which its job holds by part 0 has it already; it is free
// again when the last part that entered it has ended. Steps of one job that name the same exclusive
// resource, which their job does not hold, run one after the other. Tokens always add up.
//
// Pure: no clock, no randomness, no I/O; the same calls give the same answers.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/time.h"
#include "resmgr/job_name.h"
#include "resmgr/needs.h"
#include "resmgr/scheduling.h"

namespace jobq::resmgr {

// Part 0 is the job's own needs (held from its first step until after cleanup); part s+1 those of
// step s.
struct RequestId {
  JobNumber job;
  std::uint32_t part = 0;
  std::uint32_t seat = 0;  // inside the manager, of what holds several nodes: which of them
  auto operator<=>(const RequestId&) const = default;
};

// A limit on how many jobs run at a time.
using CapId = StrongId<struct CapIdTag, std::uint32_t>;
// What requests of one user, class and element have in common beside their needs: the caps that
// they count against, and how far fair share moves them. 0: none.
using LimitClassId = StrongId<struct LimitClassIdTag, std::uint32_t>;

struct Request {
  RequestId id;
  std::int64_t rank = 0;  // higher goes first; a rank and an offset stay within 2^61 either way
  Needs needs;            // not empty, but for one that asks for no more than a place under caps
  std::optional<Millis> limit;  // holds it at most so long; none: no promise
  JobNumber place{};            // among those of its rank; 0: by the number of its job
  // A step whose job holds its part 0 belongs to a class without caps: it must not wait for the
  // end of a job that waits for it.
  LimitClassId limit_class{};
  NodeId avoid{};       // not on this one; 0: any
  NodeId rather_not{};  // on this one only where no other has room; 0: all are equal
};

// What a request was given of one more node.
struct NodeShare {
  NodeId node;
  std::vector<std::uint32_t> gpus;  // indexes on that node, ascending
  auto operator<=>(const NodeShare&) const = default;
};

// What a request was given. node is 0 when it takes nothing from a node.
struct Grant {
  RequestId id;
  NodeId node;
  std::vector<std::uint32_t> gpus;  // indexes on that node, ascending
  std::vector<NodeShare> others{};  // where it takes several nodes: those beside the first
  bool operator==(const Grant&) const = default;
};

enum class NodeState { kUp, kDraining, kDrained, kLost };
std::string_view to_string(NodeState state);  // "up", "draining", "drained", "lost"

struct NodeView {
  NodeId id;
  std::string name;
  NodeState state = NodeState::kLost;
  Capacity total;
  Capacity free;
  std::vector<std::string> services;  // that it offers now, by type
};

struct NamedView {
  NamedResource resource;
  std::uint64_t free = 0;
  struct Holder {
    JobNumber job;
    std::uint64_t amount = 0;
  };
  std::vector<Holder> holders;  // in the order of their grants
};

enum class BlockerKind {
  kResources,
  kExclusive,
  kTokens,
  kPriority,
  kNodeState,
  kLimit,    // a cap is full
  kElement,  // no node of the element is there
  kService   // no node offers the service
};

// One reason that a request is not granted now, and what would remove it.
struct Blocker {
  BlockerKind kind = BlockerKind::kResources;
  std::string text;    // "exclusive plan-db is held by job 12"
  std::string remedy;  // "wait for job 12 to end, or cancel it"
};

// Why a request waits whose element the configuration has no more.
Blocker element_is_gone(const std::string& element);
// Why a node that is up starts nothing: see set_clearing().
Blocker node_is_clearing(const std::string& node);

// Why a request that stands among the first was not granted when it was looked at.
struct Refusal {
  RequestId id;
  BlockerKind kind = BlockerKind::kPriority;
  std::string name;  // of the exclusive resource or the tokens that it lacks
};

// A cap that is full, and how many run under it.
struct FullCap {
  CapId id;
  std::uint64_t taken = 0;
};

// How much was looked at since the manager was made, for tests and benchmarks: the cost of a pass
// without a clock.
struct Work {
  std::uint64_t passes = 0;
  std::uint64_t placements = 0;    // requests tried for a start now
  std::uint64_t reservations = 0;  // requests placed in the future
  std::uint64_t glances = 0;       // nodes seen for those
  std::uint64_t visits = 0;        // nodes looked at closely, or claimed, for those
};

// How many more requests like this one will come in its place, one after the other, as they start.
using Followers = std::function<std::uint64_t(RequestId)>;

class ResourceManager {
 public:
  explicit ResourceManager(Scheduling scheduling = {});
  ~ResourceManager();
  ResourceManager(ResourceManager&&) noexcept;
  ResourceManager& operator=(ResourceManager&&) noexcept;

  // Messages call jobs by what this says; until it is given, by their numbers.
  void set_job_name(JobName name);

  // --- what there is ----------------------------------------------------------------------------

  // Adds the node, or gives a known one new capacities (grants that it holds stay, also above
  // them). `elements` names those that the node belongs to, in any order.
  void set_node(NodeId id, const std::string& name, const Capacity& capacity,
                std::vector<std::string> elements = {});
  // The node, which is not connected, does not count any more as one that there is, until it is set
  // again. What it runs is held on.
  void forget_node(NodeId id);
  // The elements there are, whether they have nodes or not: all others are refused by feasible().
  void set_elements(std::vector<std::string> names);
  // A node gives new grants only while it is connected and not draining. The node must be known.
  // What it runs is held on.
  void set_connected(NodeId id, bool connected);
  void set_draining(NodeId id, bool draining);
  // Likewise while it is clearing: something runs there whose grant is over, and takes up what the
  // grants do not tell. It is shown as the state that it else has.
  void set_clearing(NodeId id, bool clearing);
  // The types of services that the node, which is known, offers from now on; until it is said,
  // none. What needs one starts only where it is offered, and then does not ask for it any more.
  void set_services(NodeId id, std::vector<std::string> types);

  // Refused: a name that exists with another kind or total; the same again is accepted.
  Result<void> create(const NamedResource& resource);
  // Refused while it is held or waited for; kNotFound for an unknown name.
  Result<void> remove(const std::string& name);

  // Could the cluster as it is known ever grant this? The error names the nearest miss: "needs 64
  // cpus; the largest node, n1, has 2". Nodes count also while lost or draining. Where no node, or
  // none of the element, was ever known, needs on nodes pass. An element must be known in any case.
  // A service may be offered at any time, so it is never refused.
  Result<void> feasible(const Needs& needs) const;
  // Could this node, which is known, ever serve what is taken from nodes, by the services that it
  // offers now?
  bool could_serve(NodeId id, const Needs& needs) const;

  // --- limits
  // At most `most` jobs at a time; `text` says so to users: "user ann may run 10 jobs at a time".
  // The same id again changes it; what runs above it runs on. Others may start now: schedule().
  void set_cap(CapId id, std::uint64_t most, std::string text);
  // The caps that a request of the class takes one of each of with its grant. Caps are set before;
  // a class is given once, and is not 0.
  void set_limit_class(LimitClassId id, std::vector<CapId> caps);
  // Each is added to the rank of the requests of its class. Others may start now: schedule().
  void set_offsets(const std::vector<std::pair<LimitClassId, std::int64_t>>& offsets);
  // One of each of the class's caps is taken without a grant (recovery), or given back. A job
  // counts until it has ended, so release() and restore() leave caps alone: the caller says leave()
  // once for each request that was granted. Others may start now: schedule().
  void enter(LimitClassId id);
  void leave(LimitClassId id);

  // --- the queue of requests --------------------------------------------------------------------

  // Refused (kRefused, with the circle in the message) when the request would close a circle of
  // jobs that hold named resources and wait for each other's.
  Result<void> enqueue(const Request& request);
  // Takes a waiting request away; false when it is not waiting.
  bool withdraw(RequestId id);
  // Grants all that may start now, in queue order as far as it was kept; each is held from here on,
  // with an end at now + limit. A request any of whose caps is full is passed over like one that is
  // not there: nobody waits behind it. A second call at the same time grants nothing.
  std::vector<Grant> schedule(Time now);
  // Of the first requests of the queue, one of each kind: the reasons that are not those which this
  // said last. Cheap: what stands further down is not looked at, and nothing is placed.
  std::vector<Refusal> take_refusals();
  // Gives a grant back; false when it is not held.
  bool release(RequestId id);
  // When the holder must have ended by its limit, where that is known (started, resumed,
  // suspended); false when it was so already. Else others may start now: schedule().
  bool set_end(RequestId id, std::optional<Time> end);
  // Recovery: takes the grant again, as it was, without a queue and without an end (see set_end).
  // The node must be known; part 0 of a job comes before its steps.
  void restore(const Request& request, const Grant& grant);

  // --- questions --------------------------------------------------------------------------------

  bool is_waiting(RequestId id) const;
  bool is_held(RequestId id) const;
  // The jobs whose part 0 holds something of the node, which is known; ascending.
  std::vector<JobNumber> whole_jobs_on(NodeId id) const;
  // What holds the node, which is known, beside another one that is its first.
  std::vector<RequestId> has_beside(NodeId id) const;
  // All reasons, most important first; empty when the request is not waiting. `now` as for
  // schedule().
  std::vector<Blocker> explain(RequestId id, Time now) const;
  // The first cap that lets no request of the class start now; none where there is none.
  std::optional<FullCap> full_cap(LimitClassId id) const;
  // The start by the time limits known now, if everybody uses his limit up and nobody else comes;
  // none where it cannot be known: behind a full cap, a holder without a limit or of a named
  // resource, and some thousand others.
  std::optional<Time> expected_start(RequestId id, Time now, const Followers& followers = {}) const;
  // When the request would start if it were made now, by the same rules; none where that cannot be
  // known, or where the questions of this kind that `spent` counts took too much by now. Nothing is
  // asked for by this.
  std::optional<Time> would_start(const Request& request, Time now, Work& spent,
                                  const Followers& followers = {});
  std::vector<NodeView> nodes() const;  // by id, without those that were forgotten
  std::optional<NodeView> node(NodeId id) const;
  // Is the node, which is known, of the element? Any is of "".
  bool is_of(NodeId id, const std::string& element) const;
  std::vector<NamedView> named() const;  // by name
  std::size_t waiting_count() const;
  const Work& work() const;

  // Recounts everything that is kept incrementally: free against capacity and grants, one holder of
  // each exclusive resource, queue order, shapes, lines behind full caps. The error says what does
  // not hold.
  Result<void> check_invariants() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
  JobName job_name_ = [](JobNumber job) { return std::to_string(job.value); };
};

}  // namespace jobq::resmgr
