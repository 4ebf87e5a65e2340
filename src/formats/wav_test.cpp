// SPDX-License-Identifier: Apache-2.0
#include "formats/wav.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "formats/recording_files.hpp"

namespace halfcycle::formats::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string le(std::uint64_t value, int size) {
  std::string out;
  for (int i = 0; i < size; ++i) {
    out += static_cast<char>(value >> (8 * i) & 0xFFU);
  }
  return out;
}

std::string chunk(const std::string& id, const std::string& body) {
  return id + le(body.size(), 4) + body + std::string(body.size() % 2, '\0');
}

std::string fmt(unsigned tag, unsigned channels, unsigned rate, unsigned bits) {
  return chunk("fmt ", le(tag, 2) + le(channels, 2) + le(rate, 4) +
                           le(rate * channels * bits / 8, 4) + le(channels * bits / 8, 2) +
                           le(bits, 2));
}

std::string riff(const std::string& chunks) {
  return "RIFF" + le(4 + chunks.size(), 4) + "WAVE" + chunks;
}

Result<Recording> read(const std::string& bytes) { return read_wav(own_bytes("x.wav", bytes)); }

TEST(Wav, FullScaleOfIntegersIsOne) {
  const std::string samples = le(0x4000, 2) + le(0x8000, 2) + le(0x7FFF, 2) + le(0xFFFF, 2);
  const auto r = read(riff(fmt(1, 2, 8000, 16) + chunk("data", samples)));
  ASSERT_TRUE(r) << r.error().message;
  EXPECT_THAT(analog(*r, 0), ElementsAre(0.5F, 32767.0F / 32768.0F));
  EXPECT_THAT(analog(*r, 1), ElementsAre(-1.0F, -1.0F / 32768.0F));
  EXPECT_EQ(r->analogs[1].name, "2");
  EXPECT_EQ(r->segments[0].rate_hertz, 8000.0);
  EXPECT_FALSE(r->start);
}

TEST(Wav, TwentyFourAndThirtyTwoBits) {
  const auto r24 =
      read(riff(fmt(1, 1, 100, 24) + chunk("data", le(0x400000, 3) + le(0xC00000, 3))));
  ASSERT_TRUE(r24) << r24.error().message;
  EXPECT_THAT(analog(*r24, 0), ElementsAre(0.5F, -0.5F));
  const auto r32 =
      read(riff(fmt(1, 1, 100, 32) + chunk("data", le(0x40000000, 4) + le(0x80000000, 4))));
  ASSERT_TRUE(r32) << r32.error().message;
  EXPECT_THAT(analog(*r32, 0), ElementsAre(0.5F, -1.0F));
}

TEST(Wav, ExtensibleFloatAmongOtherChunks) {
  const std::string extensible =
      chunk("fmt ", le(0xFFFE, 2) + le(1, 2) + le(48000, 4) + le(192000, 4) + le(4, 2) + le(32, 2) +
                        le(22, 2) + le(32, 2) + le(0, 4) + le(3, 2) + std::string(14, '\0'));
  const auto r = read(riff(chunk("junk", "odd") + extensible + chunk("fact", le(1, 4)) +
                           chunk("data", le(0x43660000, 4))));
  ASSERT_TRUE(r) << r.error().message;
  EXPECT_THAT(analog(*r, 0), ElementsAre(230.0F));
  EXPECT_EQ(r->format, "wav-float32");
}

TEST(Wav, OtherCommentsAreIgnored) {
  const auto r =
      read(riff(fmt(1, 1, 8000, 16) + chunk("LIST", "INFO" + chunk("ICMT", "hello; start=x")) +
                chunk("data", le(1, 2))));
  ASSERT_TRUE(r) << r.error().message;
  EXPECT_EQ(r->analogs[0].name, "1");
  EXPECT_TRUE(r->warnings.empty());
}

TEST(Wav, CutShortIsReadUpToTheLastWholeFrame) {
  std::string bytes = riff(fmt(1, 2, 8000, 16) + chunk("data", std::string(40, '\1')));
  bytes.resize(bytes.size() - 6);
  const auto r = read(bytes);
  ASSERT_TRUE(r) << r.error().message;
  EXPECT_EQ(r->sample_count, 8U);
  EXPECT_TRUE(warns(*r, "40 bytes of samples are announced, 34 are there"));
  EXPECT_TRUE(warns(*r, "incomplete frame"));
}

TEST(Wav, NonsenseIsRefused) {
  const auto error = [](const std::string& bytes) {
    const auto r = read(bytes);
    return r ? std::string("was read") : r.error().message;
  };
  const std::string data = chunk("data", std::string(8, '\0'));
  EXPECT_THAT(error(""), HasSubstr("no WAVE file"));
  EXPECT_THAT(error("RIFF"), HasSubstr("no WAVE file"));
  EXPECT_THAT(error(riff(data)), HasSubstr("fmt"));
  EXPECT_THAT(error(riff(fmt(1, 1, 8000, 16))), HasSubstr("data"));
  EXPECT_THAT(error(riff(fmt(1, 0, 8000, 16) + data)), HasSubstr("0 channels"));
  EXPECT_THAT(error(riff(fmt(1, 1, 0, 16) + data)), HasSubstr("sample rate is 0"));
  EXPECT_THAT(error(riff(fmt(6, 1, 8000, 8) + data)), HasSubstr("format 6 with 8 bits"));
  EXPECT_THAT(error(riff(fmt(1, 1, 8000, 16) + chunk("data", ""))), HasSubstr("no samples"));
}

}  // namespace
}  // namespace halfcycle::formats::testing
