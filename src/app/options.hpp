// SPDX-License-Identifier: Apache-2.0
// What the user asked for, one struct a command, checked as far as it can be without opening
// anything.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "app/assume.hpp"
#include "base/result.hpp"
#include "metrology/interval.hpp"
#include "source/open_options.hpp"

namespace halfcycle::app {

/// Text that answers the command line by itself: help, version.
struct PrintText {
  std::string text;
};

/// How a source is read and measured; common to analyze and run.
struct MeasureOptions {
  source::OpenOptions open;
  Overrides given;
  std::optional<double> nominal_current_amperes;
  std::array<double, 3> signalling_hertz{};  ///< carriers of mains signalling; 0: none
  /// Nothing: as the template says.
  std::optional<double> dip_threshold_ratio, swell_threshold_ratio, interruption_threshold_ratio,
      hysteresis_ratio;
};

struct AnalyzeOptions {
  std::vector<std::string> sources;
  MeasureOptions measure;
  std::optional<metrology::Interval> every;
  std::vector<std::string> registers;  ///< labels, '*' stands for anything; empty: the core labels
  enum class Output { Summary, Json, Csv, Html } output = Output::Summary;
  std::string out_folder;  ///< empty: standard output
  bool list_channels = false;
  bool quiet = false;
};

struct RunOptions {
  std::string config;         ///< empty: a single meter, from the options
  std::string source;         ///< empty: the simulated feeder
  std::string template_name;  ///< empty: standard
  MeasureOptions measure;
  double speed = 1.0;  ///< against real time; 0: as fast as it goes
  std::optional<double> duration_seconds;
  std::optional<std::string> data;         ///< folder, or "none"
  std::optional<std::string> web, modbus;  ///< ADDR:PORT, or "off"
  std::optional<std::size_t> threads;
  bool check = false;
  bool quiet = false;
};

struct SimulateOptions {
  std::string scenario;
  std::string out;
  std::string format;  ///< COMTRADE: ascii, binary, binary32, float32; empty: by the extension
  std::optional<double> duration_seconds;
  std::optional<double> rate_hertz;
  bool quiet = false;
};

struct VerifyOptions {
  bool json = false;
  bool markdown = false;
  bool quiet = false;
};

struct BenchOptions {
  int meters = 16;
  double seconds = 10.0;
  int threads = 1;
  double rate_hertz = 25600.0;
  int channels = 7;
  int at_once = 1;
  bool json = false;
  bool quiet = false;
};

struct ModulesOptions {
  std::string type;
  std::string markdown_folder;
};

struct SourcesOptions {};

struct RegistersOptions {
  std::string template_name;
};

using Invocation =
    std::variant<PrintText, AnalyzeOptions, RunOptions, SimulateOptions, VerifyOptions,
                 BenchOptions, ModulesOptions, SourcesOptions, RegistersOptions>;

/// Errors: Usage for what cannot be understood, InvalidSetup for values that make no sense.
[[nodiscard]] Result<Invocation> parse_command_line(int argc, const char* const* argv);

/// The version as --version and the JSON say it.
[[nodiscard]] std::string version();

}  // namespace halfcycle::app
