// SPDX-License-Identifier: Apache-2.0
#include "recorder/column_block.hpp"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <random>

#include "base/quality.hpp"

namespace halfcycle::recorder {
namespace {

constexpr auto kNarrow = ColumnType::Float32;
constexpr auto kWide = ColumnType::Float64;

bool same_bits(double a, double b) {
  return std::bit_cast<std::uint64_t>(a) == std::bit_cast<std::uint64_t>(b);
}

TEST(Block, GivesBackTimesFlagsAndEveryBitOfAWideColumn) {
  std::mt19937_64 random(7);
  const std::vector<ColumnType> types{kWide, kNarrow};
  BlockEncoder encoder;
  BlockBuilder builder(types);
  std::vector<double> wide;
  std::vector<std::int64_t> times;
  std::int64_t time = -5000000000;
  for (int r = 0; r < 1000; ++r) {
    // Any pattern of bits, NaN, infinities and -0 among them.
    const double value = r == 3   ? kNotAvailable
                         : r == 4 ? -0.0
                         : r == 5 ? std::numeric_limits<double>::infinity()
                                  : std::bit_cast<double>(random());
    wide.push_back(value);
    time += static_cast<std::int64_t>(random() % 3 == 0 ? 0 : random() % 100000000);
    times.push_back(time);
    const std::array<double, 2> row{value, static_cast<double>(r) * 0.1};
    builder.add(Instant::from_unix_ns(time), static_cast<std::uint8_t>(r % 32), row);
  }
  const EncodedBlock block = builder.finish(encoder);
  EXPECT_EQ(builder.rows(), 0U);
  EXPECT_EQ(block.rows, 1000U);
  EXPECT_EQ(block.first.unix_ns(), times.front());
  EXPECT_EQ(block.last.unix_ns(), times.back());
  const auto rows = decode_block(block.data, types, {});
  ASSERT_TRUE(rows);
  for (std::size_t r = 0; r < 1000; ++r) {
    EXPECT_EQ(rows->times[r].unix_ns(), times[r]);
    EXPECT_EQ(rows->flags[r], r % 32);
    EXPECT_TRUE(same_bits(rows->columns[0][r], wide[r]));
    EXPECT_EQ(rows->columns[1][r],
              static_cast<double>(static_cast<float>(static_cast<double>(r) * 0.1)));
  }
}

TEST(Block, ReadsOnlyTheColumnsThatAreWanted) {
  const std::vector<ColumnType> types{kNarrow, kWide, kNarrow};
  BlockEncoder encoder;
  BlockBuilder builder(types);
  builder.add(Instant::from_unix_ns(1), 0, std::array<double, 3>{1.0, 2.0, 3.0});
  builder.add(Instant::from_unix_ns(2), 0, std::array<double, 1>{4.0});
  const EncodedBlock block = builder.finish(encoder);
  const std::array<std::size_t, 2> wanted{2, 0};
  const auto rows = decode_block(block.data, types, wanted);
  ASSERT_TRUE(rows);
  EXPECT_EQ(rows->columns[0][0], 3.0);
  EXPECT_EQ(rows->columns[1][1], 4.0);
  EXPECT_FALSE(is_available(rows->columns[0][1])) << "a value that was not given";
}

TEST(Block, SummaryHasTheExtremesOfWhatIsAvailable) {
  const std::vector<ColumnType> types{kNarrow, kWide, kNarrow};
  BlockEncoder encoder;
  BlockBuilder builder(types);
  for (int r = 0; r < 10; ++r) {
    builder.add(Instant::from_unix_ns(r), r == 5 ? kRowAfterGap : 0,
                std::array<double, 3>{r == 4 ? kNotAvailable : r * 2.0, 1e9 + r, kNotAvailable});
  }
  const EncodedBlock block = builder.finish(encoder);
  EXPECT_EQ(block.gaps, 1U);
  const auto summary = read_summary(block.summary, types, {});
  ASSERT_EQ(summary.size(), 3U);
  EXPECT_EQ(summary[0].min, 0.0);
  EXPECT_EQ(summary[0].max, 18.0);
  EXPECT_EQ(summary[0].count, 9U);
  EXPECT_NEAR(summary[0].mean, (90.0 - 8.0) / 9.0, 1e-6);
  EXPECT_EQ(summary[1].mean, 1e9 + 4.5);
  EXPECT_EQ(summary[2].count, 0U);
}

TEST(Block, SmoothValuesTakeTwoBytesOrLess) {
  // DEPENDENCIES of the design: about 96 bytes for 50 columns with 2e-4 of noise.
  std::mt19937 random(3);
  std::normal_distribution<double> noise(0.0, 2e-4);
  const std::vector<ColumnType> types(50, kNarrow);
  BlockEncoder encoder;
  BlockBuilder builder(types);
  std::vector<double> row(50);
  for (int r = 0; r < 100; ++r) {
    for (std::size_t c = 0; c < 50; ++c) {
      row[c] = 230.0 * (1.0 + noise(random));
    }
    builder.add(Instant::from_unix_ns(r * 10000000LL), 14, row);
  }
  const EncodedBlock block = builder.finish(encoder);
  EXPECT_LT(static_cast<double>(block.data.size()) / 100.0, 115.0);
}

TEST(Block, DamageIsAnErrorAndNeverAWrongNumber) {
  const std::vector<ColumnType> types{kNarrow, kWide};
  BlockEncoder encoder;
  BlockBuilder builder(types);
  for (int r = 0; r < 300; ++r) {
    builder.add(Instant::from_unix_ns(r * 1000), 14,
                std::array<double, 2>{std::sin(r * 0.1), r * 1.25});
  }
  const EncodedBlock block = builder.finish(encoder);
  const auto good = decode_block(block.data, types, {});
  ASSERT_TRUE(good);
  int errors = 0;
  for (std::size_t at = 0; at < block.data.size(); ++at) {
    std::vector<std::byte> bytes = block.data;
    bytes[at] ^= std::byte{0x10};
    const auto rows = decode_block(bytes, types, {});
    errors += rows ? 0 : 1;
    if (rows) {
      EXPECT_EQ(rows->columns, good->columns) << "byte " << at;
    }
  }
  EXPECT_GT(errors, static_cast<int>(block.data.size()) - 4);
  for (std::size_t size = 0; size < block.data.size(); size += 7) {
    EXPECT_FALSE(decode_block(std::span(block.data).first(size), types, {}));
  }
  EXPECT_FALSE(decode_block(block.data, std::vector<ColumnType>{kNarrow}, {}));
}

TEST(Waveform, ComesBackBitForBitOnTheInputsThatAreThere) {
  InputMask inputs;
  inputs.add(Input::V1);
  inputs.add(Input::I2);
  std::vector<float> frames(8 * 500, std::numeric_limits<float>::quiet_NaN());
  for (std::size_t r = 0; r < 500; ++r) {
    frames[r * 8] = static_cast<float>(325.0 * std::sin(static_cast<double>(r) * 0.05));
    frames[r * 8 + lane(Input::I2)] = static_cast<float>(r);
  }
  BlockEncoder encoder;
  const auto data = encode_waveform(frames, 8, inputs, encoder);
  EXPECT_LT(data.size(), 500U * 8U);
  const auto back = decode_waveform(data, 8, inputs);
  ASSERT_TRUE(back);
  EXPECT_EQ(std::memcmp(back->data(), frames.data(), frames.size() * sizeof(float)), 0);
  InputMask others;
  others.add(Input::V1);
  EXPECT_FALSE(decode_waveform(data, 8, others));
}

}  // namespace
}  // namespace halfcycle::recorder
