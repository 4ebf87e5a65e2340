// SPDX-License-Identifier: Apache-2.0
#include "recorder/intake.hpp"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <span>
#include <type_traits>

#include "modules/data_recorder.hpp"
#include "recorder/writer.hpp"

namespace halfcycle::recorder {
namespace {

// Also what a replay at full speed needs between two commits.
constexpr std::size_t kMinimumRowBytes = 256 * 1024;
constexpr std::size_t kMaximumRowBytes = 64 * 1024 * 1024;
constexpr std::size_t kEventBytes = 64 * 1024;
constexpr std::size_t kDisturbanceBytes = 64 * 1024;
constexpr double kSecondsInRing = 10.0;
constexpr double kHalfCyclesPerSecond = 120.0;

// Ten seconds of rows at the fastest that each recorder can be set up to: a change of setup must
// not find the ring too small.
std::size_t row_ring_bytes(const graph::CompiledTemplate& compiled) {
  double bytes = 0.0;
  for (const graph::ModuleInstance& module : compiled.modules()) {
    if (module.type != &modules::kDataRecorder || module.offline) {
      continue;
    }
    std::size_t columns = 0;
    graph::Tick first_tick = graph::Tick::Event;
    for (std::size_t i = 0; i < modules::data_recorder::kSources; ++i) {
      const graph::RegisterRef link = compiled.links()[module.first_input + i];
      if (link.index != graph::kNoIndex) {
        columns = i + 1;
        if (i == 0) {
          first_tick = compiled.registers()[link.index].tick;
        }
      }
    }
    const double rate = first_tick == graph::Tick::HalfCycle ? kHalfCyclesPerSecond : 6.0;
    bytes += rate * kSecondsInRing *
             static_cast<double>(8 + sizeof(IntakeRow) + columns * sizeof(double));
  }
  return std::clamp(static_cast<std::size_t>(bytes), kMinimumRowBytes, kMaximumRowBytes);
}

std::uint8_t bytes_of(std::string_view text) {
  return static_cast<std::uint8_t>(std::min<std::size_t>(text.size(), 255));
}

std::byte* append(std::byte* at, std::string_view text, std::uint8_t bytes) {
  return std::copy_n(reinterpret_cast<const std::byte*>(text.data()), bytes, at);
}

IntakeEvent::End end_of(const graph::EventEnd& end) {
  IntakeEvent::End out;
  out.kind = static_cast<std::uint8_t>(end.kind);
  out.text_bytes = bytes_of(end.text);
  out.index = end.index;
  out.element = end.element;
  out.value = end.value;
  return out;
}

}  // namespace

Intake::Intake(std::string meter, const graph::CompiledTemplate& compiled)
    : meter_(std::move(meter)),
      rows_(row_ring_bytes(compiled)),
      events_(kEventBytes),
      disturbances_(kDisturbanceBytes),
      dropped_rows_(std::make_unique<std::atomic<std::uint64_t>[]>(compiled.modules().size())) {}

void Intake::on_event(const graph::Event& event) {
  IntakeEvent head;
  head.time_unix_ns = event.time.unix_ns();
  head.module = event.module;
  head.priority = event.priority;
  head.cause = end_of(event.cause);
  head.effect = end_of(event.effect);
  if (event.by != nullptr) {
    head.has_principal = 1;
    head.user_bytes = bytes_of(event.by->user);
    head.origin_bytes = bytes_of(event.by->origin);
  }
  const std::size_t size = sizeof(head) + head.cause.text_bytes + head.effect.text_bytes +
                           head.user_bytes + head.origin_bytes;
  std::byte* at = events_.reserve(size);
  if (at == nullptr) {
    count(dropped_events_);
    return;
  }
  std::memcpy(at, &head, sizeof(head));
  at += sizeof(head);
  at = append(at, event.cause.text, head.cause.text_bytes);
  at = append(at, event.effect.text, head.effect.text_bytes);
  if (event.by != nullptr) {
    at = append(at, event.by->user, head.user_bytes);
    append(at, event.by->origin, head.origin_bytes);
  }
  events_.publish();
}

void Intake::on_effect(const graph::Effect& effect) {
  const bool waits = effect.kind == modules::data_recorder::kBeforeEffect;
  if (!waits && effect.kind != modules::data_recorder::kRecordEffect) {
    return;
  }
  IntakeRow head;
  head.waits = waits ? 1 : 0;
  head.time_unix_ns = effect.time.unix_ns();
  head.module = effect.module;
  head.count = static_cast<std::uint16_t>(effect.values.size());
  head.marks = pack_marks(effect.marks);
  std::byte* at = rows_.reserve(sizeof(head) + effect.values.size_bytes());
  if (at == nullptr) {
    count(dropped_rows_[effect.module]);
    return;
  }
  std::memcpy(at, &head, sizeof(head));
  std::ranges::copy(std::as_bytes(effect.values), at + sizeof(head));
  rows_.publish();
}

void Intake::on_voltage_event(const quality::VoltageEvent& event) {
  static_assert(std::is_trivially_copyable_v<quality::VoltageEvent>);
  std::byte* at = disturbances_.reserve(sizeof(event));
  if (at == nullptr) {
    count(dropped_events_);
    return;
  }
  std::memcpy(at, &event, sizeof(event));
  disturbances_.publish();
}

}  // namespace halfcycle::recorder
