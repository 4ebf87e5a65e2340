// SPDX-License-Identifier: Apache-2.0
// How long after the last sample of a half cycle its values can be read over Modbus (DESIGN §6:
// at most 200 µs at the 99th percentile).
//
//   modbus_latency [SECONDS] [METERS]
//
// Whole meters at 7 × 25.6 kS/s on one measuring thread take blocks of half a cycle, each at its
// time of the clock, and do their deferred work in between, as in `halfcycle run`; the server runs
// on a thread of its own. A client on a real connection of the loopback asks the last of the meters
// for the own block of half-cycle values (42 registers) again and again. The latency of a half
// cycle is from the moment at which its block is handed to the first meter to the moment at which
// the client holds an answer with its time; it contains up to one round trip that began too early.
#include <sched.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "fleet/live_meter.hpp"
#include "meter/meter.hpp"
#include "protocols/modbus/modbus_fixture.hpp"
#include "protocols/modbus/server.hpp"
#include "protocols/modbus/tcp_client.hpp"
#include "source/simulator.hpp"

namespace {

using Clock = std::chrono::steady_clock;
using halfcycle::meter::Meter;
using halfcycle::modbus::ModbusServer;
using halfcycle::modbus::testing_meter::bytes;
using halfcycle::modbus::testing_tcp::TcpClient;

constexpr double kRateHertz = 25600.0;
constexpr std::size_t kHalfCycleFrames = 256;
constexpr auto kHalfCycle = std::chrono::milliseconds(10);
constexpr std::size_t kSettling = 100;  // half cycles that do not count
constexpr std::size_t kAnswerBytes = 9 + 2 * 42;

template <class T>
T need(halfcycle::Result<T> result) {
  if (!result) {
    std::fprintf(stderr, "modbus_latency: %s\n", result.error().message.c_str());
    std::exit(3);
  }
  return std::move(*result);
}

class BenchMeter final : public halfcycle::fleet::LiveMeter {
 public:
  BenchMeter(std::uint8_t unit, const halfcycle::meter::MeterSetup& setup)
      : meter(need(Meter::create(setup))) {
    identity_.name = "meter";
    identity_.unit_id = unit;
    identity_.system = setup.system;
  }
  std::unique_ptr<Meter> meter;

  [[nodiscard]] const halfcycle::fleet::MeterIdentity& identity() const override {
    return identity_;
  }
  [[nodiscard]] halfcycle::fleet::MeterStatus status() const override { return {}; }
  [[nodiscard]] const halfcycle::graph::Graph& graph() const override {
    return static_cast<const Meter&>(*meter).graph();
  }
  [[nodiscard]] halfcycle::Result<std::uint64_t> submit(const halfcycle::graph::Command& command,
                                                        const halfcycle::Principal& by) override {
    return meter->graph().submit(command, by);
  }
  [[nodiscard]] std::optional<halfcycle::fleet::WaveformSnapshot> waveform(
      double /*seconds*/) const override {
    return std::nullopt;
  }

 private:
  halfcycle::fleet::MeterIdentity identity_;
};

struct HalfCycle {
  std::atomic<std::int64_t> pushed_ns{0};
  std::atomic<std::int64_t> seen_ns{0};
  bool window_ended = false;  // a 10/12-cycle window was published after the one before
};

std::int64_t now_ns() { return Clock::now().time_since_epoch().count(); }

void print(const char* name, std::vector<double> microseconds) {
  if (microseconds.empty()) {
    return;
  }
  std::sort(microseconds.begin(), microseconds.end());
  const auto at = [&](double ratio) {
    return microseconds[static_cast<std::size_t>(ratio *
                                                 static_cast<double>(microseconds.size() - 1))];
  };
  std::printf("%-42s %8zu %8.0f %8.0f %8.0f %8.0f\n", name, microseconds.size(), at(0.5), at(0.9),
              at(0.99), at(1.0));
}

}  // namespace

int main(int argc, char** argv) {
  const double seconds = argc > 1 ? std::atof(argv[1]) : 10.0;
  const int count = argc > 2 ? std::atoi(argv[2]) : 1;
  halfcycle::source::SimulatorOverrides overrides;
  overrides.rate_hertz = kRateHertz;
  overrides.duration_seconds = 0.0;
  const auto source = need(halfcycle::source::open_simulator("feeder", overrides));
  halfcycle::meter::MeterSetup setup;
  setup.sample_rate_hertz = kRateHertz;
  for (const auto& channel : source->info().channels) {
    setup.inputs.add(channel.input);
  }
  setup.compiled_template = halfcycle::modbus::testing_meter::standard();
  setup.engine_tables = halfcycle::metrology::make_engine_tables(
      {.system = setup.system, .inputs = setup.inputs, .sample_rate_hertz = kRateHertz});
  setup.engine_workspace = halfcycle::metrology::make_engine_workspace(*setup.engine_tables);
  std::vector<std::shared_ptr<BenchMeter>> meters;
  std::vector<std::shared_ptr<halfcycle::fleet::LiveMeter>> live;
  for (int m = 0; m < count; ++m) {
    meters.push_back(std::make_shared<BenchMeter>(static_cast<std::uint8_t>(m + 1), setup));
    live.push_back(meters.back());
  }
  halfcycle::modbus::testing_meter::TestDirectory directory{};
  directory.set(live);
  halfcycle::NoLog log;
  const auto server = need(ModbusServer::start({.port = 0}, directory, log));

  const auto total = kSettling + static_cast<std::size_t>(seconds * 100.0);
  std::vector<HalfCycle> half_cycles(total);
  std::atomic<std::size_t> latest{0};
  std::atomic<bool> done{false};
  std::thread client([&] {
    TcpClient connection(server->port());
    const auto request = bytes(halfcycle::format("00 01 00 00 00 06 {:02X} 03 C3 50 00 2A", count));
    std::array<std::byte, kAnswerBytes> answer{};
    std::array<std::byte, 8> before{};
    while (!done.load() && connection.send(request) && connection.receive(std::span(answer))) {
      const std::int64_t now = now_ns();
      if (!std::equal(before.begin(), before.end(), answer.begin() + 9)) {
        std::copy_n(answer.begin() + 9, before.size(), before.begin());
        std::int64_t nothing = 0;
        half_cycles[latest.load()].seen_ns.compare_exchange_strong(nothing, now);
      }
    }
  });

  auto due = Clock::now();
  std::uint64_t windows = 0;
  for (std::size_t h = 0; h < total; ++h) {
    const auto block = need(source->read(kHalfCycleFrames));
    due += kHalfCycle;
    std::this_thread::sleep_until(due);
    half_cycles[h].pushed_ns = now_ns();
    latest = h;
    for (const auto& meter : meters) {
      meter->meter->push(*block);
    }
    for (const auto& meter : meters) {
      while (Clock::now() < due + kHalfCycle * 9 / 10 && meter->meter->work()) {
      }
    }
    const std::uint64_t version =
        meters.back()->graph().version(halfcycle::graph::Tick::TenTwelveCycle);
    half_cycles[h].window_ended = version != windows;
    windows = version;
  }
  done = true;
  client.join();

  std::vector<double> all;
  std::vector<double> with_window;
  for (std::size_t h = kSettling; h < total; ++h) {
    const HalfCycle& half_cycle = half_cycles[h];
    if (half_cycle.seen_ns != 0) {
      all.push_back(1e-3 * static_cast<double>(half_cycle.seen_ns - half_cycle.pushed_ns));
      if (half_cycle.window_ended) {
        with_window.push_back(all.back());
      }
    }
  }
  std::printf(
      "%d meter(s) on one thread, %zu of %zu half cycles seen; µs\n%-42s %8s %8s %8s %8s %8s\n",
      count, all.size(), total - kSettling, "", "count", "median", "90 %", "99 %", "largest");
  print("last sample in -> read over Modbus", all);
  print("  of them where a 10/12-cycle window ended", with_window);
  return 0;
}
