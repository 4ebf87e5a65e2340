// SPDX-License-Identifier: Apache-2.0
#include "recorder/sqlite.hpp"

#include <sqlite3.h>

#include <cmath>

#include "base/quality.hpp"

namespace halfcycle::recorder {
namespace {

tl::unexpected<Error> error_of(sqlite3* database) {
  return fail(ErrorCode::Machine, "{}", sqlite3_errmsg(database));
}

}  // namespace

bool says_damaged(const Error& error) {
  return error.message.find(sqlite3_errstr(SQLITE_CORRUPT)) != std::string::npos ||
         error.message.find(sqlite3_errstr(SQLITE_NOTADB)) != std::string::npos;
}

void Statement::Deleter::operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
// With _v2 a connection whose statements still live goes with the last of them.
void Database::Deleter::operator()(sqlite3* database) const { sqlite3_close_v2(database); }

void Statement::bind(int index, std::int64_t value) {
  sqlite3_bind_int64(statement_.get(), index, value);
}
void Statement::bind(int index, double value) {
  if (std::isnan(value)) {
    sqlite3_bind_null(statement_.get(), index);
  } else {
    sqlite3_bind_double(statement_.get(), index, value);
  }
}
void Statement::bind(int index, std::string_view text) {
  sqlite3_bind_text(statement_.get(), index, text.data(), static_cast<int>(text.size()),
                    SQLITE_TRANSIENT);
}
void Statement::bind(int index, std::span<const std::byte> blob) {
  // The caller's bytes outlive run(); an empty blob must not become NULL.
  static constexpr std::byte kNothing{};
  sqlite3_bind_blob64(statement_.get(), index, blob.empty() ? &kNothing : blob.data(), blob.size(),
                      SQLITE_STATIC);
}
void Statement::bind_null(int index) { sqlite3_bind_null(statement_.get(), index); }

Result<bool> Statement::step() {
  switch (sqlite3_step(statement_.get())) {
    case SQLITE_ROW:
      return true;
    case SQLITE_DONE:
      return false;
    default:
      return error_of(sqlite3_db_handle(statement_.get()));
  }
}

Result<void> Statement::run() {
  const auto done = step();
  const Result<void> result = done ? Result<void>() : fail(done.error());
  finish();
  return result;
}

void Statement::finish() {
  sqlite3_reset(statement_.get());
  sqlite3_clear_bindings(statement_.get());
}

std::int64_t Statement::integer(int column) const {
  return sqlite3_column_int64(statement_.get(), column);
}
double Statement::number(int column) const {
  return is_null(column) ? kNotAvailable : sqlite3_column_double(statement_.get(), column);
}
std::string Statement::text(int column) const {
  const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement_.get(), column));
  const int bytes = sqlite3_column_bytes(statement_.get(), column);
  return text == nullptr ? std::string() : std::string(text, static_cast<std::size_t>(bytes));
}
std::span<const std::byte> Statement::blob(int column) const {
  const auto* bytes = static_cast<const std::byte*>(sqlite3_column_blob(statement_.get(), column));
  const int size = sqlite3_column_bytes(statement_.get(), column);
  return {bytes, bytes == nullptr ? 0 : static_cast<std::size_t>(size)};
}
bool Statement::is_null(int column) const {
  return sqlite3_column_type(statement_.get(), column) == SQLITE_NULL;
}

Result<Database> Database::open(const std::string& path, Mode mode, const std::string& vfs) {
  const int flags =
      SQLITE_OPEN_NOMUTEX |
      (mode == Mode::ReadWrite ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE : SQLITE_OPEN_READONLY);
  sqlite3* raw = nullptr;
  const int code = sqlite3_open_v2(path.c_str(), &raw, flags, vfs.empty() ? nullptr : vfs.c_str());
  Database database;
  database.database_.reset(raw);
  if (code != SQLITE_OK) {
    return fail(ErrorCode::Machine, "cannot open {}: {}", path,
                raw == nullptr ? "no memory" : sqlite3_errmsg(raw));
  }
  sqlite3_extended_result_codes(raw, 1);
  sqlite3_busy_timeout(raw, 2000);
  return database;
}

Result<void> Database::run(const std::string& sql) {
  if (sqlite3_exec(database_.get(), sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) {
    return error_of(database_.get());
  }
  return {};
}

Result<Statement> Database::prepare(std::string_view sql) {
  sqlite3_stmt* raw = nullptr;
  if (sqlite3_prepare_v3(database_.get(), sql.data(), static_cast<int>(sql.size()),
                         SQLITE_PREPARE_PERSISTENT, &raw, nullptr) != SQLITE_OK) {
    return error_of(database_.get());
  }
  Statement statement;
  statement.statement_.reset(raw);
  return statement;
}

Result<std::int64_t> Database::integer(std::string_view sql) {
  auto statement = prepare(sql);
  if (!statement) {
    return fail(statement.error());
  }
  const auto row = statement->step();
  if (!row) {
    return fail(row.error());
  }
  return *row ? statement->integer(0) : 0;
}

bool Database::in_transaction() const { return sqlite3_get_autocommit(database_.get()) == 0; }
int Database::error_number() const { return sqlite3_errcode(database_.get()) & 0xFF; }
void Database::interrupt() { sqlite3_interrupt(database_.get()); }

}  // namespace halfcycle::recorder
