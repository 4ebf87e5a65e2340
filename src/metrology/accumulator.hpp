// SPDX-License-Identifier: Apache-2.0
// Sums from which aggregates of interval values come, each row by its own rule
// (IEC 61000-4-30 §4.5): what aggregation and statistics share.
//
//   ValueAccumulator sums(system);
//   sums.add(values);                    // NaN says nothing and is skipped
//   sums.result(out);                    // NaN where nothing was there
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "base/system.hpp"
#include "metrology/interval.hpp"
#include "metrology/power.hpp"
#include "metrology/quantity.hpp"

namespace halfcycle::metrology {

/// Scalar quantities. Rms: root of the mean of squares. Mean: arithmetic. Angle: direction of the
/// mean unit vector. PowerFactor: ΣP/ΣS with the sign of ΣP and ΣQ. Last: the latest; PF lead and
/// lag follow the aggregated PF. Under- and overdeviation: IEC 61000-4-30 Annex D, of the squares
/// of Uunder and Uover.
class ValueAccumulator {
 public:
  explicit ValueAccumulator(const SystemSetup& system) { follow(system); }
  /// The sign of power factors is from now on that of `system`.
  void follow(const SystemSetup& system) noexcept {
    convention_ = system.pf_sign_iec ? PfConvention::Iec : PfConvention::Ieee;
  }
  void reset() noexcept;
  void add(std::span<const double> values) noexcept;
  /// As if the values that `later` took in followed here.
  void add(const ValueAccumulator& later) noexcept;
  /// out: kQuantityCount.
  void result(std::span<double> out) const noexcept;
  [[nodiscard]] std::uint32_t count(QuantityId id) const noexcept { return count_[index(id)]; }

 private:
  void add_direction(std::size_t k, double radians) noexcept;

  PfConvention convention_ = PfConvention::Ieee;
  std::array<double, kQuantityCount> sum_{};
  std::array<double, kQuantityCount> sine_sum_{};  ///< angles only
  std::array<std::uint32_t, kQuantityCount> count_{};
  std::array<std::array<double, 3>, 8> factor_sums_{};  ///< ΣP, ΣQ, ΣS of each power factor row
};

/// Sums of spectra. What is not available counts 0 times. A harmonic subgroup says for others
/// whether they are there, too: the interharmonic subgroup and the group of order h are where the
/// harmonic of order h + 1 is. An angle is there where its direction is not zero.
template <class T>
struct SpectrumSums {
  enum Row : std::size_t { kSquare, kInterSquare, kGroupSquare, kCosine, kSine, kCount, kRows };
  enum Mean : std::size_t { kSum, kTimes, kMeanRows };
  using Orders = std::array<T, kMaxOrder + 1>;
  using Bands = std::array<T, kHighBands + 1>;
  static constexpr std::size_t kPowers = 4;  ///< of phases 1, 2, 3 and in total
  std::array<std::array<Orders, kRows>, kInputCount> of_input{};
  std::array<std::array<Bands, kMeanRows>, kInputCount> bands{};  ///< squares
  std::array<std::array<Orders, kMeanRows>, kPowers> powers{};

  void reset() noexcept { *this = SpectrumSums{}; }
};

/// What spectra contribute to sums, worked out once for all that take them in, or the sum of a few
/// of them (up to some dozens: floats carry no more).
struct SpectrumTerms {
  SpectrumSums<float> sums;

  void reset() noexcept { sums.reset(); }
  void add(const SpectrumTerms& terms, InputMask inputs) noexcept;
  void result(InputMask inputs, Spectra& out) const noexcept;
};
/// Fills in the inputs of `inputs`, leaves the others alone.
void prepare(const Spectra& spectra, InputMask inputs, SpectrumTerms& terms) noexcept;

/// Any number of spectra, element by element.
class SpectrumAccumulator {
 public:
  void reset() noexcept { sums_.reset(); }
  void add(const SpectrumTerms& terms, InputMask inputs) noexcept;
  void add(const SpectrumAccumulator& other, InputMask inputs) noexcept;
  void result(InputMask inputs, Spectra& out) const noexcept;

 private:
  SpectrumSums<double> sums_;
};

/// All inputs of `spectra` not available.
void clear(Spectra& spectra) noexcept;

}  // namespace halfcycle::metrology
