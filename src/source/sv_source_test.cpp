// SPDX-License-Identifier: Apache-2.0
#include "source/sv_source.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "formats/sv_frame_text.hpp"
#include "source/calibration.hpp"
#include "source/open.hpp"
#include "source/sv_feed.hpp"

namespace halfcycle::source {
namespace {

using formats::testing::feeder_channels;
using formats::testing::SvFrameText;
using formats::testing::SvSampleText;
using testing::FrameList;
using ::testing::HasSubstr;

constexpr std::int64_t kSecond = 1000000000;
constexpr int kRate = 4000;
constexpr std::int64_t kSample = kSecond / kRate;

SvSampleText sample(int n, int synch = 2) {
  return {.count = n % kRate, .synch = synch, .channels = feeder_channels(n / 4000.0, 50.0)};
}

class SvLive : public ::testing::Test {
 protected:
  void start(SvStreamSetup setup = testing::le_setup(kRate)) {
    auto list = std::make_unique<FrameList>();
    feed = list.get();
    source = make_sv_source(std::move(setup), std::move(list));
  }
  /// Sample n of a stream that began at second 100, 2 ms late.
  void send(const SvSampleText& s, int n, SvFrameText frame = {}) {
    feed->add(frame({s}), 100 * kSecond + n * kSample + 2000000);
  }
  void send(int from, int to, int synch = 2) {
    for (int n = from; n < to; ++n) {
      send(sample(n, synch), n);
    }
  }
  SampleBlock read(std::size_t most = 4096) {
    const auto block = source->read(most);
    EXPECT_TRUE(block) << block.error().message;
    EXPECT_TRUE(*block) << "a live source has no end";
    return **block;
  }
  static Instant start_of(const SampleBlock& block) {
    return block.time.instant_of(static_cast<double>(block.first_index));
  }

  FrameList* feed = nullptr;
  std::unique_ptr<Source> source;
};

TEST_F(SvLive, NothingIsABlockWithoutFrames) {
  start();
  EXPECT_EQ(read().frame_count, 0U);
  send(0, 3);
  EXPECT_EQ(read().frame_count, 3U);
  EXPECT_EQ(read().frame_count, 0U);
}

TEST_F(SvLive, ValuesTimesAndIndicesAreThoseOfTheSamples) {
  start();
  send(0, 100);
  const SampleBlock first = read(40);
  EXPECT_EQ(first.frame_count, 40U);
  EXPECT_EQ(first.discontinuity, Discontinuity::Start);
  EXPECT_EQ(first.time.rate_hertz, 4000.0);
  EXPECT_EQ(start_of(first).unix_ns(), 100 * kSecond) << "the count, not the receiver";
  EXPECT_TRUE(first.time_quality.clock_ok);
  for (std::size_t n = 0; n < 40; ++n) {
    const double t = static_cast<double>(n) / 4000.0;
    const float* frame = first.frames + n * first.lanes;
    EXPECT_NEAR(frame[lane(Input::V1)], 57735.0 * std::sqrt(2.0) * std::sin(314.159265358979 * t),
                0.02);
    EXPECT_NEAR(frame[lane(Input::I1)], 1000.0 * std::sqrt(2.0) * std::sin(314.159265358979 * t),
                0.002);
  }
  const SampleBlock second = read(100);
  EXPECT_EQ(second.frame_count, 60U);
  EXPECT_EQ(second.first_index, 40U);
  EXPECT_EQ(second.discontinuity, Discontinuity::None);
  EXPECT_EQ(second.time.index, first.time.index);
  EXPECT_EQ(second.time.at, first.time.at);
}

TEST_F(SvLive, LossesOnTheNetworkAreGapsThatSkipNoIndex) {
  start();
  send(0, 10);
  send(15, 20);
  EXPECT_EQ(read().frame_count, 10U);
  const SampleBlock after = read();
  EXPECT_EQ(after.frame_count, 5U);
  EXPECT_EQ(after.discontinuity, Discontinuity::Gap);
  EXPECT_EQ(after.first_index, 10U);
  EXPECT_EQ(start_of(after).unix_ns(), 100 * kSecond + 15 * kSample);
}

TEST_F(SvLive, WhatTheKernelDroppedSkipsIndices) {
  start();
  send(0, 10);
  send(15, 20);
  (void)read();
  feed->drop(5);
  const SampleBlock after = read();
  EXPECT_EQ(after.discontinuity, Discontinuity::Gap);
  EXPECT_EQ(after.first_index, 15U);
  EXPECT_EQ(start_of(after).unix_ns(), 100 * kSecond + 15 * kSample);
}

TEST_F(SvLive, OtherStreamsAreLeftAlone) {
  SvStreamSetup setup = testing::le_setup(kRate);
  setup.choice.app_id = 0x4001;
  start(std::move(setup));
  for (int n = 0; n < 20; ++n) {
    SvSampleText other = sample(3999 - n);
    other.sv_id = "MU02";
    other.channels.resize(3);
    send(other, n);
    send(sample(n), n, {.app_id = 0x4002});
    send(sample(n), n, {.app_id = 0x4001, .vlan_tags = 1});
  }
  const SampleBlock block = read();
  EXPECT_EQ(block.frame_count, 20U);
  EXPECT_EQ(block.discontinuity, Discontinuity::Start);
}

TEST_F(SvLive, SynchronisationReachesEachBlock) {
  start();
  send(0, 10, 2);
  send(10, 20, 0);
  send(20, 30, 2);
  EXPECT_TRUE(read().time_quality.clock_ok);
  const SampleBlock free_running = read();
  EXPECT_EQ(free_running.frame_count, 10U);
  EXPECT_FALSE(free_running.time_quality.clock_ok);
  EXPECT_EQ(free_running.discontinuity, Discontinuity::None) << "the samples go on";
  const SampleBlock locked = read();
  EXPECT_TRUE(locked.time_quality.clock_ok);
  EXPECT_EQ(locked.frame_count, 10U);
}

TEST_F(SvLive, AMachineWhoseClockIsOffCannotTellTheSecond) {
  SvStreamSetup setup = testing::le_setup(kRate);
  setup.clock_is_off = [] { return true; };
  start(setup);
  send(0, 10);
  EXPECT_FALSE(read().time_quality.clock_ok);

  start(setup);
  SvSampleText stamped = sample(0);
  stamped.refr_tm_ns = 100 * kSecond;
  send(stamped, 0);
  EXPECT_TRUE(read().time_quality.clock_ok) << "the frame says it itself";
  stamped = sample(1);
  stamped.refr_tm_ns = 100 * kSecond;
  stamped.refr_tm_quality = 0x20;
  send(stamped, 1);
  EXPECT_FALSE(read().time_quality.clock_ok) << "its clock is not synchronised";
}

TEST_F(SvLive, QualityReachesTheLaneAndTheNotice) {
  start();
  for (int n = 0; n < kRate + 1; ++n) {
    SvSampleText s = sample(n);
    s.channels[4].quality = 0x0001;  // Ua invalid
    s.channels[0].quality = 0x0203;  // Ia questionable, inaccurate
    s.channels[1].quality = 0x0800;  // Ib test
    s.channels[3].quality = 0x2000;  // In derived
    send(s, n);
  }
  const SampleBlock block = read();
  EXPECT_TRUE(std::isnan(block.frames[lane(Input::V1)]));
  EXPECT_TRUE(std::isnan(block.frames[lane(Input::I2)]));
  EXPECT_FALSE(std::isnan(block.frames[lane(Input::I1)]));
  EXPECT_FALSE(std::isnan(block.frames[lane(Input::I4)]));
  EXPECT_FALSE(std::isnan(block.frames[lane(Input::V2)]));
  const std::string notice(source->notice());
  EXPECT_THAT(notice, HasSubstr("Ua is not available: invalid"));
  EXPECT_THAT(notice, HasSubstr("Ib is not available: test"));
  EXPECT_THAT(notice, HasSubstr("Ia is questionable, inaccurate"));
  EXPECT_THAT(notice, ::testing::Not(HasSubstr("In")));
  send(kRate + 1, 3 * kRate);
  (void)read();
  (void)read();
  EXPECT_EQ(source->notice(), "") << "all is well again";
}

TEST_F(SvLive, TestValuesAreMeasuredWhenAsked) {
  SvStreamSetup setup = testing::le_setup(kRate);
  setup.choice.test = true;
  start(std::move(setup));
  SvSampleText s = sample(100);
  s.channels[1].quality = 0x0800;
  send(s, 100, {.simulated = true});
  const SampleBlock block = read();
  ASSERT_EQ(block.frame_count, 1U);
  EXPECT_FALSE(std::isnan(block.frames[lane(Input::I2)]));
}

TEST_F(SvLive, SimulatedFramesAreLeftOutAndTold) {
  start();
  for (int n = 0; n < kRate; ++n) {
    send(sample(n), n);
    SvSampleText wrong = sample(n);
    wrong.channels.assign(8, {.value = 999, .quality = 0});
    send(wrong, n, {.simulated = true});
  }
  const SampleBlock block = read();
  EXPECT_EQ(block.frame_count, 4000U);
  EXPECT_NEAR(block.frames[20 * block.lanes + lane(Input::V1)], 81649.6F, 1.0F);
  EXPECT_THAT(std::string(source->notice()), HasSubstr("simulated"));
}

TEST_F(SvLive, DuplicatesLatecomersAndBrokenFramesAreToldAndHarmNothing) {
  start();
  for (int n = 0; n < kRate; ++n) {
    send(sample(n), n);
    send(sample(n), n);
    if (n % 100 == 50) {
      send(sample(n - 3), n);
      feed->add(SvFrameText{}({sample(n)}).substr(0, 60), 100 * kSecond + n * kSample);
    }
  }
  const SampleBlock block = read();
  EXPECT_EQ(block.frame_count, 4000U);
  EXPECT_THAT(std::string(source->notice()), HasSubstr("more than once"));
  EXPECT_THAT(std::string(source->notice()), HasSubstr("wrong order"));
  EXPECT_THAT(std::string(source->notice()), HasSubstr("malformed"));
}

TEST_F(SvLive, EightSamplesAFrameAreReadAcrossBlocks) {
  start(testing::le_setup(12800));
  for (int first = 0; first < 800; first += 8) {
    std::vector<SvSampleText> samples;
    for (int n = first; n < first + 8; ++n) {
      samples.push_back({.count = n, .channels = feeder_channels(n / 12800.0, 50.0)});
    }
    feed->add(SvFrameText{}(samples), 100 * kSecond + (first + 8) * std::int64_t{78125});
  }
  std::size_t total = 0;
  for (const std::size_t most : {5U, 100U, 3U, 4096U}) {
    const SampleBlock block = read(most);
    EXPECT_EQ(block.first_index, total);
    total += block.frame_count;
  }
  EXPECT_EQ(total, 800U);
}

TEST_F(SvLive, AStreamOfAnotherRateOrLayoutIsRefusedButNotForAStrayFrame) {
  start();
  send(0, 10);
  SvSampleText stray = sample(0);
  stray.count = 4007;
  send(stray, 10);
  send(10, 20);
  EXPECT_EQ(read().frame_count, 20U);
  for (int n = 20; n < 600; ++n) {
    SvSampleText s = sample(n);
    s.channels.resize(6);
    send(s, n);
  }
  const auto block = source->read(4096);
  ASSERT_FALSE(block);
  EXPECT_THAT(block.error().message, HasSubstr("6 channels"));
}

// What it measures must not depend on the way it came in.
TEST_F(SvLive, ACaptureOfTheSameFramesGivesTheSameSamples) {
  start();
  formats::testing::PcapText pcap;
  for (int n = 0; n < 2000; ++n) {
    if (n / 100 % 5 != 3) {
      const std::string bytes = SvFrameText{}({sample(n)});
      feed->add(bytes, 100 * kSecond + n * kSample + 2000000);
      pcap.add(bytes, 100 * kSecond + n * kSample + 2000000);
    }
  }
  const auto r = formats::read_sampled_values(formats::own_bytes("same.pcap", pcap.text()), {});
  ASSERT_TRUE(r);
  std::vector<float> ua(r->sample_count);
  r->samples->read_analog(4, 0, ua);
  std::size_t at = 0;
  for (const auto& segment : r->segments) {
    const SampleBlock block = read();
    ASSERT_EQ(block.frame_count, segment.sample_count);
    EXPECT_EQ(start_of(block), *r->start + segment.start);
    for (std::size_t n = 0; n < block.frame_count; ++n) {
      ASSERT_EQ(block.frames[n * block.lanes + lane(Input::V1)], ua[at++]);
    }
  }
  EXPECT_EQ(at, r->sample_count);
}

TEST_F(SvLive, ACalibrationWithAPhaseShiftWaitsForSamplesAndGivesThemAll) {
  start();
  Calibration calibration;
  calibration.channels.push_back(
      {.input = Input::V1, .range = {}, .gain = 2.0, .offset = 0.0, .phase_degrees = 0.9});
  source = calibrate(std::move(source), calibration);
  EXPECT_EQ(read(40).frame_count, 0U);
  std::size_t total = 0;
  for (int n = 0; n < 400; n += 4) {
    send(n, n + 4);
    const SampleBlock block = read(40);
    EXPECT_EQ(block.discontinuity,
              total == 0 && block.frame_count > 0 ? Discontinuity::Start : block.discontinuity);
    total += block.frame_count;
  }
  EXPECT_GT(total, 300U);
  EXPECT_LT(total, 400U) << "the filter looks ahead";
}

SvAddress address_of(std::string_view text) {
  const auto address = parse_sv_address(text, "sv:");
  EXPECT_TRUE(address) << text;
  return address.value_or(SvAddress{});
}

TEST(SvAddress, NamesTheStream) {
  const SvAddress a = address_of("eth0,svid=MU01,appid=0x4001");
  EXPECT_EQ(a.place, "eth0");
  EXPECT_EQ(a.choice.sv_id, "MU01");
  EXPECT_EQ(a.choice.app_id, 0x4001);
  EXPECT_FALSE(a.choice.test);
  EXPECT_TRUE(address_of("eth0.7,test=yes").choice.test);
  EXPECT_EQ(address_of("eth0,appid=16384").choice.app_id, 0x4000);
  EXPECT_EQ(address_of("a,b/c,d.pcap").place, "a,b/c,d.pcap");
  EXPECT_EQ(address_of("a,b.pcap,svid=x").place, "a,b.pcap");
  EXPECT_EQ(address_of("a,b.pcap,svid=x").choice.sv_id, "x");
  for (const char* wrong : {"eth0,appid=0x12345", "eth0,appid=", "eth0,svd=MU01",
                            "eth0,svid=", "eth0,test=maybe", "eth0,appid=4000h"}) {
    const auto refused = parse_sv_address(wrong, "sv:");
    ASSERT_FALSE(refused) << wrong;
    EXPECT_EQ(refused.error().code, ErrorCode::Usage);
  }
  EXPECT_THAT(parse_sv_address("eth0,svd=MU01", "sv:").error().message, HasSubstr("svid"));
}

TEST(SvAddress, AnInterfaceThatIsNotThereIsToldWithThoseThatAre) {
  const auto source = open_source("sv:nothere0", {});
  ASSERT_FALSE(source);
  EXPECT_THAT(source.error().message, HasSubstr("there is no interface 'nothere0'"));
  EXPECT_THAT(source.error().message, HasSubstr("lo"));
  EXPECT_EQ(open_source("sv:", {}).error().code, ErrorCode::Usage);
}

}  // namespace
}  // namespace halfcycle::source
