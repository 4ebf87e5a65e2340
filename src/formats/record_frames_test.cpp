// SPDX-License-Identifier: Apache-2.0
// Frames hold what read_analog() gives channel by channel, bit for bit.
#include "formats/record_frames.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bit>
#include <cfloat>
#include <cstring>
#include <random>

#include "formats/planar_store.hpp"
#include "formats/recording_files.hpp"

namespace halfcycle::formats::testing {
namespace {

constexpr std::size_t kSamples = 700;  // more than are decoded at a time
constexpr std::size_t kChannels = 6;

template <class T>
void append(std::string& to, T value) {
  std::array<char, sizeof value> bytes;
  std::memcpy(bytes.data(), &value, sizeof value);
  to.append(bytes.data(), bytes.size());
}

// Six analogue and 17 status channels (two words). The fourth channel is `1·x + 0`.
std::string cfg(const std::string& type) {
  std::string text = "S,D,2013\n23,6A,17D\n";
  constexpr std::array<const char*, kChannels> kFactors{"0.5,1", "1e-3,0", "-2,-0.25",
                                                        "1,0",   "3,1e6",  "0.1,0"};
  for (std::size_t c = 0; c < kChannels; ++c) {
    text += format("{},X{},,,V,{},0,-1,1,1,1,P\n", c + 1, c, kFactors[c]);
  }
  for (int c = 1; c <= 17; ++c) {
    text += format("{},S{},,,0\n", c, c);
  }
  return text + "50\n1\n1000,700\n01/01/2020,0:0:0\n01/01/2020,0:0:0\n" + type + "\n1\n0,x\n0,0\n";
}

// Records of random values; every eighth or so is one of `special`.
template <class T, class Draw>
std::string dat(const std::vector<T>& special, Draw&& draw) {
  std::mt19937 random(7);
  std::string bytes;
  for (std::uint32_t n = 0; n < kSamples; ++n) {
    append(bytes, n + 1);
    append(bytes, n * 1000);
    for (std::size_t c = 0; c < kChannels; ++c) {
      append(bytes, random() % 8 == 0 ? special[random() % special.size()] : draw(random));
    }
    append(bytes, static_cast<std::uint16_t>(n / 90 % 2));
    append(bytes, static_cast<std::uint16_t>(n < 400 ? 0 : 1));
  }
  return bytes;
}

Result<Recording> recording(const std::string& type) {
  if (type == "BINARY") {
    return load_text(cfg(type), dat<std::int16_t>({-32768, 32767, 0, -1}, [](auto& random) {
                       return static_cast<std::int16_t>(random());
                     }));
  }
  if (type == "BINARY32") {
    return load_text(
        cfg(type),
        dat<std::int32_t>({std::numeric_limits<std::int32_t>::min(),
                           std::numeric_limits<std::int32_t>::max(), 0, -1, 16777217},
                          [](auto& random) { return static_cast<std::int32_t>(random()); }));
  }
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  return load_text(
      cfg(type),
      dat<float>({FLT_MAX, -FLT_MAX, FLT_MIN, -FLT_MIN, kInfinity, -kInfinity,
                  std::numeric_limits<float>::quiet_NaN(), -0.0F, 1e-40F},
                 [](auto& random) { return std::normal_distribution<float>(0.0F, 1e4F)(random); }));
}

// Equal bits, or both missing.
bool same(float a, float b) {
  return std::bit_cast<std::uint32_t>(a) == std::bit_cast<std::uint32_t>(b) ||
         (std::isnan(a) && std::isnan(b));
}

void expect_frames_of_channels(const Recording& r, const std::vector<FrameLane>& lanes,
                               std::size_t width, std::uint64_t first) {
  const auto frames = static_cast<std::size_t>(r.sample_count - first);
  std::vector<float> out(frames * width, 99.0F);
  r.samples->read_frames(lanes, first, width, out);
  std::vector<float> expected(frames * width, 0.0F);
  for (const FrameLane& lane : lanes) {
    const std::vector<float> values = analog(r, lane.channel);
    for (std::size_t n = 0; n < frames; ++n) {
      const float x = values[n + first];
      expected[n * width + lane.lane] =
          lane.scale == 1.0 ? x : static_cast<float>(static_cast<double>(x) * lane.scale);
    }
  }
  for (std::size_t i = 0; i < out.size(); ++i) {
    ASSERT_TRUE(same(out[i], expected[i]))
        << "sample " << first + i / width << " lane " << i % width << ": " << out[i] << ", not "
        << expected[i];
  }
}

class Frames : public ::testing::TestWithParam<const char*> {};

TEST_P(Frames, HoldTheChannelsInAnyOrderAtAnyScale) {
  const auto r = recording(GetParam());
  ASSERT_TRUE(r) << r.error().message;
  ASSERT_EQ(r->sample_count, kSamples);
  const std::vector<std::vector<FrameLane>> mappings{
      {},
      {{3, 0}},
      {{3, 5, 1e-3}},
      {{0, 0}, {1, 1}, {2, 2}, {3, 4}, {4, 5}, {5, 6}},
      {{0, 0}, {1, 1}, {2, 2}, {3, 3}, {4, 5}, {5, 6}},
      {{1, 1}, {3, 3}, {2, 4}, {3, 5}, {4, 6}, {5, 7}},
      {{0, 2}, {1, 3}, {5, 4}},
      {{5, 0}, {0, 1, -1.0}, {2, 3}, {2, 7, 1000.0}, {1, 4}}};
  for (const auto& lanes : mappings) {
    for (const std::uint64_t first : {std::uint64_t{0}, std::uint64_t{3}, std::uint64_t{699}}) {
      expect_frames_of_channels(*r, lanes, 8, first);
    }
  }
  expect_frames_of_channels(*r, {{1, 2}, {4, 8, 0.5}, {0, 11}}, 12, 1);
}

INSTANTIATE_TEST_SUITE_P(Comtrade, Frames, ::testing::Values("BINARY", "BINARY32", "FLOAT32"));

TEST(RecordFrames, OfFourIntegersAreTheirPhysicalValues) {
  std::string bytes;
  for (const std::int16_t raw : std::array<std::int16_t, 4>{100, -200, -32768, 7}) {
    append(bytes, raw);
  }
  const std::array<RawScale, 4> scales{{{0.5, 1.0}, {0.25, 0.0}, {1.0, 0.0}, {2.0, 0.0}}};
  const std::array<FrameLane, 3> lanes{{{1, 0}, {0, 2, 10.0}, {2, 4}}};
  std::array<float, 8> frame{};
  read_record_frames({reinterpret_cast<const std::byte*>(bytes.data()), bytes.size(), bytes.size(),
                      RawValue::Int16, scales},
                     lanes, 8, frame);
  EXPECT_THAT(std::span(frame).first(4), ::testing::ElementsAre(-50.0F, 0.0F, 510.0F, 0.0F));
  EXPECT_TRUE(std::isnan(frame[4]));
  EXPECT_THAT(std::span(frame).last(3), ::testing::Each(0.0F));
}

// The number of samples with equal states, counted one by one.
std::uint64_t counted(const Recording& r, std::uint64_t first, std::uint64_t count) {
  for (std::uint64_t n = 1; n < count; ++n) {
    for (std::size_t c = 0; c < r.statuses.size(); ++c) {
      if (status(r, c)[first + n] != status(r, c)[first]) {
        return n;
      }
    }
  }
  return count;
}

TEST(SameStatuses, EndWhereAStateChanges) {
  const auto binary = recording("BINARY");
  ASSERT_TRUE(binary);
  auto store = std::make_shared<PlanarStore>(0, 17, kSamples);
  for (std::size_t c = 0; c < 17; ++c) {
    const auto states = status(*binary, c);
    std::copy(states.begin(), states.end(), store->status(c).begin());
  }
  store->status(3)[650] = 2;  // missing is another state
  Recording planar = *binary;
  planar.samples = store;
  for (const std::uint64_t first : {0U, 1U, 89U, 90U, 399U, 400U, 600U, 649U, 650U, 699U}) {
    for (const std::uint64_t count : {1U, 2U, 300U, 700U}) {
      const std::uint64_t there = std::min<std::uint64_t>(count, kSamples - first);
      EXPECT_EQ(binary->samples->same_statuses(17, first, there), counted(*binary, first, there));
      EXPECT_EQ(store->same_statuses(17, first, there), counted(planar, first, there));
    }
  }
}

}  // namespace
}  // namespace halfcycle::formats::testing
