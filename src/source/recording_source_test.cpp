// SPDX-License-Identifier: Apache-2.0
#include "source/recording_source.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <functional>
#include <numbers>

#include "formats/planar_store.hpp"
#include "source/fractional_delay.hpp"
#include "source/nominal.hpp"
#include "source/open.hpp"

namespace halfcycle::source {
namespace {

using formats::AnalogChannel;
using formats::PlanarStore;
using formats::Recording;
using formats::Segment;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr double kPi = std::numbers::pi;
constexpr float kMissing = std::numeric_limits<float>::quiet_NaN();

/// A recording of `channels`, whose sample n of channel c is value(c, n).
Recording make_recording(std::vector<AnalogChannel> channels, std::vector<Segment> segments,
                         const std::function<double(std::size_t, std::uint64_t)>& value,
                         std::size_t statuses = 0) {
  Recording recording;
  recording.format = "test";
  recording.start = Instant::from_unix_ns(1'600'000'000'000'000'000);
  recording.zone_known = true;
  recording.nominal_frequency_hertz = 50.0;
  recording.analogs = std::move(channels);
  recording.segments = std::move(segments);
  for (const Segment& segment : recording.segments) {
    recording.sample_count += segment.sample_count;
  }
  const auto count = static_cast<std::size_t>(recording.sample_count);
  auto store = std::make_shared<PlanarStore>(recording.analogs.size(), statuses, count);
  for (std::size_t c = 0; c < recording.analogs.size(); ++c) {
    for (std::size_t n = 0; n < count; ++n) {
      store->analog(c)[n] = static_cast<float>(value(c, n));
    }
  }
  recording.samples = std::move(store);
  return recording;
}

AnalogChannel channel(std::string name, std::string unit) {
  AnalogChannel c;
  c.name = std::move(name);
  c.unit = std::move(unit);
  return c;
}

Segment segment(std::uint64_t first, std::uint64_t count, double rate, double start_seconds = 0.0,
                Discontinuity discontinuity = Discontinuity::Start) {
  return {first, count, rate, Duration::from_seconds(start_seconds), discontinuity};
}

/// Everything that a source delivers, frame by frame.
struct Delivered {
  std::vector<float> values;  // lanes of all frames
  std::size_t lanes = 0;
  std::vector<Instant> instants;
  std::vector<std::pair<std::uint64_t, Discontinuity>> breaks;
  std::vector<StatusTrace> statuses;
  std::size_t blocks = 0;

  [[nodiscard]] float at(std::size_t frame, Input input) const {
    return values[frame * lanes + lane(input)];
  }
  [[nodiscard]] std::size_t frames() const { return instants.size(); }
};

Delivered drain(Source& source, std::size_t max_frames) {
  Delivered all;
  while (true) {
    const auto block = source.read(max_frames);
    if (!block || !*block) {
      EXPECT_TRUE(block);
      break;
    }
    const SampleBlock& b = **block;
    EXPECT_LE(b.frame_count, max_frames);
    EXPECT_GT(b.frame_count, 0U);
    EXPECT_EQ(b.first_index, all.frames());
    all.lanes = b.lanes;
    if (b.discontinuity != Discontinuity::None) {
      EXPECT_EQ(b.time.index, b.first_index);
      all.breaks.emplace_back(b.first_index, b.discontinuity);
    }
    all.values.insert(all.values.end(), b.frames, b.frames + b.frame_count * b.lanes);
    for (std::size_t n = 0; n < b.frame_count; ++n) {
      all.instants.push_back(b.time.instant_of(static_cast<double>(b.first_index + n)));
    }
    ++all.blocks;
  }
  all.statuses = source.info().statuses;
  return all;
}

Delivered deliver(Recording recording, const OpenOptions& options = {},
                  std::size_t max_frames = 1000) {
  auto source = make_recording_source(std::move(recording), "test", options);
  EXPECT_TRUE(source) << source.error().message;
  return source ? drain(**source, max_frames) : Delivered{};
}

bool same_bits(const std::vector<float>& a, const std::vector<float>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

double sine(double frequency, double seconds, double phase) {
  return std::sin(2.0 * kPi * frequency * seconds + phase);
}

// --- lanes and scales ---------------------------------------------------------------------------

TEST(RecordingSource, PutsInputsInTheirLanesInVoltsAndAmperes) {
  auto recording = make_recording(
      {channel("IA", "A"), channel("UA", "kV"), channel("UB", "kV"), channel("UC", "kV")},
      {segment(0, 4, 1000.0)},
      [](std::size_t c, std::uint64_t n) { return static_cast<double>(10 * c + n); });
  const auto all = deliver(recording);
  EXPECT_EQ(all.lanes, 8U);
  EXPECT_EQ(all.at(3, Input::V1), 13000.0F);
  EXPECT_EQ(all.at(2, Input::V3), 32000.0F);
  EXPECT_EQ(all.at(1, Input::I1), 1.0F);
  EXPECT_EQ(all.at(1, Input::V4), 0.0F);
}

TEST(RecordingSource, HasTwelveLanesWithAFifthCurrent) {
  auto recording = make_recording({channel("V1", ""), channel("I1", ""), channel("I2", ""),
                                   channel("I3", ""), channel("I5", "")},
                                  {segment(0, 2, 1000.0)}, [](std::size_t c, std::uint64_t) {
                                    return 1.0 + static_cast<double>(c);
                                  });
  const auto all = deliver(recording);
  EXPECT_EQ(all.lanes, 12U);
  EXPECT_EQ(all.at(1, Input::I5), 5.0F);
}

TEST(RecordingSource, AMissingSampleIsMissingInItsLaneOnly) {
  auto recording = make_recording(
      {channel("UA", "V"), channel("UB", "V"), channel("UC", "V")}, {segment(0, 3, 1000.0)},
      [](std::size_t c, std::uint64_t n) { return c == 1 && n == 1 ? kMissing : 1.0F; });
  const auto all = deliver(recording);
  EXPECT_TRUE(std::isnan(all.at(1, Input::V2)));
  EXPECT_EQ(all.at(1, Input::V1), 1.0F);
  EXPECT_EQ(all.at(2, Input::V2), 1.0F);
}

TEST(RecordingSource, ScalesAndTurnsSingleInputs) {
  auto recording = make_recording({channel("UA", "V"), channel("IA", "A")}, {segment(0, 1, 1000.0)},
                                  [](std::size_t, std::uint64_t) { return 2.0; });
  OpenOptions options;
  options.scales = {{Input::V1, 400.0}};
  options.inverted.add(Input::I1);
  const auto all = deliver(recording, options);
  EXPECT_EQ(all.at(0, Input::V1), 800.0F);
  EXPECT_EQ(all.at(0, Input::I1), -2.0F);
}

// --- sides --------------------------------------------------------------------------------------

Recording secondary_recording() {
  auto recording = make_recording({channel("UA", "V"), channel("UB", "V"), channel("UC", "V"),
                                   channel("IA", "A"), channel("IB", "A"), channel("IC", "A")},
                                  {segment(0, 1000, 1000.0)}, [](std::size_t c, std::uint64_t n) {
                                    return (c < 3 ? 60.0 : 1.0) * std::sqrt(2.0) *
                                           sine(50.0, 1e-3 * static_cast<double>(n), 0.0);
                                  });
  for (auto& c : recording.analogs) {
    c.side = Side::Secondary;
    c.primary = c.unit == "V" ? 110000.0 : 600.0;
    c.secondary = c.unit == "V" ? 100.0 : 5.0;
  }
  return recording;
}

TEST(RecordingSourceSides, StayAsTheFileSays) {
  const auto source = make_recording_source(secondary_recording(), "test", {});
  ASSERT_TRUE(source);
  EXPECT_EQ((*source)->info().side, Side::Secondary);
  EXPECT_EQ((*source)->info().channels[0].scale, 1.0);
  // 110000/100 on phase voltages near 60 V: 100 V line to line.
  EXPECT_NEAR((*source)->info().nominal_voltage_volts.value_or(0.0), 100.0 / std::sqrt(3.0), 1e-9);
}

TEST(RecordingSourceSides, ConvertWithTheRatiosOfTheFile) {
  OpenOptions options;
  options.side = Side::Primary;
  const auto source = make_recording_source(secondary_recording(), "test", options);
  ASSERT_TRUE(source) << source.error().message;
  EXPECT_EQ((*source)->info().side, Side::Primary);
  EXPECT_DOUBLE_EQ((*source)->info().channels[0].scale, 1100.0);
  EXPECT_DOUBLE_EQ((*source)->info().channels[3].scale, 120.0);
  EXPECT_NEAR((*source)->info().nominal_voltage_volts.value_or(0.0), 110000.0 / std::sqrt(3.0),
              1e-6);
}

TEST(RecordingSourceSides, ConvertWithGivenRatios) {
  OpenOptions options;
  options.side = Side::Primary;
  options.pt = Ratio{220000.0, 110.0};
  options.ct = Ratio{1000.0, 1.0};
  const auto source = make_recording_source(secondary_recording(), "test", options);
  ASSERT_TRUE(source);
  EXPECT_DOUBLE_EQ((*source)->info().channels[0].scale, 2000.0);
  EXPECT_DOUBLE_EQ((*source)->info().channels[3].scale, 1000.0);
}

TEST(RecordingSourceSides, AreRefusedWithoutARatio) {
  auto recording = secondary_recording();
  for (auto& c : recording.analogs) {
    c.primary = c.secondary = 1.0;
  }
  OpenOptions options;
  options.side = Side::Primary;
  const auto source = make_recording_source(recording, "test", options);
  ASSERT_FALSE(source);
  EXPECT_EQ(source.error().code, ErrorCode::InvalidSetup);
  EXPECT_THAT(source.error().message, HasSubstr("--pt"));
  options.side = Side::Secondary;  // where it is already
  EXPECT_TRUE(make_recording_source(recording, "test", options));
}

TEST(RecordingSourceSides, MixedSidesAreCalledMixedAndConvertToOne) {
  auto recording = secondary_recording();
  for (std::size_t c = 3; c < 6; ++c) {
    recording.analogs[c].side = Side::Primary;
  }
  const auto as_is = make_recording_source(recording, "test", {});
  ASSERT_TRUE(as_is);
  EXPECT_EQ((*as_is)->info().side, Side::Mixed);
  OpenOptions options;
  options.side = Side::Secondary;
  const auto converted = make_recording_source(recording, "test", options);
  ASSERT_TRUE(converted);
  EXPECT_EQ((*converted)->info().channels[0].scale, 1.0);
  EXPECT_DOUBLE_EQ((*converted)->info().channels[3].scale, 5.0 / 600.0);
}

TEST(RecordingSourceSides, AnUnknownSideIsTakenAsTheOtherOneAndAnnounced) {
  auto recording = secondary_recording();
  for (auto& c : recording.analogs) {
    c.side = Side::Unknown;
  }
  OpenOptions options;
  options.side = Side::Primary;
  const auto source = make_recording_source(recording, "test", options);
  ASSERT_TRUE(source) << source.error().message;
  EXPECT_DOUBLE_EQ((*source)->info().channels[0].scale, 1100.0);
  EXPECT_THAT((*source)->info().assumed, Contains("side"));
  EXPECT_THAT((*source)->info().warnings, Contains(HasSubstr("taken as secondary")));
  EXPECT_FALSE((*make_recording_source(recording, "test", {}))->info().nominal_voltage_volts);
}

TEST(NominalVoltage, IsTheRatingWhereThatIsBelievable) {
  const double sqrt3 = std::sqrt(3.0);
  EXPECT_EQ(nominal_secondary_volts({127017.0, 57.735}, false, 60.2), 57.735);
  EXPECT_NEAR(nominal_secondary_volts({127017.0, 57.735}, true, 100.0).value_or(0), 100.0, 1e-3);
  EXPECT_NEAR(nominal_secondary_volts({220000.0, 100.0}, false, 60.2).value_or(0), 100.0 / sqrt3,
              1e-9);
  EXPECT_EQ(nominal_secondary_volts({3000.0, 100.0}, true, 103.0), 100.0);
  // A single voltage of a 100 V circuit, live; the same, dead.
  EXPECT_EQ(nominal_secondary_volts({20000.0, 100.0}, false, 99.0), 100.0);
  EXPECT_NEAR(nominal_secondary_volts({20000.0, 100.0}, false, 0.01).value_or(0), 100.0 / sqrt3,
              1e-9);
  // 120 V is usual both ways.
  EXPECT_EQ(nominal_secondary_volts({14400.0, 120.0}, false, 118.0), 120.0);
  EXPECT_NEAR(nominal_secondary_volts({14400.0, 120.0}, false, 70.0).value_or(0), 120.0 / sqrt3,
              1e-9);
  EXPECT_FALSE(nominal_secondary_volts({14400.0, 120.0}, false, 5.0));
  // A ratio written as 1100/1, a 1:1 channel, nothing.
  EXPECT_FALSE(nominal_secondary_volts({1100.0, 1.0}, false, 50.0));
  EXPECT_FALSE(nominal_secondary_volts({100.0, 100.0}, false, 57.0));
  EXPECT_FALSE(nominal_secondary_volts({0.0, 0.0}, false, 57.0));
}

// --- time ---------------------------------------------------------------------------------------

Recording two_segments() {
  return make_recording(
      {channel("UA", "V"), channel("UB", "V"), channel("UC", "V")},
      {segment(0, 100, 1000.0), segment(100, 50, 1000.0, 0.5, Discontinuity::Gap),
       segment(150, 40, 2000.0, 0.55, Discontinuity::RateChange)},
      [](std::size_t c, std::uint64_t n) { return static_cast<double>(1000 * c + n); });
}

TEST(RecordingSourceTime, BlocksEndWhereSegmentsEnd) {
  const auto all = deliver(two_segments(), {}, 64);
  EXPECT_EQ(all.frames(), 190U);
  EXPECT_EQ(all.blocks, 4U);
  EXPECT_THAT(all.breaks, ElementsAre(std::pair{std::uint64_t{0}, Discontinuity::Start},
                                      std::pair{std::uint64_t{100}, Discontinuity::Gap},
                                      std::pair{std::uint64_t{150}, Discontinuity::RateChange}));
  const Instant start = Instant::from_unix_ns(1'600'000'000'000'000'000);
  EXPECT_EQ(all.instants[99] - start, Duration::ms(99));
  EXPECT_EQ(all.instants[100] - start, Duration::ms(500));
  EXPECT_EQ(all.instants[151] - start, Duration::us(550'500));
}

TEST(RecordingSourceTime, IsCutByInstantsAndBySeconds) {
  OpenOptions options;
  options.from = TimeBound{.at = {}, .from_start = Duration::ms(98)};
  options.to = TimeBound{.at = Instant::from_unix_ns(1'600'000'000'502'000'000), .from_start = {}};
  const auto source = make_recording_source(two_segments(), "test", options);
  ASSERT_TRUE(source) << source.error().message;
  EXPECT_EQ((*source)->info().sample_count, 4U);
  EXPECT_EQ((*source)->info().start, Instant::from_unix_ns(1'600'000'000'098'000'000));
  EXPECT_NEAR((*source)->info().duration_seconds, 0.404, 1e-12);
  EXPECT_THAT((*source)->info().sample_rates_hertz, ElementsAre(1000.0));
  const auto all = drain(**source, 100);
  ASSERT_EQ(all.frames(), 4U);
  EXPECT_EQ(all.at(0, Input::V1), 98.0F);
  EXPECT_EQ(all.at(3, Input::V1), 101.0F);
  EXPECT_THAT(all.breaks, ElementsAre(std::pair{std::uint64_t{0}, Discontinuity::Start},
                                      std::pair{std::uint64_t{2}, Discontinuity::Gap}));
}

TEST(RecordingSourceTime, ACutThatLeavesNothingNamesWhatThereIs) {
  OpenOptions options;
  options.from = TimeBound{.at = {}, .from_start = Duration::seconds(5)};
  const auto source = make_recording_source(two_segments(), "test", options);
  ASSERT_FALSE(source);
  EXPECT_EQ(source.error().code, ErrorCode::InvalidSetup);
  EXPECT_THAT(source.error().message, HasSubstr("0 … 0.570000 s"));
}

TEST(RecordingSourceTime, AnUnknownStartCountsFrom1970AndTakesNoInstant) {
  auto recording = two_segments();
  recording.start.reset();
  const auto all = deliver(recording);
  EXPECT_EQ(all.instants[0], Instant{});
  const auto source = make_recording_source(recording, "test", {});
  EXPECT_FALSE((*source)->info().start);
  OpenOptions options;
  options.from = TimeBound{.at = Instant::from_unix_ns(0), .from_start = {}};
  EXPECT_FALSE(make_recording_source(recording, "test", options));
}

TEST(RecordingSourceTime, BoundsAndRatiosAreParsed) {
  EXPECT_EQ(parse_time_bound("1.5")->from_start, Duration::ms(1500));
  EXPECT_EQ(parse_time_bound(" 2s ")->from_start, Duration::seconds(2));
  EXPECT_EQ(parse_time_bound("1970-01-01T00:00:01Z")->at, Instant::from_unix_ns(1'000'000'000));
  EXPECT_FALSE(parse_time_bound("noon"));
  EXPECT_FALSE(parse_time_bound("1e300"));
  EXPECT_FALSE(parse_time_bound(""));
  EXPECT_EQ(parse_ratio("230000/115")->primary, 230000.0);
  EXPECT_EQ(parse_ratio("600:5")->secondary, 5.0);
  EXPECT_EQ(parse_ratio("120")->secondary, 1.0);
  for (const char* wrong : {"", "0/5", "600/", "-600/5", "a/b", "600/5/1"}) {
    EXPECT_FALSE(parse_ratio(wrong)) << wrong;
  }
  EXPECT_EQ(parse_scales("V1=400,I1=10")->at(1).second, 10.0);
  for (const char* wrong : {"", "V1", "V1=", "X=3", "V1=0"}) {
    EXPECT_FALSE(parse_scales(wrong)) << wrong;
  }
}

TEST(RecordingSourceTime, SegmentsTooSlowToMeasureAreDeliveredWithAWarning) {
  auto recording = make_recording(
      {channel("UA", "V"), channel("UB", "V"), channel("UC", "V")},
      {segment(0, 100, 3200.0), segment(100, 7, 50.0, 0.03125, Discontinuity::RateChange)},
      [](std::size_t, std::uint64_t n) { return static_cast<double>(n); });
  const auto source = make_recording_source(recording, "test", {});
  ASSERT_TRUE(source);
  EXPECT_THAT((*source)->info().warnings, Contains(HasSubstr("7 of 107 samples")));
  EXPECT_EQ(drain(**source, 1000).at(106, Input::V1), 106.0F);
}

// --- skew ---------------------------------------------------------------------------------------

TEST(FractionalDelay, IsExactOnSinesUpToFourTenthsOfTheRate) {
  for (const double fraction : {0.0, 0.1, 0.5, 0.9, 0.999}) {
    const DelayKernel kernel(fraction);
    double worst = 0.0;
    double worst_low = 0.0;
    for (double frequency = 0.005; frequency <= 0.4; frequency += 0.005) {
      for (const double phase : {0.0, 0.7, 1.9}) {
        std::array<float, 2 * kHalfTaps> samples{};
        for (std::size_t k = 0; k < samples.size(); ++k) {
          samples[k] = static_cast<float>(sine(frequency, static_cast<double>(k), phase));
        }
        const double wanted = sine(frequency, static_cast<double>(kHalfTaps - 1) + fraction, phase);
        const double error = std::abs(kernel.apply(samples.data()) - wanted);
        double& slot = frequency < 0.1 ? worst_low : worst;
        slot = std::max(slot, error);
      }
    }
    EXPECT_LT(worst_low, 1e-6) << fraction;
    EXPECT_LT(worst, 4e-6) << fraction;
  }
}

TEST(FractionalDelay, EdgesFollowAPolynomialAndStopThere) {
  const std::array<float, 8> line{0, 1, 2, 3, 4, 5, 6, 7};
  EXPECT_NEAR(interpolate_near_edge(line, 0.25), 0.25, 1e-12);
  EXPECT_NEAR(interpolate_near_edge(line, -0.5), -0.5, 1e-12);
  EXPECT_NEAR(interpolate_near_edge(line, 7.9), 7.9, 1e-12);
  EXPECT_TRUE(std::isnan(interpolate_near_edge(line, -1.5)));
  EXPECT_TRUE(std::isnan(interpolate_near_edge(line, 8.5)));
  const std::array<float, 8> hole{0, 1, 2, kMissing, 4, 5, 6, 7};
  EXPECT_NEAR(interpolate_near_edge(hole, 1.25), 1.25, 1e-12);
  EXPECT_TRUE(std::isnan(interpolate_near_edge(hole, 2.5)));
  EXPECT_EQ(interpolate_near_edge(hole, 4.0), 4.0);
}

/// Phase voltages of 100 V at 50 Hz; channel c was sampled skews[c] after its row's instant.
Recording skewed(const std::vector<double>& skews, double seventh_volts = 0.0) {
  constexpr double kRate = 1200.0;
  const std::vector<std::string> names{"UA", "UB", "UC"};
  std::vector<AnalogChannel> channels;
  for (std::size_t c = 0; c < skews.size(); ++c) {
    channels.push_back(channel(names[c], "V"));
    channels.back().skew_seconds = skews[c];
  }
  return make_recording(channels, {segment(0, 2000, kRate)}, [=](std::size_t c, std::uint64_t n) {
    const double t = static_cast<double>(n) / kRate + skews[c];
    return 100.0 * sine(50.0, t, -2.0 * kPi / 3.0 * static_cast<double>(c)) +
           seventh_volts * sine(350.0, t, 0.3);
  });
}

struct SkewError {
  double interior_volts = 0.0;
  double edge_volts = 0.0;
};

SkewError skew_error(double seventh_volts) {
  const auto all = deliver(skewed({0.0, 300e-6, -250e-6}, seventh_volts));
  EXPECT_EQ(all.frames(), 2000U);
  SkewError worst;
  for (std::size_t n = 0; n < all.frames(); ++n) {
    const double t = static_cast<double>(n) / 1200.0;
    for (const Input input : {Input::V1, Input::V2, Input::V3}) {
      const double wanted =
          100.0 * sine(50.0, t, -2.0 * kPi / 3.0 * static_cast<double>(lane(input))) +
          seventh_volts * sine(350.0, t, 0.3);
      const double error = std::abs(static_cast<double>(all.at(n, input)) - wanted);
      const bool inside = n > kHalfTaps && n + kHalfTaps + 1 < all.frames();
      double& slot = inside ? worst.interior_volts : worst.edge_volts;
      slot = std::max(slot, error);
    }
  }
  return worst;
}

TEST(RecordingSourceSkew, IsTakenOutOfEachChannel) {
  const SkewError fundamental = skew_error(0.0);
  EXPECT_LT(fundamental.interior_volts, 1e-4);  // 1e-6, float rounding included
  EXPECT_LT(fundamental.edge_volts, 0.1);  // a cubic beyond the ends: (2π/24)⁴·0.31 at most
  // 5 V at 0.29 of the sample rate: 4e-6 of it more.
  EXPECT_LT(skew_error(5.0).interior_volts, 1e-4 + 5.0 * 4e-6);
}

TEST(RecordingSourceSkew, CommonToAllChannelsMovesTheTimeOnly) {
  const auto plain = deliver(skewed({0.0, 0.0, 0.0}));
  auto recording = skewed({0.0, 0.0, 0.0});
  for (auto& c : recording.analogs) {
    c.skew_seconds = 100e-6;
  }
  const auto moved = deliver(recording);
  EXPECT_TRUE(same_bits(plain.values, moved.values));
  EXPECT_EQ(moved.instants[7] - plain.instants[7], Duration::us(100));
}

TEST(RecordingSourceSkew, BeyondASampleIsIgnoredWithAWarning) {
  auto recording = skewed({0.0, 0.0, 0.0});
  recording.analogs[1].skew_seconds = 0.01;
  const auto source = make_recording_source(recording, "test", {});
  ASSERT_TRUE(source);
  EXPECT_THAT((*source)->info().warnings, Contains(HasSubstr("'UB' has a skew")));
}

TEST(RecordingSourceSkew, AMissingSampleStaysLocal) {
  auto recording =
      make_recording({channel("UA", "V"), channel("UB", "V"), channel("UC", "V")},
                     {segment(0, 200, 1200.0)}, [](std::size_t, std::uint64_t n) {
                       return n == 100 ? static_cast<double>(kMissing) : static_cast<double>(n);
                     });
  recording.analogs[1].skew_seconds = 0.25 / 1200.0;
  const auto all = deliver(recording);
  std::size_t missing = 0;
  for (std::size_t n = 0; n < all.frames(); ++n) {
    const float v = all.at(n, Input::V2);
    missing += std::isnan(v) ? 1U : 0U;
    if (!std::isnan(v)) {
      EXPECT_NEAR(v, static_cast<double>(n) - 0.25, 1e-3) << n;
    }
  }
  EXPECT_EQ(missing, 2U);  // those between whose neighbours it lies
}

// --- recorders that follow the frequency
// ----------------------------------------------------------

TEST(RecordingSourceTracking, IsBroughtToOneRate) {
  // 20 segments of 2 cycles each at 24 samples a cycle of a frequency that wanders by 0.4 %; the
  // signal itself is a steady 50 Hz.
  std::vector<Segment> segments;
  std::vector<double> instants;
  double t = 0.0;
  for (std::uint64_t i = 0; i < 20; ++i) {
    const double rate = 1200.0 * (1.0 + 0.004 * std::sin(static_cast<double>(i)));
    segments.push_back(
        segment(48 * i, 48, rate, t, i == 0 ? Discontinuity::Start : Discontinuity::RateChange));
    for (int n = 0; n < 48; ++n) {
      instants.push_back(t + n / rate);
    }
    t += 48.0 / rate;
  }
  auto recording = make_recording({channel("UA", "V"), channel("UB", "V"), channel("UC", "V")},
                                  segments, [&](std::size_t c, std::uint64_t n) {
                                    return sine(50.0, instants[static_cast<std::size_t>(n)],
                                                -2.0 * kPi / 3.0 * static_cast<double>(c));
                                  });
  const auto source = make_recording_source(recording, "test", {});
  ASSERT_TRUE(source);
  EXPECT_THAT((*source)->info().warnings, Contains(HasSubstr("20 rates")));
  EXPECT_EQ((*source)->info().sample_rates_hertz.size(), 20U);
  const auto all = drain(**source, 333);
  ASSERT_EQ(all.frames(), 960U);
  EXPECT_EQ(all.breaks.size(), 1U);
  double worst = 0.0;
  for (std::size_t n = kHalfTaps + 2; n + kHalfTaps + 2 < all.frames(); ++n) {
    const double seconds = (all.instants[n] - all.instants[0]).to_seconds();
    worst = std::max(worst, std::abs(static_cast<double>(all.at(n, Input::V2)) -
                                     sine(50.0, seconds, -2.0 * kPi / 3.0)));
  }
  // What is left: the kernel takes the samples across a change of rate as evenly spaced. derived: a
  // step of 0.4 % moves the 20 samples beyond it by up to 0.08 of a sample, where the kernel has
  // mostly faded.
  EXPECT_LT(worst, 2e-3);
}

TEST(RecordingSourceTracking, ARealChangeOfRateStaysOne) {
  const auto all = deliver(two_segments());
  EXPECT_EQ(all.breaks.back(), (std::pair{std::uint64_t{150}, Discontinuity::RateChange}));
}

// --- statuses -----------------------------------------------------------------------------------

TEST(RecordingSourceStatuses, AreTransitionsByDeliveredIndex) {
  auto recording = make_recording(
      {channel("UA", "V")}, {segment(0, 10, 1000.0)},
      [](std::size_t, std::uint64_t) { return 0.0; }, 1);
  recording.statuses.push_back(
      {.name = "trip", .phase = "", .component = "", .normal_state = false});
  auto store = std::make_shared<PlanarStore>(1, 1, 10);
  const std::array<std::uint8_t, 10> states{0, 0, 1, 1, 2, 2, 1, 0, 0, 1};  // 2: missing
  std::copy(states.begin(), states.end(), store->status(0).begin());
  recording.samples = store;
  for (const std::size_t block : {1U, 3U, 100U}) {
    const auto all = deliver(recording, {}, block);
    ASSERT_EQ(all.statuses.size(), 1U);
    EXPECT_FALSE(all.statuses[0].initial);
    EXPECT_THAT(all.statuses[0].transitions,
                ElementsAre(std::pair{std::uint64_t{2}, true}, std::pair{std::uint64_t{7}, false},
                            std::pair{std::uint64_t{9}, true}));
  }
  OpenOptions options;
  options.from = TimeBound{.at = {}, .from_start = Duration::ms(3)};
  const auto cut = deliver(recording, options);
  EXPECT_TRUE(cut.statuses[0].initial);
  EXPECT_EQ(cut.statuses[0].transitions.front(), (std::pair{std::uint64_t{4}, false}));
}

// --- properties over real recordings
// --------------------------------------------------------------

class RealRecording : public testing::TestWithParam<const char*> {
 protected:
  static std::unique_ptr<Source> open(const OpenOptions& options = {}) {
    auto source =
        open_source(std::string(HC_SOURCE_DIR "/tests/recordings/") + GetParam(), options);
    EXPECT_TRUE(source) << source.error().message;
    return source ? std::move(*source) : nullptr;
  }
};

TEST_P(RealRecording, GivesTheSameSamplesInBlocksOfAnySize) {
  const auto whole = drain(*open(), 65536);
  for (const std::size_t size : {1U, 7U, 640U, 4096U}) {
    const auto parts = drain(*open(), size);
    EXPECT_TRUE(same_bits(whole.values, parts.values)) << size;
    EXPECT_EQ(whole.instants, parts.instants) << size;
    EXPECT_EQ(whole.breaks, parts.breaks) << size;
    for (std::size_t c = 0; c < whole.statuses.size(); ++c) {
      EXPECT_EQ(whole.statuses[c].transitions, parts.statuses[c].transitions);
    }
  }
}

TEST_P(RealRecording, ACutGivesExactlyTheSamplesBetween) {
  const auto whole = drain(*open(), 4096);
  const std::size_t first = whole.frames() / 3;
  const std::size_t end = whole.frames() * 3 / 4;
  OpenOptions options;
  options.from = TimeBound{.at = whole.instants[first], .from_start = {}};
  options.to = TimeBound{.at = whole.instants[end], .from_start = {}};
  const auto source = open(options);
  ASSERT_NE(source, nullptr);
  EXPECT_EQ(source->info().sample_count, end - first);
  const auto cut = drain(*source, 1000);
  const std::vector<float> wanted(
      whole.values.begin() + static_cast<std::ptrdiff_t>(first * whole.lanes),
      whole.values.begin() + static_cast<std::ptrdiff_t>(end * whole.lanes));
  EXPECT_TRUE(same_bits(wanted, cut.values));
  for (std::size_t n = 0; n < cut.frames(); n += 97) {
    EXPECT_LE(std::abs((cut.instants[n] - whole.instants[first + n]).count_ns()), 1);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Kinds, RealRecording,
    testing::Values("Esticonv-Wisp.Comtrade/1.cfg",               // rate follows the frequency
                    "Esticonv-Wisp.Comtrade/4.CFG",               // no skew, no stamps
                    "selkovevgeny-RelayLab/two_phase_fault.cfg",  // skew
                    "zhangsonggui-comtradeOfPython/xtz.cfg",      // skew, two rates
                    "zhangsonggui-comtradeOfPython/ymz.cfg",      // a gap
                    "yonwoo9-go-comtrade/test1.cfg"),
    [](const auto& row) {
      std::string id;
      for (const char c : std::string_view(row.param)) {
        id += std::isalnum(static_cast<unsigned char>(c)) != 0 ? c : '_';
      }
      return id;
    });

TEST(RealRecordings, HaveTheLevelsThatAnIndependentReaderFound) {
  // r.m.s. of the first cycle, from tests/recordings/README.md (worked out without this program).
  struct Row {
    const char* file;
    std::size_t samples_a_cycle;
    std::array<double, 3> volts;
    double tolerance;
  };
  for (const Row& row :
       {Row{"Esticonv-Wisp.Comtrade/3.cfg", 16, {58.7, 58.9, 58.6}, 0.1},
        Row{"gabrieldelaparra-ComtradeHandler/Comtrade1.cfg", 20, {130400, 130800, 130400}, 100},
        Row{"ijlyttle-ieeecomtrade/keating_1999.CFG", 512, {349, 353, 346}, 1.0},
        Row{"selkovevgeny-RelayLab/two_phase_fault.cfg", 36, {68000, 68200, 68100}, 150},
        Row{"yonwoo9-go-comtrade/test1.cfg", 20, {167500, 168600, 168500}, 400},
        Row{"Esticonv-Wisp.Comtrade/1.cfg", 48, {58.7, 58.4, 58.8}, 0.2}}) {
    auto source = open_source(std::string(HC_SOURCE_DIR "/tests/recordings/") + row.file, {});
    ASSERT_TRUE(source) << source.error().message;
    const auto all = drain(**source, 4096);
    for (const Input input : {Input::V1, Input::V2, Input::V3}) {
      double sum = 0.0;
      for (std::size_t n = 0; n < row.samples_a_cycle; ++n) {
        sum += std::pow(static_cast<double>(all.at(n, input)), 2);
      }
      EXPECT_NEAR(std::sqrt(sum / static_cast<double>(row.samples_a_cycle)), row.volts[lane(input)],
                  row.tolerance)
          << row.file << " " << name(input);
    }
  }
}

}  // namespace
}  // namespace halfcycle::source
