// SPDX-License-Identifier: Apache-2.0
// Rows into tables, by prepared statements. Belongs to the journal's thread.
#pragma once

#include "sched/rows.h"
#include "store/database.h"
#include "store/journal.h"

namespace jobq::store {

class Writer {
 public:
  Writer(Database& database, SpecCodec codec);

  bool begin() { return begin_.run(); }
  bool commit() { return commit_.run(); }
  void rollback();

  // Puts the row under its key, inside a transaction. False: the database's error() says why.
  bool write(const sched::Row& row);

  // A commit that changes one small row: does the disk take writes?
  bool prove();

 private:
  bool put(const sched::SpecRow& row);
  bool put(const sched::JobRow& row);
  bool put(const sched::StepRow& row);
  bool put(const sched::AttemptRow& row);
  bool put(const sched::TransitionRow& row);
  bool put(const sched::ClassRow& row);
  bool put(const sched::NodeRow& row);
  bool put(const sched::ResourceRow& row);
  bool put(const sched::SubmissionRow& row);
  bool put(const sched::CounterRow& row);
  bool put(const sched::ArrayRow& row);
  bool put(const sched::UsageRow& row);
  bool put(const sched::RunTimeRow& row);
  bool put(const sched::RecurRow& row);
  bool put(const sched::FiringRow& row);
  bool put(const sched::EventRow& row);

  Database& database_;
  SpecCodec codec_;
  Statement begin_;
  Statement commit_;
  Statement prove_;
  Statement spec_;
  Statement job_;
  Statement step_;
  Statement attempt_;
  Statement transition_;
  Statement class_;
  Statement node_;
  Statement resource_;
  Statement remove_resource_;
  Statement submission_;
  Statement counter_;
  Statement array_;
  Statement usage_;
  Statement run_time_;
  Statement recur_;
  Statement remove_recur_;
  Statement firing_;
  Statement remove_firing_;
  Statement event_;
  Statement remove_event_;
};

}  // namespace jobq::store
