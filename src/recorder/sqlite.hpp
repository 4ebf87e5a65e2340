// SPDX-License-Identifier: Apache-2.0
// SQLite as values: a connection, prepared statements, errors as Result. One thread a connection.
//
//   auto db = Database::open(path, Database::Mode::ReadWrite, "");
//   auto insert = db->prepare("INSERT INTO t VALUES(?, ?)");
//   insert->bind(1, 5); insert->bind(2, "five"); auto done = insert->run();
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/result.hpp"

struct sqlite3;
struct sqlite3_stmt;

namespace halfcycle::recorder {

/// The file itself is at fault: damaged, or no database.
[[nodiscard]] bool says_damaged(const Error& error);

class Statement {
 public:
  Statement() = default;

  // Parameters count from 1. What is bound stays until the next run() or finish().
  void bind(int index, std::int64_t value);
  void bind(int index, std::uint64_t value) { bind(index, static_cast<std::int64_t>(value)); }
  void bind(int index, int value) { bind(index, static_cast<std::int64_t>(value)); }
  void bind(int index, double value);  ///< NaN is NULL
  void bind(int index, std::string_view text);
  void bind(int index, std::span<const std::byte> blob);
  void bind_null(int index);

  /// To the next row; false: there is none left. After an error or false: finish().
  [[nodiscard]] Result<bool> step();
  /// For statements without rows: step and finish.
  [[nodiscard]] Result<void> run();
  /// Ready for new parameters.
  void finish();

  // Columns of the present row count from 0.
  [[nodiscard]] std::int64_t integer(int column) const;
  [[nodiscard]] double number(int column) const;  ///< NULL is NaN
  [[nodiscard]] std::string text(int column) const;
  /// Valid until the next step.
  [[nodiscard]] std::span<const std::byte> blob(int column) const;
  [[nodiscard]] bool is_null(int column) const;

 private:
  friend class Database;
  struct Deleter {
    void operator()(sqlite3_stmt* statement) const;
  };
  std::unique_ptr<sqlite3_stmt, Deleter> statement_;
};

class Database {
 public:
  enum class Mode { ReadWrite, ReadOnly };
  /// vfs: empty for the machine's own. ReadWrite creates the file.
  [[nodiscard]] static Result<Database> open(const std::string& path, Mode mode,
                                             const std::string& vfs);
  Database() = default;

  [[nodiscard]] Result<void> run(const std::string& sql);
  [[nodiscard]] Result<Statement> prepare(std::string_view sql);
  /// First column of the first row; 0 if there is none.
  [[nodiscard]] Result<std::int64_t> integer(std::string_view sql);
  /// A transaction is open (an error may have rolled it back already).
  [[nodiscard]] bool in_transaction() const;
  /// SQLite's number of the latest error, without its extension bits.
  [[nodiscard]] int error_number() const;
  /// Ends what runs on this connection; from any thread.
  void interrupt();
  [[nodiscard]] explicit operator bool() const { return database_ != nullptr; }

 private:
  struct Deleter {
    void operator()(sqlite3* database) const;
  };
  std::unique_ptr<sqlite3, Deleter> database_;
};

}  // namespace halfcycle::recorder
