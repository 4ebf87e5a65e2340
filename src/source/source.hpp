// SPDX-License-Identifier: Apache-2.0
// Where samples come from. Simulator, recordings, live streams and converters all give the same
// blocks; nothing downstream knows which it is.
//
//   auto source = open_source("fault.cfg", options);          // source/open.hpp
//   while (auto block = (*source)->read(4096), block && *block) meter.push(**block);
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/instant.hpp"
#include "base/result.hpp"
#include "base/sample_block.hpp"
#include "base/system.hpp"

namespace halfcycle::source {

struct MappedChannel {
  std::string name;  ///< as in the file
  Input input;
  std::string unit;        ///< "V" or "A" after scaling
  double scale = 1.0;      ///< turns the stored value a·x+b into V or A, side conversion included
  std::size_t number = 0;  ///< of the channel in the file, from 1; 0 if it has none
};

/// A status (digital) channel as transitions, for display beside the waveforms.
struct StatusTrace {
  std::string name;
  bool initial = false;
  std::vector<std::pair<std::uint64_t, bool>> transitions;  ///< sample index, new state
};

struct SourceInfo {
  std::string uri;
  std::string format;
  std::string station;
  std::string device;
  std::optional<Instant> start;  ///< of the first sample delivered; nothing if unknown
  std::optional<Instant> trigger;
  double duration_seconds = 0.0;  ///< 0 for an endless live source
  std::uint64_t sample_count = 0;
  std::vector<double> sample_rates_hertz;  ///< in order of appearance, without repetition
  Side side = Side::Unknown;
  std::vector<MappedChannel> channels;
  std::vector<StatusTrace> statuses;  ///< transitions of the samples read so far
  std::vector<std::string> warnings;
  bool live = false;

  /// What the source can say about the system; nothing where it cannot.
  std::optional<Wiring> wiring;
  std::optional<double> nominal_voltage_volts;    ///< from ratings in the file
  std::optional<double> nominal_frequency_hertz;  ///< as declared in the file
  /// Names of JSON keys that were inferred and not given ("channels", "wiring", "start", …).
  std::vector<std::string> assumed;
};

class Source {
 public:
  virtual ~Source() = default;
  [[nodiscard]] virtual const SourceInfo& info() const = 0;
  /// The next samples, at most `max_frames`; never across a discontinuity. Nothing at the end.
  /// The block is valid until the next call. Where the start is unknown, time counts from
  /// 1970-01-01T00:00:00Z and info().start is empty.
  /// A live source never waits: a block of no frames says that nothing has come since.
  [[nodiscard]] virtual Result<std::optional<SampleBlock>> read(std::size_t max_frames) = 0;
  /// Passes over the next samples, at most `frames`, without giving them; never across a
  /// discontinuity, which stays for the next read. Returns how many; 0 at the end, and where a
  /// source has nothing that passing over is cheaper than reading.
  [[nodiscard]] virtual Result<std::uint64_t> skip(std::uint64_t /*frames*/) { return 0; }
  /// Of a live source: what is not as it should be with the samples read last; empty: all is well.
  /// Valid until the next read.
  [[nodiscard]] virtual std::string_view notice() const { return {}; }
  /// How a live source is opened again after it was lost: gives an error until samples are there,
  /// never waits, and is called by one thread. Empty: not at all.
  using Reopen = std::function<Result<std::unique_ptr<Source>>()>;
  [[nodiscard]] virtual Reopen reopen() const { return {}; }
};

}  // namespace halfcycle::source
