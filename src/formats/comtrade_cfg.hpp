// SPDX-License-Identifier: Apache-2.0
// The configuration file of a COMTRADE recording (IEEE C37.111-1999 §5, -2013 §7), line by line.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/instant.hpp"
#include "base/result.hpp"
#include "formats/comtrade.hpp"
#include "formats/recording.hpp"
#include "formats/timeline.hpp"

namespace halfcycle::formats {

struct ComtradeCfg {
  int revision = 1991;  ///< 1991, 1999 or 2013, whatever exactly the file says
  std::string station;
  std::string device;
  std::vector<AnalogChannel> analogs;
  std::vector<double> analog_minimums;  ///< of the raw value as declared; NaN if not given
  std::vector<StatusChannel> statuses;
  double nominal_frequency_hertz = 0.0;
  std::vector<RateRun> rates;          ///< empty where the file has no rate (nrates 0)
  std::uint64_t declared_samples = 0;  ///< the last endsamp
  std::optional<Instant> start;
  std::optional<Instant> trigger;
  bool zone_known = false;
  TimeQuality time_quality;
  ComtradeData data = ComtradeData::Ascii;
  double stamp_unit_ns = 1000.0;  ///< of the stamps in the .dat, timemult included
  std::vector<std::string> warnings;
};

/// name: for messages, which read "name:line: …"; first_line: number of its first line in the file
/// (a section of a .cff does not begin at 1).
[[nodiscard]] Result<ComtradeCfg> parse_comtrade_cfg(std::string_view bytes, std::string_view name,
                                                     std::size_t first_line = 1);

}  // namespace halfcycle::formats
