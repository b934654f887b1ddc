// SPDX-License-Identifier: Apache-2.0
// The tables of the journal, how an older file becomes a newer one, and how a file is known to be
// ours. docs/journal.md explains the tables to readers.
#pragma once

#include <cstdint>
#include <span>

#include "base/result.h"
#include "store/database.h"

namespace jobq::store {

// PRAGMA application_id of every journal: "jobq" in ASCII.
inline constexpr std::int64_t kApplicationId = 0x6a6f6271;

// The statements that lead to schema version i+1 from version i, at index i. Steps are only ever
// added.
std::span<const char* const> migrations();

// Makes the connection a journal's writer (WAL, FULL, no mmap, no automatic checkpoints), refuses a
// file that is foreign, damaged or newer than `steps` lead to, and brings it to the newest version,
// each step in a transaction of its own. An empty or new file becomes a journal.
Result<void> prepare_writer(Database& database, const std::string& path,
                            std::span<const char* const> steps = migrations());

// Refuses what is no journal of exactly this version: a reader cannot migrate.
Result<void> check_readable(Database& database, const std::string& path);

}  // namespace jobq::store
