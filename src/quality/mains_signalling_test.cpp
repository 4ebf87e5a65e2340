// SPDX-License-Identifier: Apache-2.0
// IEC 61000-4-30 §5.10: recording of an emission.
#include "quality/mains_signalling.hpp"

#include <gtest/gtest.h>

namespace halfcycle::quality {
namespace {

const Instant kStart = Instant::from_unix_ns(1600000000000000000);
Instant at(int window) { return kStart + Duration::ms(200 * window); }

TEST(MainsSignalling, AnEmissionIsRecordedForTheSetTimeFromItsFirstValueOn) {
  SignallingRecorder recorder({.threshold_ratio = 0.01, .record_seconds = 2.0});
  int done_at = -1;
  for (int k = 0; k < 40; ++k) {
    const double level = k >= 5 && k < 9 ? 0.02 + 0.001 * k : 0.002;
    if (recorder.push(at(k), at(k + 1), {0.001, level, kNotAvailable})) {
      EXPECT_EQ(done_at, -1);
      done_at = k;
    }
    EXPECT_EQ(recorder.recording(), k >= 5 && k < 14);
  }
  EXPECT_EQ(done_at, 14);
  EXPECT_EQ(recorder.emission().start, at(5));
  EXPECT_EQ(recorder.emission().end, at(9));
  EXPECT_DOUBLE_EQ(recorder.emission().max_ratio, 0.028);
  EXPECT_EQ(recorder.emission().channel, 1);
  ASSERT_EQ(recorder.record().size(), 10U);
  EXPECT_FLOAT_EQ(recorder.record()[0], 0.025F);
  EXPECT_FLOAT_EQ(recorder.record()[9], 0.002F);
}

TEST(MainsSignalling, ALongEmissionIsRecordedOnceAndAtMost120Seconds) {
  SignallingRecorder recorder({.threshold_ratio = 0.01, .record_seconds = 120.0});
  int records = 0;
  for (int k = 0; k < 2000; ++k) {
    records += recorder.push(at(k), at(k + 1), {0.05, 0.01, 0.0}) ? 1 : 0;
  }
  EXPECT_EQ(records, 1);
  EXPECT_EQ(recorder.record().size(), 600U);
  // The next one begins with a value that rises again.
  EXPECT_FALSE(recorder.push(at(2000), at(2001), {0.001, 0.0, 0.0}));
  EXPECT_FALSE(recorder.push(at(2001), at(2002), {0.03, 0.0, 0.0}));
  EXPECT_TRUE(recorder.recording());
  EXPECT_TRUE(recorder.interrupt());
  EXPECT_FALSE(recorder.recording());
}

TEST(MainsSignalling, WhatIsNotAvailableIsNoEmission) {
  SignallingRecorder recorder({});
  EXPECT_FALSE(recorder.push(at(0), at(1), {kNotAvailable, kNotAvailable, kNotAvailable}));
  EXPECT_FALSE(recorder.recording());
}

}  // namespace
}  // namespace halfcycle::quality
