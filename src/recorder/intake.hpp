// SPDX-License-Identifier: Apache-2.0
// Where one meter hands over what is to be kept. Made by Store::attach().
//
// Threads: on_…() belong to the meter's measuring thread; they copy into rings that were sized at
// the start: no lock, no allocation, no system call. What finds no room is counted (dropped_…()).
// take_…() belong to the storage thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/instant.hpp"
#include "base/quality.hpp"
#include "graph/event.hpp"
#include "graph/graph.hpp"
#include "quality/event.hpp"
#include "recorder/byte_ring.hpp"

namespace halfcycle::recorder {

/// A row of a Data Recorder, as it lies in the ring.
struct IntakeRow {
  std::int64_t time_unix_ns = 0;
  std::uint32_t module = 0;
  std::uint16_t count = 0;
  std::uint8_t marks = 0;  ///< 1 flagged, 2 complete, 4 clock ok, 8 sync ok
  std::uint8_t waits = 0;  ///< 1: becomes a row with the next one that is one
};

/// An event of the graph; texts follow it in the ring: cause, effect, user, origin.
struct IntakeEvent {
  struct End {
    std::uint8_t kind = 0;
    std::uint8_t text_bytes = 0;
    std::uint16_t unused = 0;
    std::uint32_t index = 0;
    std::int32_t element = -1;
    std::uint32_t unused2 = 0;
    double value = 0.0;
  };
  std::int64_t time_unix_ns = 0;
  std::uint32_t module = 0;
  std::uint8_t priority = 0;
  std::uint8_t user_bytes = 0;
  std::uint8_t origin_bytes = 0;
  std::uint8_t has_principal = 0;
  End cause, effect;
};

class Intake final : public graph::EventSink, public graph::EffectSink {
 public:
  /// Rings sized by what the template's Data Recorders can bring in ten seconds.
  Intake(std::string meter, const graph::CompiledTemplate& compiled);

  // ── The measuring thread ────────────────────────────────────────────────────────────────────
  void on_event(const graph::Event& event) override;
  /// Takes the effects of Data Recorders; others are for other rooms and ignored.
  void on_effect(const graph::Effect& effect) override;
  void on_voltage_event(const quality::VoltageEvent& event);

  // ── Any thread ──────────────────────────────────────────────────────────────────────────────
  [[nodiscard]] const std::string& meter() const { return meter_; }
  /// Of the Data Recorder with this number among the template's modules.
  [[nodiscard]] std::uint64_t dropped_rows(std::uint32_t module) const {
    return dropped_rows_[module].load(std::memory_order_relaxed);
  }
  [[nodiscard]] std::uint64_t dropped_events() const {
    return dropped_events_.load(std::memory_order_relaxed);
  }
  [[nodiscard]] std::uint64_t waiting_bytes() const {
    return rows_.used() + events_.used() + disturbances_.used();
  }

  // ── The storage thread ──────────────────────────────────────────────────────────────────────
  [[nodiscard]] ByteRing& rows() { return rows_; }
  [[nodiscard]] ByteRing& events() { return events_; }
  [[nodiscard]] ByteRing& disturbances() { return disturbances_; }

 private:
  static void count(std::atomic<std::uint64_t>& counter) {
    counter.store(counter.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  }

  const std::string meter_;
  ByteRing rows_;
  ByteRing events_;
  ByteRing disturbances_;
  std::unique_ptr<std::atomic<std::uint64_t>[]> dropped_rows_;  // per module
  std::atomic<std::uint64_t> dropped_events_{0};
};

}  // namespace halfcycle::recorder
