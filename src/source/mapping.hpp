// SPDX-License-Identifier: Apache-2.0
// Which channel of a recording is which input of the meter.
//
//   auto mapping = map_channels(recording.analogs, {});             // by names, phases and units
//   auto mapping = map_channels(recording.analogs, {.map = {{Input::V1, "#3"}}});
//
// A set is three phase voltages, two or three line-to-line voltages, or three currents that share
// unit, side and name stem. The first complete set of voltages in the file is taken; currents of
// the same bay (equal stem, or one stem the beginning of the other) before others, then the first
// complete set in the file. IN, 3I0, I0 and IG become I4; UN and VN become V4; a residual voltage
// (3U0, open delta) never does. Magnitudes, angles, differential quantities and DC never map.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "base/system.hpp"
#include "formats/recording.hpp"
#include "source/channel_name.hpp"

namespace halfcycle::source {

struct MapEntry {
  Input input = Input::V1;
  std::string channel;  ///< its name, or "#3" for the third analogue channel; "none": leave empty
};

/// "V1=UA,V2=UB,I4=#7". Errors (Usage): no '=', an unknown or repeated input.
[[nodiscard]] Result<std::vector<MapEntry>> parse_map(std::string_view text);

struct MappingOptions {
  /// Takes precedence. An entry for one of V1…V3 (I1…I3) leaves all voltages (currents) to `map`.
  std::vector<MapEntry> map;
  /// Sets to take in place of the first ones: a name as listed, or the name of a channel in it.
  std::vector<std::string> sets;
};

struct ChannelSet {
  enum class Kind { PhaseVoltages, LineVoltages, Currents };
  Kind kind = Kind::PhaseVoltages;
  std::string name;  ///< unique among the sets of voltages, and among those of currents
  /// Position of the channel of phase 1, 2, 3 (line-to-line: 12, 23, 31).
  std::array<std::optional<std::size_t>, 3> channels;
  std::array<double, 3> sign{1.0, 1.0,
                             1.0};    ///< −1 where a line-to-line channel runs the other way
  std::optional<std::size_t> fourth;  ///< neutral channel that goes with it
  std::optional<std::size_t> fifth;
  bool complete = false;
  std::string key;        ///< of the stem
  std::string component;  ///< of its first channel

  [[nodiscard]] bool is_voltage() const { return kind != Kind::Currents; }
};

/// All sets, complete or not, in the order of the file.
[[nodiscard]] std::vector<ChannelSet> find_sets(const std::vector<formats::AnalogChannel>& channels,
                                                const std::vector<ChannelReading>& readings);

struct Assignment {
  Input input = Input::V1;
  std::size_t channel = 0;
  double scale = 1.0;  ///< unit and direction; ratio, polarity and the user's scale come later
};

struct Mapping {
  std::vector<Assignment> inputs;  ///< in the order of the lanes
  std::optional<Wiring> wiring;    ///< as the names suggest; nothing where they say nothing
  std::vector<ChannelSet> sets;
  std::optional<std::size_t> voltage_set;  ///< index in `sets`
  std::optional<std::size_t> current_set;
  bool inferred = false;  ///< at least one input was not given by hand
  std::vector<std::string> warnings;
};

/// Never empty. Errors (InvalidSetup): a channel or set that does not exist, a channel mapped
/// twice; (InvalidInput): no channel could be mapped. The message lists what there is.
[[nodiscard]] Result<Mapping> map_channels(const std::vector<formats::AnalogChannel>& channels,
                                           const MappingOptions& options);

}  // namespace halfcycle::source
