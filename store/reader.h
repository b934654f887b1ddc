// SPDX-License-Identifier: Apache-2.0
// The live rows, for recovery: what sched/rows.h calls live state.
#pragma once

#include <memory>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "sched/rows.h"
#include "store/database.h"
#include "store/journal.h"

namespace jobq::store {

// Each table is scanned once, in the order of its key, past what is history. Specs are decoded once
// each.
Result<std::vector<sched::Row>> read_live(Database& database, const SpecCodec& codec, Time now);

// Specs by their ids.
class SpecReader {
 public:
  SpecReader(Database& database, const SpecCodec& codec);
  // An error where the spec is missing or does not decode.
  Result<std::shared_ptr<const sched::JobSpec>> read(SpecId id);

 private:
  Database& database_;
  const SpecCodec& codec_;
  Statement query_;
};

}  // namespace jobq::store
