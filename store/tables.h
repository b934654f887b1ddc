// SPDX-License-Identifier: Apache-2.0
// Which column holds which member of a row, for writing and for reading. A column list, write() and
// read() keep the same order. Specs are apart, for they need the codec; so does a part of RecurRow.
#pragma once

#include <string>
#include <string_view>

#include "sched/rows.h"
#include "store/database.h"
#include "store/journal.h"

namespace jobq::store {

// `kColumns` of the row's table, whose name is `kName`.
template <class Row>
struct Table;

template <>
struct Table<sched::SpecRow> {
  static constexpr std::string_view kName = "spec";
  static constexpr std::string_view kColumns = "id, class_name, class_version, element, body";
};
template <>
struct Table<sched::JobRow> {
  static constexpr std::string_view kName = "job";
  static constexpr std::string_view kColumns =
      "number, spec, name, user, uid, gid, priority, params, time_limit, held, held_by, "
      "started_needs, node, gpus, others, outcome, reason, exit_code, cancelled_by, submitted, "
      "started, "
      "suspended, suspended_for, ended, state, array, idx, elements, begin, to_begin, deadline, "
      "parent, parent_step, parent_attempt, ancestors, after, keeps_never, nominal, account";
};
template <>
struct Table<sched::StepRow> {
  static constexpr std::string_view kName = "step";
  static constexpr std::string_view kColumns =
      "job, step, state, reason, outcome, event, attempt, not_before, round, went_back";
};
template <>
struct Table<sched::AttemptRow> {
  static constexpr std::string_view kName = "attempt";
  static constexpr std::string_view kColumns =
      "job, step, attempt, node, node_name, incarnation, gpus, others, lost_beside, launched, "
      "output, error, "
      "started, ended, how, exit_code, signal, reason, reported, event, wall, cpu, max_rss, "
      "read_bytes, written_bytes, warned, suspended_before, fenced, round, waits_for, received";
};
template <>
struct Table<sched::TransitionRow> {
  static constexpr std::string_view kName = "transition";
  static constexpr std::string_view kColumns = "job, sequence, at, what, detail";
};
template <>
struct Table<sched::ClassRow> {
  static constexpr std::string_view kName = "class";
  static constexpr std::string_view kColumns =
      "name, version, ord, spec, text, file, user, registered, retired";
};
template <>
struct Table<sched::NodeRow> {
  static constexpr std::string_view kName = "node";
  static constexpr std::string_view kColumns =
      "id, name, incarnation, cpus, memory, gpus, counts, features, draining, drained_by, "
      "drain_reason, last_joined, drain_until, lease, forgotten, given_up";
};
template <>
struct Table<sched::ResourceRow> {
  static constexpr std::string_view kName = "resource";
  static constexpr std::string_view kColumns = "name, kind, total, command";
};
template <>
struct Table<sched::SubmissionRow> {
  static constexpr std::string_view kName = "submission";
  static constexpr std::string_view kColumns = "uid, key, jobs, expires";
};
template <>
struct Table<sched::CounterRow> {
  static constexpr std::string_view kName = "counter";
  static constexpr std::string_view kColumns = "name, value";
};

template <>
struct Table<sched::ArrayRow> {
  static constexpr std::string_view kName = "array";
  static constexpr std::string_view kColumns =
      "job, next, front, front_idx, made, done, failed, cancelled, again, held, dropped, "
      "first_failure, overdue";
};

template <>
struct Table<sched::UsageRow> {
  static constexpr std::string_view kName = "usage";
  static constexpr std::string_view kColumns = "user, used, as_of";
};
template <>
struct Table<sched::RunTimeRow> {
  static constexpr std::string_view kName = "run_time";
  static constexpr std::string_view kColumns = "class_name, estimate, runs";
};

// `body` is what the codec makes of the ticket and the zone.
template <>
struct Table<sched::RecurRow> {
  static constexpr std::string_view kName = "recur";
  static constexpr std::string_view kColumns =
      "uid, name, gid, user, added, decided, next, paused, paused_by, paused_until, waiting, "
      "last_job, body";
};
template <>
struct Table<sched::FiringRow> {
  static constexpr std::string_view kName = "firing";
  static constexpr std::string_view kColumns =
      "uid, name, nominal, last, count, what, job, detail, at";
};
template <>
struct Table<sched::EventRow> {
  static constexpr std::string_view kName = "event";
  static constexpr std::string_view kColumns =
      "id, to_kind, to_uid, to_name, name, payload, broadcast, uid, user, from_flow, from_name, "
      "from_step, key, sent, expires, received, received_uid, received_key, of";
};

// "SELECT <columns> FROM <table> "
template <class Row>
std::string select_from() {
  std::string sql("SELECT ");
  return sql.append(Table<Row>::kColumns).append(" FROM ").append(Table<Row>::kName).append(" ");
}

// "<verb> INTO <table>(<columns>) VALUES(?, ...)"
template <class Row>
std::string insert_into(std::string_view verb) {
  std::string sql(verb);
  sql.append(" INTO ").append(Table<Row>::kName).append("(").append(Table<Row>::kColumns);
  sql.append(") VALUES(?");
  for (const char c : Table<Row>::kColumns) {
    if (c == ',') sql.append(", ?");
  }
  return sql.append(")");
}

// Runs a statement of insert_into() with the row's members. False: the statement failed.
bool write(Statement& insert, const sched::JobRow& row);
bool write(Statement& insert, const sched::StepRow& row);
bool write(Statement& insert, const sched::AttemptRow& row);
bool write(Statement& insert, const sched::TransitionRow& row);
bool write(Statement& insert, const sched::ClassRow& row);
bool write(Statement& insert, const sched::NodeRow& row);
bool write(Statement& insert, const sched::ResourceRow& row);
bool write(Statement& insert, const sched::SubmissionRow& row);
bool write(Statement& insert, const sched::CounterRow& row);
bool write(Statement& insert, const sched::ArrayRow& row);
bool write(Statement& insert, const sched::UsageRow& row);
bool write(Statement& insert, const sched::RunTimeRow& row);
bool write(Statement& insert, const sched::RecurRow& row, const SpecCodec& codec);
bool write(Statement& insert, const sched::FiringRow& row);
bool write(Statement& insert, const sched::EventRow& row);

// Reads the row on which a query of select_from() stands. False: a column does not decode.
bool read(Statement& query, sched::JobRow& row);
bool read(Statement& query, sched::StepRow& row);
bool read(Statement& query, sched::AttemptRow& row);
bool read(Statement& query, sched::TransitionRow& row);
bool read(Statement& query, sched::ClassRow& row);
bool read(Statement& query, sched::NodeRow& row);
bool read(Statement& query, sched::ResourceRow& row);
bool read(Statement& query, sched::SubmissionRow& row);
bool read(Statement& query, sched::CounterRow& row);
bool read(Statement& query, sched::ArrayRow& row);
bool read(Statement& query, sched::UsageRow& row);
bool read(Statement& query, sched::RunTimeRow& row);
bool read(Statement& query, sched::RecurRow& row, const SpecCodec& codec);
bool read(Statement& query, sched::FiringRow& row);
bool read(Statement& query, sched::EventRow& row);

}  // namespace jobq::store
