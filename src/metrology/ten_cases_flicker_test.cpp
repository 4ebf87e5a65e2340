// SPDX-License-Identifier: Apache-2.0
// Case 7 of those that separate a correct meter from a plausible one: Pst for phase jumps, for a
// carrier with many zero crossings, scaled from 0.2 to 10, four lamps from one wave. Figures: IEC
// 61000-4-15 ed. 2, tables 1 and 5 and §6; phase jumps: simulated independently, each jump at a
// rising zero crossing of the actual wave, mean of both signs.
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <functional>
#include <numbers>
#include <vector>

#include "metrology/flicker.hpp"

namespace halfcycle::metrology {
namespace {

constexpr double kTwoPi = 2.0 * std::numbers::pi;
constexpr double kRate = 3200.0;
constexpr double kSettle = 120.0;

using Waves = std::array<std::function<double(double)>, Flicker::kChannels>;

/// Pst and the largest Pinst of 600 s (or `duration`) after two minutes of settling.
std::vector<Flicker::Interval> run(const std::vector<FlickerSetup>& setups, const Waves& waves,
                                   double duration = 600.0) {
  const double rate = setups.front().sample_rate_hertz;
  std::vector<Flicker> meters;
  for (const FlickerSetup& setup : setups) {
    meters.emplace_back(setup);
  }
  constexpr std::size_t kAtOnce = 64;
  std::vector<float> frames(kAtOnce * 8, 0.0F);
  const auto feed = [&](double from, double to) {
    for (long n = std::lround(from * rate); n < std::lround(to * rate);) {
      for (std::size_t k = 0; k < kAtOnce; ++k, ++n) {
        for (std::size_t c = 0; c < waves.size(); ++c) {
          const double t = (static_cast<double>(n) + 0.5) / rate;
          frames[k * 8 + c] = static_cast<float>(325.0 * waves[c](t));
        }
      }
      for (Flicker& meter : meters) {
        meter.push(frames.data(), kAtOnce, 8);
      }
    }
  };
  feed(0.0, kSettle);
  for (Flicker& meter : meters) {
    (void)meter.close_interval();
  }
  feed(kSettle, kSettle + duration);
  std::vector<Flicker::Interval> out;
  for (Flicker& meter : meters) {
    out.push_back(meter.close_interval());
  }
  return out;
}

std::function<double(double)> rectangular(double percent, double modulation_hertz, double hertz) {
  return [=](double t) {
    const double turns = modulation_hertz * t + 1e-9;
    return (1.0 + (turns - std::floor(turns) < 0.5 ? percent : -percent) / 200.0) *
           std::sin(kTwoPi * hertz * t);
  };
}

// Five equal jumps at minutes 1, 3, 5, 7 and 9. With 96 samples a cycle, taken half a sample beside
// the zero crossings, each jump lies midway between two samples: where it lies is not in doubt.
TEST(TenCases, Case7PstOfPhaseJumps) {
  struct Row {
    double hertz;
    std::array<double, 2> at_30;  ///< 230 V and 120 V lamp
    std::array<double, 2> at_45;
  };
  for (const Row& row :
       {Row{50.0, {0.912, 0.705}, {1.059, 0.819}}, Row{60.0, {0.760, 0.587}, {0.881, 0.682}}}) {
    const auto jumping = [&](double degrees) {
      // The actual wave crosses zero upwards before each minute's mark: there it jumps.
      std::vector<double> jumps;
      double shift = 0.0;
      for (const double minute : {1.0, 3.0, 5.0, 7.0, 9.0}) {
        const double turns = std::ceil(row.hertz * (kSettle + 60.0 * minute) + shift);
        jumps.push_back((turns - shift) / row.hertz);
        shift += degrees / 360.0;
      }
      return [jumps, degrees, hertz = row.hertz](double t) {
        double turns = hertz * t;
        for (const double at : jumps) {
          turns += t >= at ? degrees / 360.0 : 0.0;
        }
        return std::sin(kTwoPi * turns);
      };
    };
    const double rate = 96.0 * row.hertz;
    const auto pst = run({{rate, row.hertz, Lamp::V230}, {rate, row.hertz, Lamp::V120}},
                         {jumping(30.0), jumping(-30.0), jumping(45.0), jumping(-45.0)});
    for (std::size_t lamp = 0; lamp < 2; ++lamp) {
      const Flicker::Values& p = pst[lamp].p_st;
      EXPECT_NEAR(0.5 * (p[0] + p[1]) / row.at_30[lamp], 1.0, 0.02) << row.hertz << " " << lamp;
      EXPECT_NEAR(0.5 * (p[2] + p[3]) / row.at_45[lamp], 1.0, 0.02) << row.hertz << " " << lamp;
      // The signs differ by ±2 %, not by more.
      EXPECT_NEAR(p[0] / p[1], 1.0, 0.04);
      EXPECT_NEAR(p[2] / p[3], 1.0, 0.04);
    }
  }
}

// §6: orders 3 to 31 at 180°, modulated as in table 1 at 8.8 Hz.
TEST(TenCases, Case7ACarrierWithManyZeroCrossingsChangesNothing) {
  constexpr std::array<std::pair<int, double>, 12> kOrders{{{3, 0.05},
                                                            {5, 0.06},
                                                            {7, 0.05},
                                                            {9, 0.015},
                                                            {11, 0.035},
                                                            {13, 0.03},
                                                            {17, 0.02},
                                                            {19, 0.0176},
                                                            {23, 0.0141},
                                                            {25, 0.0127},
                                                            {29, 0.0106},
                                                            {31, 0.0097}}};
  for (const auto& [hertz, lamp, percent] :
       {std::tuple{50.0, Lamp::V230, 0.250}, std::tuple{60.0, Lamp::V120, 0.321}}) {
    const auto wave = [&, hertz = hertz, percent = percent](bool distorted) {
      return [=](double t) {
        const double theta = kTwoPi * hertz * t;
        double u = std::sin(theta);
        for (const auto& [order, ratio] : kOrders) {
          u += distorted ? ratio * std::sin(order * theta + std::numbers::pi) : 0.0;
        }
        return u * (1.0 + percent / 200.0 * std::sin(kTwoPi * 8.8 * t));
      };
    };
    const auto found =
        run({{kRate, hertz, lamp}}, {wave(false), wave(true), wave(false), wave(true)}, 20.0);
    EXPECT_NEAR(found[0].p_inst_max[0], 1.0, 0.01);
    EXPECT_NEAR(found[0].p_inst_max[1], 1.0, 0.01) << hertz << " Hz, distorted";
  }
}

TEST(TenCases, Case7PstIsLinearFromOneFifthToTen) {
  // Table 5, 110 changes a minute: ΔV/V of 0.722 % is 1.
  const auto at = [](double factor) { return rectangular(0.722 * factor, 110.0 / 120.0, 50.0); };
  const auto pst = run({{kRate, 50.0, Lamp::V230}}, {at(0.2), at(1.0), at(4.0), at(10.0)});
  EXPECT_NEAR(pst[0].p_st[0], 0.2, 0.002);
  EXPECT_NEAR(pst[0].p_st[1], 1.0, 0.01);
  EXPECT_NEAR(pst[0].p_st[2], 4.0, 0.04);
  EXPECT_NEAR(pst[0].p_st[3], 10.0, 0.1);
}

TEST(TenCases, Case7FourLampsFromOneWave) {
  // One modulation, 0.9 % at 39 changes a minute, on both systems; each lamp sees its own share.
  const std::vector<FlickerSetup> at_50{{kRate, 50.0, Lamp::V230}, {kRate, 50.0, Lamp::V120}};
  const std::vector<FlickerSetup> at_60{{kRate, 60.0, Lamp::V230}, {kRate, 60.0, Lamp::V120}};
  const auto wave = [](double hertz) {
    const auto w = rectangular(0.9, 39.0 / 120.0, hertz);
    return Waves{w, w, w, w};
  };
  const auto p50 = run(at_50, wave(50.0));
  const auto p60 = run(at_60, wave(60.0));
  EXPECT_NEAR(p50[0].p_st[0], 0.9 / 0.894, 0.01);
  EXPECT_NEAR(p50[1].p_st[0], 0.9 / 1.045, 0.01);
  EXPECT_NEAR(p60[0].p_st[0], 0.9 / 0.895, 0.01);
  EXPECT_NEAR(p60[1].p_st[0], 0.9 / 1.040, 0.01);
}

}  // namespace
}  // namespace halfcycle::metrology
