// SPDX-License-Identifier: Apache-2.0
// What servers, pages and screens see of a running meter and of the meters of a process. They read
// registers, samples and state here and send commands; none of them knows a formula.
//
//   for (const auto& meter : directory.meters()) meter->graph().read("kW tot");
//   if (auto meter = directory.find_unit(1)) meter->graph().read_group(Tick::OneSecond, snapshot);
//
// Threads: everything here is for any thread and never delays a measuring thread.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/instant.hpp"
#include "base/principal.hpp"
#include "base/result.hpp"
#include "base/sample_block.hpp"
#include "base/system.hpp"
#include "graph/graph.hpp"
#include "quality/voltage_events.hpp"
#include "recorder/history.hpp"

namespace halfcycle::fleet {

using recorder::RmsTrace;

struct MeterIdentity {
  std::string id;            ///< in addresses and in the store: a–z, 0–9 and '-', unique
  std::string name;          ///< as people call it
  std::uint8_t unit_id = 0;  ///< Modbus unit, 1–247, unique; 0: none
  std::string source_uri;
  std::string template_name;
  SystemSetup system;
  InputMask inputs;
  double sample_rate_hertz = 0.0;
  /// What dips, swells and interruptions are measured against; nothing: they are not looked for.
  std::optional<quality::VoltageEventSetup> limits{};
};

enum class MeterState : std::uint8_t {
  Starting,  ///< no sample yet
  Measuring,
  SourceLost,  ///< a live source delivers nothing; tried again. Measured values are not available
  Ended,       ///< the source has ended; the last values stay
  Failed,      ///< `message` says why. Measured values are not available
};
[[nodiscard]] std::string_view name(MeterState state);  ///< "starting", "measuring", …

struct MeterStatus {
  MeterState state = MeterState::Starting;
  std::string message;  ///< empty while all is well
  std::optional<Instant> first_sample;
  std::optional<Instant> last_sample;  ///< end of the latest block, UTC of the samples
  TimeQuality time_quality;
  std::uint64_t samples = 0;
  std::uint64_t gaps = 0;             ///< discontinuities with missing samples
  std::uint64_t dropped_samples = 0;  ///< lost by this process because it was late
  double lag_seconds = 0.0;           ///< how far the meter is behind its source
};

/// Samples as they were measured; frames × lanes as in SampleBlock. `rms`: the ½-cycle values that
/// were measured meanwhile.
struct WaveformSnapshot {
  Instant start;
  double rate_hertz = 0.0;
  InputMask inputs;
  std::size_t lanes = 8;
  std::vector<float> frames;
  RmsTrace rms{};
  [[nodiscard]] std::size_t frame_count() const { return frames.size() / lanes; }
  [[nodiscard]] Instant end() const {
    return start + Duration::from_seconds(static_cast<double>(frame_count()) / rate_hertz);
  }
};

class LiveMeter {
 public:
  virtual ~LiveMeter() = default;
  [[nodiscard]] virtual const MeterIdentity& identity() const = 0;
  [[nodiscard]] virtual MeterStatus status() const = 0;
  /// Registers, snapshots, setup values: the reading side only.
  [[nodiscard]] virtual const graph::Graph& graph() const = 0;
  /// As graph::Graph::submit().
  [[nodiscard]] virtual Result<std::uint64_t> submit(const graph::Command& command,
                                                     const Principal& by) = 0;
  /// The latest samples without a gap between them, at most `seconds` of them and at most as many
  /// as the meter keeps; nothing before the first sample.
  [[nodiscard]] virtual std::optional<WaveformSnapshot> waveform(double seconds) const = 0;
};

/// The meters of a process. A reload may add and remove some; who holds a meter keeps it readable.
class Directory {
 public:
  virtual ~Directory() = default;
  /// In the order of the configuration.
  [[nodiscard]] virtual std::vector<std::shared_ptr<LiveMeter>> meters() const = 0;
  [[nodiscard]] virtual std::shared_ptr<LiveMeter> find(std::string_view id) const = 0;
  [[nodiscard]] virtual std::shared_ptr<LiveMeter> find_unit(std::uint8_t unit_id) const = 0;
  /// Grows with each change of the set of meters.
  [[nodiscard]] virtual std::uint64_t generation() const = 0;
};

}  // namespace halfcycle::fleet
