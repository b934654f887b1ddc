// SPDX-License-Identifier: Apache-2.0
// Rows in a file of their own, in the journal's tables: from where a recording can begin.
#pragma once

#include <atomic>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "sched/rows.h"
#include "store/journal.h"

namespace jobq::store {

// Not durable: it is as good as the system's memory until that writes it. There is nothing under
// `path` before all of it is there, and nothing beside it where that failed, as it does where it
// would take more than `most` (kUnavailable) or is `given_up` on the way (kRefused).
Result<void> save_rows(const std::string& path, const std::vector<sched::Row>& rows,
                       const SpecCodec& codec, Bytes most, const std::atomic<bool>& given_up);

// In the order of save_rows(), as far as recovery depends on it.
Result<std::vector<sched::Row>> load_rows(const std::string& path, const SpecCodec& codec);

}  // namespace jobq::store
