// SPDX-License-Identifier: Apache-2.0
// The measuring side: rings that neither lose nor mix messages, and a graph that does not allocate
// while it hands over.
#include "recorder/intake.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <thread>

#include "recorder/recorder_fixture.hpp"

namespace halfcycle::recorder {
namespace {

TEST(ByteRing, KeepsMessagesOfAnySizeInOrderBetweenTwoThreads) {
  ByteRing ring(4096);
  constexpr std::uint32_t kMessages = 200000;
  std::thread consumer([&] {
    for (std::uint32_t n = 0; n < kMessages;) {
      const auto message = ring.front();
      if (message.empty()) {
        std::this_thread::yield();
        continue;
      }
      std::uint32_t number = 0;
      ASSERT_GE(message.size(), sizeof(number));
      std::memcpy(&number, message.data(), sizeof(number));
      ASSERT_EQ(number, n);
      ASSERT_EQ(message.size(), 4 + n * 7 % 300);
      for (std::size_t i = 4; i < message.size(); ++i) {
        ASSERT_EQ(message[i], static_cast<std::byte>(n));
      }
      ring.pop();
      ++n;
    }
  });
  for (std::uint32_t n = 0; n < kMessages;) {
    const std::size_t size = 4 + n * 7 % 300;
    std::byte* at = ring.reserve(size);
    if (at == nullptr) {
      std::this_thread::yield();
      continue;
    }
    std::memcpy(at, &n, sizeof(n));
    std::memset(at + 4, static_cast<int>(static_cast<unsigned char>(n)), size - 4);
    ring.publish();
    ++n;
  }
  consumer.join();
  EXPECT_EQ(ring.used(), 0U);
}

TEST(ByteRing, RefusesWhatHasNoRoomAndGoesOnAfterwards) {
  ByteRing ring(1024);
  int taken = 0;
  while (std::byte* at = ring.reserve(56)) {
    std::memset(at, taken, 56);
    ring.publish();
    ++taken;
  }
  EXPECT_EQ(taken, 16);
  EXPECT_EQ(ring.reserve(600), nullptr) << "more than half of the ring";
  for (int n = 0; n < taken; ++n) {
    const auto message = ring.front();
    ASSERT_EQ(message.size(), 56U);
    EXPECT_EQ(message[55], static_cast<std::byte>(n));
    ring.pop();
  }
  EXPECT_TRUE(ring.front().empty());
  EXPECT_NE(ring.reserve(56), nullptr);
}

TEST(Intake, MeasuringDoesNotAllocateWhileItHandsOverRowsEventsAndDisturbances) {
  testing_store::TestMeter meter(std::string(testing_store::kSecondLog) + R"(
[[module]]
type = "Setpoint"
label = "High"
inputs = { Source = "X" }
setup = { "High Limit" = 10, "Low Limit" = 9, SusUntlON = 0, SusUntlOFF = 0 }
)");
  Intake intake("m", meter.graph->compiled());
  meter.graph->set_event_sink(&intake);
  meter.graph->set_effect_sink(&intake);
  const quality::VoltageEvent dip;
  const auto life = [&] {
    for (int i = 0; i < 400; ++i) {
      meter.frame(i % 20, i);
      meter.press();
      intake.on_voltage_event(dip);
    }
  };
  life();
  const std::size_t before = testing_store::allocations();
  life();
  EXPECT_EQ(testing_store::allocations(), before);
  EXPECT_GT(intake.waiting_bytes(), 400U * 32U);
  EXPECT_GT(intake.dropped_events(), 0U) << "the small ring of disturbances is full by now";
}

}  // namespace
}  // namespace halfcycle::recorder
