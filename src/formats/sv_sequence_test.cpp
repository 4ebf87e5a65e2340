// SPDX-License-Identifier: Apache-2.0
#include "formats/sv_sequence.hpp"

#include <gtest/gtest.h>

namespace halfcycle::formats {
namespace {

using Kind = SvPlace::Kind;
constexpr std::int64_t kSecond = 1000000000;
constexpr std::int64_t kSample = 250000;  // of 4000 a second

class Sequence : public ::testing::Test {
 protected:
  SvPlace at(int count, std::int64_t received_ns, int synch = 2,
             std::optional<std::int64_t> refr_tm = {}) {
    SvAsdu asdu;
    asdu.smp_cnt = static_cast<std::uint16_t>(count);
    asdu.smp_synch = static_cast<std::uint8_t>(synch);
    if (refr_tm) {
      asdu.refr_tm = Instant::from_unix_ns(*refr_tm);
    }
    return sequence.place(asdu, Instant::from_unix_ns(received_ns));
  }
  // `n` samples in order from `count`, each received `delay_ns` after `second` and its count.
  std::vector<SvPlace> run(std::int64_t second, int count, int n, std::int64_t delay_ns,
                           int synch = 2) {
    std::vector<SvPlace> places;
    for (int i = 0; i < n; ++i) {
      const std::int64_t c = count + i;
      places.push_back(
          at(static_cast<int>(c % 4000), second * kSecond + c * kSample + delay_ns, synch));
    }
    return places;
  }
  SvSequence sequence{4000};
};

TEST_F(Sequence, TheCountSaysTheFractionAndTheReceiverTheSecond) {
  // Received 3 ms late by a clock that is 0.4 s ahead: still the right second.
  const SvPlace first = at(1000, 20 * kSecond + 250000000 + 403000000);
  EXPECT_EQ(first.kind, Kind::First);
  EXPECT_EQ(first.at.unix_ns(), 20 * kSecond + 250000000);
  EXPECT_TRUE(first.quality.clock_ok);
  EXPECT_LE(first.quality.uncertainty_seconds, 1e-6);
  EXPECT_TRUE(first.second_by_receiver);
}

TEST_F(Sequence, TheCountWrapsAtTheSecond) {
  const auto places = run(20, 3998, 4, 1000000);
  EXPECT_EQ(places[0].kind, Kind::First);
  EXPECT_EQ(places[2].kind, Kind::Next);
  EXPECT_EQ(at(2, 21 * kSecond + 2 * kSample + 1000000).kind, Kind::Next);
}

TEST_F(Sequence, RefrTmSaysTheSecondBeforeTheReceiver) {
  const SvPlace first = at(1000, 999 * kSecond, 2, 20 * kSecond + 251000000);
  EXPECT_EQ(first.at.unix_ns(), 20 * kSecond + 250000000);
  EXPECT_FALSE(first.second_by_receiver);
}

TEST_F(Sequence, LostSamplesAreCountedAndWhatFollowsLiesWhereItsCountSays) {
  (void)run(20, 3990, 10, 1000000);
  const SvPlace after = at(5, 21 * kSecond + 5 * kSample + 900000);
  EXPECT_EQ(after.kind, Kind::Gap);
  EXPECT_EQ(after.lost, 5U);
  EXPECT_EQ(after.at.unix_ns(), 21 * kSecond + 5 * kSample);
}

TEST_F(Sequence, WholeSecondsThatWereLostShowInTheReceiversClock) {
  (void)run(20, 0, 10, 1000000);
  const SvPlace after = at(10, 23 * kSecond + 10 * kSample + 1200000);
  EXPECT_EQ(after.kind, Kind::Gap);
  EXPECT_EQ(after.lost, 12000U);
  EXPECT_EQ(after.at.unix_ns(), 23 * kSecond + 10 * kSample);
}

TEST_F(Sequence, DuplicatesAndLatecomersAreToldFromLosses) {
  (void)run(20, 0, 10, 1000000);
  const std::int64_t now = 20 * kSecond + 10 * kSample + 1000000;
  EXPECT_EQ(at(9, now).kind, Kind::Repeated);
  EXPECT_EQ(at(7, now).kind, Kind::Late);
  EXPECT_EQ(at(10, now).kind, Kind::Next) << "what was passed over changes nothing";
  const SvPlace gap = at(12, now + 2 * kSample);
  EXPECT_EQ(gap.kind, Kind::Gap);
  EXPECT_EQ(gap.lost, 1U);
  EXPECT_EQ(at(11, now + 2 * kSample + 10000).kind, Kind::Late);
  EXPECT_EQ(at(13, now + 3 * kSample).kind, Kind::Next);
}

TEST_F(Sequence, ACountThatTheRateDoesNotHaveIsRefused) {
  EXPECT_EQ(at(4000, 20 * kSecond).kind, Kind::Beyond);
  EXPECT_EQ(at(3999, 20 * kSecond).kind, Kind::First);
}

TEST_F(Sequence, AMergingUnitThatGainsItsClockStepsToIt) {
  const SvPlace first = at(100, 20 * kSecond + 400000000, 0);
  EXPECT_EQ(first.at.unix_ns(), 20 * kSecond + 400000000) << "where it was received";
  EXPECT_FALSE(first.quality.clock_ok);
  // It counts anew at the pulse: the samples go on, their numbers do not.
  const SvPlace step = at(1700, 20 * kSecond + 400000000 + kSample + 1000000 + 23750000, 2);
  EXPECT_EQ(step.kind, Kind::ClockStep);
  EXPECT_EQ(step.at.unix_ns(), 20 * kSecond + 425000000);
  EXPECT_TRUE(step.quality.clock_ok);
}

TEST_F(Sequence, ALocalClockNearTheReceiversIsTakenToCountFromTheSecond) {
  EXPECT_EQ(at(0, 20 * kSecond + 30000000, 1).at.unix_ns(), 20 * kSecond);
}

TEST_F(Sequence, ALocalClockThatIsElsewhereLeavesTheTimeToTheReceiver) {
  const SvPlace first = at(0, 20 * kSecond + 300000000, 1);
  EXPECT_EQ(first.at.unix_ns(), 20 * kSecond + 300000000);
  EXPECT_FALSE(first.quality.clock_ok);
}

TEST_F(Sequence, UnsynchronisedSamplesFollowTheReceiversClockInSteps) {
  // 1 % too slow: 10 ms a second.
  int steps = 0;
  std::int64_t last = 0;
  for (int n = 0; n < 40000; ++n) {
    const std::int64_t received = 20 * kSecond + n * (kSample + kSample / 100);
    const SvPlace place = at(n % 4000, received, 0);
    ASSERT_TRUE(place.kind == Kind::First || place.kind == Kind::Next ||
                place.kind == Kind::ClockStep);
    if (place.kind == Kind::ClockStep) {
      ++steps;
      EXPECT_LT(std::abs(place.at.unix_ns() - received), 15000000);
      last = n;
    }
  }
  EXPECT_GE(steps, 2);
  EXPECT_LE(steps, 5);
  EXPECT_GT(last, 20000);
}

TEST_F(Sequence, AJitterOfTheNetworkMovesNothing) {
  for (int n = 0; n < 12000; ++n) {
    const std::int64_t delay = n % 1000 < 200 ? 30000000 : 500000;
    const SvPlace place = at(n % 4000, 20 * kSecond + n * kSample + delay);
    ASSERT_EQ(place.kind, n == 0 ? Kind::First : Kind::Next) << n;
  }
}

TEST_F(Sequence, AReceiversClockThatWasSetTakesTheSecondsAlong) {
  (void)run(20, 0, 4000, 1000000);
  std::vector<SvPlace> places;
  for (int n = 0; n < 8000; ++n) {  // set forward by 100 s between two samples
    places.push_back(at(n % 4000, 121 * kSecond + n * kSample + 1000000));
  }
  EXPECT_EQ(places[0].kind, Kind::Gap) << "by the receiver's clock, seconds have passed";
  EXPECT_EQ(places[0].at.unix_ns(), 121 * kSecond);
}

}  // namespace
}  // namespace halfcycle::formats
