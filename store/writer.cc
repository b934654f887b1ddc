// SPDX-License-Identifier: Apache-2.0
// The statements that write, and which of them a row needs.
#include "store/writer.h"

#include <utility>
#include <variant>

#include "store/tables.h"

namespace jobq::store {
namespace {

// What a job is given at its submission (spec, name, user, params, ...) stays as it was first
// written, so that the index on specs is not touched again.
std::string put_job() {
  return insert_into<sched::JobRow>("INSERT") +
         " ON CONFLICT(number) DO UPDATE SET priority = excluded.priority, "
         "time_limit = excluded.time_limit, held = excluded.held, held_by = excluded.held_by, "
         "started_needs = excluded.started_needs, node = excluded.node, gpus = excluded.gpus, "
         "others = excluded.others, "
         "outcome = excluded.outcome, reason = excluded.reason, exit_code = excluded.exit_code, "
         "cancelled_by = excluded.cancelled_by, started = excluded.started, "
         "suspended = excluded.suspended, suspended_for = excluded.suspended_for, "
         "ended = excluded.ended, state = excluded.state, to_begin = excluded.to_begin, "
         "after = excluded.after, account = excluded.account";
}

}  // namespace

Writer::Writer(Database& database, SpecCodec codec)
    : database_(database),
      codec_(std::move(codec)),
      begin_(database, "BEGIN IMMEDIATE"),
      commit_(database, "COMMIT"),
      prove_(database, "UPDATE proof SET count = count + 1"),
      spec_(database, insert_into<sched::SpecRow>("INSERT OR IGNORE")),
      job_(database, put_job()),
      step_(database, insert_into<sched::StepRow>("REPLACE")),
      attempt_(database, insert_into<sched::AttemptRow>("REPLACE")),
      transition_(database, insert_into<sched::TransitionRow>("REPLACE")),
      class_(database, insert_into<sched::ClassRow>("REPLACE")),
      node_(database, insert_into<sched::NodeRow>("REPLACE")),
      resource_(database, insert_into<sched::ResourceRow>("REPLACE")),
      remove_resource_(database, "DELETE FROM resource WHERE name = ?"),
      submission_(database, insert_into<sched::SubmissionRow>("REPLACE")),
      counter_(database, insert_into<sched::CounterRow>("REPLACE")),
      array_(database, insert_into<sched::ArrayRow>("REPLACE")),
      usage_(database, insert_into<sched::UsageRow>("REPLACE")),
      run_time_(database, insert_into<sched::RunTimeRow>("REPLACE")),
      recur_(database, insert_into<sched::RecurRow>("REPLACE")),
      remove_recur_(database, "DELETE FROM recur WHERE uid = ? AND name = ?"),
      firing_(database, insert_into<sched::FiringRow>("REPLACE")),
      remove_firing_(database, "DELETE FROM firing WHERE uid = ? AND name = ? AND nominal = ?"),
      event_(database, insert_into<sched::EventRow>("REPLACE")),
      remove_event_(database, "DELETE FROM event WHERE id = ?") {}

void Writer::rollback() {
  // Many errors roll back by themselves.
  if (sqlite3_get_autocommit(database_.handle()) == 0) database_.execute("ROLLBACK");
}

bool Writer::write(const sched::Row& row) {
  return std::visit([this](const auto& kind) { return put(kind); }, row);
}

bool Writer::prove() { return prove_.run(); }

bool Writer::put(const sched::SpecRow& row) {
  const std::string body = codec_.encode(*row.spec);
  return spec_.run(row.id, row.spec->class_name, row.spec->class_version, row.spec->needs.element,
                   Blob{body});
}
bool Writer::put(const sched::JobRow& row) { return store::write(job_, row); }
bool Writer::put(const sched::StepRow& row) { return store::write(step_, row); }
bool Writer::put(const sched::AttemptRow& row) { return store::write(attempt_, row); }
bool Writer::put(const sched::TransitionRow& row) { return store::write(transition_, row); }
bool Writer::put(const sched::ClassRow& row) { return store::write(class_, row); }
bool Writer::put(const sched::NodeRow& row) { return store::write(node_, row); }
bool Writer::put(const sched::ResourceRow& row) {
  return row.removed ? remove_resource_.run(row.resource.name) : store::write(resource_, row);
}
bool Writer::put(const sched::SubmissionRow& row) { return store::write(submission_, row); }
bool Writer::put(const sched::CounterRow& row) { return store::write(counter_, row); }
bool Writer::put(const sched::ArrayRow& row) { return store::write(array_, row); }
bool Writer::put(const sched::UsageRow& row) { return store::write(usage_, row); }
bool Writer::put(const sched::RunTimeRow& row) { return store::write(run_time_, row); }
bool Writer::put(const sched::RecurRow& row) {
  return row.removed ? remove_recur_.run(row.uid, row.name) : store::write(recur_, row, codec_);
}
bool Writer::put(const sched::FiringRow& row) {
  return row.removed ? remove_firing_.run(row.uid, row.name, row.nominal)
                     : store::write(firing_, row);
}
bool Writer::put(const sched::EventRow& row) {
  return row.removed ? remove_event_.run(row.id) : store::write(event_, row);
}

}  // namespace jobq::store
