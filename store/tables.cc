// SPDX-License-Identifier: Apache-2.0
// Members to columns and back. Each row's members are listed once, for both directions.
#include "store/tables.h"

#include <type_traits>

namespace jobq::store {
namespace {

template <class Row, class Kind>
concept RowOf = std::is_same_v<std::remove_const_t<Row>, Kind>;

// Calls `use` with the members, in the order of the table's columns.
template <RowOf<sched::JobRow> Row, class Use>
bool with_members(Row& r, const Use& use) {
  return use(r.number, r.spec, r.name, r.user, r.uid, r.gid, r.priority, r.params, r.time_limit,
             r.held, r.held_by, r.started_needs, r.node, r.gpus, r.others, r.decided, r.reason,
             r.exit_code, r.cancelled_by, r.submitted, r.started, r.suspended, r.suspended_for,
             r.ended, r.state, r.array, r.index, r.elements, r.begin, r.to_begin, r.deadline,
             r.parent.job, r.parent.step, r.parent.attempt, r.ancestors, r.after, r.keeps_never,
             r.nominal, r.account);
}
template <RowOf<sched::StepRow> Row, class Use>
bool with_members(Row& r, const Use& use) {
  return use(r.job, r.step, r.state, r.reason, r.outcome, r.event, r.attempt, r.not_before, r.round,
             r.went_back);
}
template <RowOf<sched::AttemptRow> Row, class Use>
bool with_members(Row& r, const Use& use) {
  return use(r.id.job, r.id.step, r.id.attempt, r.node, r.node_name, r.incarnation, r.gpus,
             r.others, r.lost_beside, r.launched, r.output, r.error, r.started, r.ended, r.end.how,
             r.end.exit_code, r.end.signal, r.end.reason, r.end.reported, r.end.event, r.end.wall,
             r.end.cpu, r.end.max_rss, r.end.read_bytes, r.end.written_bytes, r.warned,
             r.suspended_before, r.fenced, r.round, r.waits_for, r.received);
}
template <RowOf<sched::TransitionRow> Row, class Use>
bool with_members(Row& r, const Use& use) {
  return use(r.job, r.sequence, r.at, r.what, r.detail);
}
template <RowOf<sched::ClassRow> Row, class Use>
bool with_members(Row& r, const Use& use) {
  return use(r.name, r.version, r.order, r.spec, r.text, r.file, r.user, r.registered, r.retired);
}
template <RowOf<sched::NodeRow> Row, class Use>
bool with_members(Row& r, const Use& use) {
  return use(r.id, r.name, r.incarnation, r.capacity.cpus, r.capacity.memory, r.capacity.gpus,
             r.capacity.counts, r.capacity.features, r.draining, r.drained_by, r.drain_reason,
             r.last_joined, r.drain_until, r.lease, r.forgotten, r.given_up);
}
template <RowOf<sched::ResourceRow> Row, class Use>
bool with_members(Row& r, const Use& use) {
  return use(r.resource.name, r.resource.kind, r.resource.total, r.resource.command);
}
template <RowOf<sched::SubmissionRow> Row, class Use>
bool with_members(Row& r, const Use& use) {
  return use(r.uid, r.key, r.jobs, r.expires);
}
template <RowOf<sched::CounterRow> Row, class Use>
bool with_members(Row& r, const Use& use) {
  return use(r.name, r.value);
}

template <RowOf<sched::ArrayRow> Row, class Use>
bool with_members(Row& r, const Use& use) {
  return use(r.job, r.next, r.front, r.front_index, r.made, r.done, r.failed, r.cancelled, r.again,
             r.held, r.dropped, r.first_failure, r.overdue);
}

template <RowOf<sched::UsageRow> Row, class Use>
bool with_members(Row& r, const Use& use) {
  return use(r.user, r.used, r.as_of);
}
template <RowOf<sched::RunTimeRow> Row, class Use>
bool with_members(Row& r, const Use& use) {
  return use(r.class_name, r.estimate, r.runs);
}
template <RowOf<sched::EventRow> Row, class Use>
bool with_members(Row& r, const Use& use) {
  return use(r.id, r.to.kind, r.to.uid, r.to.name, r.name, r.payload, r.broadcast, r.uid, r.user,
             r.from, r.from_name, r.from_step, r.key, r.sent, r.expires, r.received, r.received_uid,
             r.received_key, r.of);
}

template <RowOf<sched::FiringRow> Row, class Use>
bool with_members(Row& r, const Use& use) {
  return use(r.uid, r.name, r.nominal, r.last, r.count, r.what, r.job, r.detail, r.at);
}

template <class Row>
bool write_members(Statement& insert, const Row& row) {
  return with_members(row, [&](const auto&... members) { return insert.run(members...); });
}
template <class Row>
bool read_members(Statement& query, Row& row) {
  return with_members(row, [&](auto&... members) { return query.read(members...); });
}

}  // namespace

bool write(Statement& insert, const sched::JobRow& row) { return write_members(insert, row); }
bool write(Statement& insert, const sched::StepRow& row) { return write_members(insert, row); }
bool write(Statement& insert, const sched::AttemptRow& row) { return write_members(insert, row); }
bool write(Statement& insert, const sched::TransitionRow& row) {
  return write_members(insert, row);
}
bool write(Statement& insert, const sched::ClassRow& row) { return write_members(insert, row); }
bool write(Statement& insert, const sched::NodeRow& row) { return write_members(insert, row); }
bool write(Statement& insert, const sched::ResourceRow& row) { return write_members(insert, row); }
bool write(Statement& insert, const sched::SubmissionRow& row) {
  return write_members(insert, row);
}
bool write(Statement& insert, const sched::CounterRow& row) { return write_members(insert, row); }
bool write(Statement& insert, const sched::ArrayRow& row) { return write_members(insert, row); }
bool write(Statement& insert, const sched::UsageRow& row) { return write_members(insert, row); }
bool write(Statement& insert, const sched::RunTimeRow& row) { return write_members(insert, row); }
bool write(Statement& insert, const sched::FiringRow& row) { return write_members(insert, row); }
bool write(Statement& insert, const sched::RecurRow& r, const SpecCodec& codec) {
  const std::string body = codec.encode_recur(r);
  return insert.run(r.uid, r.name, r.gid, r.user, r.added, r.decided, r.next, r.paused, r.paused_by,
                    r.paused_until, r.waiting, r.last_job, Blob{body});
}
bool write(Statement& insert, const sched::EventRow& row) { return write_members(insert, row); }

bool read(Statement& query, sched::JobRow& row) { return read_members(query, row); }
bool read(Statement& query, sched::StepRow& row) { return read_members(query, row); }
bool read(Statement& query, sched::AttemptRow& row) { return read_members(query, row); }
bool read(Statement& query, sched::TransitionRow& row) { return read_members(query, row); }
bool read(Statement& query, sched::ClassRow& row) { return read_members(query, row); }
bool read(Statement& query, sched::NodeRow& row) { return read_members(query, row); }
bool read(Statement& query, sched::ResourceRow& row) { return read_members(query, row); }
bool read(Statement& query, sched::SubmissionRow& row) { return read_members(query, row); }
bool read(Statement& query, sched::CounterRow& row) { return read_members(query, row); }
bool read(Statement& query, sched::ArrayRow& row) { return read_members(query, row); }
bool read(Statement& query, sched::UsageRow& row) { return read_members(query, row); }
bool read(Statement& query, sched::RunTimeRow& row) { return read_members(query, row); }
bool read(Statement& query, sched::FiringRow& row) { return read_members(query, row); }
bool read(Statement& query, sched::RecurRow& r, const SpecCodec& codec) {
  constexpr int kBody = 12;
  return query.read(r.uid, r.name, r.gid, r.user, r.added, r.decided, r.next, r.paused, r.paused_by,
                    r.paused_until, r.waiting, r.last_job) &&
         codec.decode_recur(query.bytes(kBody), r);
}
bool read(Statement& query, sched::EventRow& row) { return read_members(query, row); }

}  // namespace jobq::store
