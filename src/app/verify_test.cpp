// SPDX-License-Identifier: Apache-2.0
// The truths of `verify` against plain sums over its own samples.
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <iterator>
#include <numbers>
#include <string>

#include "app/verify.hpp"
#include "app/verify_signal.hpp"

namespace halfcycle::app {
namespace {

VerifySignal distorted() {
  VerifySignal signal;
  signal.fundamental_hertz = 50.0;
  signal.rate_hertz = 10000.0;
  signal.seconds = 0.2;
  for (std::size_t phase = 0; phase < 3; ++phase) {
    const double angle = -2.0 * std::numbers::pi * static_cast<double>(phase) / 3.0;
    const double size = 230.0 - 10.0 * static_cast<double>(phase);
    signal.channels.push_back({static_cast<Input>(phase), {{1, size, angle}, {5, 20.0, 0.4}}});
  }
  for (std::size_t phase = 0; phase < 3; ++phase) {
    const double angle = -2.0 * std::numbers::pi * static_cast<double>(phase) / 3.0 - 0.5;
    signal.channels.push_back({static_cast<Input>(4 + phase), {{1, 5.0, angle}, {5, 2.0, 1.0}}});
  }
  return signal;
}

TEST(VerifySignal, StatesTheRmsAndPowerThatItsSamplesHave) {
  const VerifySignal signal = distorted();
  std::vector<float> frames;
  signal.render(0, signal.frame_count(), frames);
  double u2 = 0.0;
  double p = 0.0;
  const std::size_t count = signal.frame_count();
  for (std::size_t n = 0; n < count; ++n) {
    const double u = frames[n * 8];
    u2 += u * u;
    p += u * static_cast<double>(frames[n * 8 + 4]);
  }
  const auto samples = static_cast<double>(count);
  EXPECT_NEAR(std::sqrt(u2 / samples) / signal.channel(Input::V1).rms(), 1.0, 1e-7);
  EXPECT_NEAR(p / samples / signal.active_power(0), 1.0, 1e-6);
  EXPECT_NEAR(signal.fundamental_reactive_power(0), 230.0 * 5.0 * std::sin(0.5), 1e-9);
  EXPECT_NEAR(signal.harmonic_ratio(Input::V1, 5), 20.0 / 230.0, 1e-12);
  EXPECT_EQ(signal.harmonic_ratio(Input::V1, 7), 0.0);
}

TEST(VerifySignal, StatesUnbalanceByFortescue) {
  // Magnitudes 230, 220, 210 at exactly 120°: |U1| is their mean, |U2| and |U0| are equal.
  const VerifySignal signal = distorted();
  const double u2 =
      std::abs(std::complex<double>(230, 0) + std::polar(220.0, 2 * std::numbers::pi / 3) +
               std::polar(210.0, -2 * std::numbers::pi / 3)) /
      3.0;
  EXPECT_NEAR(signal.negative_sequence_ratio(Input::V1), u2 / 220.0, 1e-12);
  EXPECT_NEAR(signal.zero_sequence_ratio(Input::V1), u2 / 220.0, 1e-12);
}

TEST(VerifySignal, StatesTheLinesOfAWindowThatItsSamplesHave) {
  // A tone of 37.3 turns in a window of 4096 samples, by the plain sum.
  constexpr double kTurns = 37.3;
  constexpr double kPhase = 0.8;
  constexpr int kPoints = 4096;
  for (const double k : {36.0, 37.0, 38.0, 60.0}) {
    std::complex<double> sum;
    for (int n = 0; n < kPoints; ++n) {
      const double x = (n + 0.5) / kPoints;
      sum += std::numbers::sqrt2 * std::sin(2.0 * std::numbers::pi * kTurns * x + kPhase) *
             std::polar(1.0, -2.0 * std::numbers::pi * k * x);
    }
    EXPECT_NEAR(line_square(kTurns, kPhase, k), 2.0 * std::norm(sum) / kPoints / kPoints, 1e-5);
  }
  EXPECT_NEAR(line_square(37.0, kPhase, 37.0), 1.0, 1e-12);
}

TEST(VerifySignal, StatesTheUrmsOfSteppedWindowsThatItsSamplesHave) {
  VerifySignal signal = distorted();
  for (VerifyChannel& channel : signal.channels) {
    channel.tones.resize(1);
  }
  signal.rate_hertz = 100000.0;
  const double start = signal.between_samples(2.3);
  signal.steps.push_back({start, signal.between_samples(2.9) - start, 0.4, {true, true, false}});
  std::vector<float> frames;
  signal.render(0, signal.frame_count(), frames);
  for (const std::size_t phase : {0U, 1U, 2U}) {
    for (const double x : {1.0, 2.0, 2.5, 3.0}) {
      double square = 0.0;
      for (std::size_t n = 0; n < 2000; ++n) {
        const double u = frames[(static_cast<std::size_t>(x * 2000.0) + n) * 8 + phase];
        square += u * u / 2000.0;
      }
      const double rms = signal.channels[phase].tones[0].rms;
      EXPECT_NEAR(signal.urms_ratio(phase, x), std::sqrt(square) / rms, 2e-4) << phase << " " << x;
    }
  }
}

TEST(VerifySignal, RendersTheSameInPieces) {
  const VerifySignal signal = distorted();
  std::vector<float> whole;
  std::vector<float> part;
  signal.render(0, 100, whole);
  signal.render(60, 40, part);
  EXPECT_TRUE(std::equal(part.begin(), part.end(), whole.begin() + 480));
}

TEST(VerifyRow, PassesOnlyWithANumberWithinTheLimit) {
  VerifyRow row;
  row.limit = 0.1;
  row.error = 0.1;
  EXPECT_TRUE(row.pass());
  row.error = -0.11;
  EXPECT_FALSE(row.pass());
  row.error = std::nan("");
  EXPECT_FALSE(row.pass());
}

TEST(VerifyPage, HasTheWorstPointOfEachQuantityAndThenAllInTheirOrder) {
  const std::vector<VerifyRow> rows{
      {"4-30 5.1", "frequency", "50 Hz", 10.0, 1.0, 0.25, "mHz"},
      {"4-30 5.2", "voltage", "50 Hz", 0.1, 0.002, 0.001, "%"},
      {"4-30 5.1", "frequency", "60 Hz", 10.0, 1.0, 0.5, "mHz"},
  };
  const std::string page = verify_page(rows);
  EXPECT_NE(page.find("| 4-30 5.1 | frequency | 2 | 0.5 | 10 | mHz | 5 % | 60 Hz |\n"
                      "| 4-30 5.2 | voltage | 1 | 0.001 | 0.1 | % | 1 % | 50 Hz |\n"),
            std::string::npos)
      << page;
  EXPECT_NE(page.find("\n### 4-30 5.1: frequency\n\n"
                      "| condition | error | budget | limit | unit |\n|---|---|---|---|---|\n"
                      "| 50 Hz | 0.25 | 1 | 10 | mHz |\n| 60 Hz | 0.5 | 1 | 10 | mHz |\n"
                      "\n### 4-30 5.2: voltage\n"),
            std::string::npos)
      << page;
}

// Its rows are compared by tests/e2e/test_accuracy.py, which has run them all.
TEST(VerifyPage, BeginsAsThePageInTheDocumentation) {
  std::ifstream file(std::string(HC_SOURCE_DIR) + "/docs/accuracy.md");
  const std::string written{std::istreambuf_iterator<char>(file), {}};
  const auto beginning = [](const std::string& page) { return page.substr(0, page.find("|---")); };
  EXPECT_EQ(beginning(written), beginning(verify_page({})))
      << "write it anew: halfcycle verify --markdown > docs/accuracy.md";
}

}  // namespace
}  // namespace halfcycle::app
