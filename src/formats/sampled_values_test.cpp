// SPDX-License-Identifier: Apache-2.0
#include "formats/sampled_values.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "formats/packet_capture.hpp"
#include "formats/sv_frame_text.hpp"

namespace halfcycle::formats {
namespace {

using testing::PcapText;
using testing::SvFrameText;
using testing::SvSampleText;

struct Sample {
  std::string sv_id = "MU01";
  int count = 0;
  std::int32_t ia_milliamperes = 1000;
  std::uint32_t quality = 0;
  int synch = 2;
  double seconds = 0.0;  // capture time; 0: count / 4000 after 10 s
  std::int64_t refr_tm_ns = 0;
};

SvSampleText text_of(const Sample& s) {
  SvSampleText text{
      .sv_id = s.sv_id, .count = s.count, .synch = s.synch, .refr_tm_ns = s.refr_tm_ns};
  text.channels[0] = {s.ia_milliamperes, s.quality};
  return text;
}
std::string pcap(const std::vector<Sample>& samples, SvFrameText frame = {}) {
  PcapText out;
  for (const Sample& s : samples) {
    const double t = s.seconds > 0.0 ? s.seconds : 10.0 + s.count / 4000.0;
    out.add(frame({text_of(s)}), std::llround(t * 1e9));
  }
  return out.text();
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

  const auto r = read_sampled_values(capture, {});
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
  const auto r = read_sampled_values(own_bytes("lost.pcap", pcap(samples)), {.sv_id = "MU01"});
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
  const auto r = read_sampled_values(own_bytes("lost.pcap", pcap(samples)), {});
  ASSERT_TRUE(r) << r.error().message;
  ASSERT_EQ(r->segments.size(), 2U);
  EXPECT_EQ(r->segments[1].start, Duration::us(10 * 250) + Duration::seconds(3));
}

TEST(SampledValues, InvalidValuesAreMissingAndQuestionableOnesAreKept) {
  auto samples = run(0, 40);
  samples[3].quality = 1;
  samples[4].quality = 3;
  const auto r = read_sampled_values(own_bytes("q.pcap", pcap(samples)), {});
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
  const auto capture = own_bytes("two.pcap", pcap(samples, {.vlan_tags = 1}));
  EXPECT_EQ(list_streams(capture)->size(), 2U);
  const auto r = read_sampled_values(capture, {.sv_id = "MU02"});
  ASSERT_TRUE(r) << r.error().message;
  EXPECT_EQ(r->sample_count, 40U);
  std::vector<float> ia(1);
  r->samples->read_analog(0, 7, ia);
  EXPECT_FLOAT_EQ(ia[0], 2.0F);
  const auto wrong = read_sampled_values(capture, {.sv_id = "MU03"});
  ASSERT_FALSE(wrong);
  EXPECT_NE(wrong.error().message.find(
                "MU01 (APPID 0x4000, 8 channels), MU02 (APPID 0x4000, 8 channels)"),
            std::string::npos);
}

TEST(SampledValues, EightAsdusInAFrameAreEightSamples) {
  std::vector<SvSampleText> samples;
  for (int n = 0; n < 8; ++n) {
    samples.push_back({.count = n});
  }
  for (const int tags : {0, 1, 2}) {
    const std::string bytes = SvFrameText{.vlan_tags = tags}(samples);
    SvFrame frame;
    ASSERT_EQ(frame.parse(std::as_bytes(std::span(bytes))), SvFrame::Kind::Values);
    ASSERT_EQ(frame.asdus().size(), 8U);
    EXPECT_EQ(frame.asdus()[7].smp_cnt, 7);
    EXPECT_EQ(frame.app_id(), 0x4000);
  }
}

TEST(SampledValues, AFrameCutAnywhereIsAnErrorOrNoSvFrameButNeverReadBeyond) {
  const std::string whole = SvFrameText{}({SvSampleText{}});
  for (std::size_t length = 0; length < whole.size(); ++length) {
    const std::string cut = whole.substr(0, length);
    SvFrame frame;
    EXPECT_NE(frame.parse(std::as_bytes(std::span(cut))), SvFrame::Kind::Values) << length;
    EXPECT_TRUE(frame.asdus().empty());
  }
}

TEST(SampledValues, ACaptureWithoutThemSaysSo) {
  const auto r = read_sampled_values(own_bytes("empty.pcap", pcap({})), {});
  ASSERT_FALSE(r);
  EXPECT_NE(r.error().message.find("none of them IEC 61850-9-2"), std::string::npos);
  EXPECT_FALSE(read_sampled_values(own_bytes("x.pcap", std::string(100, 'x')), {}));
}

// 256 samples a cycle of 50 Hz in frames of eight.
TEST(SampledValues, TheRateOf256SamplesACycleIsTold) {
  PcapText out;
  for (int first = 0; first < 3200; first += 8) {
    std::vector<SvSampleText> samples;
    for (int n = first; n < first + 8; ++n) {
      samples.push_back({.count = n, .channels = testing::feeder_channels(n / 12800.0, 50.0)});
    }
    out.add(SvFrameText{}(samples), 10000000000 + (first + 8) * std::int64_t{78125});
  }
  const auto r = read_sampled_values(own_bytes("le256.pcap", out.text()), {});
  ASSERT_TRUE(r) << r.error().message;
  EXPECT_EQ(r->segments.at(0).rate_hertz, 12800.0);
  EXPECT_EQ(r->segments.size(), 1U);
  EXPECT_NEAR(rms_of_last_whole_cycles(*r, 4, 2560), 57735.0, 0.01);
  EXPECT_NEAR(rms_of_last_whole_cycles(*r, 1, 2560), 1000.0, 0.01);
}

TEST(SampledValues, ARateThatIsGivenIsTakenWhereNothingSpeaksAgainstIt) {
  std::vector<Sample> bursts;  // three frames at once: no clock tells the rate
  for (int n = 0; n < 3; ++n) {
    bursts.push_back({.count = n, .seconds = 10.0});
  }
  const auto capture = own_bytes("burst.pcap", pcap(bursts));
  EXPECT_FALSE(read_sampled_values(capture, {}));
  EXPECT_EQ(read_sampled_values(capture, {.rate = 4800})->segments.at(0).rate_hertz, 4800.0);
  const auto steady = own_bytes("steady.pcap", pcap(run(0, 40)));
  EXPECT_TRUE(read_sampled_values(steady, {.rate = 4000}));
  const auto wrong = read_sampled_values(steady, {.rate = 4800});
  ASSERT_FALSE(wrong);
  EXPECT_NE(wrong.error().message.find("is 4000 and not 4800"), std::string::npos);
}

TEST(SampledValues, StreamsOfOneNameAreToldApartByTheirAppid) {
  PcapText out;
  for (int n = 0; n < 40; ++n) {
    for (const int app : {0x4000, 0x4001}) {
      Sample s{.count = n, .ia_milliamperes = app};
      out.add(SvFrameText{.app_id = static_cast<std::uint16_t>(app)}({text_of(s)}),
              10000000000 + n * std::int64_t{250000});
    }
  }
  const auto capture = own_bytes("same.pcap", out.text());
  ASSERT_EQ(list_streams(capture)->size(), 2U);
  const auto r = read_sampled_values(capture, {.app_id = 0x4001});
  ASSERT_TRUE(r) << r.error().message;
  EXPECT_EQ(r->sample_count, 40U);
  std::vector<float> ia(1);
  r->samples->read_analog(0, 7, ia);
  EXPECT_FLOAT_EQ(ia[0], 16.385F);
  const auto none = read_sampled_values(capture, {.sv_id = "MU01", .app_id = 0x4007});
  ASSERT_FALSE(none);
  EXPECT_NE(none.error().message.find("svID 'MU01', APPID 0x4007"), std::string::npos);
  EXPECT_NE(none.error().message.find("0x4001"), std::string::npos) << none.error().message;
}

TEST(SampledValues, WhatIsNoMeasurementIsMissingWhateverItsValiditySays) {
  struct Case {
    std::uint32_t quality;
    bool missing;
  };
  // Bits by IEC 61850-7-3 §6.2: 0-1 validity, 2 overflow, … 13 derived.
  for (const Case c :
       {Case{0x0000, false}, Case{0x0001, true}, Case{0x0002, true}, Case{0x0003, false},
        Case{0x0004, true}, Case{0x0008, false}, Case{0x0010, false}, Case{0x0020, false},
        Case{0x0040, true}, Case{0x0080, true}, Case{0x0100, false}, Case{0x0200, false},
        Case{0x0400, true}, Case{0x0800, true}, Case{0x1000, true}, Case{0x2000, false}}) {
    auto samples = run(0, 40);
    samples[3].quality = c.quality;
    const auto r = read_sampled_values(own_bytes("q.pcap", pcap(samples)), {});
    ASSERT_TRUE(r) << r.error().message;
    std::vector<float> ia(5);
    r->samples->read_analog(0, 0, ia);
    EXPECT_EQ(std::isnan(ia[3]), c.missing) << c.quality;
    EXPECT_FALSE(std::isnan(ia[4]));
    const bool doubtful = c.quality == 3 || (c.quality & 0x338U) != 0;
    EXPECT_EQ(r->warnings.size(), c.missing || doubtful ? 1U : 0U) << c.quality;
  }
}

TEST(SampledValues, TestValuesAndSimulatedFramesAreMeasuredOnlyWhenAsked) {
  auto samples = run(0, 40);
  samples[3].quality = 0x0800;
  const auto marked = own_bytes("test.pcap", pcap(samples));
  std::vector<float> ia(4);
  read_sampled_values(marked, {.test = true})->samples->read_analog(0, 0, ia);
  EXPECT_FLOAT_EQ(ia[3], 0.003F);

  const auto simulated = own_bytes("sim.pcap", pcap(run(0, 40), {.simulated = true}));
  const auto refused = read_sampled_values(simulated, {});
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("test=yes"), std::string::npos);
  EXPECT_TRUE(read_sampled_values(simulated, {.test = true}));
}

TEST(SampledValues, SynchronisationIsKeptSampleBySample) {
  auto samples = run(0, 60);
  for (std::size_t n = 20; n < 40; ++n) {
    samples[n].synch = 0;
  }
  const auto r = read_sampled_values(own_bytes("synch.pcap", pcap(samples)), {});
  ASSERT_TRUE(r) << r.error().message;
  ASSERT_EQ(r->time_qualities.size(), 3U);
  EXPECT_EQ(r->time_qualities[1].first_sample, 20U);
  EXPECT_FALSE(r->time_qualities[1].quality.clock_ok);
  EXPECT_EQ(r->time_qualities[2].first_sample, 40U);
  EXPECT_TRUE(r->time_qualities[2].quality.clock_ok);
  EXPECT_FALSE(r->time_quality.clock_ok) << "the worst";
  EXPECT_EQ(r->segments.size(), 1U);
}

TEST(SampledValues, OnlyAGlobalClockIsUtc) {
  struct Case {
    int synch;
    bool ok;
  };
  for (const Case c : {Case{0, false}, Case{1, false}, Case{2, true}, Case{3, false},
                       Case{5, false}, Case{254, false}, Case{255, false}}) {
    auto samples = run(0, 40);
    for (Sample& s : samples) {
      s.synch = c.synch;
    }
    const auto r = read_sampled_values(own_bytes("synch.pcap", pcap(samples)), {});
    ASSERT_TRUE(r) << r.error().message;
    EXPECT_EQ(r->time_quality.clock_ok, c.ok) << c.synch;
  }
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
