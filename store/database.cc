// SPDX-License-Identifier: Apache-2.0
// Opening connections, and running statements.
#include "store/database.h"

#include <fmt/format.h>

#include <algorithm>
#include <system_error>
#include <utility>

namespace jobq::store {
namespace {

constexpr sqlite3_int64 kRewrittenAtOnce = 1 << 16;

int flags_of(Database::Mode mode) {
  const int access = mode == Database::Mode::kWrite ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE
                                                    : SQLITE_OPEN_READONLY;
  return access | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
}

}  // namespace

Result<Database> Database::open(const std::string& path, Mode mode, const char* vfs) {
  sqlite3* handle = nullptr;
  const int code = sqlite3_open_v2(path.c_str(), &handle, flags_of(mode), vfs);
  Database database(handle);
  if (code != SQLITE_OK) {
    return fail(ErrorCode::kRefused, fmt::format("cannot open {}: {}", path, database.error()));
  }
  database.set_patience(kPatience);
  if (mode == Mode::kRead) {
    sqlite3_db_config(handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  }
  return database;
}

Database::~Database() { sqlite3_close_v2(handle_); }
Database::Database(Database&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}

void Database::set_patience(Millis patience) {
  sqlite3_busy_timeout(handle_, static_cast<int>(patience.count));
}

bool Database::rewrite_log() {
  sqlite3_file* log = nullptr;
  sqlite3_int64 size = 0;
  const int found = sqlite3_file_control(handle_, "main", SQLITE_FCNTL_JOURNAL_POINTER, &log);
  if (found != SQLITE_OK || log == nullptr || log->pMethods == nullptr) return true;
  const sqlite3_io_methods& file = *log->pMethods;
  if (file.xFileSize(log, &size) != SQLITE_OK) return false;
  std::vector<char> piece(kRewrittenAtOnce);
  for (sqlite3_int64 at = 0; at < size; at += kRewrittenAtOnce) {
    const auto count = static_cast<int>(std::min<sqlite3_int64>(kRewrittenAtOnce, size - at));
    if (file.xRead(log, piece.data(), count, at) != SQLITE_OK) return false;
    if (file.xWrite(log, piece.data(), count, at) != SQLITE_OK) return false;
  }
  return size == 0 || file.xSync(log, SQLITE_SYNC_NORMAL) == SQLITE_OK;
}

bool Database::execute(const char* sql) {
  return sqlite3_exec(handle_, sql, nullptr, nullptr, nullptr) == SQLITE_OK;
}

std::optional<std::int64_t> Database::number(const std::string& sql) {
  Statement query(*this, sql);
  if (!query.start() || !query.next()) return std::nullopt;
  return query.integer(0);
}

std::string Database::error() const {
  std::string text = sqlite3_errmsg(handle_);
  const int system = handle_ == nullptr ? 0 : sqlite3_system_errno(handle_);
  if (system != 0 && error_code() != SQLITE_OK) {
    text += ": " + std::generic_category().message(system);
  }
  return text;
}

int Database::error_code() const { return sqlite3_errcode(handle_) & 0xFF; }

Statement::~Statement() { sqlite3_finalize(statement_); }

Statement::Statement(Statement&& other) noexcept
    : database_(other.database_),
      sql_(std::move(other.sql_)),
      statement_(std::exchange(other.statement_, nullptr)),
      code_(other.code_),
      parameter_(other.parameter_),
      column_(other.column_) {}

bool Statement::restart() {
  parameter_ = 0;
  if (statement_ != nullptr) {
    sqlite3_reset(statement_);
    code_ = SQLITE_OK;
    return true;
  }
  code_ = sqlite3_prepare_v3(database_, sql_.data(), static_cast<int>(sql_.size()),
                             SQLITE_PREPARE_PERSISTENT, &statement_, nullptr);
  return code_ == SQLITE_OK;
}

bool Statement::finish() {
  while (next()) {
  }
  return !failed();
}

bool Statement::next() {
  if (code_ != SQLITE_OK) return false;
  const int code = sqlite3_step(statement_);
  if (code == SQLITE_ROW) return true;
  if (code != SQLITE_DONE) code_ = code;
  sqlite3_reset(statement_);
  return false;
}

void Statement::reset() {
  if (statement_ != nullptr) sqlite3_reset(statement_);
}

void Statement::bind(std::string_view text) {
  // A null pointer would be NULL, not "".
  const char* data = text.data() == nullptr ? "" : text.data();
  bound(
      sqlite3_bind_text64(statement_, ++parameter_, data, text.size(), SQLITE_STATIC, SQLITE_UTF8));
}

void Statement::bind(std::nullopt_t) { bound(sqlite3_bind_null(statement_, ++parameter_)); }

void Statement::bind(Blob blob) {
  const char* data = blob.bytes.data() == nullptr ? "" : blob.bytes.data();
  bound(sqlite3_bind_blob64(statement_, ++parameter_, data, blob.bytes.size(), SQLITE_STATIC));
}

void Statement::bind_integer(std::int64_t value) {
  bound(sqlite3_bind_int64(statement_, ++parameter_, value));
}

void Statement::bind_copy(const std::string& bytes) {
  if (bytes.empty()) return bind(std::nullopt);
  bound(
      sqlite3_bind_blob64(statement_, ++parameter_, bytes.data(), bytes.size(), SQLITE_TRANSIENT));
}

std::string_view Statement::bytes(int column) const {
  // Text is stored as UTF-8: blob access never converts.
  const void* data = sqlite3_column_blob(statement_, column);
  const int size = sqlite3_column_bytes(statement_, column);
  if (data == nullptr || size <= 0) return {};
  return {static_cast<const char*>(data), static_cast<std::size_t>(size)};
}

}  // namespace jobq::store
