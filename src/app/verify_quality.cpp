// SPDX-License-Identifier: Apache-2.0
// Points of IEC 62586-2 and IEC 61000-4-7 for `halfcycle verify`: magnitudes, frequencies,
// unbalance, harmonics, interharmonics, Urms(1/2) on its own windows; what a converter adds
// (quantisation, noise, DC); and the signals at which an open library was measured.
#include <algorithm>
#include <cmath>
#include <numbers>

#include "app/verify_parts.hpp"
#include "base/format.hpp"
#include "metrology/engine.hpp"
#include "metrology/flicker.hpp"

namespace halfcycle::app {
namespace {

constexpr double kPi = std::numbers::pi;
constexpr std::string_view kOwn = "budget of this project";
constexpr std::string_view kPqopen = "pqopen-lib, as measured";

using Rows = Result<std::vector<VerifyRow>>;

VerifyRow own(std::string_view quantity, std::string condition, double budget, double error,
              std::string_view unit) {
  return {std::string(kOwn), std::string(quantity), std::move(condition), budget, budget, error,
          std::string(unit)};
}

// ---- magnitudes, frequencies, unbalance ---------------------------------------------------------

// P1 … P5 of the range of the voltage, and of the current.
Rows magnitude(double nominal, double ratio, const VerifyStop& stop) {
  VerifyFeeder feeder;
  feeder.volts.fill(ratio * kVerifyUdin);
  feeder.amperes.fill(ratio * kVerifyIn);
  feeder.voltage_tones = feeder.current_tones = {{3, 0.02, 0.4}, {5, 0.03, 1.0}};
  const VerifySignal signal = verify_feeder(feeder, nominal + 0.35, 1.4);
  const auto run =
      run_verify(signal, nominal, {"Vln a", "Vln b", "Vln c", "I a", "I b", "I c"}, stop);
  if (!run) {
    return fail(run.error());
  }
  Worst u;
  Worst i;
  for (std::size_t phase = 0; phase < 3; ++phase) {
    const char letter = kVerifyPhase[phase];
    const double volts = signal.channel(static_cast<Input>(phase)).rms();
    const double amperes = signal.channel(static_cast<Input>(lane(Input::I1) + phase)).rms();
    u.add(100.0 * run->windows.worst(format("Vln {}", letter), volts) / kVerifyUdin);
    i.add(100.0 * run->windows.worst(format("I {}", letter), amperes) / amperes);
  }
  const std::string condition = verify_condition(nominal, signal.fundamental_hertz,
                                                 format("{:g} % of nominal", 100.0 * ratio));
  return std::vector<VerifyRow>{{"IEC 62586-2", "voltage, rms over 10/12 cycles", condition, 0.1,
                                 0.001 * ratio, u.value(), "% of Udin"},
                                {"IEC 61000-4-30 5.13", "current, rms over 10/12 cycles", condition,
                                 1.0, 0.001, i.value(), "%"}};
}

Rows frequency(double nominal, double hertz, const VerifyStop& stop) {
  VerifyFeeder feeder;
  feeder.voltage_tones = {{5, 0.05, 0.2}, {7, 0.05, 2.0}};
  const VerifySignal signal = verify_feeder(feeder, hertz, 10.0 + 2.0 * kVerifyLeadSeconds);
  const auto run = run_verify(signal, nominal, {"Freq"}, stop);
  if (!run) {
    return fail(run.error());
  }
  const std::string condition = verify_condition(nominal, hertz, "5 % 5th and 7th harmonic");
  return std::vector<VerifyRow>{{"IEC 62586-2", "frequency over 10 s", condition, 10.0, 0.01,
                                 1e3 * run->ten_seconds.worst("Freq", hertz), "mHz"},
                                own("frequency of one cycle", condition, 1.0,
                                    1e3 * run->half_cycles.worst("HS Freq", hertz), "mHz")};
}

// The reference phase dips, or is lost, for seven seconds of the ten.
Rows reference_phase(double nominal, double left, const VerifyStop& stop) {
  VerifyFeeder feeder;
  feeder.voltage_tones = {{5, 0.05, 0.2}, {7, 0.05, 2.0}};
  VerifySignal signal = verify_feeder(feeder, nominal - 0.13, 10.0 + 2.0 * kVerifyLeadSeconds);
  signal.steps.push_back({100.25, 340.5, left, {true, false, false}});
  const auto run = run_verify(signal, nominal, {"Freq"}, stop);
  if (!run) {
    return fail(run.error());
  }
  return std::vector<VerifyRow>{
      {"IEC 61000-4-30 5.1", "frequency over 10 s",
       verify_condition(nominal, signal.fundamental_hertz,
                        format("reference phase at {:g} % for 340 cycles", 100.0 * left)),
       10.0, 0.01, 1e3 * run->ten_seconds.worst("Freq", signal.fundamental_hertz), "mHz"}};
}

Rows unbalance(double nominal, double ratio, bool zero_sequence, const VerifyStop& stop) {
  VerifySignal signal = verify_feeder({}, nominal - 0.4, 1.4);
  // A negative or zero sequence of the ratio, 40° on, beside the positive one.
  for (std::size_t phase = 0; phase < 3; ++phase) {
    const double turn = 2.0 * kPi / 3.0 * static_cast<double>(phase);
    const std::complex<double> u =
        std::polar(kVerifyUdin, -turn) +
        std::polar(ratio * kVerifyUdin, 40.0 * kPi / 180.0 + (zero_sequence ? 0.0 : turn));
    signal.channels[phase].tones[0].rms = std::abs(u);
    signal.channels[phase].tones[0].angle_radians = std::arg(u);
  }
  const std::string label = zero_sequence ? "Vunbal u0" : "Vunbal u2";
  const auto run = run_verify(signal, nominal, {label}, stop);
  if (!run) {
    return fail(run.error());
  }
  return std::vector<VerifyRow>{
      {"IEC 62586-2", zero_sequence ? "unbalance u0" : "unbalance u2",
       verify_condition(nominal, signal.fundamental_hertz,
                        format("{} {:g} %", zero_sequence ? "u0" : "u2", 100.0 * ratio)),
       0.15, 0.005, run->windows.worst(label, 100.0 * ratio), "% (points)"}};
}

// ---- harmonics ----------------------------------------------------------------------------------

/// IEC 61000-2-4 class 3, ratio to the fundamental.
double class_3(int order) {
  switch (order) {
    case 2:
      return 0.03;
    case 3:
      return 0.06;
    case 4:
      return 0.015;
    case 5:
      return 0.08;
    case 7:
      return 0.07;
    case 9:
      return 0.025;
    case 11:
      return 0.05;
    case 13:
      return 0.045;
    case 15:
      return 0.02;
    case 17:
      return 0.04;
    case 21:
      return 0.0175;
    default:
      break;
  }
  if (order % 2 == 0 || order % 3 == 0) {
    return 0.01;
  }
  return 0.045 * 17.0 / order - 0.005;
}

// One order alone, in voltage and current, with its angle.
Rows one_order(double nominal, int order, const VerifyStop& stop) {
  const double ratio = 0.05;
  VerifyFeeder feeder;
  feeder.voltage_tones = feeder.current_tones = {{static_cast<double>(order), ratio, 1.0}};
  feeder.lag_radians = 0.0;
  const VerifySignal signal = verify_feeder(feeder, nominal - 0.7, 0.9);
  const std::string magnitude = format("V2 HD{}", order);
  const std::string current = format("I3 HD{}", order);
  const std::string angle = format("V2 HA{}", order);
  const auto run = run_verify(signal, nominal, {magnitude, current, angle}, stop);
  if (!run) {
    return fail(run.error());
  }
  const std::string condition =
      verify_condition(nominal, signal.fundamental_hertz, format("order {}, 5 %", order));
  return std::vector<VerifyRow>{
      {"IEC 61000-4-7 class I", "harmonic voltage", condition, 5.0, 0.1,
       run->windows.worst(magnitude, 100.0 * ratio) / ratio, "% of reading"},
      {"IEC 61000-4-7 class I", "harmonic current", condition, 5.0, 0.1,
       run->windows.worst(current, 100.0 * ratio) / ratio, "% of reading"},
      // The angle of an order counts from the fundamental's own zero crossing.
      {"IEC 61000-4-7 class I", "harmonic angle", condition, 1.0 * order, 0.05,
       run->windows.worst_angle(angle, 180.0 / kPi), "deg"}};
}

// All orders to 50 at a multiple of class 3.
Rows all_orders(double nominal, double factor, const VerifyStop& stop) {
  VerifyFeeder feeder;
  std::vector<std::string> labels{"V1 THD"};
  for (int order = 2; order <= 50; ++order) {
    feeder.voltage_tones.push_back(
        {static_cast<double>(order), factor * class_3(order), 0.7 * order});
    labels.push_back(format("V1 HD{}", order));
  }
  const VerifySignal signal = verify_feeder(feeder, nominal + 0.6, 0.9);
  const auto run = run_verify(signal, nominal, labels, stop);
  if (!run) {
    return fail(run.error());
  }
  Worst large;
  Worst small;
  for (int order = 2; order <= 50; ++order) {
    const double truth = 100.0 * factor * class_3(order);
    const double error = run->windows.worst(format("V1 HD{}", order), truth);
    if (truth >= 1.0) {
      large.add(100.0 * error / truth);
    } else {
      small.add(error);
    }
  }
  const std::string condition =
      verify_condition(nominal, signal.fundamental_hertz,
                       format("orders 2 to 50 at {:g} % of class 3", 100.0 * factor));
  std::vector<VerifyRow> rows;
  if (large.any()) {
    rows.push_back({"IEC 62586-2", "harmonics of 1 % and more", condition, 5.0, 0.1, large.value(),
                    "% of reading"});
  }
  if (small.any()) {
    rows.push_back(
        {"IEC 62586-2", "harmonics below 1 %", condition, 0.05, 0.01, small.value(), "% of fund."});
  }
  rows.push_back({"IEC 61000-4-7 3.3", "total harmonic distortion", condition, 5.0, 0.1,
                  100.0 * run->windows.worst("V1 THD", 100.0 * signal.thd_ratio(Input::V1)) /
                      (100.0 * signal.thd_ratio(Input::V1)),
                  "% of reading"});
  return rows;
}

// A tone half-way between two orders lies in the centred subgroup above the lower one.
Rows interharmonic(double nominal, int order, double ratio, const VerifyStop& stop) {
  VerifyFeeder feeder;
  feeder.voltage_tones = {{order + 0.5, ratio, 0.3}};
  const VerifySignal signal = verify_feeder(feeder, nominal - 0.2, 0.9);
  const std::string between = format("V1 IHD{}", order);
  std::vector<std::string> labels{between};
  for (const int other : {order, order + 1}) {
    if (other > 1) {
      labels.push_back(format("V1 HD{}", other));
    }
  }
  const auto run = run_verify(signal, nominal, labels, stop);
  if (!run) {
    return fail(run.error());
  }
  Worst beside;
  for (std::size_t k = 1; k < labels.size(); ++k) {
    beside.add(run->windows.worst(labels[k], 0.0));
  }
  const std::string condition =
      verify_condition(nominal, signal.fundamental_hertz,
                       format("{:g} % at {:g} times the fundamental", 100.0 * ratio, order + 0.5));
  std::vector<VerifyRow> rows{{"IEC 62586-2", "interharmonic, centred subgroup", condition, 5.0,
                               0.1, run->windows.worst(between, 100.0 * ratio) / ratio,
                               "% of reading"}};
  if (beside.any()) {
    rows.push_back(
        own("trace of it in the orders beside", condition, 0.01, beside.value(), "% of fund."));
  }
  return rows;
}

// A tone above the analysed orders: in full in rms and power, in no order and nowhere between.
Rows above_the_band(double nominal, const VerifyStop& stop) {
  VerifyFeeder feeder;
  const double hertz = nominal + 0.4;
  // On a bin, so that the window has no leakage of its own.
  const double bins = nominal < 55.0 ? 10.0 : 12.0;
  const double order = std::round(bins * 3900.0 / hertz) / bins;
  feeder.voltage_tones = feeder.current_tones = {{order, 0.10, 0.5}};
  const VerifySignal signal = verify_feeder(feeder, hertz, 0.9);
  std::vector<std::string> labels{"Vln a", "kW a"};
  for (int h = 2; h <= 50; ++h) {
    labels.push_back(format("V1 HD{}", h));
    labels.push_back(format("V1 IHD{}", h));
  }
  const auto run = run_verify(signal, nominal, labels, stop);
  if (!run) {
    return fail(run.error());
  }
  Worst trace;
  for (std::size_t k = 2; k < labels.size(); ++k) {
    trace.add(run->windows.worst(labels[k], 0.0));
  }
  const std::string condition = verify_condition(nominal, hertz, "10 % at 3.9 kHz, 10 kS/s");
  const double u = signal.channel(Input::V1).rms();
  const double s = signal.apparent_power(0);
  return std::vector<VerifyRow>{
      own("largest trace in any order to 50", condition, 0.01, trace.value(), "% of fund."),
      own("voltage, rms over 10/12 cycles", condition, 0.001,
          100.0 * run->windows.worst("Vln a", u) / u, "%"),
      own("active power", condition, 0.001,
          100.0 * 1e3 * run->windows.worst("kW a", 1e-3 * signal.active_power(0)) / s, "% of S")};
}

// ---- Urms(1/2) on its own windows ---------------------------------------------------------------

struct WindowCollector final : metrology::HalfCycleSink {
  std::vector<metrology::VoltageWindow> windows;
  void on_voltage_window(const metrology::VoltageWindow& window) override {
    windows.push_back(window);
  }
};

// One cycle at 50 %, begun at 36 points on the wave, steps midway between two samples; each
// Urms(1/2) against the exact value of its own window.
Rows points_on_wave(double nominal, const VerifyStop& stop) {
  Worst error;
  for (int point = 0; point < 36; ++point) {
    VerifySignal signal = verify_feeder({}, nominal, 0.6);
    signal.rate_hertz = 512.0 * nominal;
    const double start = 12.0 + (std::round(512.0 * point / 36.0) + 0.5) / 512.0;
    signal.steps.push_back({start, 1.0, 0.5, {true, true, true}});
    WindowCollector collector;
    metrology::EngineSetup setup;
    setup.system.nominal_frequency_hertz = nominal;
    setup.inputs = signal.inputs();
    setup.sample_rate_hertz = signal.rate_hertz;
    auto engine = metrology::Engine::create(setup);
    if (!engine) {
      return fail(engine.error());
    }
    if (stop && stop()) {
      return fail(ErrorCode::Interrupted, "stopped");
    }
    (*engine)->add_half_cycle_sink(&collector);
    std::vector<float> frames;
    signal.render(0, signal.frame_count(), frames);
    (*engine)->push(signal.block(0, signal.frame_count(), frames));
    (*engine)->finish();
    for (const metrology::VoltageWindow& w : collector.windows) {
      const auto primitive = [&](double x) {
        return x - std::sin(4.0 * kPi * (x - w.channel / 3.0)) / (4.0 * kPi);
      };
      const double from = (w.start - signal.start).to_seconds() * nominal;
      const double to = (w.end - signal.start).to_seconds() * nominal;
      const double a = std::clamp(start, from, to);
      const double b = std::clamp(start + 1.0, from, to);
      const double square =
          (primitive(to) - primitive(from) - 0.75 * (primitive(b) - primitive(a))) / (to - from);
      error.add(100.0 * std::abs(w.u_rms_volts / kVerifyUdin - std::sqrt(square)));
    }
  }
  return std::vector<VerifyRow>{
      {"IEC 61000-4-30 5.4", "Urms(1/2) on its own window",
       verify_condition(nominal, nominal, "1 cycle at 50 %, 36 points on the wave"), 0.2, 0.005,
       error.value(), "% of Udin"}};
}

// ---- what a converter adds ----------------------------------------------------------------------

/// Even over (−1, 1), from the index alone.
double scatter(Input input, std::size_t n) {
  std::uint64_t x = (static_cast<std::uint64_t>(n) + 1) * 16 + lane(input);
  x = (x ^ (x >> 30U)) * 0xBF58476D1CE4E5B9U;
  x = (x ^ (x >> 27U)) * 0x94D049BB133111EBU;
  x ^= x >> 31U;
  return static_cast<double>(x >> 11U) * 0x1p-52 - 1.0;
}

struct Converter {
  std::string text;
  std::function<double(Input, std::size_t, double, double)> shape;
  double noise_square_ratio = 0.0;  ///< that it adds to the mean square of U and I
  double budget_percent = 0.001;
};

std::vector<Converter> converters() {
  // Full scale is twice the peak of the nominal values. derived: the error of a mean of M values
  // that carry a uniform error of one step q is q/√(12·M); over 2,000 samples 5e-3 of a step, of
  // 1.5e-5 of full scale: 2e-7. The budget leaves room for the order of the samples.
  const auto quantised = [](Input input, std::size_t, double, double value) {
    const double full = 2.0 * std::numbers::sqrt2 * (is_voltage(input) ? kVerifyUdin : kVerifyIn);
    const double step = full / 32768.0;
    return step * std::round(value / step);
  };
  // 60 dB below the fundamental: its own square is in the rms; what is left over a window of 2,000
  // samples is 1e-3·√(2/2000) = 3e-5 (one in 3e5 beyond 4.5 times that).
  const auto noisy = [](Input input, std::size_t n, double, double value) {
    const double rms = 1e-3 * (is_voltage(input) ? kVerifyUdin : kVerifyIn);
    return value + std::sqrt(3.0) * rms * scatter(input, n);
  };
  return {{"16 bit, full scale twice the peak", quantised, 0.0, 0.001},
          {"white noise, 60 dB below", noisy, 1e-6, 0.015}};
}

Rows converter(double nominal, const Converter& with, const VerifyStop& stop) {
  VerifyFeeder feeder;
  feeder.lag_radians = 0.5;
  VerifySignal signal = verify_feeder(feeder, nominal + 0.21, 2.5);
  signal.shape = with.shape;
  const auto run = run_verify(signal, nominal, {"Vln a", "I a", "kW tot"}, stop);
  if (!run) {
    return fail(run.error());
  }
  const double added = std::sqrt(1.0 + with.noise_square_ratio);
  double p = 0.0;
  double s = 0.0;
  for (int phase = 0; phase < 3; ++phase) {
    p += signal.active_power(phase);
    s += signal.apparent_power(phase);
  }
  const std::string condition = verify_condition(nominal, signal.fundamental_hertz, with.text);
  return std::vector<VerifyRow>{
      own("voltage, rms over 10/12 cycles", condition, with.budget_percent,
          100.0 * run->windows.worst("Vln a", added * kVerifyUdin) / kVerifyUdin, "%"),
      own("current, rms over 10/12 cycles", condition, with.budget_percent,
          100.0 * run->windows.worst("I a", added * kVerifyIn) / kVerifyIn, "%"),
      own("active power", condition, with.budget_percent,
          100.0 * 1e3 * run->windows.worst("kW tot", 1e-3 * p) / s, "% of S")};
}

// DC beside the fundamental, and a current of crest factor 3.
Rows dc_and_crest(double nominal, const VerifyStop& stop) {
  VerifyFeeder feeder;
  for (const int order : {3, 5, 7, 9, 11}) {
    feeder.current_tones.push_back(
        {static_cast<double>(order), 1.0 - 0.07 * order, (order % 4 == 1 ? 0.0 : kPi)});
  }
  const double hertz = nominal + 0.3;
  VerifySignal signal = verify_feeder(feeder, hertz, 1.4);
  constexpr double kDcVolts = 2.0;
  signal.shape = [](Input input, std::size_t, double, double value) {
    return value + (is_voltage(input) ? kDcVolts : 0.0);
  };
  const auto run = run_verify(signal, nominal, {"Vln a", "I a", "I1 CF"}, stop);
  if (!run) {
    return fail(run.error());
  }
  // All tones peak together where the fundamental does.
  double peak = 0.0;
  for (const VerifyTone& tone : signal.channel(Input::I1).tones) {
    peak += std::numbers::sqrt2 * tone.rms;
  }
  const double rms = signal.channel(Input::I1).rms();
  const double crest = peak / rms;
  const double volts = std::hypot(kVerifyUdin, kDcVolts);
  const std::string condition =
      verify_condition(nominal, hertz, format("2 V of DC on U, crest factor {:.2f} in I", crest));
  return std::vector<VerifyRow>{
      own("voltage, rms over 10/12 cycles", condition, 0.001,
          100.0 * run->windows.worst("Vln a", volts) / volts, "%"),
      own("current, rms over 10/12 cycles", condition, 0.001,
          100.0 * run->windows.worst("I a", rms) / rms, "%"),
      // Between two samples the peak may be missed by half a sample of the highest order.
      own("crest factor", condition, 1.0, 100.0 * run->windows.worst("I1 CF", crest) / crest, "%")};
}

// ---- the nearest open library -------------------------------------------------------------------

Rows against_pqopen(const VerifyStop& stop) {
  VerifyFeeder feeder;
  feeder.voltage_tones = {{5, 0.05, 0.2}, {7, 0.05, 2.0}};
  VerifySignal signal = verify_feeder(feeder, 50.02, 10.0 + 2.0 * kVerifyLeadSeconds);
  signal.rate_hertz = 25600.0;
  const auto run = run_verify(signal, 50.0, {"Vln a", "Vln b", "Vln c"}, stop);
  if (!run) {
    return fail(run.error());
  }
  const double u = signal.channel(Input::V1).rms();
  Worst volts;
  for (const char letter : kVerifyPhase) {
    volts.add(100.0 * run->windows.worst(format("Vln {}", letter), u) / u);
  }
  metrology::Flicker flicker({25600.0, 50.0, metrology::Lamp::V230});
  std::vector<float> frames(2560 * 8, 0.0F);
  const auto feed = [&](std::int64_t from, std::int64_t to) {
    for (std::int64_t n = from; n < to && !(stop && stop());) {
      for (std::size_t k = 0; k < 2560; ++k, ++n) {
        const double t = static_cast<double>(n) / 25600.0;
        const double turns = 110.0 / 120.0 * t + 1e-9;
        const double envelope = 1.0 + (turns - std::floor(turns) < 0.5 ? 0.722 : -0.722) / 200.0;
        frames[k * 8] = static_cast<float>(325.0 * envelope * std::sin(2.0 * kPi * 50.0 * t));
      }
      flicker.push(frames.data(), 2560, 8);
    }
  };
  feed(0, 25600 * 60);
  (void)flicker.close_interval();
  feed(25600 * 60, 25600 * 660);
  if (stop && stop()) {
    return fail(ErrorCode::Interrupted, "stopped");
  }
  const std::string condition = "50 Hz system: 25.6 kS/s, 6 channels, limit is what it reached";
  const auto row = [&](std::string_view quantity, double limit, double error,
                       std::string_view unit) {
    return VerifyRow{std::string(kPqopen), std::string(quantity), condition, limit, limit, error,
                     std::string(unit)};
  };
  return std::vector<VerifyRow>{
      row("frequency over 10 s", 0.008, 1e3 * run->ten_seconds.worst("Freq", 50.02), "mHz"),
      row("voltage, rms over 10/12 cycles", 0.014, volts.value(), "%"),
      row("Pst, 110 changes a minute", 0.7,
          100.0 * std::abs(flicker.close_interval().p_st[0] - 1.0), "%")};
}

}  // namespace

std::vector<VerifyJob> quality_jobs() {
  std::vector<VerifyJob> jobs;
  for (const double nominal : {50.0, 60.0}) {
    const auto add = [&](auto job) { jobs.emplace_back(std::move(job)); };
    for (const double ratio : {0.10, 0.45, 0.80, 1.15, 1.50}) {
      add([=](const VerifyStop& stop) { return magnitude(nominal, ratio, stop); });
    }
    const std::array<double, 7> hertz =
        nominal == 50.0 ? std::array<double, 7>{42.5, 46.0, 49.95, 50.0, 50.05, 54.0, 57.5}
                        : std::array<double, 7>{51.0, 55.0, 59.95, 60.0, 60.05, 64.0, 69.0};
    for (const double f : hertz) {
      add([=](const VerifyStop& stop) { return frequency(nominal, f, stop); });
    }
    for (const double left : {0.4, 0.0}) {
      add([=](const VerifyStop& stop) { return reference_phase(nominal, left, stop); });
    }
    for (const double ratio : {0.005, 0.01, 0.02, 0.03, 0.05}) {
      for (const bool zero : {false, true}) {
        add([=](const VerifyStop& stop) { return unbalance(nominal, ratio, zero, stop); });
      }
    }
    for (const int order : {2, 3, 4, 5, 7, 9, 11, 13, 17, 19, 23, 25, 29, 31, 37, 41, 47, 49, 50}) {
      add([=](const VerifyStop& stop) { return one_order(nominal, order, stop); });
    }
    for (const double factor : {0.1, 1.0, 2.0}) {
      add([=](const VerifyStop& stop) { return all_orders(nominal, factor, stop); });
    }
    // 200 % of class 3 below order 11, then what is left of it.
    for (const int order : {0, 1, 2, 3, 7, 15, 23, 37, 48}) {
      const double high = order < 11 ? 0.05 : order < 20 ? 0.04 : 0.02;
      for (const double ratio : {0.01, high}) {
        add([=](const VerifyStop& stop) { return interharmonic(nominal, order, ratio, stop); });
      }
    }
    add([=](const VerifyStop& stop) { return above_the_band(nominal, stop); });
    add([=](const VerifyStop& stop) { return points_on_wave(nominal, stop); });
    for (const Converter& with : converters()) {
      add([=](const VerifyStop& stop) { return converter(nominal, with, stop); });
    }
    add([=](const VerifyStop& stop) { return dc_and_crest(nominal, stop); });
  }
  jobs.emplace_back(against_pqopen);
  return jobs;
}

}  // namespace halfcycle::app
