// SPDX-License-Identifier: Apache-2.0
// The measured system: inputs, wiring and nominal values (ION7400 manual, "Volts Mode").
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace halfcycle {

/// The inputs of a meter; the value is the lane in a SampleBlock's frame.
enum class Input : std::uint8_t { V1, V2, V3, V4, I1, I2, I3, I4, I5 };
inline constexpr std::size_t kInputCount = 9;

[[nodiscard]] constexpr std::size_t lane(Input input) { return static_cast<std::size_t>(input); }
[[nodiscard]] constexpr bool is_voltage(Input input) { return input <= Input::V4; }
[[nodiscard]] std::string_view name(Input input);
/// "V1", "i4", … ; nothing if there is no such input.
[[nodiscard]] std::optional<Input> parse_input(std::string_view text);

/// A set of inputs.
class InputMask {
 public:
  constexpr InputMask() = default;
  constexpr void add(Input input) { bits_ = static_cast<std::uint16_t>(bits_ | bit(input)); }
  [[nodiscard]] constexpr bool has(Input input) const { return (bits_ & bit(input)) != 0; }
  [[nodiscard]] constexpr bool empty() const { return bits_ == 0; }
  bool operator==(const InputMask&) const = default;

 private:
  static constexpr std::uint16_t bit(Input input) {
    return static_cast<std::uint16_t>(1U << lane(input));
  }
  std::uint16_t bits_ = 0;
};

/// How the inputs are connected (ION7400 manual, "Volts Mode").
/// - Delta: no neutral. V1, V2, V3 carry the line-to-line voltages V12, V23, V31 when all three are
///   mapped (3 PTs), or V12 and V32 (= −V23) on V1 and V3 when V2 is absent (2 PTs: A-B and C-B, as
///   meters are wired).
/// - ThreeWireWye: phase voltages against the star point, as in FourWireWye. Without a neutral what
///   is missing follows from the rest: V2 = −(V1 + V3), and one current is minus the sum of the
///   others.
enum class Wiring : std::uint8_t { FourWireWye, ThreeWireWye, Delta, Single, Demo };
[[nodiscard]] std::string_view name(Wiring wiring);  ///< "4w-wye", "3w-wye", "delta", …
[[nodiscard]] std::optional<Wiring> parse_wiring(std::string_view text);
/// True where the quality quantities V1…V3 mean line-to-line voltages (DESIGN §5, core labels).
[[nodiscard]] constexpr bool is_line_to_line(Wiring w) { return w == Wiring::Delta; }

enum class PhaseOrder : std::uint8_t { Abc, Acb };

/// Nominal values and conventions of one meter.
struct SystemSetup {
  Wiring wiring = Wiring::FourWireWye;
  /// L-N for wye and single, L-L for delta (manual). NaN where nobody knows it: then what refers to
  /// it (deviations, dips, transients, signalling, presence of phases) is not available.
  double nominal_voltage_volts = 230.0;
  double nominal_current_amperes = 5.0;
  /// Largest demand current, what TDD refers to (IEEE 519); 0: the nominal current.
  double demand_current_amperes = 0.0;
  double nominal_frequency_hertz = 50.0;  ///< declared: 50 or 60 (400 for rms and power)
  PhaseOrder phase_order = PhaseOrder::Abc;
  bool pf_sign_iec = false;  ///< IEEE by default (DESIGN §5)
  enum class KvaMethod : std::uint8_t { Vector, Scalar, Effective } kva_method = KvaMethod::Vector;
  /// Carriers of mains signalling, at most 3 kHz (IEC 61000-4-30 §5.10); 0: none.
  std::array<double, 3> signalling_hertz{};
  /// Lamp of the flickermeter (IEC 61000-4-15): that of the low-voltage network served. By default
  /// the 120 V lamp in 60 Hz systems, the 230 V lamp in all others.
  enum class FlickerLamp : std::uint8_t {
    ByFrequency,
    V230,
    V120
  } flicker_lamp = FlickerLamp::ByFrequency;

  [[nodiscard]] bool nominal_voltage_known() const {
    return nominal_voltage_volts == nominal_voltage_volts;
  }
  /// What floors of noise refer to.
  [[nodiscard]] double floor_voltage_volts() const {
    return nominal_voltage_known() ? nominal_voltage_volts : 230.0;
  }

  /// 10 cycles in 50 Hz systems, 12 in 60 Hz systems (IEC 61000-4-30 §4.4).
  [[nodiscard]] int window_cycles() const { return nominal_frequency_hertz >= 55.0 ? 12 : 10; }
};

}  // namespace halfcycle
