// SPDX-License-Identifier: Apache-2.0
// Sources that tests hold in their hand, and a log that remembers.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cmath>
#include <functional>
#include <memory>
#include <mutex>
#include <numbers>
#include <string>
#include <thread>
#include <vector>

#include "base/log.hpp"
#include "fleet/fleet.hpp"
#include "source/source.hpp"

namespace halfcycle::fleet {

constexpr double kTestRate = 3200.0;

class RememberingLog final : public Log {
 public:
  void write(LogLevel level, std::string_view area, std::string_view message) override {
    const std::scoped_lock lock(mutex_);
    lines_.push_back(std::to_string(static_cast<int>(level)) + " " + std::string(area) + ": " +
                     std::string(message));
  }
  [[nodiscard]] std::size_t count(std::string_view text) const {
    const std::scoped_lock lock(mutex_);
    std::size_t found = 0;
    for (const std::string& line : lines_) {
      found += line.find(text) != std::string::npos ? 1U : 0U;
    }
    return found;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<std::string> lines_;
};

/// What a test says about a source.
struct TestGrid {
  double rate_hertz = kTestRate;
  double seconds = 0.0;  ///< 0: endless
  Instant start = Instant::from_unix_ns(1'700'000'000'000'000'000);
  bool live = false;
  bool can_skip = true;
  /// 230 V but for this: factor of all voltages at a time.
  std::function<double(double)> factor = [](double /*seconds*/) { return 1.0; };
  std::uint64_t gap_at = 0;  ///< sample before which `gap_seconds` are missing; 0: none
  double gap_seconds = 0.0;
  std::uint64_t fails_at = 0;   ///< sample at which reading fails; 0: never
  std::uint64_t stalls_at = 0;  ///< sample before which reading takes stall_seconds; 0: never
  double stall_seconds = 0.0;
  std::shared_ptr<std::atomic<bool>> silent{};    ///< a live source gives nothing while it is set
  std::shared_ptr<std::atomic<bool>> doubtful{};  ///< it has something to say while it is set
};

/// Three voltages and currents of 50 Hz; sample n of V1 can be told from its value.
class TestSource final : public source::Source {
 public:
  explicit TestSource(TestGrid grid) : grid_(std::move(grid)) {
    info_.uri = "test:grid";
    info_.format = "test";
    info_.start = grid_.start;
    info_.live = grid_.live;
    info_.sample_rates_hertz = {grid_.rate_hertz};
    for (const Input input : {Input::V1, Input::V2, Input::V3, Input::I1, Input::I2, Input::I3}) {
      inputs_.add(input);
      info_.channels.push_back({std::string(name(input)), input, "V"});
    }
    map_ = {0, grid_.start, grid_.rate_hertz};
  }

  static float value(const TestGrid& grid, std::uint64_t n, std::size_t lane) {
    const double t = static_cast<double>(n) / grid.rate_hertz;
    const double angle = 2.0 * std::numbers::pi * (50.0 * t - static_cast<double>(lane % 4) / 3.0);
    const double size = lane < 4 ? 230.0 * grid.factor(t) : 10.0;
    return lane % 4 == 3 ? 0.0F : static_cast<float>(size * std::numbers::sqrt2 * std::sin(angle));
  }

  [[nodiscard]] const source::SourceInfo& info() const override { return info_; }
  [[nodiscard]] std::string_view notice() const override {
    return grid_.doubtful && grid_.doubtful->load() ? "V1 is questionable" : "";
  }

  [[nodiscard]] Result<std::optional<SampleBlock>> read(std::size_t max_frames) override {
    SampleBlock block;
    block.lanes = 8;
    block.inputs = inputs_;
    block.time = map_;
    block.first_index = next_;
    if (grid_.silent && grid_.silent->load()) {
      block.frame_count = 0;
      return block;
    }
    if (grid_.fails_at > 0 && next_ >= grid_.fails_at) {
      return fail(ErrorCode::Machine, "test: the cable is out");
    }
    if (grid_.stalls_at > 0 && next_ >= grid_.stalls_at && !stalled_) {
      stalled_ = true;
      std::this_thread::sleep_for(std::chrono::duration<double>(grid_.stall_seconds));
    }
    const auto total = static_cast<std::uint64_t>(grid_.seconds * grid_.rate_hertz);
    if (grid_.seconds > 0.0 && next_ >= total) {
      return std::nullopt;
    }
    std::uint64_t until = next_ + max_frames;
    until = grid_.seconds > 0.0 ? std::min(until, total) : until;
    if (grid_.gap_at > next_) {
      until = std::min(until, grid_.gap_at);
    } else if (grid_.gap_at == next_ && grid_.gap_at > 0 && !gap_told_) {
      gap_told_ = true;
      map_ = {
          next_,
          map_.instant_of(static_cast<double>(next_)) + Duration::from_seconds(grid_.gap_seconds),
          grid_.rate_hertz};
      block.time = map_;
      block.discontinuity = Discontinuity::Gap;
    }
    if (!begun_) {
      begun_ = true;
      block.discontinuity = Discontinuity::Start;
    }
    frames_.clear();
    for (std::uint64_t n = next_; n < until; ++n) {
      for (std::size_t lane = 0; lane < 8; ++lane) {
        frames_.push_back(value(grid_, n, lane));
      }
    }
    block.frames = frames_.data();
    block.frame_count = static_cast<std::size_t>(until - next_);
    next_ = until;
    return block;
  }

  [[nodiscard]] Result<std::uint64_t> skip(std::uint64_t frames) override {
    if (!grid_.can_skip) {
      return 0;
    }
    next_ += frames;
    return frames;
  }

 private:
  const TestGrid grid_;
  source::SourceInfo info_;
  InputMask inputs_;
  TimeMap map_;
  bool gap_told_ = false;
  bool stalled_ = false;
  bool begun_ = false;
  std::uint64_t next_ = 0;
  std::vector<float> frames_;
};

inline MeterPlan plan_of(const std::string& id, const TestGrid& grid, double speed = 0.0) {
  MeterPlan plan;
  plan.source = std::make_unique<TestSource>(grid);
  for (const source::MappedChannel& channel : plan.source->info().channels) {
    plan.setup.inputs.add(channel.input);
  }
  plan.setup.sample_rate_hertz = grid.rate_hertz;
  plan.identity.id = id;
  plan.identity.name = id;
  plan.identity.source_uri = "test:grid";
  plan.identity.template_name = "standard";
  plan.identity.inputs = plan.setup.inputs;
  plan.identity.system = plan.setup.system;
  plan.identity.sample_rate_hertz = grid.rate_hertz;
  plan.pace.speed = speed;
  return plan;
}

template <class... Plans>
std::vector<Entry> entries_of(Plans... plans) {
  std::vector<Entry> entries;
  (entries.emplace_back(std::move(plans)), ...);
  return entries;
}

/// True once `condition` holds; false if it never does (a generous guard, no measure of speed).
inline bool comes_true(const std::function<bool()>& condition) {
  for (int i = 0; i < 6000; ++i) {
    if (condition()) {
      return true;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return false;
}

}  // namespace halfcycle::fleet
