// SPDX-License-Identifier: Apache-2.0
// What the parts of `halfcycle verify` share: a signal through a meter, and its values against one
// truth.
#pragma once

#include <array>
#include <cmath>
#include <functional>
#include <string>
#include <vector>

#include "app/report_data.hpp"
#include "app/verify.hpp"
#include "app/verify_signal.hpp"

namespace halfcycle::app {

inline constexpr double kVerifyUdin = 230.0;
inline constexpr double kVerifyIn = 5.0;
inline constexpr std::array kVerifyPhase{'a', 'b', 'c'};
/// Signals begin so long before a multiple of 10 s of UTC and end so long after the next one.
inline constexpr double kVerifyLeadSeconds = 0.4;
[[nodiscard]] Instant verify_start();

using VerifyStop = std::function<bool()>;
using VerifyJob = std::function<Result<std::vector<VerifyRow>>(const VerifyStop&)>;

/// The largest of magnitudes; NaN as soon as one is NaN.
class Worst {
 public:
  void add(double magnitude) {
    any_ = true;
    value_ = std::isnan(magnitude) || magnitude > value_ ? magnitude : value_;
  }
  [[nodiscard]] bool any() const { return any_; }
  [[nodiscard]] double value() const { return any_ ? value_ : kNotAvailable; }

 private:
  double value_ = 0.0;
  bool any_ = false;
};

struct VerifyTable : IntervalTable {
  using RowTruth = std::function<double(std::size_t row)>;
  /// Largest |value − truth| where the truth differs from row to row.
  [[nodiscard]] double worst(std::string_view label, const RowTruth& truth) const;
  /// Largest |value − truth| of a column; NaN without rows or with a value that is not available.
  [[nodiscard]] double worst(std::string_view label, double truth) const;
  /// The same for angles in degrees, around the circle.
  [[nodiscard]] double worst_angle(std::string_view label, double truth) const;
};

/// What the meter is set to beside the nominal values.
struct VerifyMeter {
  Wiring wiring = Wiring::FourWireWye;
  double nominal_volts = kVerifyUdin;
  std::array<double, 3> signalling_hertz{};
  /// Tables of the labels over these intervals, too.
  std::vector<metrology::Interval> intervals;
};

struct VerifyRun {
  VerifyTable windows;                 ///< 10/12-cycle, the labels asked for
  VerifyTable half_cycles;             ///< "HS Vln a", "HS Vln b", "HS Vln c", "HS Freq"
  VerifyTable ten_seconds;             ///< "Freq"
  std::vector<VerifyTable> intervals;  ///< as VerifyMeter::intervals
  std::vector<quality::VoltageEvent> events;
  std::vector<quality::RapidVoltageChange> changes;
  std::vector<quality::TransientEvent> transients;
  std::vector<meter::SignallingRecord> signalling;
  double energy_kwh = kNotAvailable;  ///< delivered
};
[[nodiscard]] Result<VerifyRun> run_verify(const VerifySignal& signal, double nominal_hertz,
                                           const std::vector<std::string>& labels,
                                           const VerifyStop& stop, const VerifyMeter& meter = {});

[[nodiscard]] std::vector<VerifyJob> steady_jobs();
[[nodiscard]] std::vector<VerifyJob> event_jobs();
[[nodiscard]] std::vector<VerifyJob> load_jobs();
[[nodiscard]] std::vector<VerifyJob> quality_jobs();
[[nodiscard]] std::vector<VerifyJob> flicker_jobs();
[[nodiscard]] std::vector<VerifyJob> change_jobs();
[[nodiscard]] std::vector<VerifyJob> band_jobs();
[[nodiscard]] std::vector<VerifyJob> ramp_jobs();
[[nodiscard]] std::vector<VerifyJob> aggregate_jobs();
[[nodiscard]] std::vector<VerifyJob> wiring_jobs();

/// A row of the project's own budget, where no standard sets a limit.
[[nodiscard]] VerifyRow own_row(std::string_view quantity, std::string condition, double budget,
                                double error, std::string_view unit);

/// A star of three phases on a load: voltages and currents, fundamentals 120° apart.
struct VerifyFeeder {
  std::array<double, 3> volts{kVerifyUdin, kVerifyUdin, kVerifyUdin};
  std::array<double, 3> amperes{kVerifyIn, kVerifyIn, kVerifyIn};
  double lag_radians = 0.0;               ///< of the currents
  bool reversed = false;                  ///< the phases in the order 1, 3, 2
  std::vector<VerifyTone> voltage_tones;  ///< beside the fundamental, rms as a ratio to it
  std::vector<VerifyTone> current_tones;  ///< their angles turn with the phase
};
/// At 10 kS/s from verify_start() on.
[[nodiscard]] VerifySignal verify_feeder(const VerifyFeeder& feeder, double hertz, double seconds);
/// "50 Hz system, 49.4 Hz: text"
[[nodiscard]] std::string verify_condition(double nominal, double hertz, std::string_view text);

}  // namespace halfcycle::app
