// SPDX-License-Identifier: Apache-2.0
#include "formats/pqdif.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "formats/pqdif_records.hpp"

namespace halfcycle::formats {
namespace {

std::string example() {
  std::ifstream in(
      std::string(HC_SOURCE_DIR) + "/tests/recordings/secha-project-pqdif-converter/example.pqd",
      std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

double rms(const Recording& r, std::size_t channel, const Segment& segment) {
  std::vector<float> x(segment.sample_count);
  r.samples->read_analog(channel, segment.first_sample, x);
  double sum = 0.0;
  for (const float v : x) {
    sum += static_cast<double>(v) * static_cast<double>(v);
  }
  return std::sqrt(sum / static_cast<double>(x.size()));
}

TEST(Pqdif, TheWaveformsOfAllObservationsFollowOneAnotherWithGaps) {
  const auto r = read_pqdif(own_bytes("example.pqd", example()));
  ASSERT_TRUE(r) << r.error().message;
  EXPECT_EQ(r->station, "PQDIF Convert");
  ASSERT_EQ(r->analogs.size(), 6U);
  EXPECT_EQ(r->analogs[0].name, "Waveform VAB");
  EXPECT_EQ(r->analogs[0].phase, "AB");
  EXPECT_EQ(r->analogs[0].unit, "V");
  EXPECT_EQ(r->analogs[3].phase, "A");
  EXPECT_EQ(r->analogs[3].unit, "A");
  ASSERT_EQ(r->segments.size(), 18U);
  EXPECT_EQ(r->segments[0].sample_count, 1536U);
  EXPECT_NEAR(r->segments[0].rate_hertz, 15360.0, 0.01);
  EXPECT_EQ(r->segments[1].discontinuity, Discontinuity::Gap);
  // Day 36312 of the file's calendar (25569 = 1970-01-01) and 48252 s.
  const std::int64_t start_ns = ((36312 - 25569) * 86400LL + 48252) * 1000000000LL;
  EXPECT_NEAR(static_cast<double>(r->start->unix_ns() - start_ns), 0.0, 1e6);
}

TEST(Pqdif, ValuesAreWhatTheBytesOfTheFirstObservationSay) {
  // Worked out from the file by hand (inflate record 4, 1,536 INTEGER2 of each of the three series
  // times its tagSeriesScale).
  const auto r = read_pqdif(own_bytes("example.pqd", example()));
  ASSERT_TRUE(r);
  EXPECT_NEAR(rms(*r, 0, r->segments[0]), 34872.138, 0.01);
  EXPECT_NEAR(rms(*r, 1, r->segments[0]), 35180.616, 0.01);
  EXPECT_NEAR(rms(*r, 2, r->segments[0]), 35090.620, 0.01);
}

TEST(Pqdif, AFileCutAnywhereIsReadAsFarAsItGoesOrRefused) {
  const std::string whole = example();
  for (const std::size_t length : {0U, 1U, 63U, 64U, 500U, 1100U, 2000U, 20000U, 100000U}) {
    const auto r = read_pqdif(own_bytes("cut.pqd", whole.substr(0, length)));
    if (r) {
      EXPECT_FALSE(r->warnings.empty());
      EXPECT_LT(r->sample_count, 32768U);
    } else {
      EXPECT_NE(r.error().message.find("cut.pqd"), std::string::npos);
    }
  }
}

TEST(Pqdif, RecordsLinkedInACircleEnd) {
  std::string file = example();
  constexpr std::size_t kLink = 40;
  std::uint32_t second = 0;
  std::memcpy(&second, file.data() + kLink, sizeof second);
  std::memcpy(file.data() + second + kLink, &second, sizeof second);
  PqdifRecords records(std::as_bytes(std::span(file)));
  int count = 0;
  while (records.next()) {
    ++count;
  }
  EXPECT_EQ(count, 2);
  EXPECT_NE(records.error().find("circle"), std::string::npos);
}

TEST(Pqdif, GuidsAreStoredWithTheirFirstFieldsReversed) {
  const PqdifGuid guid = pqdif_guid("4a111440-e49f-11cf-9900-505144494600");
  EXPECT_EQ(guid[0], 0x40);
  EXPECT_EQ(guid[3], 0x4a);
  EXPECT_EQ(guid[4], 0x9f);
  EXPECT_EQ(guid[8], 0x99);
  EXPECT_EQ(guid[15], 0x00);
}

}  // namespace
}  // namespace halfcycle::formats
