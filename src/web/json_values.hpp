// SPDX-License-Identifier: Apache-2.0
// Registers, waveforms and records of the store as the JSON of the API, and the reading of
// registers of one meter as consistent groups.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/json_writer.hpp"
#include "base/result.hpp"
#include "fleet/live_meter.hpp"
#include "recorder/history.hpp"
#include "web/message.hpp"

namespace halfcycle::web {

struct RegisterValue {
  graph::RegisterRef ref;
  graph::RegisterView view;
  std::string text;             ///< String and Calendar
  std::vector<float> elements;  ///< of a whole array register
};

/// Registers of one graph. Reads so that all registers of a tick come from one publication.
class RegisterSet {
 public:
  /// Error: InvalidSetup, with the nearest label.
  [[nodiscard]] static Result<RegisterSet> create(const graph::Graph& graph,
                                                  const std::vector<std::string>& labels);
  /// All registers of the graph.
  [[nodiscard]] static RegisterSet all(const graph::Graph& graph);

  /// In the order of the labels. The graph must be the one (or of the same template).
  [[nodiscard]] const std::vector<RegisterValue>& values() const { return values_; }
  void read(const graph::Graph& graph);
  /// True if a group has been published since the last read().
  [[nodiscard]] bool changed(const graph::Graph& graph) const;

 private:
  struct Group {
    graph::Tick tick = graph::Tick::Event;
    std::uint64_t version = 0;
    std::vector<std::size_t> members;
  };
  void add(const graph::CompiledTemplate& compiled, graph::RegisterRef ref);
  std::vector<RegisterValue> values_;
  std::vector<Group> groups_;
  graph::GroupSnapshot scratch_;
};

/// What has been written, as an answer.
[[nodiscard]] Response json_response(JsonWriter& json);

/// { "label", "value", "unit", "time", "flagged", "complete", "clock_ok", "sync_ok" }
void write_register(JsonWriter& json, const graph::CompiledTemplate& compiled,
                    const RegisterValue& value);
/// { "start", "rate_Hz", "channels": { "V1": [ … ] } }.
void write_waveform(JsonWriter& json, const fleet::WaveformSnapshot& wave);
/// At least one: of several the first, and the last as its recovery.
void write_waveforms(JsonWriter& json, std::span<const recorder::StoredWaveform> parts);
void write_event(JsonWriter& json, const recorder::StoredEvent& event);
void write_disturbance(JsonWriter& json, const recorder::StoredDisturbance& disturbance);

}  // namespace halfcycle::web
