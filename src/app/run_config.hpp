// SPDX-License-Identifier: Apache-2.0
// What `halfcycle run` runs: from one file (docs/running.md), or from the options for one meter.
//
//   auto config = read_run_config("meter.toml");      // Result<RunConfig>
//   auto config = run_config_of(options);
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/options.hpp"
#include "base/result.hpp"

namespace halfcycle::app {

/// Where a server listens.
struct ListenAddress {
  bool on = true;
  std::string address;
  std::uint16_t port = 0;  ///< 0: any that is free
  bool operator==(const ListenAddress&) const = default;
};
/// "127.0.0.1:8443", "[::1]:8443", ":8443" and "8443" (this machine only), "off". Error: Usage;
/// `what` begins its message.
[[nodiscard]] Result<ListenAddress> parse_listen_address(std::string_view text,
                                                         std::string_view what);

struct MeterConfig {
  std::string id;
  std::string name;
  std::uint8_t unit_id = 0;
  std::string source;
  std::string template_name = "standard";
  double speed = 1.0;  ///< 0: flat out
  MeasureOptions measure;
  std::string where;  ///< "meter.toml:12", for messages; empty: the command line
  /// Everything that the meter is made from, as text: the same text, the same meter.
  std::string fingerprint;
};

struct WebConfig {
  ListenAddress listen{.on = true, .address = "127.0.0.1", .port = 8443};
  bool allow_remote = false;
  std::vector<std::string> hosts;
  std::string certificate_file, key_file;
  bool operator==(const WebConfig&) const = default;
};

struct ModbusConfig {
  ListenAddress listen{.on = true, .address = "127.0.0.1", .port = 1502};
  unsigned max_connections = 40;
  double idle_timeout_seconds = 60.0;
  bool operator==(const ModbusConfig&) const = default;
};

struct StoreConfig {
  std::string folder;  ///< empty: nothing is kept
  std::uint64_t max_bytes = 8ULL << 30U;
  bool operator==(const StoreConfig&) const = default;
};

struct RunConfig {
  std::string file;         ///< empty: the command line
  std::size_t threads = 0;  ///< 0: one a core
  double waveform_seconds = 2.0;
  StoreConfig store;
  WebConfig web;
  ModbusConfig modbus;
  std::vector<MeterConfig> meters;

  /// Everything is played flat out: nothing stands for real time.
  [[nodiscard]] bool flat_out() const;
};

/// Errors: InvalidInput (the file cannot be read), InvalidSetup (with file, line, key, what is
/// allowed and, for an unknown key, the nearest one), Machine (permission).
[[nodiscard]] Result<RunConfig> read_run_config(const std::string& path);
/// The text of a configuration; relative paths in it start at `folder`.
[[nodiscard]] Result<RunConfig> parse_run_config(std::string_view text, std::string_view file,
                                                 const std::string& folder);

/// The configuration that the options name or are, with what they say over what the file says.
[[nodiscard]] Result<RunConfig> run_config_of(const RunOptions& options);

/// Where a meter keeps its data when nobody says otherwise: $STATE_DIRECTORY (of a service),
/// $XDG_STATE_HOME/halfcycle or ~/.local/state/halfcycle. Error: Machine.
[[nodiscard]] Result<std::string> default_data_folder();

/// "Feeder 1 (north)" → "feeder-1-north": an id out of a name. Empty if nothing is left.
[[nodiscard]] std::string id_of_name(std::string_view name);

}  // namespace halfcycle::app
