// SPDX-License-Identifier: Apache-2.0
// What the records say: every attempt that was started here and is not forgotten.
//
// One function applies a record, while the keeper works and when its successor reads the log.
#pragma once

#include <compare>
#include <map>
#include <optional>
#include <vector>

#include "base/ids.h"
#include "exec/keeper.pb.h"
#include "exec/records.pb.h"

namespace jobq::exec {

AttemptId id_of(const pb::Id& id);
pb::Id to_pb(const AttemptId& id);

struct KnownAttempt {
  pb::Started started;
  std::optional<pb::Running> running;
  std::optional<pb::Reported> reported;
  std::optional<pb::End> end;
};

struct Ledger {
  pb::Header header;
  std::vector<pb::Opened> opened;
  std::map<AttemptId, KnownAttempt> attempts;
};

// Records of attempts that are not known change nothing.
void apply(const pb::Record& record, Ledger& ledger);

// The fewest records that give the ledger.
std::vector<pb::Record> records_of(const Ledger& ledger);

}  // namespace jobq::exec
