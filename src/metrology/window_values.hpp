// SPDX-License-Identifier: Apache-2.0
// From the sums of one window to the values of the quantities, for every wiring.
//
//   WindowMeasures m = …;                         // mean squares, mean products, phasors
//   Valuer valuer(system, inputs);
//   valuer.evaluate(m, values);                   // kQuantityCount values, NaN = not available
//
// Lanes are canonical: in Delta V1, V2, V3 hold v1, v2, v3 against phase 2 (v12, 0, v32), so that
// Σ v·i is the two-wattmeter power and differences are the line-to-line voltages (derived: all
// three-wire quantities are independent of the common reference of the voltages while Σi = 0).
#pragma once

#include <array>
#include <complex>
#include <span>

#include "base/quality.hpp"
#include "base/sample_block.hpp"
#include "base/system.hpp"
#include "metrology/power.hpp"
#include "metrology/quantity.hpp"

namespace halfcycle::metrology {

/// Means over one window. A missing sample makes what it touches NaN.
struct WindowMeasures {
  std::array<double, kMaxLanes> mean{};         ///< V, A (DC)
  std::array<double, kMaxLanes> mean_square{};  ///< V², A²
  std::array<double, kMaxLanes> peak{};         ///< largest |x|, V, A
  std::array<double, 3> power{};                ///< mean of v_k·i_k, W
  std::array<double, 3> line_mean_square{};     ///< (v1−v2)², (v2−v3)², (v3−v1)², V²
  std::array<double, 3> line_peak{};            ///< V; NaN where it is not known
  double residual_mean_square = 0.0;            ///< (i1+i2+i3)², A²
  std::array<std::complex<double>, kMaxLanes> phasor{};  ///< fundamental, rms
  bool has_phasors = true;
  double frequency_hertz = kNotAvailable;
  double power_frequency_hertz = kNotAvailable;  ///< of the latest 10 s
};

/// Knows what the wiring and the inputs can give.
class Valuer {
 public:
  Valuer(const SystemSetup& system, InputMask inputs);

  /// Takes over what Engine::follow says.
  void follow(const SystemSetup& system) noexcept;

  /// values: kQuantityCount. Sets the rows with a ½-cycle value; all others stay as they are.
  void evaluate_half_cycle(const WindowMeasures& measures, std::span<double> values) const noexcept;

  /// Those and all others that one window's sums and phasors give.
  void evaluate(const WindowMeasures& measures, std::span<double> values) const noexcept;

  /// What windows have beyond that; values as evaluate() left them.
  void evaluate_window(const WindowMeasures& measures, std::span<double> values) const noexcept;

  /// True if the wiring and inputs can give the quantity.
  [[nodiscard]] bool has(QuantityId id) const noexcept;
  /// True if quality quantities of V1, V2, V3 (index 0, 1, 2) exist.
  [[nodiscard]] bool has_quality_voltage(std::size_t k) const noexcept {
    return line_to_line_ ? has_line_[k] : has_voltage_[k];
  }
  /// True if a total power (and so energies) exists.
  [[nodiscard]] bool has_power() const noexcept { return has_power_; }
  /// The sum of the phases' (or wattmeters') powers that belong to the total.
  [[nodiscard]] double total_power(const std::array<double, 3>& power) const noexcept;
  [[nodiscard]] bool line_to_line() const noexcept { return line_to_line_; }
  [[nodiscard]] bool has_line(std::size_t k) const noexcept { return has_line_[k]; }
  [[nodiscard]] bool has_voltage(std::size_t k) const noexcept { return has_voltage_[k]; }
  [[nodiscard]] bool has_current(std::size_t k) const noexcept { return has_current_[k]; }
  /// Smallest fundamentals whose angle means anything, V and A.
  [[nodiscard]] double voltage_floor_volts() const noexcept { return voltage_floor_; }
  [[nodiscard]] double current_floor_amperes() const noexcept { return current_floor_; }
  /// The voltage that quality quantities refer to: Udin of L-N or L-L; NaN if it is not known.
  [[nodiscard]] double declared_volts() const noexcept { return system_.nominal_voltage_volts; }

 private:
  void magnitudes(const WindowMeasures& m, std::span<double> values) const noexcept;
  void quality_magnitudes(const WindowMeasures& m, std::span<double> values) const noexcept;
  void powers(const WindowMeasures& m, std::span<double> values) const noexcept;
  void fundamental_powers(const WindowMeasures& m, std::span<double> values) const noexcept;
  void fundamentals(const WindowMeasures& m, std::span<double> values) const noexcept;
  void phases(const WindowMeasures& m, std::span<double> values) const noexcept;
  [[nodiscard]] double total_apparent(const WindowMeasures& m, double p, double q,
                                      double scalar) const noexcept;
  /// Of values set: the phases' apparent powers, or what stands for their sum with three wires.
  [[nodiscard]] double arithmetic_apparent(std::span<const double> values) const noexcept;
  [[nodiscard]] double effective_apparent(const WindowMeasures& m, double scalar) const noexcept;
  /// By each method; not available without a total power.
  struct ApparentTotals {
    double vector = kNotAvailable;
    double arithmetic = kNotAvailable;
    double effective = kNotAvailable;
  };
  [[nodiscard]] ApparentTotals apparent_totals(const WindowMeasures& m,
                                               std::span<const double> values) const noexcept;

  SystemSetup system_;
  InputMask inputs_;
  bool three_wire_ = false;
  bool line_to_line_ = false;
  std::array<bool, 3> has_voltage_{};  ///< line to neutral
  std::array<bool, 3> has_line_{};
  std::array<bool, 3> has_current_{};
  bool has_power_ = false;
  double voltage_floor_ = 0.0;
  double current_floor_ = 0.0;
};

/// The sum of the powers of a signed power factor and of its P and S, for aggregation: which rows
/// belong together.
struct PowerFactorRow {
  QuantityId factor;
  QuantityId p;
  QuantityId q;
  QuantityId s;  ///< == p where S is the root of P² + Q² (displacement)
};
inline constexpr std::array<PowerFactorRow, 8> kPowerFactorRows{{
    {QuantityId::PfSignA, QuantityId::KwA, QuantityId::KvarA, QuantityId::KvaA},
    {QuantityId::PfSignB, QuantityId::KwB, QuantityId::KvarB, QuantityId::KvaB},
    {QuantityId::PfSignC, QuantityId::KwC, QuantityId::KvarC, QuantityId::KvaC},
    {QuantityId::PfSignTot, QuantityId::KwTot, QuantityId::KvarTot, QuantityId::KvaTot},
    {QuantityId::DpfSignA, QuantityId::KwFundA, QuantityId::KvarA, QuantityId::KwFundA},
    {QuantityId::DpfSignB, QuantityId::KwFundB, QuantityId::KvarB, QuantityId::KwFundB},
    {QuantityId::DpfSignC, QuantityId::KwFundC, QuantityId::KvarC, QuantityId::KwFundC},
    {QuantityId::DpfSignTot, QuantityId::KwFundTot, QuantityId::KvarTot, QuantityId::KwFundTot},
}};

}  // namespace halfcycle::metrology
