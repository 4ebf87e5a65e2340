// SPDX-License-Identifier: Apache-2.0
// The data file of a COMTRADE recording (IEEE C37.111-1999 §6, -2013 §8): binary records decoded on
// demand, ASCII rows parsed once.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "formats/comtrade_cfg.hpp"
#include "formats/file_bytes.hpp"
#include "formats/timeline.hpp"

namespace halfcycle::formats {

struct ComtradeSamples {
  std::uint64_t sample_count = 0;
  std::shared_ptr<const SampleStore> store;
  Stamps stamps;  ///< valid as long as `store` and what it keeps
  std::vector<std::string> warnings;
};

/// Binary: sample_count is what the bytes hold, in whole records. Errors: no whole record, or
/// record numbers that show that the .cfg does not fit.
[[nodiscard]] Result<ComtradeSamples> open_binary_dat(const ComtradeCfg& cfg, const FileBytes& dat);

/// ASCII: an incomplete last row is left out with a warning. Errors name the row.
[[nodiscard]] Result<ComtradeSamples> parse_ascii_dat(const ComtradeCfg& cfg, const FileBytes& dat,
                                                      std::size_t first_line = 1);

}  // namespace halfcycle::formats
