// SPDX-License-Identifier: Apache-2.0
#include "source/calibration.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>

#include "base/format.hpp"
#include "base/quality.hpp"
#include "source/fractional_delay.hpp"

namespace halfcycle::source {
namespace {

constexpr std::size_t kMostInputs = kInputCount;
constexpr std::int64_t kBefore = static_cast<std::int64_t>(kHalfTaps) - 1;
constexpr std::int64_t kBehind = static_cast<std::int64_t>(kHalfTaps);

/// A run of samples between two discontinuities is held from a little before the next frame to be
/// delivered to a little behind the last; its lanes are shifted against each other as they leave.
class CalibratedSource final : public Source {
 public:
  CalibratedSource(std::unique_ptr<Source> inner, const Calibration& calibration)
      : inner_(std::move(inner)), calibration_(calibration) {
    for (std::size_t l = 0; l < kMostInputs; ++l) {
      if (const ChannelCalibration* c = calibration.of(static_cast<Input>(l))) {
        lanes_[l].gain = c->gain;
        lanes_[l].offset = c->offset;
        lanes_[l].seconds = c->phase_degrees / 360.0 / calibration.reference_frequency_hertz;
        shifts_ = shifts_ || c->phase_degrees != 0.0;
      }
    }
  }

  [[nodiscard]] const SourceInfo& info() const override { return inner_->info(); }
  [[nodiscard]] std::string_view notice() const override { return inner_->notice(); }
  [[nodiscard]] Reopen reopen() const override {
    Reopen inner = inner_->reopen();
    if (!inner) {
      return {};
    }
    return [inner = std::move(inner),
            calibration = calibration_]() -> Result<std::unique_ptr<Source>> {
      auto source = inner();
      if (!source) {
        return source;
      }
      return calibrate(*std::move(source), calibration);
    };
  }

  [[nodiscard]] Result<std::optional<SampleBlock>> read(std::size_t max_frames) override {
    max_frames = std::max<std::size_t>(max_frames, 1);
    dry_ = false;
    if (!shifts_) {
      auto block = inner_->read(max_frames);
      if (block && *block) {
        scale(**block);
      }
      return block;
    }
    if (auto done = fill(max_frames); !done) {
      return fail(done.error());
    }
    if (next_ == end() && run_ended_ && pending_) {
      begin_run();
      if (auto done = fill(max_frames); !done) {
        return fail(done.error());
      }
    }
    if (!started_ || (next_ == end() && dry_)) {
      SampleBlock none;
      none.frames = frames_.data();
      return std::optional<SampleBlock>{none};
    }
    if (next_ == end()) {
      return std::optional<SampleBlock>{};
    }
    return std::optional<SampleBlock>{deliver(max_frames)};
  }

 private:
  struct Lane {
    double gain = 1.0;
    double offset = 0.0;
    double seconds = 0.0;    ///< that it lags
    std::int64_t whole = 0;  ///< of the shift in samples, rounded down
    std::optional<DelayKernel> kernel;
    double fraction = 0.0;
  };
  struct Quality {
    std::int64_t from = 0;
    TimeQuality quality;
  };

  [[nodiscard]] std::int64_t end() const {
    return first_ + static_cast<std::int64_t>(held_.size() / std::max<std::size_t>(lane_count_, 1));
  }

  void scale(SampleBlock& block) {
    frames_.assign(block.frames, block.frames + block.frame_count * block.lanes);
    for (std::size_t l = 0; l < std::min(block.lanes, kMostInputs); ++l) {
      const Lane& lane = lanes_[l];
      if (lane.gain == 1.0 && lane.offset == 0.0) {
        continue;
      }
      for (std::size_t n = 0; n < block.frame_count; ++n) {
        float& x = frames_[n * block.lanes + l];
        x = static_cast<float>(lane.gain * (static_cast<double>(x) - lane.offset));
      }
    }
    block.frames = frames_.data();
  }

  void begin_run() {
    const SampleBlock block = *pending_;
    pending_.reset();
    run_ = block;
    lane_count_ = block.lanes;
    first_ = next_ = static_cast<std::int64_t>(block.first_index);
    run_first_ = first_;
    run_ended_ = false;
    held_.clear();
    qualities_.clear();
    ahead_ = 0;
    behind_ = 0;
    for (Lane& lane : lanes_) {
      const double shift = lane.seconds * block.time.rate_hertz;
      lane.whole = static_cast<std::int64_t>(std::floor(shift));
      lane.fraction = shift - std::floor(shift);
      if (lane.seconds != 0.0) {
        lane.kernel.emplace(lane.fraction);
      }
      ahead_ = std::max(ahead_, lane.whole + kBehind + 1);
      behind_ = std::max(behind_, kBefore - lane.whole + 1);
    }
    take(block);
  }

  void take(const SampleBlock& block) {
    if (qualities_.empty() || !(qualities_.back().quality == block.time_quality)) {
      qualities_.push_back({static_cast<std::int64_t>(block.first_index), block.time_quality});
    }
    held_.insert(held_.end(), block.frames, block.frames + block.frame_count * block.lanes);
  }

  /// Reads on until `count` frames can be delivered, or the run has ended.
  Result<void> fill(std::size_t count) {
    if (!started_) {
      run_ended_ = true;
      if (auto done = pull(count); !done || dry_) {
        return done;
      }
      started_ = true;
      if (pending_) {
        begin_run();
      }
    }
    while (!run_ended_ && !dry_ && end() - next_ < static_cast<std::int64_t>(count) + ahead_) {
      if (auto done = pull(count); !done) {
        return done;
      }
    }
    return {};
  }

  Result<void> pull(std::size_t count) {
    auto block = inner_->read(count);
    if (!block) {
      return fail(block.error());
    }
    if (!*block) {
      run_ended_ = true;
      return {};
    }
    if ((*block)->frame_count == 0) {
      dry_ = true;
      return {};
    }
    if (run_ended_ || (*block)->discontinuity != Discontinuity::None) {
      run_ended_ = true;
      pending_ = **block;  // valid until the inner source is read again
      return {};
    }
    take(**block);
    return {};
  }

  [[nodiscard]] SampleBlock deliver(std::size_t max_frames) {
    std::int64_t last = std::min(next_ + static_cast<std::int64_t>(max_frames),
                                 run_ended_ ? end() : std::max(next_, end() - ahead_));
    while (qualities_.size() > 1 && qualities_[1].from <= next_) {
      qualities_.erase(qualities_.begin());
    }
    if (qualities_.size() > 1) {
      last = std::min(last, qualities_[1].from);
    }
    const auto count = static_cast<std::size_t>(last - next_);
    frames_.assign(count * lane_count_, 0.0F);
    const std::size_t inputs = std::min(lane_count_, kMostInputs);
    for (std::size_t l = 0; l < inputs; ++l) {
      shift(lanes_[l], l, count);
    }
    SampleBlock block = run_;
    block.frames = frames_.data();
    block.frame_count = count;
    block.first_index = static_cast<std::uint64_t>(next_);
    block.time_quality = qualities_.front().quality;
    block.discontinuity = next_ == run_first_ ? run_.discontinuity : Discontinuity::None;
    next_ = last;
    const std::int64_t keep = std::max(first_, next_ - behind_);
    held_.erase(held_.begin(),
                held_.begin() + (keep - first_) * static_cast<std::int64_t>(lane_count_));
    first_ = keep;
    return block;
  }

  void shift(const Lane& lane, std::size_t l, std::size_t count) {
    column_.resize(held_.size() / lane_count_);
    for (std::size_t n = 0; n < column_.size(); ++n) {
      column_[n] = held_[n * lane_count_ + l];
    }
    const auto size = static_cast<std::int64_t>(column_.size());
    for (std::size_t n = 0; n < count; ++n) {
      const std::int64_t at = next_ - first_ + static_cast<std::int64_t>(n);
      double x = static_cast<double>(column_[static_cast<std::size_t>(at)]);
      if (lane.kernel) {
        const std::int64_t left = at + lane.whole;
        if (left - kBefore >= 0 && left + kBehind < size) {
          x = lane.kernel->apply(column_.data() + (left - kBefore));
        } else {
          x = interpolate_near_edge(column_, static_cast<double>(left) + lane.fraction);
        }
      }
      frames_[n * lane_count_ + l] = static_cast<float>(lane.gain * (x - lane.offset));
    }
  }

  std::unique_ptr<Source> inner_;
  const Calibration calibration_;
  std::array<Lane, kMostInputs> lanes_;
  bool shifts_ = false;

  SampleBlock run_;  ///< the run's first block, for what is constant in it
  std::optional<SampleBlock> pending_;
  bool started_ = false;
  bool run_ended_ = false;
  bool dry_ = false;  ///< a live source had nothing
  std::size_t lane_count_ = 8;
  std::int64_t run_first_ = 0;
  std::int64_t first_ = 0;  ///< index of the first frame held
  std::int64_t next_ = 0;   ///< to be delivered
  std::int64_t ahead_ = 0;
  std::int64_t behind_ = 0;
  std::vector<float> held_;
  std::vector<Quality> qualities_;
  std::vector<float> column_;
  std::vector<float> frames_;
};

}  // namespace

const ChannelCalibration* Calibration::of(Input input) const {
  std::string_view range;
  for (const auto& [used, its] : in_use) {
    if (used == input) {
      range = its;
    }
  }
  const ChannelCalibration* found = nullptr;
  for (const ChannelCalibration& channel : channels) {
    if (channel.input == input && (channel.range == range || (channel.range.empty() && !found))) {
      found = &channel;
      if (channel.range == range) {
        return found;
      }
    }
  }
  return found;
}

std::unique_ptr<Source> calibrate(std::unique_ptr<Source> inner, const Calibration& calibration) {
  return std::make_unique<CalibratedSource>(std::move(inner), calibration);
}

}  // namespace halfcycle::source
