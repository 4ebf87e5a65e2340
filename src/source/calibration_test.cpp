// SPDX-License-Identifier: Apache-2.0
#include "source/calibration.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numbers>

namespace halfcycle::source {
namespace {

constexpr double kRate = 10000.0;
constexpr double kTwoPi = 2.0 * std::numbers::pi;

/// What the converter reads of a 50 Hz wave with 5 % of the 7th: V1 as it is, V2 with gain, offset
/// and a lag, I1 leading.
struct Wave {
  double gain = 1.0;
  double offset = 0.0;
  double lag_seconds = 0.0;
  [[nodiscard]] double truth(double t) const {
    return 325.0 * (std::sin(kTwoPi * 50.0 * t) + 0.05 * std::sin(kTwoPi * 350.0 * t + 1.0));
  }
  [[nodiscard]] double reading(double t) const { return truth(t - lag_seconds) / gain + offset; }
};
constexpr double kLagDegrees = 1.3;
const Wave kV2{1.0021, 0.7, kLagDegrees / 360.0 / 50.0};
const Wave kI1{0.9984, -0.2, -0.4 / 360.0 / 50.0};

/// 0.5 s, a gap of 0.1 s in the middle, the clock lost for the last fifth.
class Converter final : public Source {
 public:
  [[nodiscard]] const SourceInfo& info() const override { return info_; }
  [[nodiscard]] Result<std::optional<SampleBlock>> read(std::size_t max_frames) override {
    constexpr std::uint64_t kTotal = 5000;
    constexpr std::uint64_t kGapAt = 2500;
    constexpr std::uint64_t kBadFrom = 4000;
    if (next_ == kTotal) {
      return std::optional<SampleBlock>{};
    }
    const std::uint64_t limit = next_ < kGapAt ? kGapAt : next_ < kBadFrom ? kBadFrom : kTotal;
    const auto count = static_cast<std::size_t>(
        std::min<std::uint64_t>(limit - next_, std::max<std::size_t>(max_frames, 1)));
    const double late = next_ >= kGapAt ? 0.1 : 0.0;
    frames_.assign(count * 8, 0.0F);
    for (std::size_t n = 0; n < count; ++n) {
      const double t = static_cast<double>(next_ + n) / kRate + late;
      frames_[n * 8] = static_cast<float>(Wave{}.reading(t));
      frames_[n * 8 + 1] = static_cast<float>(kV2.reading(t));
      frames_[n * 8 + 4] = static_cast<float>(kI1.reading(t));
    }
    SampleBlock block;
    block.frames = frames_.data();
    block.frame_count = count;
    block.first_index = next_;
    for (const Input input : {Input::V1, Input::V2, Input::I1}) {
      block.inputs.add(input);
    }
    const std::uint64_t from = next_ >= kGapAt ? kGapAt : 0;
    block.time = {
        from,
        Instant::from_unix_ns(0) + Duration::from_seconds(static_cast<double>(from) / kRate + late),
        kRate};
    block.time_quality.clock_ok = next_ < kBadFrom;
    block.discontinuity = next_ == 0        ? Discontinuity::Start
                          : next_ == kGapAt ? Discontinuity::Gap
                                            : Discontinuity::None;
    next_ += count;
    return std::optional<SampleBlock>{block};
  }

 private:
  SourceInfo info_;
  std::uint64_t next_ = 0;
  std::vector<float> frames_;
};

struct Delivered {
  std::vector<float> frames;
  std::vector<double> seconds;
  std::vector<bool> clock_ok;
  std::vector<std::uint64_t> gaps;
};

Delivered deliver(const Calibration& calibration, std::size_t block_frames) {
  const auto source = calibrate(std::make_unique<Converter>(), calibration);
  Delivered all;
  for (;;) {
    const auto block = source->read(block_frames);
    EXPECT_TRUE(block);
    if (!block || !*block) {
      return all;
    }
    EXPECT_EQ((*block)->first_index, all.seconds.size());
    EXPECT_GT((*block)->frame_count, 0U);
    if ((*block)->discontinuity == Discontinuity::Gap) {
      all.gaps.push_back((*block)->first_index);
    }
    for (std::size_t n = 0; n < (*block)->frame_count; ++n) {
      const std::uint64_t index = (*block)->first_index + n;
      all.seconds.push_back(
          ((*block)->time.instant_of(static_cast<double>(index)) - Instant::from_unix_ns(0))
              .to_seconds());
      all.clock_ok.push_back((*block)->time_quality.clock_ok);
    }
    all.frames.insert(all.frames.end(), (*block)->frames,
                      (*block)->frames + (*block)->frame_count * 8);
  }
}

Calibration both() {
  return {.reference_frequency_hertz = 50.0,
          .in_use = {},
          .channels = {{Input::V2, "", kV2.gain, kV2.offset, kLagDegrees},
                       {Input::I1, "", kI1.gain, kI1.offset, -0.4}}};
}

TEST(Calibration, TakesGainOffsetAndPhaseOut) {
  const Delivered all = deliver(both(), 777);
  ASSERT_EQ(all.seconds.size(), 5000U);
  EXPECT_EQ(all.gaps, std::vector<std::uint64_t>{2500});
  for (std::size_t n = 0; n < all.seconds.size(); ++n) {
    const double truth = Wave{}.truth(all.seconds[n]);
    EXPECT_EQ(all.frames[n * 8], static_cast<float>(truth)) << "V1 has no entry";
    const bool near_edge = n < 40 || n > 4960 || (n > 2460 && n < 2540);
    EXPECT_NEAR(static_cast<double>(all.frames[n * 8 + 1]), truth, near_edge ? 0.5 : 0.002) << n;
    EXPECT_NEAR(static_cast<double>(all.frames[n * 8 + 4]), truth, near_edge ? 0.5 : 0.002) << n;
    EXPECT_EQ(all.clock_ok[n], n < 4000) << n;
  }
}

TEST(Calibration, GivesTheSameBitsWhateverTheBlocks) {
  const Delivered a = deliver(both(), 777);
  for (const std::size_t block : {1U, 24U, 100000U}) {
    const Delivered b = deliver(both(), block);
    ASSERT_EQ(a.frames.size(), b.frames.size());
    EXPECT_EQ(std::memcmp(a.frames.data(), b.frames.data(), a.frames.size() * sizeof(float)), 0);
    EXPECT_EQ(a.clock_ok, b.clock_ok);
  }
}

TEST(Calibration, WithoutPhasesOnlyScales) {
  Calibration calibration = both();
  for (ChannelCalibration& channel : calibration.channels) {
    channel.phase_degrees = 0.0;
  }
  const Delivered all = deliver(calibration, 777);
  for (std::size_t n = 0; n < all.seconds.size(); ++n) {
    EXPECT_NEAR(static_cast<double>(all.frames[n * 8 + 1]),
                kV2.gain * (kV2.reading(all.seconds[n]) - kV2.offset), 1e-3);
  }
}

TEST(Calibration, TheRangeInUseDecides) {
  const auto calibration = parse_calibration(
      "[in_use]\nI1 = \"5 A\"\n"
      "[[channel]]\ninput = \"I1\"\ngain = 1.01\n"
      "[[channel]]\ninput = \"I1\"\nrange = \"5 A\"\ngain = 1.05\n"
      "[[channel]]\ninput = \"I2\"\ngain = 1.02\n",
      "meter.toml");
  ASSERT_TRUE(calibration) << calibration.error().message;
  EXPECT_EQ(calibration->of(Input::I1)->gain, 1.05);
  EXPECT_EQ(calibration->of(Input::I2)->gain, 1.02) << "the entry without a range is for all";
  EXPECT_EQ(calibration->of(Input::V1), nullptr);
}

TEST(Calibration, ReadsBackWhatItWrites) {
  Calibration calibration = both();
  calibration.reference_frequency_hertz = 60.0;
  calibration.channels.push_back({Input::I5, "10 \"A\"\n", 1.0 / 3.0 + 0.7, 1e-7, 1e-3});
  calibration.in_use.emplace_back(Input::I5, "10 \"A\"\n");
  const auto again = parse_calibration(calibration_toml(calibration), "again.toml");
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(*again, calibration);
}

TEST(Calibration, RefusesWithFileLineKeyAndWhatIsAllowed) {
  const auto refused = [](std::string_view text, std::string_view says) {
    const auto result = parse_calibration(text, "meter.toml");
    ASSERT_FALSE(result) << text;
    EXPECT_EQ(result.error().code, ErrorCode::InvalidSetup);
    EXPECT_NE(result.error().message.find(says), std::string::npos) << result.error().message;
  };
  refused("[[channel]]\ninput = \"V9\"\n", "meter.toml:1: channel.input: must be one of");
  refused("[[channel]]\ninput = \"V1\"\ngain = 3.0\n",
          "meter.toml:3: gain: must be a number from 0.5 to 2");
  refused("[[channel]]\ninput = \"V1\"\nphase = 1\n", "channel.phase: there is no such key");
  refused("[[channel]]\ninput = \"V1\"\ngain = nan\n", "gain");
  refused("[[channel]]\ninput = \"V1\"\n[[channel]]\ninput = \"V1\"\n", "two entries");
  refused("[in_use]\nI1 = \"5 A\"\n", "no [[channel]]");
  refused("channel = 3\n", "[[channel]]");
  refused("gain = [", "not valid TOML");
}

}  // namespace
}  // namespace halfcycle::source
