// SPDX-License-Identifier: Apache-2.0
// For tests: meters and a store that say what the test told them, on real graphs.
#pragma once

#include <array>
#include <atomic>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "fleet/live_meter.hpp"
#include "graph/catalogue.hpp"
#include "recorder/history.hpp"
#include "web/routes.hpp"

namespace halfcycle::web::testing_types {

inline constexpr Instant kNoon = Instant::from_unix_ns(1798545600000000000);  // 2026-12-29T12:00Z

using graph::OutputSpec;
using graph::RegisterClass;
inline constexpr std::array kOutputs{
    OutputSpec{.name = "P", .unit = Unit::Kilowatt, .label = "kW tot", .help = "Active power"},
    OutputSpec{.name = "V", .unit = Unit::Volt, .label = "Vln a", .help = "Voltage of phase a"},
    OutputSpec{.name = "E",
               .unit = Unit::KilowattHour,
               .label = "kWh del",
               .retain = graph::Retain::Yes,
               .help = "Energy"},
    OutputSpec{.name = "H",
               .cls = RegisterClass::NumericArray,
               .unit = Unit::Percent,
               .label = "V1 HD",
               .first_element = 1,
               .element_count = 5,
               .help = "Harmonics"},
    OutputSpec{.name = "S", .cls = RegisterClass::Boolean, .label = "Relay", .help = "A state"},
    OutputSpec{.name = "T", .cls = RegisterClass::Time, .label = "Last Reset", .help = "A time"}};
inline constexpr std::array kTextOutputs{OutputSpec{.name = "N",
                                                    .cls = RegisterClass::String,
                                                    .label = "Note",
                                                    .writable = true,
                                                    .help = "A text"}};
inline constexpr graph::ModuleType kQuantities{
    .name = "Quantities", .doc = "Test.", .outputs = kOutputs, .tick = graph::Tick::TenTwelveCycle};
inline constexpr graph::ModuleType kNotes{
    .name = "Notes", .doc = "Test.", .outputs = kTextOutputs, .tick = graph::Tick::Event};

inline std::shared_ptr<const graph::CompiledTemplate> compile() {
  static constexpr std::array<const graph::ModuleType*, 2> kTypes{&kQuantities, &kNotes};
  static const auto kCatalogue = graph::ModuleCatalogue::create(kTypes).value();
  static constexpr std::string_view kText = R"(
[[module]]
type = "Quantities"
label = "Q"
[[module]]
type = "Notes"
label = "N"
)";
  auto compiled = graph::compile_template(kText, "test.toml", kCatalogue);
  if (!compiled) {
    throw std::runtime_error(compiled.error().message);
  }
  return *compiled;
}

class FakeMeter final : public fleet::LiveMeter {
 public:
  explicit FakeMeter(std::string id) : graph_(graph::Graph::create(compile())) {
    identity_.id = std::move(id);
    identity_.name = "Feeder \"1\"";
    identity_.unit_id = 1;
    identity_.source_uri = "sim:feeder";
    identity_.template_name = "standard";
    identity_.sample_rate_hertz = 4000.0;
    for (const Input input : {Input::V1, Input::V2, Input::V3, Input::I1}) {
      identity_.inputs.add(input);
    }
    status_.state = fleet::MeterState::Measuring;
    status_.first_sample = kNoon;
    status_.last_sample = kNoon + Duration::seconds(10);
    status_.samples = 40000;
  }
  [[nodiscard]] const fleet::MeterIdentity& identity() const override { return identity_; }
  [[nodiscard]] fleet::MeterStatus status() const override {
    const std::lock_guard lock(mutex_);
    return status_;
  }
  [[nodiscard]] const graph::Graph& graph() const override { return *graph_; }
  [[nodiscard]] Result<std::uint64_t> submit(const graph::Command& command,
                                             const Principal& by) override {
    return graph_->submit(command, by);
  }
  [[nodiscard]] std::optional<fleet::WaveformSnapshot> waveform(double seconds) const override {
    const auto frames = static_cast<std::size_t>(seconds * identity_.sample_rate_hertz);
    if (!has_waveform) {
      return std::nullopt;
    }
    fleet::WaveformSnapshot wave;
    wave.start = kNoon + Duration::ms(static_cast<std::int64_t>(++snapshots));
    wave.rate_hertz = identity_.sample_rate_hertz;
    wave.inputs = identity_.inputs;
    for (std::size_t n = 0; n < frames; ++n) {
      for (std::size_t lane = 0; lane < wave.lanes; ++lane) {
        wave.frames.push_back(static_cast<float>(n) + static_cast<float>(lane) / 8.0F);
      }
    }
    wave.rms.time = {wave.start};
    wave.rms.values.assign(kInputCount, std::numeric_limits<float>::quiet_NaN());
    wave.rms.values[0] = 230.5F;
    return wave;
  }

  /// The end of a 10/12-cycle window: kW tot, and everything else from it.
  void publish(double kilowatts, Instant end, Marks marks = {}) {
    graph_->begin(graph::Tick::TenTwelveCycle, end - Duration::ms(200), end);
    const auto index = [&](std::string_view label) {
      return graph_->compiled().find(label).value().index;
    };
    graph_->write(index("kW tot"), kilowatts, marks);
    graph_->write(index("Vln a"), 2.0 * kilowatts, marks);
    const std::array<float, 5> harmonics{100.0F, 0.1F, 3.5F, std::nanf(""), 2.25F};
    graph_->write_array(index("V1 HD"), harmonics, marks);
    graph_->commit();
  }
  void set_status(fleet::MeterState state, std::string message) {
    const std::lock_guard lock(mutex_);
    status_.state = state;
    status_.message = std::move(message);
  }
  [[nodiscard]] graph::Graph& writable_graph() { return *graph_; }

  std::atomic<bool> has_waveform{true};
  mutable std::atomic<int> snapshots{0};

 private:
  fleet::MeterIdentity identity_;
  mutable std::mutex mutex_;
  fleet::MeterStatus status_;
  std::unique_ptr<graph::Graph> graph_;
};

class FakeDirectory final : public fleet::Directory {
 public:
  explicit FakeDirectory(const std::vector<std::string>& ids) {
    for (const std::string& id : ids) {
      list.push_back(std::make_shared<FakeMeter>(id));
    }
  }
  [[nodiscard]] std::vector<std::shared_ptr<fleet::LiveMeter>> meters() const override {
    return {list.begin(), list.end()};
  }
  [[nodiscard]] std::shared_ptr<fleet::LiveMeter> find(std::string_view id) const override {
    for (const auto& meter : list) {
      if (meter->identity().id == id) {
        return meter;
      }
    }
    return nullptr;
  }
  [[nodiscard]] std::shared_ptr<fleet::LiveMeter> find_unit(std::uint8_t unit) const override {
    return unit == 1 && !list.empty() ? list.front() : nullptr;
  }
  [[nodiscard]] std::uint64_t generation() const override { return changes; }

  std::vector<std::shared_ptr<FakeMeter>> list;
  std::uint64_t changes = 1;
};

/// A store with one log, and the events and disturbances that a test adds.
class FakeHistory final : public recorder::History {
 public:
  [[nodiscard]] Result<std::vector<recorder::LogInfo>> logs(std::string_view meter) const override {
    if (auto known = check(meter); !known) {
      return fail(known.error());
    }
    return std::vector{recorder::LogInfo{.name = "Trends / 1",
                                         .columns = columns(),
                                         .rows = 3,
                                         .first = kNoon,
                                         .last = kNoon + Duration::seconds(2),
                                         .depth = 100,
                                         .stop_when_full = false,
                                         .dropped_rows = 1}};
  }
  [[nodiscard]] Result<recorder::LogRows> rows(std::string_view meter, std::string_view log,
                                               const recorder::RowQuery& query) const override {
    if (auto known = check(meter); !known) {
      return fail(known.error());
    }
    const std::lock_guard wait(busy);
    if (log != "Trends / 1") {
      return fail(ErrorCode::InvalidSetup, "there is no log '{}'. Did you mean 'Trends / 1'?", log);
    }
    const std::lock_guard lock(mutex);
    last_query = query;
    return recorder::LogRows{.columns = columns(),
                             .time = {kNoon, kNoon + Duration::seconds(2)},
                             .values = {{1.5, kNotAvailable}, {3.0, 4.0}},
                             .low = {{1.0, kNotAvailable}, {2.0, 4.0}},
                             .high = {{2.0, kNotAvailable}, {4.0, 4.0}},
                             .gap_before = {false, true},
                             .marks = {{}, {.flagged = true, .sync_ok = false}},
                             .rows = 3};
  }
  [[nodiscard]] Result<std::vector<recorder::StoredEvent>> events(
      std::string_view meter, const recorder::EventQuery& query) const override {
    const std::lock_guard lock(mutex);
    last_event_query = query;
    return newest(stored_events, meter, query, [](const auto& e) { return e.sequence; });
  }
  [[nodiscard]] std::uint64_t latest_event() const override {
    const std::lock_guard lock(mutex);
    return stored_events.empty() ? 0 : stored_events.back().sequence;
  }
  [[nodiscard]] Result<std::vector<recorder::StoredDisturbance>> disturbances(
      std::string_view meter, const recorder::EventQuery& query) const override {
    const std::lock_guard lock(mutex);
    return newest(stored_disturbances, meter, query, [](const auto& d) { return d.id; });
  }
  [[nodiscard]] std::uint64_t latest_disturbance() const override {
    const std::lock_guard lock(mutex);
    return stored_disturbances.empty() ? 0 : stored_disturbances.back().id;
  }
  [[nodiscard]] Result<std::vector<recorder::StoredWaveform>> waveforms(
      std::string_view meter, std::uint64_t disturbance) const override {
    if (broken) {
      return fail(ErrorCode::Machine, "the store cannot be read");
    }
    if (auto known = check(meter); !known || disturbance != 7) {
      return fail(ErrorCode::InvalidSetup, "there is no waveform of disturbance {}", disturbance);
    }
    recorder::StoredWaveform wave;
    wave.id = 7;
    wave.start = kNoon;
    wave.rate_hertz = 4000.0;
    wave.inputs.add(Input::V1);
    wave.inputs.add(Input::I1);
    for (int n = 0; n < 80; ++n) {
      for (int lane = 0; lane < 8; ++lane) {
        wave.frames.push_back(static_cast<float>(n * 10 + lane) / 8.0F);
      }
    }
    wave.rms.time = {kNoon + Duration::ms(20)};
    wave.rms.values.assign(kInputCount, 5.5F);
    std::vector<recorder::StoredWaveform> parts{wave};
    if (long_disturbance) {
      wave.start = kNoon + Duration::seconds(60);
      parts.push_back(std::move(wave));
    }
    return parts;
  }
  [[nodiscard]] recorder::StoreHealth health() const override {
    const std::lock_guard lock(mutex);
    return store;
  }

  void add_event(std::string meter, std::uint8_t priority) {
    const std::lock_guard lock(mutex);
    stored_events.push_back({.sequence = stored_events.size() + 1,
                             .meter = std::move(meter),
                             .time = kNoon,
                             .priority = priority,
                             .module = "Over V1",
                             .cause = "Vln a",
                             .cause_value = "253.1 V",
                             .effect = {},
                             .effect_value = {},
                             .by = {}});
  }
  void add_disturbance(std::string meter, quality::EventType type) {
    const std::lock_guard lock(mutex);
    recorder::StoredDisturbance d;
    d.id = 7 + stored_disturbances.size();
    d.meter = std::move(meter);
    d.has_waveform = true;
    d.event.type = type;
    d.event.start = kNoon;
    d.event.end = kNoon + Duration::ms(80);
    d.event.duration_seconds = 0.08;
    d.event.extreme_volts = 92.0;
    d.event.reference_volts = 230.0;
    d.event.phases[0] = {true, kNoon, kNoon + Duration::ms(80), 92.0};
    stored_disturbances.push_back(std::move(d));
  }

  mutable std::mutex busy;  ///< held by a test: rows() takes that long
  mutable std::mutex mutex;
  mutable recorder::RowQuery last_query;
  mutable recorder::EventQuery last_event_query;
  std::vector<recorder::StoredEvent> stored_events;
  std::vector<recorder::StoredDisturbance> stored_disturbances;
  recorder::StoreHealth store;
  std::atomic<bool> broken{false};
  std::atomic<bool> long_disturbance{false};

 private:
  static std::vector<recorder::LogColumn> columns() {
    return {{"kW tot", Unit::Kilowatt}, {"Vln a", Unit::Volt}};
  }
  static Result<void> check(std::string_view meter) {
    if (meter != "feeder-1") {
      return fail(ErrorCode::InvalidSetup, "there is no meter '{}'. Did you mean 'feeder-1'?",
                  meter);
    }
    return {};
  }
  template <class Record, class Number>
  static std::vector<Record> newest(const std::vector<Record>& all, std::string_view meter,
                                    const recorder::EventQuery& query, Number number) {
    std::vector<Record> found;
    for (auto at = all.rbegin(); at != all.rend() && found.size() < query.limit; ++at) {
      if (number(*at) > query.after_sequence && (meter.empty() || at->meter == meter)) {
        found.push_back(*at);
      }
    }
    return found;
  }
};

}  // namespace halfcycle::web::testing_types
