// SPDX-License-Identifier: Apache-2.0
#include "metrology/harmonics.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "base/quality.hpp"
#include "metrology/arctangent.hpp"

namespace halfcycle::metrology {
namespace {

constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();
constexpr float kAngleFloorRatio = 1e-5F;

// Two orders side by side: their sums need not wait for each other.
using Two [[gnu::vector_size(16)]] = double;
Two two_of(const float* squares) {
  return Two{static_cast<double>(squares[0]), static_cast<double>(squares[1])};
}
Floats4 floats_at(const float* p) {
  Floats4 v;
  std::memcpy(&v, p, sizeof(v));
  return v;
}

}  // namespace

HarmonicGrouping::HarmonicGrouping(const GroupingSetup& setup, const signal::LaneFft& fft)
    : setup_(setup),
      fft_(&fft),
      stride_(setup.highest_order + 1),
      subgroup_(stride_ * setup.lanes),
      inter_(stride_ * setup.lanes),
      group_(stride_ * setup.lanes),
      re_(stride_ * setup.lanes),
      im_(stride_ * setup.lanes) {}

void HarmonicGrouping::group(const float* spectrum) noexcept {
  const std::size_t lanes = setup_.lanes;
  const std::size_t n = setup_.cycles;
  // Order by order first, all lanes side by side, then lane by lane.
  std::array<float, (kMaxOrder + 1) * 3 * kMaxLanes> by_order;
  fft_->group(spectrum, n, setup_.highest_order, by_order.data());
  for (std::size_t l = 0; l < lanes; ++l) {
    for (std::size_t h = 0; h < stride_; ++h) {
      const float* from = by_order.data() + h * 3 * lanes + l;
      subgroup_[l * stride_ + h] = from[0];
      inter_[l * stride_ + h] = from[lanes];
      group_[l * stride_ + h] = from[2 * lanes];
    }
    for (std::size_t h = 0; h < stride_; ++h) {
      const float* line = spectrum + n * h * 2 * lanes + l;
      re_[l * stride_ + h] = line[0];
      im_[l * stride_ + h] = line[lanes];
    }
  }
}

void HarmonicGrouping::operator()(const float* spectrum, const std::array<double, kMaxLanes>& dc,
                                  InputMask inputs, double voltage_floor_volts,
                                  double current_floor_amperes, bool line_to_line, Spectra& out,
                                  DistortionSummary& summary) noexcept {
  group(spectrum);
  for (std::size_t l = 0; l < kInputCount; ++l) {
    const Input input = static_cast<Input>(l);
    if (!inputs.has(input)) {
      continue;
    }
    for (const SpectrumKind kind : {SpectrumKind::Magnitude, SpectrumKind::Angle,
                                    SpectrumKind::Interharmonic, SpectrumKind::Group}) {
      out.of_input[l][static_cast<std::size_t>(kind)].fill(kNaN);
    }
    for (auto* row : {&summary.thd, &summary.thd_even, &summary.thd_odd, &summary.thds,
                      &summary.thdg, &summary.content, &summary.k_factor}) {
      (*row)[l] = kNotAvailable;
    }
    const double floor = is_voltage(input) ? voltage_floor_volts : current_floor_amperes;
    const double fundamental_square = static_cast<double>(row(subgroup_, l)[1]);
    if (fundamental_square > 2.0 * floor * floor) {
      fill_magnitudes(l, dc[l], fundamental_square, out, summary);
      fill_angles(l, out);
    }
  }
  fill_powers(inputs, line_to_line, out);
}

void HarmonicGrouping::fill_magnitudes(std::size_t l, double dc, double fundamental_square,
                                       Spectra& out, DistortionSummary& summary) const noexcept {
  const std::size_t highest = setup_.highest_order;
  auto& magnitude = out.of_input[l][static_cast<std::size_t>(SpectrumKind::Magnitude)];
  auto& inter = out.of_input[l][static_cast<std::size_t>(SpectrumKind::Interharmonic)];
  auto& group = out.of_input[l][static_cast<std::size_t>(SpectrumKind::Group)];
  const float per = static_cast<float>(1.0 / fundamental_square);
  std::array<float, kMaxOrder + 3> square{};  // over the fundamental; 0 beyond the highest order
  const float* const subgroups = row(subgroup_, l);
  const float* const inters = row(inter_, l);
  const float* const groups = row(group_, l);
  for (std::size_t h = 1; h <= highest; ++h) {
    square[h] = subgroups[h] * per;
  }
  for (std::size_t h = 1; h <= highest; ++h) {
    magnitude[h] = std::sqrt(square[h]);
  }
  magnitude[0] = static_cast<float>(std::abs(dc) / std::sqrt(0.5 * fundamental_square));
  const double first_square = static_cast<double>(square[1]);
  magnitude[1] = 1.0F;  // what the product makes of it may miss by a rounding
  for (std::size_t h = 0; h < highest; ++h) {
    inter[h] = std::sqrt(inters[h] * per);
  }
  for (std::size_t h = 1; h < highest; ++h) {
    group[h] = std::sqrt(groups[h] * per);
  }

  // Even orders on the left, odd ones on the right.
  static_assert(kEvaluatedOrder % 2 == 0);
  Two sum{};
  Two weighted{};
  std::size_t h = 2;
  Two order{2.0, 3.0};
  const auto add_up_to = [&](std::size_t end) {
    for (; h < end; h += 2) {
      const Two x = two_of(square.data() + h);
      sum += x;
      weighted += order * order * x;
      order += 2.0;
    }
  };
  add_up_to(std::min(kEvaluatedOrder, highest + 1));
  const double evaluated =
      sum[0] + sum[1] + (h == kEvaluatedOrder ? static_cast<double>(square[h]) : 0.0);
  add_up_to(highest + 1);
  Two grouped{};
  const std::size_t last_group = std::min(kEvaluatedOrder, highest > 0 ? highest - 1 : 0);
  for (h = 2; h + 1 <= last_group; h += 2) {
    grouped += two_of(groups + h);
  }
  if (h <= last_group) {
    grouped[0] += static_cast<double>(groups[h]);
  }
  const double distortion = sum[0] + sum[1];
  summary.thd[l] = std::sqrt(distortion);
  summary.thd_even[l] = std::sqrt(sum[0]);
  summary.thd_odd[l] = std::sqrt(sum[1]);
  summary.thds[l] = std::sqrt(evaluated);
  summary.thdg[l] = highest >= 2
                        ? std::sqrt((grouped[0] + grouped[1]) / static_cast<double>(groups[1]))
                        : kNotAvailable;
  summary.content[l] = std::sqrt(0.5 * distortion * fundamental_square);
  summary.k_factor[l] = (first_square + weighted[0] + weighted[1]) / (1.0 + distortion);
}

// 4-7 §3.2: φ_h = atan2(a_h, b_h) − h·atan2(a_1, b_1), angles of sines: each line is turned by a
// quarter, then back by h times the fundamental.
void HarmonicGrouping::fill_angles(std::size_t l, Spectra& out) const noexcept {
  const std::size_t highest = setup_.highest_order;
  const float* const re = row(re_, l);
  const float* const im = row(im_, l);
  const double re1 = -static_cast<double>(im[1]);
  const double im1 = static_cast<double>(re[1]);
  const double size = std::sqrt(re1 * re1 + im1 * im1);
  const double back_re = re1 / size;
  const double back_im = -im1 / size;
  // Odd and even orders take turns, each turned by two.
  const double by_re = back_re * back_re - back_im * back_im;
  const double by_im = 2.0 * back_re * back_im;
  Two turn_re{back_re, by_re};
  Two turn_im{back_im, by_im};
  std::array<float, kMaxOrder + 2> c;
  std::array<float, kMaxOrder + 2> s;
  for (std::size_t k = 1; k <= highest; k += 2) {
    c[k] = static_cast<float>(turn_re[0]);
    c[k + 1] = static_cast<float>(turn_re[1]);
    s[k] = static_cast<float>(turn_im[0]);
    s[k + 1] = static_cast<float>(turn_im[1]);
    const Two next = turn_re * by_re - turn_im * by_im;
    turn_im = turn_re * by_im + turn_im * by_re;
    turn_re = next;
  }
  const float floor_square = kAngleFloorRatio * kAngleFloorRatio * static_cast<float>(size * size);
  auto& angle = out.of_input[l][static_cast<std::size_t>(SpectrumKind::Angle)];
  const Floats4 none{kNaN, kNaN, kNaN, kNaN};
  std::size_t h = 1;
  for (; h + 4 <= highest + 1; h += 4) {
    const Floats4 x = -floats_at(im + h);
    const Floats4 y = floats_at(re + h);
    const Floats4 cosine = floats_at(c.data() + h);
    const Floats4 sine = floats_at(s.data() + h);
    const Floats4 turned = arctangent2(y * cosine + x * sine, x * cosine - y * sine);
    const Floats4 found = x * x + y * y > floor_square ? turned : none;
    std::memcpy(angle.data() + h, &found, sizeof(found));
  }
  for (; h <= highest; ++h) {
    const float x = -im[h];
    const float y = re[h];
    const float turned = arctangent2(y * c[h] + x * s[h], x * c[h] - y * s[h]);
    angle[h] = x * x + y * y > floor_square ? turned : kNaN;
  }
  angle[1] = 0.0F;
}

void HarmonicGrouping::fill_powers(InputMask inputs, bool line_to_line,
                                   Spectra& out) const noexcept {
  // Peak values: half of the product's real part (IEEE 1459 §3.1.2.5).
  const auto power = [this](std::size_t h, std::size_t u, std::size_t i) {
    return 0.5F * (row(re_, u)[h] * row(re_, i)[h] + row(im_, u)[h] * row(im_, i)[h]);
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
