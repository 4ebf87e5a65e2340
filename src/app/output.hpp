// SPDX-License-Identifier: Apache-2.0
// Where results go: standard output (a reader that leaves is no error) and files that appear whole
// or not at all.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace halfcycle::app {

/// Buffered standard output.
class StandardOutput {
 public:
  /// False when nobody reads any more or the write failed: stop producing.
  bool write(std::string_view text);
  /// Hands over what is buffered. False as above.
  bool flush();
  /// Machine if the text could not be written (disk full); fine when the reader just left.
  [[nodiscard]] Result<void> close();

 private:
  std::string buffer_;
  bool reader_gone_ = false;
  int error_ = 0;
};

/// A line on standard error; there is nowhere to say that this failed.
void print_message(std::string_view text);

/// A file written beside its final name and renamed when complete. Destroyed before commit(), it
/// leaves nothing behind. Not thread-safe.
class OutputFile {
 public:
  /// Machine if the file cannot be created; the message names the path and why.
  [[nodiscard]] static Result<OutputFile> create(const std::string& path);
  OutputFile(OutputFile&& other) noexcept;
  OutputFile& operator=(OutputFile&& other) = delete;
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;
  ~OutputFile();

  [[nodiscard]] Result<void> write(std::string_view bytes);
  /// Writes through and gives the file its name.
  [[nodiscard]] Result<void> commit();

 private:
  OutputFile(std::string path, std::string temporary, int descriptor);
  std::string path_;
  std::string temporary_;
  int descriptor_ = -1;
};

/// Creates, writes and commits.
[[nodiscard]] Result<void> write_file(const std::string& path, std::string_view bytes);
/// Creates the folder and those above it.
[[nodiscard]] Result<void> make_folder(const std::string& path);
/// "…/fault.cfg" or "sim:scenarios/dip.toml" → "fault", "dip": the name for a result file.
[[nodiscard]] std::string stem_of_source(std::string_view uri);

/// Text on standard error that is overwritten in place, at most five times a second; nothing where
/// that is no terminal or the user wants quiet.
class Progress {
 public:
  Progress(bool wanted, std::string what);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  /// `fraction` 0…1, or negative when the end is unknown.
  void show(double fraction, std::string_view detail = {});
  void clear();

 private:
  bool wanted_;
  std::string what_;
  double last_seconds_ = 0.0;
  double started_seconds_ = 0.0;
  bool shown_ = false;
};

/// Seconds of a clock that only goes forward.
[[nodiscard]] double monotonic_seconds();
/// CPU seconds of the calling thread.
[[nodiscard]] double thread_cpu_seconds();

}  // namespace halfcycle::app
