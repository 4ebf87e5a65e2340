// SPDX-License-Identifier: Apache-2.0
// For the tests of the protocol: meters made from the standard template whose registers the test
// writes, a directory of them, and bytes as hexadecimal text.
#pragma once

#include <atomic>
#include <cctype>
#include <cstddef>
#include <initializer_list>
#include <memory>
#include <mutex>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "fleet/live_meter.hpp"
#include "modules/catalogue.hpp"

namespace halfcycle::modbus::testing_meter {

inline std::shared_ptr<const graph::CompiledTemplate> compile(std::string_view text) {
  static const graph::ModuleCatalogue kCatalogue = modules::catalogue();
  auto compiled = graph::compile_template(text, "test.toml", kCatalogue);
  if (!compiled) {
    throw std::runtime_error(compiled.error().message);
  }
  return *compiled;
}
inline std::shared_ptr<const graph::CompiledTemplate> standard() {
  static const auto kStandard = compile(modules::shipped_template("standard").value());
  return kStandard;
}

/// "00 01 FF" as bytes; anything but hexadecimal digits is skipped.
inline std::vector<std::byte> bytes(std::string_view hex) {
  std::vector<std::byte> out;
  std::string digits;
  for (const char c : hex) {
    if (std::isxdigit(static_cast<unsigned char>(c)) != 0) {
      digits += c;
    }
    if (digits.size() == 2) {
      out.push_back(static_cast<std::byte>(std::stoi(digits, nullptr, 16)));
      digits.clear();
    }
  }
  return out;
}
/// "00 01 FF"
inline std::string hex(std::span<const std::byte> data) {
  std::string out;
  for (const std::byte b : data) {
    out += format("{}{:02X}", out.empty() ? "" : " ", static_cast<unsigned>(b));
  }
  return out;
}

class TestMeter final : public fleet::LiveMeter {
 public:
  explicit TestMeter(std::string name, std::uint8_t unit = 1,
                     std::shared_ptr<const graph::CompiledTemplate> compiled = standard(),
                     Wiring wiring = Wiring::FourWireWye)
      : graph_(graph::Graph::create(std::move(compiled))) {
    identity_.id = name;
    identity_.name = std::move(name);
    identity_.unit_id = unit;
    identity_.template_name = graph_->compiled().name();
    identity_.system.wiring = wiring;
    status_.state = fleet::MeterState::Measuring;
  }

  struct Value {
    std::string_view label;
    double value;
  };
  /// Publishes values of one tick, all in one frame that ends at `end`.
  void publish(graph::Tick tick, Instant end, std::initializer_list<Value> values) {
    graph_->begin(tick, end - Duration::ms(10), end);
    for (const Value& v : values) {
      graph_->write(graph_->compiled().find(v.label).value().index, v.value, {});
    }
    graph_->commit();
  }
  void publish(std::initializer_list<Value> values) {
    now_ += Duration::seconds(1);
    publish(graph::Tick::OneSecond, now_, values);
  }
  void set_status(const fleet::MeterStatus& status) {
    const std::lock_guard lock(mutex_);
    status_ = status;
  }
  [[nodiscard]] graph::Graph& writable() { return *graph_; }

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
  [[nodiscard]] std::optional<fleet::WaveformSnapshot> waveform(double /*seconds*/) const override {
    return std::nullopt;
  }

 private:
  fleet::MeterIdentity identity_;
  mutable std::mutex mutex_;
  fleet::MeterStatus status_;
  std::unique_ptr<graph::Graph> graph_;
  Instant now_ = Instant::from_unix_ns(1'700'000'000'000'000'000);
};

class TestDirectory final : public fleet::Directory {
 public:
  TestDirectory(std::initializer_list<std::shared_ptr<TestMeter>> meters) {
    set({meters.begin(), meters.end()});
  }
  void set(std::vector<std::shared_ptr<fleet::LiveMeter>> meters) {
    const std::lock_guard lock(mutex_);
    meters_ = std::move(meters);
    generation_.fetch_add(1);
  }
  [[nodiscard]] std::vector<std::shared_ptr<fleet::LiveMeter>> meters() const override {
    const std::lock_guard lock(mutex_);
    return meters_;
  }
  [[nodiscard]] std::shared_ptr<fleet::LiveMeter> find(std::string_view id) const override {
    return first([&](const auto& identity) { return identity.id == id; });
  }
  [[nodiscard]] std::shared_ptr<fleet::LiveMeter> find_unit(std::uint8_t unit) const override {
    return first([&](const auto& identity) { return identity.unit_id == unit; });
  }
  [[nodiscard]] std::uint64_t generation() const override { return generation_.load(); }

 private:
  template <class Is>
  [[nodiscard]] std::shared_ptr<fleet::LiveMeter> first(const Is& is) const {
    for (const auto& meter : meters()) {
      if (is(meter->identity())) {
        return meter;
      }
    }
    return nullptr;
  }

  mutable std::mutex mutex_;
  std::vector<std::shared_ptr<fleet::LiveMeter>> meters_;
  std::atomic<std::uint64_t> generation_{0};
};

}  // namespace halfcycle::modbus::testing_meter
