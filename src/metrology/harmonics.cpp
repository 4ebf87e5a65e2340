// SPDX-License-Identifier: Apache-2.0
#include "metrology/harmonics.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/quality.hpp"
#include "metrology/arctangent.hpp"

namespace halfcycle::metrology {
namespace {

constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();
constexpr float kAngleFloorRatio = 1e-5F;

}  // namespace

HarmonicGrouping::HarmonicGrouping(const GroupingSetup& setup)
    : setup_(setup),
      subgroup_((setup.highest_order + 1) * setup.lanes),
      inter_((setup.highest_order + 1) * setup.lanes),
      group_((setup.highest_order + 1) * setup.lanes),
      re_((setup.highest_order + 1) * setup.lanes),
      im_((setup.highest_order + 1) * setup.lanes) {}

template <std::size_t kLanes>
void HarmonicGrouping::group(const float* spectrum) noexcept {
  const auto power = [spectrum](std::size_t bin, std::array<float, kLanes>& sum) {
    const float* re = spectrum + bin * 2 * kLanes;
    const float* im = re + kLanes;
    for (std::size_t l = 0; l < kLanes; ++l) {
      sum[l] += re[l] * re[l] + im[l] * im[l];
    }
  };
  const std::size_t n = setup_.cycles;
  std::array<float, kLanes> before{};  // what the bins below an order give to its group
  for (std::size_t h = 0; h <= setup_.highest_order; ++h) {
    std::array<float, kLanes> sub{};
    if (h > 0) {
      for (std::size_t k = n * h - 1; k <= n * h + 1; ++k) {
        power(k, sub);
      }
    }
    std::array<float, kLanes> inter{};
    if (h < setup_.highest_order) {
      // The bin half-way to the next order counts half in each of the two groups.
      std::array<float, kLanes> below{};
      std::array<float, kLanes> middle{};
      std::array<float, kLanes> above{};
      for (std::size_t k = n * h + 2; k < n * h + n / 2; ++k) {
        power(k, below);
      }
      power(n * h + n / 2, middle);
      for (std::size_t k = n * h + n / 2 + 1; k <= n * h + n - 2; ++k) {
        power(k, above);
      }
      for (std::size_t l = 0; l < kLanes; ++l) {
        inter[l] = below[l] + middle[l] + above[l];
        group_[h * kLanes + l] = before[l] + sub[l] + (below[l] + 0.5F * middle[l]);
        before[l] = 0.5F * middle[l] + above[l];
      }
    }
    const float* line = spectrum + n * h * 2 * kLanes;
    for (std::size_t l = 0; l < kLanes; ++l) {
      subgroup_[h * kLanes + l] = sub[l];
      inter_[h * kLanes + l] = inter[l];
      re_[h * kLanes + l] = line[l];
      im_[h * kLanes + l] = line[kLanes + l];
    }
  }
}

void HarmonicGrouping::operator()(const float* spectrum, const std::array<double, kMaxLanes>& dc,
                                  InputMask inputs, double voltage_floor_volts,
                                  double current_floor_amperes, bool line_to_line, Spectra& out,
                                  DistortionSummary& summary) noexcept {
  if (setup_.lanes == 8) {
    group<8>(spectrum);
  } else {
    group<12>(spectrum);
  }
  const std::size_t lanes = setup_.lanes;
  const std::size_t highest = setup_.highest_order;
  for (std::size_t l = 0; l < kInputCount; ++l) {
    const Input input = static_cast<Input>(l);
    if (!inputs.has(input)) {
      continue;
    }
    auto& magnitude = out.of_input[l][static_cast<std::size_t>(SpectrumKind::Magnitude)];
    auto& angle = out.of_input[l][static_cast<std::size_t>(SpectrumKind::Angle)];
    auto& inter = out.of_input[l][static_cast<std::size_t>(SpectrumKind::Interharmonic)];
    magnitude.fill(kNaN);
    angle.fill(kNaN);
    inter.fill(kNaN);
    auto& group = out.of_input[l][static_cast<std::size_t>(SpectrumKind::Group)];
    group.fill(kNaN);
    for (auto* row : {&summary.thd, &summary.thd_even, &summary.thd_odd, &summary.thds,
                      &summary.thdg, &summary.content, &summary.k_factor}) {
      (*row)[l] = kNotAvailable;
    }
    const double floor = is_voltage(input) ? voltage_floor_volts : current_floor_amperes;
    const double fundamental_square = static_cast<double>(subgroup_[lanes + l]);
    if (!(fundamental_square > 2.0 * floor * floor)) {
      continue;
    }
    const float per = static_cast<float>(1.0 / fundamental_square);
    magnitude[0] = static_cast<float>(std::abs(dc[l]) / std::sqrt(0.5 * fundamental_square));
    double distortion = 0.0;
    double even = 0.0;
    double evaluated = 0.0;
    double groups = 0.0;
    double weighted = 0.0;
    const double group_one = static_cast<double>(group_[lanes + l]);
    for (std::size_t h = 1; h <= highest; ++h) {
      const float square = subgroup_[h * lanes + l] * per;
      magnitude[h] = std::sqrt(square);
      distortion += h >= 2 ? static_cast<double>(square) : 0.0;
      even += h % 2 == 0 ? static_cast<double>(square) : 0.0;
      evaluated += h >= 2 && h <= kEvaluatedOrder ? static_cast<double>(square) : 0.0;
      weighted += static_cast<double>(h * h) * static_cast<double>(square);
    }
    magnitude[1] = 1.0F;  // what the product makes of it may miss by a rounding
    for (std::size_t h = 0; h < highest; ++h) {
      inter[h] = std::sqrt(inter_[h * lanes + l] * per);
    }
    for (std::size_t h = 1; h < highest; ++h) {
      const float square = group_[h * lanes + l];
      group[h] = std::sqrt(square * per);
      groups += h >= 2 && h <= kEvaluatedOrder ? static_cast<double>(square) : 0.0;
    }
    summary.thd[l] = std::sqrt(distortion);
    summary.thd_even[l] = std::sqrt(even);
    summary.thd_odd[l] = std::sqrt(distortion - even > 0.0 ? distortion - even : 0.0);
    summary.thds[l] = std::sqrt(evaluated);
    summary.thdg[l] = highest >= 2 ? std::sqrt(groups / group_one) : kNotAvailable;
    summary.content[l] = std::sqrt(0.5 * distortion * fundamental_square);
    summary.k_factor[l] = weighted / (1.0 + distortion);
    // 4-7 §3.2: φ_h = atan2(a_h, b_h) − h·atan2(a_1, b_1), angles of sines: each line is turned by
    // a quarter, then back by h times the fundamental.
    const double re1 = -static_cast<double>(im_[lanes + l]);
    const double im1 = static_cast<double>(re_[lanes + l]);
    const double size = std::sqrt(re1 * re1 + im1 * im1);
    const double back_re = re1 / size;
    const double back_im = -im1 / size;
    double turn_re = back_re;
    double turn_im = back_im;
    const float floor_square =
        kAngleFloorRatio * kAngleFloorRatio * static_cast<float>(size * size);
    for (std::size_t h = 1; h <= highest; ++h) {
      const float x = -im_[h * lanes + l];
      const float y = re_[h * lanes + l];
      const float c = static_cast<float>(turn_re);
      const float s = static_cast<float>(turn_im);
      if (x * x + y * y > floor_square) {
        angle[h] = arctangent2(y * c + x * s, x * c - y * s);
      }
      const double next = turn_re * back_re - turn_im * back_im;
      turn_im = turn_re * back_im + turn_im * back_re;
      turn_re = next;
    }
    angle[1] = 0.0F;
  }
  fill_powers(inputs, line_to_line, out);
}

void HarmonicGrouping::fill_powers(InputMask inputs, bool line_to_line,
                                   Spectra& out) const noexcept {
  // Peak values: half of the product's real part (IEEE 1459 §3.1.2.5).
  const auto power = [this](std::size_t h, std::size_t u, std::size_t i) {
    const std::size_t row = h * setup_.lanes;
    return 0.5F * (re_[row + u] * re_[row + i] + im_[row + u] * im_[row + i]);
  };
  constexpr std::size_t kI1 = lane(Input::I1);
  const std::size_t highest = setup_.highest_order;
  auto& total = out.of_input[lane(kTotalInput)][static_cast<std::size_t>(SpectrumKind::TotalPower)];
  total.fill(kNaN);
  bool any = false;
  bool all = true;
  for (std::size_t k = 0; k < 3; ++k) {
    const std::size_t i = kI1 + k;
    auto& phase = out.of_input[i][static_cast<std::size_t>(SpectrumKind::Power)];
    phase.fill(kNaN);
    const bool both = inputs.has(static_cast<Input>(k)) && inputs.has(static_cast<Input>(i));
    all = all && both;
    if (line_to_line || !both) {
      continue;
    }
    for (std::size_t h = 1; h <= highest; ++h) {
      phase[h] = power(h, k, i);
      total[h] = any ? total[h] + phase[h] : phase[h];
    }
    any = true;
  }
  if (line_to_line && all) {
    // derived: two wattmeters, V12·I1 + V32·I3 (IEEE 1459 §3.2.2.1), per order as over all.
    for (std::size_t h = 1; h <= highest; ++h) {
      total[h] = power(h, 0, kI1) - power(h, 1, kI1 + 2);
    }
  }
}

void make_line_to_line(float* spectrum, std::size_t bins, std::size_t lanes) noexcept {
  for (std::size_t row = 0; row < bins * 2; ++row) {
    float* v = spectrum + row * lanes;
    const float first = v[0];
    v[0] -= v[1];
    v[1] -= v[2];
    v[2] -= first;
  }
}

}  // namespace halfcycle::metrology
