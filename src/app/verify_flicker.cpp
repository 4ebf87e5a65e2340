// SPDX-License-Identifier: Apache-2.0
// The tables of IEC 61000-4-15 ed. 2 for `halfcycle verify`. Four points at once on the four
// voltages of a flickermeter. Carrier and modulation begin together at a rising zero crossing; a
// rectangular modulation therefore changes at zero crossings where its period allows.
#include <algorithm>
#include <array>
#include <cmath>
#include <complex>
#include <numbers>
#include <optional>

#include "app/verify_parts.hpp"
#include "base/format.hpp"
#include "metrology/flicker.hpp"

namespace halfcycle::app {
namespace {

using metrology::Flicker;
using metrology::Lamp;

constexpr double kTwoPi = 2.0 * std::numbers::pi;

struct Network {
  std::string_view name;
  Lamp lamp;
  double hertz;
};
constexpr std::array<Network, 4> kNetworks{{{"230 V lamp", Lamp::V230, 50.0},
                                            {"120 V lamp", Lamp::V120, 50.0},
                                            {"230 V lamp", Lamp::V230, 60.0},
                                            {"120 V lamp", Lamp::V120, 60.0}}};

/// Modulation frequency and ΔV/V in percent for each network; 0: not in the table.
struct Point {
  double hertz;
  std::array<double, 4> percent;
};

// Table 1: sinusoidal, Pinst,max = 1.
constexpr std::array<Point, 38> kTable1{
    {{0.5, {2.325, 2.453, 2.325, 2.453}},         {1.0, {1.397, 1.465, 1.397, 1.465}},
     {1.5, {1.067, 1.126, 1.067, 1.126}},         {2.0, {0.879, 0.942, 0.879, 0.942}},
     {2.5, {0.747, 0.815, 0.747, 0.815}},         {3.0, {0.645, 0.717, 0.645, 0.717}},
     {3.5, {0.564, 0.637, 0.564, 0.637}},         {4.0, {0.497, 0.570, 0.497, 0.570}},
     {4.5, {0.442, 0.514, 0.442, 0.514}},         {5.0, {0.396, 0.466, 0.396, 0.466}},
     {5.5, {0.357, 0.426, 0.357, 0.426}},         {6.0, {0.325, 0.393, 0.325, 0.393}},
     {6.5, {0.300, 0.366, 0.300, 0.366}},         {7.0, {0.280, 0.346, 0.280, 0.346}},
     {7.5, {0.265, 0.332, 0.265, 0.332}},         {8.0, {0.256, 0.323, 0.256, 0.323}},
     {8.8, {0.250, 0.321, 0.250, 0.321}},         {9.5, {0.254, 0.329, 0.254, 0.329}},
     {10.0, {0.261, 0.341, 0.261, 0.341}},        {10.5, {0.271, 0.355, 0.271, 0.355}},
     {11.0, {0.283, 0.373, 0.283, 0.373}},        {11.5, {0.298, 0.394, 0.298, 0.394}},
     {12.0, {0.314, 0.417, 0.314, 0.417}},        {13.0, {0.351, 0.469, 0.351, 0.469}},
     {14.0, {0.393, 0.528, 0.393, 0.528}},        {15.0, {0.438, 0.592, 0.438, 0.592}},
     {16.0, {0.486, 0.660, 0.486, 0.660}},        {17.0, {0.537, 0.734, 0.537, 0.734}},
     {18.0, {0.590, 0.811, 0.590, 0.811}},        {19.0, {0.646, 0.892, 0.645, 0.892}},
     {20.0, {0.704, 0.978, 0.703, 0.977}},        {21.0, {0.764, 1.068, 0.764, 1.067}},
     {22.0, {0.828, 1.162, 0.826, 1.160}},        {23.0, {0.894, 1.261, 0.892, 1.257}},
     {24.0, {0.964, 1.365, 0.959, 1.359}},        {25.0, {1.037, 1.476, 1.029, 1.464}},
     {100.0 / 3.0, {2.128, 3.111, 1.758, 2.570}}, {40.0, {0.0, 0.0, 2.963, 4.393}}}};

// Table 2: rectangular, Pinst,max = 1.
constexpr std::array<Point, 43> kTable2{{{0.5, {0.509, 0.597, 0.510, 0.598}},
                                         {1.0, {0.467, 0.547, 0.468, 0.548}},
                                         {1.5, {0.429, 0.503, 0.429, 0.503}},
                                         {2.0, {0.398, 0.468, 0.399, 0.469}},
                                         {2.5, {0.370, 0.438, 0.371, 0.439}},
                                         {3.0, {0.352, 0.420, 0.351, 0.419}},
                                         {3.5, {0.342, 0.408, 0.342, 0.408}},
                                         {4.0, {0.332, 0.394, 0.331, 0.394}},
                                         {4.5, {0.312, 0.372, 0.313, 0.373}},
                                         {5.0, {0.291, 0.348, 0.291, 0.348}},
                                         {5.5, {0.268, 0.323, 0.269, 0.324}},
                                         {6.0, {0.248, 0.302, 0.249, 0.302}},
                                         {6.5, {0.231, 0.283, 0.231, 0.283}},
                                         {7.0, {0.216, 0.269, 0.217, 0.269}},
                                         {7.5, {0.207, 0.259, 0.206, 0.258}},
                                         {8.0, {0.199, 0.253, 0.200, 0.253}},
                                         {8.8, {0.196, 0.252, 0.196, 0.252}},
                                         {9.5, {0.199, 0.258, 0.199, 0.258}},
                                         {10.0, {0.203, 0.265, 0.203, 0.266}},
                                         {10.5, {0.212, 0.278, 0.212, 0.278}},
                                         {11.0, {0.222, 0.293, 0.222, 0.292}},
                                         {11.5, {0.233, 0.308, 0.233, 0.308}},
                                         {12.0, {0.245, 0.325, 0.244, 0.324}},
                                         {13.0, {0.272, 0.363, 0.275, 0.367}},
                                         {14.0, {0.308, 0.413, 0.306, 0.411}},
                                         {15.0, {0.341, 0.460, 0.338, 0.457}},
                                         {16.0, {0.376, 0.511, 0.376, 0.509}},
                                         {17.0, {0.411, 0.562, 0.420, 0.575}},
                                         {18.0, {0.446, 0.611, 0.457, 0.626}},
                                         {19.0, {0.497, 0.683, 0.498, 0.688}},
                                         {20.0, {0.553, 0.768, 0.537, 0.746}},
                                         {21.0, {0.585, 0.811, 0.584, 0.815}},
                                         {21.5, {0.592, 0.820, 0.600, 0.837}},
                                         {22.0, {0.612, 0.852, 0.611, 0.851}},
                                         {23.0, {0.680, 0.957, 0.678, 0.946}},
                                         {24.0, {0.743, 1.052, 0.753, 1.067}},
                                         {25.0, {0.764, 1.087, 0.778, 1.088}},
                                         {25.5, {0.806, 1.148, 0.768, 1.072}},
                                         {28.0, {0.915, 1.303, 0.962, 1.383}},
                                         {30.5, {0.847, 1.144, 1.105, 1.602}},
                                         {100.0 / 3.0, {1.671, 2.443, 1.258, 1.823}},
                                         {37.0, {0.0, 0.0, 0.975, 1.304}},
                                         {40.0, {0.0, 0.0, 2.327, 3.451}}}};

// Table 5: rectangular, Pst = 1; modulation frequency is half the changes.
constexpr std::array<Point, 8> kTable5{{{1.0 / 120.0, {2.715, 3.178, 2.719, 3.181}},
                                        {2.0 / 120.0, {2.191, 2.561, 2.194, 2.564}},
                                        {7.0 / 120.0, {1.450, 1.694, 1.450, 1.694}},
                                        {39.0 / 120.0, {0.894, 1.045, 0.895, 1.040}},
                                        {110.0 / 120.0, {0.722, 0.844, 0.723, 0.844}},
                                        {13.5, {0.407, 0.545, 0.409, 0.548}},
                                        {100.0 / 3.0, {2.343, 3.426, 0.0, 0.0}},
                                        {40.0, {0.0, 0.0, 3.263, 4.837}}}};

/// What one voltage carries: its phase and its envelope at a time.
using Wave = std::function<double(double)>;

Wave sinusoidal(double percent, double modulation_hertz, double hertz) {
  return [=](double t) {
    return (1.0 + percent / 200.0 * std::sin(kTwoPi * modulation_hertz * t)) *
           std::sin(kTwoPi * hertz * t);
  };
}
Wave rectangular(double percent, double modulation_hertz, double hertz) {
  return [=](double t) {
    const double turns = modulation_hertz * t + 1e-9;
    return (1.0 + (turns - std::floor(turns) < 0.5 ? percent : -percent) / 200.0) *
           std::sin(kTwoPi * hertz * t);
  };
}

struct Setting {
  Network network;
  double rate_hertz = 3200.0;
  double settle_seconds = 30.0;
  double seconds = 10.0;
  double offset_samples = 0.0;  ///< of the first sample behind the zero crossing
};

Result<Flicker::Interval> run(const Setting& setting, const std::array<Wave, 4>& waves,
                              const VerifyStop& stop) {
  Flicker flicker({setting.rate_hertz, setting.network.hertz, setting.network.lamp});
  constexpr std::size_t kAtOnce = 3200;
  std::vector<float> frames(kAtOnce * 8, 0.0F);
  std::int64_t n = 0;
  for (const double until : {setting.settle_seconds, setting.settle_seconds + setting.seconds}) {
    const std::int64_t end = std::llround(until * setting.rate_hertz);
    (void)flicker.close_interval();
    while (n < end) {
      if (stop && stop()) {
        return fail(ErrorCode::Interrupted, "stopped");
      }
      const auto count = std::min<std::size_t>(kAtOnce, static_cast<std::size_t>(end - n));
      for (std::size_t k = 0; k < count; ++k, ++n) {
        const double t = (static_cast<double>(n) + setting.offset_samples) / setting.rate_hertz;
        for (std::size_t c = 0; c < waves.size(); ++c) {
          frames[k * 8 + c] = static_cast<float>(325.0 * waves[c](t));
        }
      }
      flicker.push(frames.data(), count, 8);
    }
  }
  return flicker.close_interval();
}

template <std::size_t kPoints>
void add_table(std::vector<VerifyJob>& jobs, const std::array<Point, kPoints>& table,
               std::string_view clause, bool is_sine, bool is_pst) {
  for (std::size_t column = 0; column < kNetworks.size(); ++column) {
    std::vector<Point> there;
    std::copy_if(table.begin(), table.end(), std::back_inserter(there),
                 [column](const Point& p) { return p.percent[column] > 0.0; });
    for (std::size_t first = 0; first < there.size(); first += 4) {
      const std::vector<Point> four(
          there.begin() + static_cast<std::ptrdiff_t>(first),
          there.begin() + static_cast<std::ptrdiff_t>(std::min(first + 4, there.size())));
      jobs.emplace_back([=, clause = std::string(clause)](
                            const VerifyStop& stop) -> Result<std::vector<VerifyRow>> {
        const Network& network = kNetworks[column];
        std::array<Wave, 4> waves;
        for (std::size_t c = 0; c < 4; ++c) {
          const Point& p = four[std::min(c, four.size() - 1)];
          waves[c] = is_sine ? sinusoidal(p.percent[column], p.hertz, network.hertz)
                             : rectangular(p.percent[column], p.hertz, network.hertz);
        }
        const Setting setting{.network = network,
                              .rate_hertz = is_sine ? 3200.0 : 6400.0,
                              .settle_seconds = is_pst ? 120.0 : 30.0,
                              .seconds = is_pst ? 600.0 : 10.0};
        const auto found = run(setting, waves, stop);
        if (!found) {
          return fail(found.error());
        }
        std::vector<VerifyRow> rows;
        for (std::size_t c = 0; c < four.size(); ++c) {
          const double value = is_pst ? found->p_st[c] : found->p_inst_max[c];
          const std::string rhythm = is_pst ? format("{:g} changes a minute", 120.0 * four[c].hertz)
                                            : format("{:.3g} Hz", four[c].hertz);
          rows.push_back(
              {clause, is_pst ? "Pst" : "Pinst,max",
               format("{:g} Hz system, {}: {} modulation, {}, dV/V {:g} %", network.hertz,
                      network.name, is_sine ? "sinusoidal" : "rectangular", rhythm,
                      four[c].percent[column]),
               is_pst ? 5.0 : 8.0, 1.0, 100.0 * std::abs(value - 1.0), "%"});
        }
        return rows;
      });
    }
  }
}

Result<std::vector<VerifyRow>> linearity(const VerifyStop& stop) {
  constexpr std::array kFactors{0.2, 0.5, 4.0, 10.0};
  std::array<Wave, 4> waves;
  for (std::size_t c = 0; c < 4; ++c) {
    waves[c] = rectangular(0.722 * kFactors[c], 110.0 / 120.0, 50.0);
  }
  const auto found =
      run({.network = kNetworks[0], .settle_seconds = 120.0, .seconds = 600.0}, waves, stop);
  if (!found) {
    return fail(found.error());
  }
  std::vector<VerifyRow> rows;
  for (std::size_t c = 0; c < 4; ++c) {
    rows.push_back({"IEC 61000-4-15 6", "Pst, linear",
                    format("50 Hz system, 230 V lamp: Pst {:g}, 110 changes a minute", kFactors[c]),
                    5.0, 1.0, 100.0 * std::abs(found->p_st[c] / kFactors[c] - 1.0), "%"});
  }
  return rows;
}

// Five equal jumps at minutes 1, 3, 5, 7 and 9, each at a rising zero crossing of the actual wave,
// midway between two samples. Truth: an independent simulation of the standard's filters, mean of
// both signs.
Result<std::vector<VerifyRow>> phase_jumps(const Network& network, double at_30, double at_45,
                                           const VerifyStop& stop) {
  constexpr double kSettle = 120.0;
  const auto jumping = [&network](double degrees) -> Wave {
    std::vector<double> jumps;
    double shift = 0.0;
    for (const double minute : {1.0, 3.0, 5.0, 7.0, 9.0}) {
      const double turns = std::ceil(network.hertz * (kSettle + 60.0 * minute) + shift);
      jumps.push_back((turns - shift) / network.hertz);
      shift += degrees / 360.0;
    }
    return [jumps, degrees, hertz = network.hertz](double t) {
      double turns = hertz * t;
      for (const double at : jumps) {
        turns += t >= at ? degrees / 360.0 : 0.0;
      }
      return std::sin(kTwoPi * turns);
    };
  };
  const auto found = run({.network = network,
                          .rate_hertz = 96.0 * network.hertz,
                          .settle_seconds = kSettle,
                          .seconds = 600.0,
                          .offset_samples = 0.5},
                         {jumping(30.0), jumping(-30.0), jumping(45.0), jumping(-45.0)}, stop);
  if (!found) {
    return fail(found.error());
  }
  std::vector<VerifyRow> rows;
  for (const auto& [first, degrees, truth] :
       {std::tuple{0U, 30, at_30}, std::tuple{2U, 45, at_45}}) {
    rows.push_back(
        {"IEC 61000-4-15 6", "Pst of phase jumps",
         format("{:g} Hz system, {}: five jumps of {} degrees", network.hertz, network.name,
                degrees),
         5.0, 2.0,
         100.0 * std::abs(0.5 * (found->p_st[first] + found->p_st[first + 1]) / truth - 1.0), "%"});
  }
  return rows;
}

// §6: orders 3 to 31, all at 180°.
Result<std::vector<VerifyRow>> carriers(const VerifyStop& stop) {
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
  std::vector<VerifyRow> rows;
  for (std::size_t column = 0; column < kNetworks.size(); ++column) {
    const Network& network = kNetworks[column];
    const double percent = column % 2 == 0 ? 0.250 : 0.321;
    const Wave distorted = [&](double t) {
      const double theta = kTwoPi * network.hertz * t;
      double u = std::sin(theta);
      for (const auto& [order, ratio] : kOrders) {
        u -= ratio * std::sin(order * theta);
      }
      return u * (1.0 + percent / 200.0 * std::sin(kTwoPi * 8.8 * t));
    };
    const auto found = run({.network = network, .seconds = 20.0},
                           {distorted, distorted, distorted, distorted}, stop);
    if (!found) {
      return fail(found.error());
    }
    rows.push_back({"IEC 61000-4-15 6", "Pinst,max",
                    format("{:g} Hz system, {}: carrier with many zero crossings, 8.8 Hz",
                           network.hertz, network.name),
                    8.0, 1.0, 100.0 * std::abs(found->p_inst_max[0] - 1.0), "%"});
  }
  return rows;
}

// §6, bandwidth: a pair of equal tones at v and v − 10 Hz. derived: with tones of m of the
// fundamental, u² over its mean is 1 + 2m²/(1 + 2m²)·cos(2π·10 Hz·t) + …, so that
// m = √(d/2/(1 − d)) stands for d = ΔV/V of table 1 at 10 Hz, which is Pinst,max = 1.
Result<std::vector<VerifyRow>> bandwidth(const Network& network, double at_10_hertz,
                                         std::initializer_list<double> hertz,
                                         const VerifyStop& stop) {
  const double d = at_10_hertz / 100.0;
  const double m = std::sqrt(0.5 * d / (1.0 - d));
  std::vector<VerifyRow> rows;
  std::vector<double> upper(hertz);
  for (std::size_t first = 0; first < upper.size(); first += 4) {
    std::array<Wave, 4> waves;
    for (std::size_t c = 0; c < 4; ++c) {
      const double v = upper[std::min(first + c, upper.size() - 1)];
      waves[c] = [=, f = network.hertz](double t) {
        return std::sin(kTwoPi * f * t) +
               m * (std::sin(kTwoPi * v * t) + std::sin(kTwoPi * (v - 10.0) * t));
      };
    }
    const auto found =
        run({.network = network, .rate_hertz = 12800.0, .seconds = 20.0}, waves, stop);
    if (!found) {
      return fail(found.error());
    }
    for (std::size_t c = 0; c < 4 && first + c < upper.size(); ++c) {
      rows.push_back(
          {"IEC 61000-4-15 6", "Pinst,max, bandwidth",
           format("{:g} Hz system, {}: {:.4g} % at {:g} Hz and at {:g} Hz", network.hertz,
                  network.name, 100.0 * m, upper[first + c], upper[first + c] - 10.0),
           8.0, 1.0, 100.0 * std::abs(found->p_inst_max[c] - 1.0), "%"});
    }
  }
  return rows;
}

// ---- steady modulation through the standard's filters, line by line
// ------------------------------

/// The filters of blocks 3 and 4 at a frequency (IEC 61000-4-15 §5.4, §5.5 and Annex): high-pass,
/// low-pass, weighting; then the smoothing of 300 ms.
std::complex<double> weighting(Lamp lamp, double system_hertz, double hertz) {
  using namespace std::complex_literals;
  const std::complex<double> s = 1.0i * kTwoPi * hertz;
  const double high = kTwoPi * 0.05;
  std::complex<double> h = s / (s + high);
  const std::complex<double> x = s / (kTwoPi * (system_hertz < 55.0 ? 35.0 : 42.0));
  for (const double q : {0.51763809020504152, 1.41421356237309505, 1.93185165257813657}) {
    h /= x * x + q * x + 1.0;
  }
  const bool is_230 = lamp == Lamp::V230;
  const double k = is_230 ? 1.74802 : 1.6357;
  const double lambda = kTwoPi * (is_230 ? 4.05981 : 4.167375);
  const double w1 = kTwoPi * (is_230 ? 9.15494 : 9.077169);
  const double w2 = kTwoPi * (is_230 ? 2.27979 : 2.939902);
  const double w3 = kTwoPi * (is_230 ? 1.22535 : 1.394468);
  const double w4 = kTwoPi * (is_230 ? 21.9 : 17.31512);
  return h * k * w1 * s / (s * s + 2.0 * lambda * s + w1 * w1) * (1.0 + s / w2) /
         ((1.0 + s / w3) * (1.0 + s / w4));
}

/// Pinst of a steady periodic voltage over one period of so many seconds, sorted: u² as a Fourier
/// series, each line through the filters, squared, smoothed.
std::vector<double> unscaled_levels(const Network& network, const Wave& u, double seconds) {
  // Lines to 60 Hz of u² over its mean: all that passes.
  constexpr std::size_t kPoints = 1 << 15;
  constexpr double kBlock1Seconds = 27.3;
  const auto lines = static_cast<std::size_t>(60.0 * seconds);
  std::vector<std::complex<double>> c(lines + 1);
  for (std::size_t n = 0; n < kPoints; ++n) {
    const double x = (static_cast<double>(n) + 0.5) / kPoints;
    const double value = u(x * seconds);
    const std::complex<double> turn = std::polar(1.0, -kTwoPi * x);
    std::complex<double> w = value * value / kPoints;
    for (std::complex<double>& line : c) {
      line += w;
      w *= turn;
    }
  }
  std::vector<std::complex<double>> y(lines + 1);
  for (std::size_t k = 1; k <= lines; ++k) {
    const double hertz = static_cast<double>(k) / seconds;
    // Block 1 divides by the rms of the last half minute: to first order a high-pass.
    const std::complex<double> slow(0.0, kTwoPi * hertz * kBlock1Seconds);
    y[k] = 2.0 * c[k] / c[0].real() * slow / (1.0 + slow) *
           weighting(network.lamp, network.hertz, hertz);
  }
  // The square of Σ Re(y·e^jkωt): lines of the sums and differences.
  std::vector<std::complex<double>> z(2 * lines + 1);
  for (std::size_t a = 1; a <= lines; ++a) {
    for (std::size_t b = 1; b <= lines; ++b) {
      z[a + b] += 0.5 * y[a] * y[b];
      if (a >= b) {
        z[a - b] += (a == b ? 0.5 : 1.0) * y[a] * std::conj(y[b]);
      }
    }
  }
  for (std::size_t k = 0; k < z.size(); ++k) {
    z[k] /= std::complex<double>(1.0, kTwoPi * static_cast<double>(k) / seconds * 0.3);
  }
  constexpr std::size_t kLevels = 2000;
  std::vector<double> levels(kLevels);
  for (std::size_t n = 0; n < kLevels; ++n) {
    for (std::size_t k = 0; k < z.size(); ++k) {
      const double turns = static_cast<double>(k * n % kLevels) / static_cast<double>(kLevels);
      levels[n] += (z[k] * std::polar(1.0, kTwoPi * turns)).real();
    }
  }
  std::sort(levels.begin(), levels.end());
  return levels;
}

/// The same, scaled so that table 1 gives 1 at 8.8 Hz.
std::vector<double> steady_levels(const Network& network, const Wave& u, double seconds) {
  const double percent = network.lamp == Lamp::V230 ? 0.250 : 0.321;
  const double unit = unscaled_levels(network, sinusoidal(percent, 8.8, network.hertz), 5.0).back();
  std::vector<double> levels = unscaled_levels(network, u, seconds);
  for (double& level : levels) {
    level /= unit;
  }
  return levels;
}

double p_st_of(const std::vector<double>& levels) {
  const auto exceeded = [&](double part) {
    const double at = (1.0 - part / 100.0) * static_cast<double>(levels.size() - 1);
    const auto k = static_cast<std::size_t>(at);
    const double next = levels[std::min(k + 1, levels.size() - 1)];
    return levels[k] + (at - static_cast<double>(k)) * (next - levels[k]);
  };
  return std::sqrt(
      0.0314 * exceeded(0.1) + 0.0525 * (exceeded(0.7) + exceeded(1.0) + exceeded(1.5)) / 3.0 +
      0.0657 * (exceeded(2.2) + exceeded(3.0) + exceeded(4.0)) / 3.0 +
      0.28 * (exceeded(6.0) + exceeded(8.0) + exceeded(10.0) + exceeded(13.0) + exceeded(17.0)) /
          5.0 +
      0.08 * (exceeded(30.0) + exceeded(50.0) + exceeded(80.0)) / 3.0);
}

// §6: frequency and voltage change together every 4 s. Pinst,max is 1 within the standard's limit;
// the filters line by line give it closer.
Result<std::vector<VerifyRow>> combined(const Network& network, const VerifyStop& stop) {
  const double low = network.lamp == Lamp::V230 ? 228.812 / 230.0 : 119.266 / 120.0;
  // The phase goes on: both parts of 8 s hold whole cycles.
  const Wave wave = [&](double t) {
    const double turn = t - 8.0 * std::floor(t / 8.0);
    const double cycles = (network.hertz - 0.25) * std::min(turn, 4.0) +
                          (network.hertz + 0.25) * std::max(0.0, turn - 4.0);
    return (turn >= 4.0 ? low : 1.0) * std::sin(kTwoPi * (cycles - std::floor(cycles)));
  };
  const auto found = run({.network = network, .settle_seconds = 120.0, .seconds = 32.0},
                         {wave, wave, wave, wave}, stop);
  if (!found) {
    return fail(found.error());
  }
  const double exact = steady_levels(network, wave, 8.0).back();
  const std::string condition =
      format("{:g} Hz system, {}: {:g} Hz, and {:g} Hz at {:.5g} of the voltage, each 4 s",
             network.hertz, network.name, network.hertz - 0.25, network.hertz + 0.25, low);
  return std::vector<VerifyRow>{
      {"IEC 61000-4-15 6", "Pinst,max, frequency and voltage change together", condition, 8.0, 2.5,
       100.0 * std::abs(found->p_inst_max[0] - 1.0), "%"},
      own_row("Pinst,max, against the filters in closed form", condition, 1.0,
              100.0 * std::abs(found->p_inst_max[0] / exact - 1.0), "%")};
}

// §6: rectangular dips that last a fifth of their period, 28 Hz.
Result<std::vector<VerifyRow>> duty_cycle(const Network& network, const VerifyStop& stop) {
  constexpr double kHertz = 28.0;
  constexpr double kRate = 28.0 * 500.0;
  constexpr double kPercent = 1.5;
  // In whole samples of the rate at which it is pushed, so that both see the same edges.
  const Wave wave = [f = network.hertz](double t) {
    const double turns = kHertz * t;
    const bool low = turns - std::floor(turns) < 0.2;
    return (low ? 1.0 - kPercent / 100.0 : 1.0) * std::sin(kTwoPi * f * t);
  };
  const auto found = run({.network = network,
                          .rate_hertz = kRate,
                          .settle_seconds = 60.0,
                          .seconds = 60.0,
                          .offset_samples = 0.5},
                         {wave, wave, wave, wave}, stop);
  if (!found) {
    return fail(found.error());
  }
  const double truth = p_st_of(steady_levels(network, wave, 0.5));  // 14 dips and 25 or 30 cycles
  return std::vector<VerifyRow>{
      {"IEC 61000-4-15 6", "Pst, duty cycle 20 %",
       format("{:g} Hz system, {}: dips of {:g} %, 28 Hz, against the filters in closed form",
              network.hertz, network.name, kPercent),
       5.0, 1.0, 100.0 * std::abs(found->p_st[0] / truth - 1.0), "%"}};
}

}  // namespace

std::vector<VerifyJob> flicker_jobs() {
  std::vector<VerifyJob> jobs;
  add_table(jobs, kTable1, "IEC 61000-4-15 table 1", true, false);
  add_table(jobs, kTable2, "IEC 61000-4-15 table 2", false, false);
  add_table(jobs, kTable5, "IEC 61000-4-15 table 5", false, true);
  jobs.emplace_back(linearity);
  jobs.emplace_back(carriers);
  for (std::size_t column = 0; column < kNetworks.size(); ++column) {
    jobs.emplace_back([column](const VerifyStop& stop) {
      // Table 1 at 10 Hz; class F1 to 450 Hz at least.
      return bandwidth(kNetworks[column], column % 2 == 0 ? 0.261 : 0.341,
                       {150.0, 250.0, 350.0, 450.0, 750.0, 1150.0, 1550.0, 1950.0}, stop);
    });
    jobs.emplace_back(
        [column](const VerifyStop& stop) { return combined(kNetworks[column], stop); });
    jobs.emplace_back(
        [column](const VerifyStop& stop) { return duty_cycle(kNetworks[column], stop); });
  }
  constexpr std::array<std::pair<double, double>, 4> kJumps{
      {{0.912, 1.059}, {0.705, 0.819}, {0.760, 0.881}, {0.587, 0.682}}};
  for (std::size_t column = 0; column < kNetworks.size(); ++column) {
    jobs.emplace_back([column, jump = kJumps[column]](const VerifyStop& stop) {
      return phase_jumps(kNetworks[column], jump.first, jump.second, stop);
    });
  }
  return jobs;
}

}  // namespace halfcycle::app
