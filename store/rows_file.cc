// SPDX-License-Identifier: Apache-2.0
// A journal that is written once, in one transaction.
#include "store/rows_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "store/database.h"
#include "store/reader.h"
#include "store/schema.h"
#include "store/writer.h"

namespace jobq::store {
namespace {

// One file: no log stays beside it.
constexpr const char* kAtOnce = "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF";
constexpr std::uint64_t kPage = 4096;

Result<void> write_all(const std::string& path, const std::vector<sched::Row>& rows,
                       const SpecCodec& codec, Bytes most, const std::atomic<bool>& given_up) {
  auto database = Database::open(path, Database::Mode::kWrite);
  if (!database) return tl::unexpected(database.error());
  const std::string bound =
      fmt::format("PRAGMA max_page_count = {}", std::max<std::uint64_t>(most.count / kPage, 1));
  database->execute(bound.c_str());
  if (auto prepared = prepare_writer(*database, path); !prepared) return prepared;
  Writer writer(*database, codec);
  const auto put = [&](const sched::Row& row) { return !given_up && writer.write(row); };
  const bool written = database->execute(kAtOnce) && writer.begin() &&
                       std::all_of(rows.begin(), rows.end(), put) && writer.commit();
  if (written) return {};
  if (given_up) return fail(ErrorCode::kRefused, path + " is not wanted any more");
  return fail(ErrorCode::kUnavailable,
              fmt::format("{} cannot be written: {}", path, database->error()));
}

}  // namespace

Result<void> save_rows(const std::string& path, const std::vector<sched::Row>& rows,
                       const SpecCodec& codec, Bytes most, const std::atomic<bool>& given_up) {
  const std::string partial = path + ".part";
  std::error_code error;
  std::filesystem::remove(partial, error);
  Result<void> written = write_all(partial, rows, codec, most, given_up);
  if (written) std::filesystem::rename(partial, path, error);
  if (written && !error) return {};
  std::error_code ignored;
  std::filesystem::remove(partial, ignored);
  if (!written) return written;
  return fail(ErrorCode::kUnavailable, fmt::format("{}: {}", path, error.message()));
}

Result<std::vector<sched::Row>> load_rows(const std::string& path, const SpecCodec& codec) {
  auto database = Database::open(path, Database::Mode::kRead);
  if (!database) return tl::unexpected(database.error());
  if (auto readable = check_readable(*database, path); !readable) {
    return tl::unexpected(readable.error());
  }
  return read_live(*database, codec, Time{});
}

}  // namespace jobq::store
