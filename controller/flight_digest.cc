// SPDX-License-Identifier: Apache-2.0
// Every field of every action and row, in order.
#include "controller/flight_digest.h"

#include <tuple>
#include <type_traits>

#include "base/digest.h"
#include "controller/translate_recur.h"

namespace jobq::controller {
namespace {

using namespace sched;  // NOLINT(google-build-using-namespace): a list of its structures

// The fields of each structure; one that is added there is added here.
auto fields(const TaskEnd& it) {
  return std::tie(it.how, it.exit_code, it.signal, it.reason, it.reported, it.event, it.wall.count,
                  it.cpu.count, it.max_rss.count, it.read_bytes.count, it.written_bytes.count);
}
auto fields(const AttemptId& it) { return std::tie(it.job, it.step, it.attempt); }
auto fields(const Error& it) { return std::tie(it.code, it.message); }
auto fields(const resmgr::Count& it) { return std::tie(it.name, it.amount); }
auto fields(const resmgr::Capacity& it) {
  return std::tie(it.cpus, it.memory.count, it.gpus, it.counts, it.features);
}
auto fields(const resmgr::NamedResource& it) { return std::tie(it.name, it.kind, it.total); }
auto fields(const OtherNode& it) { return std::tie(it.node, it.name, it.gpus); }
auto fields(const NameValue& it) { return std::tie(it.first, it.second); }

auto fields(const Launch& it) {
  return std::tie(it.node, it.id, it.job_name, it.step_name, it.user, it.uid, it.gid, it.argv,
                  it.script, it.env, it.workdir, it.output, it.error, it.append_output,
                  it.append_error, it.cpus, it.memory.count, it.gpus, it.fenced, it.umask,
                  it.limits);
}
auto fields(const ResourceLimit& it) { return std::tie(it.name, it.soft, it.hard); }
auto fields(const Kill& it) { return std::tie(it.node, it.id); }
auto fields(const Signal& it) { return std::tie(it.node, it.id, it.signal); }
auto fields(const Suspend& it) { return std::tie(it.node, it.id); }
auto fields(const Resume& it) { return std::tie(it.node, it.id); }
auto fields(const Forget& it) { return std::tie(it.node, it.id); }
auto fields(const Welcome& it) { return std::tie(it.name, it.node, it.link); }
auto fields(const Submitted::Expected& it) { return std::tie(it.start, it.is_estimate, it.now); }
auto fields(const Submitted& it) { return std::tie(it.tickets, it.expected); }
auto fields(const JobRef& it) { return std::tie(it.job, it.index); }
auto fields(const JobResults::One& it) { return std::tie(it.job, it.elements, it.result); }
auto fields(const ElementsDropped& it) {
  return std::tie(it.array, it.elements, it.outcome, it.reason);
}
auto fields(const ArrayRow& it) {
  return std::tie(it.job, it.next, it.front, it.front_index, it.made, it.done, it.failed,
                  it.cancelled, it.again, it.held, it.dropped, it.overdue, it.first_failure);
}
auto fields(const JobResults& it) { return std::tie(it.jobs); }
auto fields(const Done&) { return std::tuple<>(); }
auto fields(const EventSent& it) { return std::tie(it.id); }
auto fields(const EventReceived& it) {
  return std::tie(it.id, it.event, it.payload, it.mailbox, it.from, it.user, it.sent);
}
auto fields(const Reply& it) { return std::tie(it.to, it.body, it.more); }
auto fields(const JobEnded& it) {
  return std::tie(it.job, it.state, it.outcome, it.reason, it.exit_code);
}
auto fields(const LookUp& it) { return std::tie(it.id, it.jobs); }
auto fields(const WakeAt& it) { return std::tie(it.at); }

auto fields(const SpecRow& it) { return std::make_tuple(it.id, hash_of(*it.spec)); }
// Without the account: a core that starts from rows knows less of why each waited before.
auto fields(const JobRow& it) {
  return std::tie(it.number, it.spec, it.name, it.user, it.uid, it.gid, it.priority, it.params,
                  it.time_limit, it.held, it.held_by, it.started_needs, it.node, it.gpus, it.others,
                  it.decided, it.reason, it.exit_code, it.cancelled_by, it.submitted, it.started,
                  it.suspended, it.suspended_for.count, it.ended, it.state, it.array, it.index,
                  it.elements, it.begin, it.to_begin, it.deadline, it.parent, it.ancestors,
                  it.after, it.keeps_never, it.nominal);
}
auto fields(const StepRow& it) {
  return std::tie(it.job, it.step, it.state, it.reason, it.outcome, it.event, it.attempt,
                  it.not_before, it.round, it.went_back);
}
auto fields(const AttemptRow& it) {
  return std::tie(it.id, it.node, it.node_name, it.incarnation, it.gpus, it.others, it.lost_beside,
                  it.launched, it.output, it.error, it.started, it.ended, it.end, it.warned,
                  it.suspended_before, it.fenced, it.round, it.waits_for, it.received);
}
auto fields(const TransitionRow& it) {
  return std::tie(it.job, it.sequence, it.at, it.what, it.detail);
}
auto fields(const ClassRow& it) {
  return std::tie(it.name, it.version, it.order, it.spec, it.text, it.file, it.user, it.registered,
                  it.retired);
}
auto fields(const NodeRow& it) {
  return std::tie(it.id, it.name, it.incarnation, it.capacity, it.draining, it.drained_by,
                  it.drain_reason, it.last_joined, it.drain_until, it.lease, it.forgotten,
                  it.given_up);
}
auto fields(const ResourceRow& it) { return std::tie(it.resource, it.removed); }
auto fields(const SubmissionRow& it) { return std::tie(it.uid, it.key, it.jobs, it.expires); }
auto fields(const CounterRow& it) { return std::tie(it.name, it.value); }
auto fields(const UsageRow& it) { return std::tie(it.user, it.used, it.as_of); }
auto fields(const Mailbox& it) { return std::tie(it.kind, it.uid, it.name); }
auto fields(const EventRow& it) {
  return std::tie(it.id, it.to, it.name, it.payload, it.broadcast, it.uid, it.user, it.from,
                  it.from_name, it.from_step, it.key, it.sent, it.expires, it.received,
                  it.received_uid, it.received_key, it.of, it.removed);
}
auto fields(const RunTimeRow& it) { return std::tie(it.class_name, it.estimate, it.runs); }

auto fields(const RecurRow& it) {
  return std::make_tuple(it.uid, it.name, it.gid, it.user,
                         it.removed ? std::string() : encode_recur(it), it.added, it.decided,
                         it.next, it.paused, it.paused_by, it.paused_until, it.waiting, it.last_job,
                         it.removed);
}
auto fields(const FiringRow& it) {
  return std::tie(it.uid, it.name, it.nominal, it.last, it.count, it.what, it.job, it.detail, it.at,
                  it.removed);
}

class Adder {
 public:
  void add(const std::string& text) { digest_.add(text); }
  void add(const IndexSet& set) { add(to_string(set)); }
  void add(Time time) { number(time.ms); }
  void add(Millis span) { number(span.count); }
  template <class Tag, class Rep>
  void add(StrongId<Tag, Rep> id) {
    number(id.value);
  }
  template <class Value>
  void add(const std::vector<Value>& list) {
    number(list.size());
    for (const Value& value : list) add(value);
  }
  template <class Value>
  void add(const std::optional<Value>& value) {
    number(value.has_value());
    if (value) add(*value);
  }
  template <class Value>
  void add(const Result<Value>& result) {
    number(result.has_value());
    if (!result) {
      add(result.error());
    } else if constexpr (!std::is_void_v<Value>) {
      add(*result);
    }
  }
  template <class... Kinds>
  void add(const std::variant<Kinds...>& value) {
    number(value.index());
    std::visit([this](const auto& kind) { this->add(kind); }, value);
  }
  template <class Value>
  void add(const Value& value) {
    if constexpr (std::is_integral_v<Value> || std::is_enum_v<Value>) {
      number(value);
    } else {
      std::apply([this](const auto&... field) { (this->add(field), ...); }, fields(value));
    }
  }
  std::uint64_t value() const { return digest_.value(); }

 private:
  template <class Value>
  void number(Value value) {
    digest_.add(static_cast<std::uint64_t>(value));
  }
  Digest digest_;
};

template <class Kind>
std::uint64_t digest_of_all(std::span<const Kind> list) {
  Adder adder;
  for (const Kind& one : list) adder.add(one);
  return adder.value();
}

}  // namespace

std::uint64_t digest_of(std::span<const Action> actions) { return digest_of_all(actions); }
std::uint64_t digest_of(std::span<const Row> rows) { return digest_of_all(rows); }

}  // namespace jobq::controller
