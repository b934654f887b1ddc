// SPDX-License-Identifier: Apache-2.0
// Applying records.
#include "exec/ledger.h"

namespace jobq::exec {
namespace {

KnownAttempt* find(Ledger& ledger, const pb::Id& id) {
  const auto found = ledger.attempts.find(id_of(id));
  return found == ledger.attempts.end() ? nullptr : &found->second;
}

}  // namespace

AttemptId id_of(const pb::Id& id) {
  return {JobNumber(id.job()), StepId(id.step()), Attempt(id.attempt())};
}

pb::Id to_pb(const AttemptId& id) {
  pb::Id out;
  out.set_job(id.job.value);
  out.set_step(id.step.value);
  out.set_attempt(id.attempt.value);
  return out;
}

void apply(const pb::Record& record, Ledger& ledger) {
  switch (record.body_case()) {
    case pb::Record::kHeader: ledger.header = record.header(); break;
    case pb::Record::kOpened: ledger.opened.push_back(record.opened()); break;
    case pb::Record::kStarted:
      ledger.attempts.try_emplace(id_of(record.started().id())).first->second.started =
          record.started();
      break;
    case pb::Record::kRunning:
      if (auto* known = find(ledger, record.running().id())) known->running = record.running();
      break;
    case pb::Record::kReported:
      if (auto* known = find(ledger, record.reported().id())) known->reported = record.reported();
      break;
    case pb::Record::kEnded:
      if (auto* known = find(ledger, record.ended().id())) known->end = record.ended().end();
      break;
    case pb::Record::kForgotten: ledger.attempts.erase(id_of(record.forgotten().id())); break;
    case pb::Record::BODY_NOT_SET: break;
  }
}

std::vector<pb::Record> records_of(const Ledger& ledger) {
  std::vector<pb::Record> records;
  *records.emplace_back().mutable_header() = ledger.header;
  for (const pb::Opened& opened : ledger.opened) *records.emplace_back().mutable_opened() = opened;
  for (const auto& [id, known] : ledger.attempts) {
    *records.emplace_back().mutable_started() = known.started;
    if (known.running) *records.emplace_back().mutable_running() = *known.running;
    if (known.reported) *records.emplace_back().mutable_reported() = *known.reported;
    if (!known.end) continue;
    pb::Ended& ended = *records.emplace_back().mutable_ended();
    *ended.mutable_id() = known.started.id();
    *ended.mutable_end() = *known.end;
  }
  return records;
}

}  // namespace jobq::exec
