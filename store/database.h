// SPDX-License-Identifier: Apache-2.0
// SQLite as the journal uses it: a connection, and statements that bind and read whole rows.
//
// Nothing here throws or aborts on what the disk does: run(), start() and next() say false, and
// error() tells why. A statement is prepared at its first use and must not outlive its connection.
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "base/bytes.h"
#include "base/ids.h"
#include "base/result.h"
#include "base/time.h"
#include "store/encode.h"

namespace jobq::store {

// Bytes that are stored as they are.
struct Blob {
  std::string_view bytes;
};

class Database {
 public:
  enum class Mode {
    kWrite,  // creates the file; the one connection that may write and checkpoint
    kRead,   // never writes, never checkpoints
  };

  // `vfs` names one of SQLite's; null: the system's.
  static Result<Database> open(const std::string& path, Mode mode, const char* vfs = nullptr);
  ~Database();
  Database(Database&& other) noexcept;
  Database& operator=(Database&& other) = delete;

  // How long a lock of another connection is waited for. A reader that meets the WAL's index while
  // it is being changed takes the write lock for a moment; whoever comes then must wait, not fail.
  static constexpr Millis kPatience{1000};
  void set_patience(Millis patience);

  // Writes the WAL's bytes over themselves and syncs them. After a sync that failed Linux takes
  // pages for clean that are not on disk; a process that finds such a WAL would build on what the
  // next loss of power takes away, and the checkpoint would mix old pages with new ones.
  bool rewrite_log();

  bool execute(const char* sql);  // statements without parameters and rows
  // The first column of the first row; none on an error.
  std::optional<std::int64_t> number(const std::string& sql);
  // What went wrong last, as SQLite and the system say it: "disk I/O error: No space left on
  // device".
  std::string error() const;
  int error_code() const;  // SQLite's primary code
  sqlite3* handle() const { return handle_; }

 private:
  explicit Database(sqlite3* handle) : handle_(handle) {}
  sqlite3* handle_ = nullptr;
};

class Statement {
 public:
  Statement(Database& database, std::string sql)
      : database_(database.handle()), sql_(std::move(sql)) {}
  ~Statement();
  Statement(Statement&& other) noexcept;
  Statement& operator=(Statement&&) = delete;

  // Binds the values in order and runs the statement to its end.
  template <class... Values>
  bool run(const Values&... values) {
    return start(values...) && finish();
  }

  // Binds the values in order; rows follow by next(). Ends what ran before.
  template <class... Values>
  bool start(const Values&... values) {
    if (!restart()) return false;
    (bind(values), ...);
    return code_ == SQLITE_OK;
  }
  // True: a row stands ready. False: there is none, or the statement failed; reset either way.
  bool next();
  bool failed() const { return code_ != SQLITE_OK; }
  // Ends a query that was not read to its end.
  void reset();

  // Reads the columns in order; false for a column that does not decode.
  template <class... Values>
  bool read(Values&... values) {
    column_ = 0;
    return (take(values) && ...);
  }
  std::int64_t integer(int column) const { return sqlite3_column_int64(statement_, column); }
  std::string_view bytes(int column) const;  // valid until the next call of next() or reset()

  // One more value, after those that start() was given. Text must live until the statement has run.
  void bind(std::string_view text);
  void bind(const std::string& text) { bind(std::string_view(text)); }
  void bind(std::nullopt_t);
  void bind(Blob blob);
  void bind(Time time) { bind(time.ms); }
  void bind(Millis duration) { bind(duration.count); }
  void bind(Bytes bytes) { bind(bytes.count); }
  template <class Tag, class Rep>
  void bind(StrongId<Tag, Rep> id) {
    bind(id.value);
  }
  template <class Value>
  requires std::is_integral_v<Value> || std::is_enum_v<Value>
  void bind(Value value) { bind_integer(static_cast<std::int64_t>(value)); }
  template <class Value>
  void bind(const std::optional<Value>& value) {
    if (value) {
      bind(*value);
    } else {
      bind(std::nullopt);
    }
  }
  template <class Item>
  void bind(const std::vector<Item>& list) {
    bind_copy(encode(list));
  }

 private:
  bool restart();
  bool finish();
  void bind_integer(std::int64_t value);
  void bind_copy(const std::string& bytes);
  void bound(int code) {
    if (code_ == SQLITE_OK) code_ = code;
  }

  bool take(std::string& text) {
    text = bytes(column_++);
    return true;
  }
  bool take(Time& time) { return take(time.ms); }
  bool take(Millis& duration) { return take(duration.count); }
  bool take(Bytes& size) { return take(size.count); }
  template <class Tag, class Rep>
  bool take(StrongId<Tag, Rep>& id) {
    return take(id.value);
  }
  template <class Value>
  requires std::is_integral_v<Value> || std::is_enum_v<Value>
  bool take(Value& value) {
    value = static_cast<Value>(integer(column_++));
    return true;
  }
  template <class Value>
  bool take(std::optional<Value>& value) {
    if (sqlite3_column_type(statement_, column_) != SQLITE_NULL) return take(value.emplace());
    value.reset();
    ++column_;
    return true;
  }
  template <class Item>
  bool take(std::vector<Item>& list) {
    return decode(bytes(column_++), list);
  }

  sqlite3* database_;
  std::string sql_;
  sqlite3_stmt* statement_ = nullptr;
  int code_ = SQLITE_OK;
  int parameter_ = 0;  // the last one that was bound
  int column_ = 0;
};

}  // namespace jobq::store
