// SPDX-License-Identifier: Apache-2.0
#include "formats/sampled_values.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "formats/packet_capture.hpp"

namespace halfcycle::formats {
namespace {

std::string number(std::uint64_t value, int bytes) {
  std::string out;
  for (int shift = (bytes - 1) * 8; shift >= 0; shift -= 8) {
    out += static_cast<char>((value >> shift) & 0xFFU);
  }
  return out;
}
std::string element(int tag, const std::string& value) {
  std::string out(1, static_cast<char>(tag));
  if (value.size() >= 0x80) {
    out += number(0x82, 1) + number(value.size(), 2);
  } else {
    out += number(value.size(), 1);
  }
  return out + value;
}

struct Sample {
  std::string sv_id = "MU01";
  int count = 0;
  std::int32_t ia_milliamperes = 1000;
  std::uint32_t quality = 0;
  int synch = 2;
  double seconds = 0.0;  // capture time; 0: count / 4000 after 10 s
};

std::string asdu(const Sample& s) {
  std::string data =
      number(static_cast<std::uint32_t>(s.ia_milliamperes), 4) + number(s.quality, 4);
  data += std::string(56, '\0');
  return element(
      0x30, element(0x80, s.sv_id) + element(0x82, number(static_cast<unsigned>(s.count), 2)) +
                element(0x83, number(1, 4)) +
                element(0x85, number(static_cast<unsigned>(s.synch), 1)) + element(0x87, data));
}
std::string frame(const std::string& asdus, int count, bool vlan = false) {
  const std::string pdu =
      element(0x60, element(0x80, number(static_cast<unsigned>(count), 1)) + element(0xA2, asdus));
  std::string out(12, '\x01');
  if (vlan) {
    out += number(0x81008000, 4);
  }
  return out + number(0x88BA, 2) + number(0x4000, 2) + number(pdu.size() + 8, 2) + number(0, 4) +
         pdu;
}
// Classic pcap in big-endian byte order, microseconds.
std::string pcap(const std::vector<Sample>& samples, bool vlan = false) {
  std::string out = number(0xA1B2C3D4, 4) + number(0x00020004, 4) + number(0, 8) +
                    number(65535, 4) + number(1, 4);
  for (const Sample& s : samples) {
    const double t = s.seconds > 0.0 ? s.seconds : 10.0 + s.count / 4000.0;
    const auto us = static_cast<std::uint64_t>(std::llround(t * 1e6));
    const std::string bytes = frame(asdu(s), 1, vlan);
    out += number(us / 1000000, 4) + number(us % 1000000, 4) + number(bytes.size(), 4) +
           number(bytes.size(), 4) + bytes;
  }
  return out;
}
std::vector<Sample> run(int first, int count) {
  std::vector<Sample> samples;
  for (int n = first; n < first + count; ++n) {
    samples.push_back({.count = n, .ia_milliamperes = n});
  }
  return samples;
}

std::string file(const std::string& path) {
  std::ifstream in(std::string(HC_SOURCE_DIR) + "/tests/recordings/" + path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

double rms_of_last_whole_cycles(const Recording& r, std::size_t channel, std::size_t samples) {
  std::vector<float> x(samples);
  r.samples->read_analog(channel, r.sample_count - samples, x);
  double sum = 0.0;
  for (const float v : x) {
    sum += static_cast<double>(v) * static_cast<double>(v);
  }
  return std::sqrt(sum / static_cast<double>(samples));
}

TEST(SampledValues, TheCaptureOfAMergingUnitHoldsWhatAnIndependentReaderFound) {
  const auto capture = own_bytes("E_pcap.pcapng", file("KaeroDot-EPMDigitalITsw/E_pcap.pcapng"));
  const auto streams = list_streams(capture);
  ASSERT_TRUE(streams) << streams.error().message;
  ASSERT_EQ(streams->size(), 1U);
  EXPECT_EQ(streams->front().sv_id, "A1MU0101");
  EXPECT_EQ(streams->front().app_id, 0x4001);
  EXPECT_EQ(streams->front().samples, 25609U);

  const auto r = read_sampled_values(capture, "");
  ASSERT_TRUE(r) << r.error().message;
  EXPECT_EQ(r->sample_count, 25609U);
  ASSERT_EQ(r->segments.size(), 1U) << "no sample was lost";
  EXPECT_EQ(r->segments[0].rate_hertz, 4000.0);
  // The first smpCnt is 3979: 21 samples before a full second.
  EXPECT_EQ(r->start->unix_ns() % 1000000000, 994750000);
  EXPECT_FALSE(r->time_quality.clock_ok) << "smpSynch 1 is a local clock";
  // 25,600 samples are 320 cycles of 50 Hz.
  EXPECT_NEAR(rms_of_last_whole_cycles(*r, 4, 25600), 400.4e3, 60.0);
  EXPECT_NEAR(rms_of_last_whole_cycles(*r, 5, 25600), 400.3e3, 60.0);
  EXPECT_NEAR(rms_of_last_whole_cycles(*r, 6, 25600), 400.7e3, 60.0);
  EXPECT_NEAR(rms_of_last_whole_cycles(*r, 0, 25600), 507.3, 0.1);
  EXPECT_EQ(r->analogs[4].name, "Ua");
  EXPECT_EQ(r->analogs[4].unit, "V");
}

TEST(SampledValues, LostSamplesAreGaps) {
  auto samples = run(3990, 10);
  const auto rest = run(5, 20);
  for (Sample s : rest) {
    s.seconds = 11.0 + s.count / 4000.0;
    samples.push_back(s);
  }
  const auto r = read_sampled_values(own_bytes("lost.pcap", pcap(samples)), "MU01");
  ASSERT_TRUE(r) << r.error().message;
  ASSERT_EQ(r->segments.size(), 2U);
  EXPECT_EQ(r->segments[1].first_sample, 10U);
  EXPECT_EQ(r->segments[1].discontinuity, Discontinuity::Gap);
  EXPECT_EQ(r->segments[1].start, Duration::us(15 * 250));
  EXPECT_NE(r->warnings.at(0).find("5 samples were lost"), std::string::npos);
  EXPECT_TRUE(r->time_quality.clock_ok);
  EXPECT_EQ(*r->start, Instant::from_unix_ns(10997500000));
}

TEST(SampledValues, WholeSecondsThatWereLostShowInTheClockOfTheCapture) {
  auto samples = run(0, 10);
  for (Sample s : run(10, 10)) {
    s.seconds = 13.0 + s.count / 4000.0;
    samples.push_back(s);
  }
  const auto r = read_sampled_values(own_bytes("lost.pcap", pcap(samples)), "");
  ASSERT_TRUE(r) << r.error().message;
  ASSERT_EQ(r->segments.size(), 2U);
  EXPECT_EQ(r->segments[1].start, Duration::us(10 * 250) + Duration::seconds(3));
}

TEST(SampledValues, InvalidValuesAreMissingAndQuestionableOnesAreKept) {
  auto samples = run(0, 40);
  samples[3].quality = 1;
  samples[4].quality = 3;
  const auto r = read_sampled_values(own_bytes("q.pcap", pcap(samples)), "");
  ASSERT_TRUE(r) << r.error().message;
  std::vector<float> ia(6);
  r->samples->read_analog(0, 0, ia);
  EXPECT_TRUE(std::isnan(ia[3]));
  EXPECT_FLOAT_EQ(ia[4], 0.004F);
  EXPECT_FLOAT_EQ(ia[5], 0.005F);
}

TEST(SampledValues, StreamsAreToldApartAndVlanTagsPassedOver) {
  std::vector<Sample> samples;
  for (int n = 0; n < 40; ++n) {
    samples.push_back({.sv_id = "MU01", .count = n, .ia_milliamperes = 1000});
    samples.push_back({.sv_id = "MU02", .count = n, .ia_milliamperes = 2000});
  }
  const auto capture = own_bytes("two.pcap", pcap(samples, true));
  EXPECT_EQ(list_streams(capture)->size(), 2U);
  const auto r = read_sampled_values(capture, "MU02");
  ASSERT_TRUE(r) << r.error().message;
  EXPECT_EQ(r->sample_count, 40U);
  std::vector<float> ia(1);
  r->samples->read_analog(0, 7, ia);
  EXPECT_FLOAT_EQ(ia[0], 2.0F);
  const auto wrong = read_sampled_values(capture, "MU03");
  ASSERT_FALSE(wrong);
  EXPECT_NE(wrong.error().message.find("MU01, MU02"), std::string::npos);
}

TEST(SampledValues, EightAsdusInAFrameAreEightSamples) {
  std::string asdus;
  for (int n = 0; n < 8; ++n) {
    asdus += asdu({.count = n});
  }
  const std::string bytes = frame(asdus, 8);
  const auto parsed = parse_sv_frame(std::as_bytes(std::span(bytes)));
  ASSERT_TRUE(parsed);
  ASSERT_TRUE(*parsed);
  EXPECT_EQ((*parsed)->asdus.size(), 8U);
  EXPECT_EQ((*parsed)->asdus[7].smp_cnt, 7);
}

TEST(SampledValues, AFrameCutAnywhereIsAnErrorOrNoSvFrameButNeverReadBeyond) {
  const std::string whole = frame(asdu({}), 1);
  for (std::size_t length = 0; length < whole.size(); ++length) {
    const std::string cut = whole.substr(0, length);
    const auto parsed = parse_sv_frame(std::as_bytes(std::span(cut)));
    EXPECT_TRUE(!parsed || !*parsed) << length;
  }
}

TEST(SampledValues, ACaptureWithoutThemSaysSo) {
  const auto r = read_sampled_values(own_bytes("empty.pcap", pcap({})), "");
  ASSERT_FALSE(r);
  EXPECT_NE(r.error().message.find("none of them IEC 61850-9-2"), std::string::npos);
  EXPECT_FALSE(read_sampled_values(own_bytes("x.pcap", std::string(100, 'x')), ""));
}

TEST(PacketCapture, ACutCaptureGivesWhatItHoldsAndSaysWhereItEnds) {
  const std::string whole = pcap(run(0, 10));
  const std::string cut = whole.substr(0, whole.size() - 5);
  PacketCapture capture(std::as_bytes(std::span(cut)));
  int packets = 0;
  while (capture.next()) {
    ++packets;
  }
  EXPECT_EQ(packets, 9);
  EXPECT_NE(capture.error().find("cut off"), std::string::npos);
}

}  // namespace
}  // namespace halfcycle::formats
