// SPDX-License-Identifier: Apache-2.0
// From an address to samples.
//
//   auto source = open_source("fault.cfg", {});
//   auto source = open_source("sim:scenarios/feeder.toml", {});
//   auto listing = list_channels("fault.cfg", {});              // what --list-channels shows
//
// Addresses: a path (the format is told by contents and suffix), or comtrade:PATH, wav:PATH,
// csv:PATH, pqdif:PATH, pcap:PATH, sim:SCENARIO, sv:INTERFACE. Addresses of kinds that this version
// does not have (iio:, alsa:) are refused with what to do in their place.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "source/open_options.hpp"
#include "source/source.hpp"

namespace halfcycle::source {

/// Errors: Usage (an unknown kind of address), InvalidInput, InvalidSetup, Machine; each message
/// says what is wrong, where, and what to do.
[[nodiscard]] Result<std::unique_ptr<Source>> open_source(std::string_view uri,
                                                          const OpenOptions& options);

struct ListedChannel {
  std::size_t number = 0;  ///< from 1, as in "#3"
  std::string name;
  std::string phase;
  std::string component;
  std::string unit;  ///< as in the file
  Side side = Side::Unknown;
  double primary = 1.0;
  double secondary = 1.0;
  double minimum = 0.0;  ///< over the record, in the file's unit; NaN if all samples are missing
  double rms = 0.0;
  double maximum = 0.0;
  std::optional<Input> input;  ///< what it maps to with these options
  double scale = 1.0;          ///< of that input
};

struct ListedSet {
  std::string name;  ///< for --set
  ChannelSet::Kind kind = ChannelSet::Kind::PhaseVoltages;
  std::vector<std::size_t> channels;  ///< numbers, phases 1, 2, 3 first, then neutral
  bool complete = false;
  bool chosen = false;
};

struct ChannelListing {
  SourceInfo info;  ///< where nothing maps: without channels, and the reason among the warnings
  std::vector<ListedChannel> channels;
  std::vector<ListedSet> sets;
};

/// Reads the whole recording. A simulator lists its channels without figures (NaN); of an interface
/// a third of a second is taken.
/// Errors: as open_source(), but a recording in which nothing maps is listed all the same.
[[nodiscard]] Result<ChannelListing> list_channels(std::string_view uri,
                                                   const OpenOptions& options);

/// One line per kind of address, for `halfcycle sources`.
struct SourceKind {
  std::string_view address;  ///< "comtrade:PATH"
  std::string_view help;
  bool available = true;
};
[[nodiscard]] std::vector<SourceKind> source_kinds();

}  // namespace halfcycle::source
