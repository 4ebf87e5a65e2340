// SPDX-License-Identifier: Apache-2.0
#include "metrology/accumulator.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include "base/quality.hpp"
#include "metrology/arctangent.hpp"
#include "metrology/window_values.hpp"
#include "signal/trig.hpp"

namespace halfcycle::metrology {
namespace {

enum class Rule : std::uint8_t { Rms, Mean, Angle, Factor, Max, Cubic, Last, Under, Over, LeadLag };

constexpr Rule rule_of(QuantityId id) {
  switch (id) {
    case QuantityId::V1UnderDev:
    case QuantityId::V2UnderDev:
    case QuantityId::V3UnderDev:
      return Rule::Under;
    case QuantityId::V1OverDev:
    case QuantityId::V2OverDev:
    case QuantityId::V3OverDev:
      return Rule::Over;
    case QuantityId::PfLead:
    case QuantityId::PfLag:
      return Rule::LeadLag;
    default:
      break;
  }
  switch (info(id).aggregation) {
    case Aggregation::Rms:
      return Rule::Rms;
    case Aggregation::Mean:
      return Rule::Mean;
    case Aggregation::Angle:
      return Rule::Angle;
    case Aggregation::PowerFactor:
      return Rule::Factor;
    case Aggregation::Max:
      return Rule::Max;
    case Aggregation::Cubic:
      return Rule::Cubic;
    case Aggregation::Last:
      return Rule::Last;
  }
  return Rule::Mean;
}

constexpr auto make_rules() {
  std::array<Rule, kQuantityCount> rules{};
  for (std::size_t k = 0; k < kQuantityCount; ++k) {
    rules[k] = rule_of(static_cast<QuantityId>(k));
  }
  return rules;
}
constexpr auto kRules = make_rules();

template <Rule kRule>
constexpr std::size_t kCountOf = static_cast<std::size_t>(std::count(kRules.begin(), kRules.end(),
                                                                     kRule));
template <Rule kRule>
constexpr auto make_members() {
  std::array<std::uint16_t, kCountOf<kRule>> members{};
  std::size_t next = 0;
  for (std::size_t k = 0; k < kQuantityCount; ++k) {
    if (kRules[k] == kRule) {
      members[next++] = static_cast<std::uint16_t>(k);
    }
  }
  return members;
}
/// The quantities that aggregate by a rule, one rule after the other: no switch for each value.
template <Rule kRule>
constexpr auto kMembers = make_members<kRule>();
static_assert(kPowerFactorRows.size() == 8);

constexpr std::size_t kTotalFactorRow = 3;
static_assert(kPowerFactorRows[kTotalFactorRow].factor == QuantityId::PfSignTot);

struct SineCosine {
  float sine;
  float cosine;
};

/// For |x| <= π. Error < 5e-6: Taylor of the quarter angle y to y⁷, y⁸, doubled twice.
inline SineCosine sine_cosine(float x) {
  const float y = 0.25F * x;
  const float z = y * y;
  float s = y * (1.0F - z / 6.0F * (1.0F - z / 20.0F * (1.0F - z / 42.0F)));
  float c = 1.0F - z / 2.0F * (1.0F - z / 12.0F * (1.0F - z / 30.0F * (1.0F - z / 56.0F)));
  const float s2 = 2.0F * s * c;
  const float c2 = 1.0F - 2.0F * s * s;
  return {2.0F * s2 * c2, 1.0F - 2.0F * s2 * s2};
}

template <class From, class To>
void add_rows(const From& from, To& to) {
  for (std::size_t r = 0; r < from.size(); ++r) {
    for (std::size_t h = 0; h < from[r].size(); ++h) {
      to[r][h] += static_cast<typename To::value_type::value_type>(from[r][h]);
    }
  }
}

template <class Terms, class Total>
void add_sums(const SpectrumSums<Terms>& terms, InputMask inputs, SpectrumSums<Total>& total) {
  for (std::size_t i = 0; i < kInputCount; ++i) {
    if (inputs.has(static_cast<Input>(i))) {
      add_rows(terms.of_input[i], total.of_input[i]);
      add_rows(terms.bands[i], total.bands[i]);
    }
  }
  for (std::size_t k = 0; k < terms.powers.size(); ++k) {
    add_rows(terms.powers[k], total.powers[k]);
  }
}

/// Where the powers of the sums lie in spectra.
struct PowerPlace {
  Input input;
  SpectrumKind kind;
};
constexpr std::array<PowerPlace, SpectrumSums<float>::kPowers> kPowerPlaces{
    {{Input::I1, SpectrumKind::Power},
     {Input::I2, SpectrumKind::Power},
     {Input::I3, SpectrumKind::Power},
     {kTotalInput, SpectrumKind::TotalPower}}};

template <class T>
void means_of(const SpectrumSums<T>& sums, InputMask inputs, Spectra& out) {
  using Sums = SpectrumSums<T>;
  constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();
  // 0/0 is the NaN that is wanted.
  const auto root = [](T square, T times) { return static_cast<float>(std::sqrt(square / times)); };
  for (std::size_t i = 0; i < kInputCount; ++i) {
    if (!inputs.has(static_cast<Input>(i))) {
      continue;
    }
    const auto& from = sums.of_input[i];
    const auto& times = from[Sums::kCount];
    const auto row = [&](SpectrumKind kind) -> Spectra::Orders& {
      return out.of_input[i][static_cast<std::size_t>(kind)];
    };
    auto& magnitude = row(SpectrumKind::Magnitude);
    auto& inter = row(SpectrumKind::Interharmonic);
    auto& group = row(SpectrumKind::Group);
    for (std::size_t h = 0; h <= kMaxOrder; ++h) {
      magnitude[h] = root(from[Sums::kSquare][h], times[h]);
    }
    for (std::size_t h = 0; h < kMaxOrder; ++h) {
      inter[h] = root(from[Sums::kInterSquare][h], times[h + 1]);
      group[h] = root(from[Sums::kGroupSquare][h], times[h + 1]);
    }
    inter[kMaxOrder] = group[kMaxOrder] = group[0] = kNaN;
    auto& angle = row(SpectrumKind::Angle);
    for (std::size_t h = 0; h <= kMaxOrder; ++h) {
      const auto sine = static_cast<float>(from[Sums::kSine][h]);
      const auto cosine = static_cast<float>(from[Sums::kCosine][h]);
      const float turned = arctangent2(sine, cosine);
      angle[h] = sine != 0.0F || cosine != 0.0F ? turned : kNaN;
    }
    auto& band = row(SpectrumKind::HighBand);
    band.fill(kNaN);
    for (std::size_t b = 1; b <= kHighBands; ++b) {
      band[b] = root(sums.bands[i][Sums::kSum][b], sums.bands[i][Sums::kTimes][b]);
    }
  }
  for (std::size_t k = 0; k < kPowerPlaces.size(); ++k) {
    auto& power =
        out.of_input[lane(kPowerPlaces[k].input)][static_cast<std::size_t>(kPowerPlaces[k].kind)];
    for (std::size_t h = 0; h <= kMaxOrder; ++h) {
      power[h] =
          static_cast<float>(sums.powers[k][Sums::kSum][h] / sums.powers[k][Sums::kTimes][h]);
    }
  }
}

}  // namespace

void ValueAccumulator::reset() noexcept {
  sum_.fill(0.0);
  sine_sum_.fill(0.0);
  count_.fill(0);
  for (auto& row : factor_sums_) {
    row.fill(0.0);
  }
}

void ValueAccumulator::add_direction(std::size_t k, double radians) noexcept {
  const signal::SinCos sc = signal::sin_cos_turns(radians / signal::kTwoPi);
  sum_[k] += sc.cos;
  sine_sum_[k] += sc.sin;
}

void ValueAccumulator::add(std::span<const double> values) noexcept {
  const auto add_all = [&](const auto& members, const auto& contribution) {
    for (const std::uint16_t k : members) {
      const double v = values[k];
      const bool there = v == v;
      count_[k] += there ? 1 : 0;
      sum_[k] += there ? contribution(v) : 0.0;
    }
  };
  add_all(kMembers<Rule::Rms>, [](double v) { return v * v; });
  add_all(kMembers<Rule::Mean>, [](double v) { return v; });
  add_all(kMembers<Rule::Cubic>, [](double v) { return v * v * v; });
  add_all(kMembers<Rule::Under>, [](double v) { return (1.0 - v) * (1.0 - v); });
  add_all(kMembers<Rule::Over>, [](double v) { return (1.0 + v) * (1.0 + v); });
  add_all(kMembers<Rule::Factor>, [](double) { return 0.0; });
  add_all(kMembers<Rule::LeadLag>, [](double) { return 0.0; });
  for (const std::uint16_t k : kMembers<Rule::Angle>) {
    if (!std::isnan(values[k])) {
      ++count_[k];
      add_direction(k, values[k]);
    }
  }
  for (const std::uint16_t k : kMembers<Rule::Max>) {
    if (!std::isnan(values[k])) {
      ++count_[k];
      sum_[k] = count_[k] == 1 ? values[k] : std::max(sum_[k], values[k]);
    }
  }
  for (const std::uint16_t k : kMembers<Rule::Last>) {
    if (!std::isnan(values[k])) {
      ++count_[k];
      sum_[k] = values[k];
    }
  }
  for (std::size_t r = 0; r < kPowerFactorRows.size(); ++r) {
    const PowerFactorRow& row = kPowerFactorRows[r];
    if (std::isnan(values[index(row.factor)])) {
      continue;
    }
    const double p = values[index(row.p)];
    const double q = values[index(row.q)];
    factor_sums_[r][0] += p;
    factor_sums_[r][1] += q;
    factor_sums_[r][2] += row.s == row.p ? apparent_vector(p, q) : values[index(row.s)];
  }
}

void ValueAccumulator::add(const ValueAccumulator& later) noexcept {
  for (const std::uint16_t k : kMembers<Rule::Max>) {
    if (later.count_[k] > 0) {
      sum_[k] = count_[k] == 0 ? later.sum_[k] : std::max(sum_[k], later.sum_[k]);
    }
  }
  for (const std::uint16_t k : kMembers<Rule::Last>) {
    sum_[k] = later.count_[k] > 0 ? later.sum_[k] : sum_[k];
  }
  for (std::size_t k = 0; k < kQuantityCount; ++k) {
    const bool adds = kRules[k] != Rule::Max && kRules[k] != Rule::Last;
    sum_[k] += adds ? later.sum_[k] : 0.0;
    sine_sum_[k] += later.sine_sum_[k];
    count_[k] += later.count_[k];
  }
  for (std::size_t r = 0; r < factor_sums_.size(); ++r) {
    for (std::size_t c = 0; c < factor_sums_[r].size(); ++c) {
      factor_sums_[r][c] += later.factor_sums_[r][c];
    }
  }
}

void ValueAccumulator::result(std::span<double> out) const noexcept {
  for (std::size_t k = 0; k < kQuantityCount; ++k) {
    if (count_[k] == 0) {
      out[k] = kNotAvailable;
      continue;
    }
    const double n = count_[k];
    switch (kRules[k]) {
      case Rule::Rms:
        out[k] = std::sqrt(sum_[k] / n);
        break;
      case Rule::Mean:
        out[k] = sum_[k] / n;
        break;
      case Rule::Angle:
        out[k] = signal::atan2_radians(sine_sum_[k], sum_[k]);
        break;
      case Rule::Cubic:
        out[k] = std::cbrt(sum_[k] / n);
        break;
      case Rule::Max:
      case Rule::Last:
        out[k] = sum_[k];
        break;
      case Rule::Under:
        out[k] = 1.0 - std::sqrt(sum_[k] / n);
        break;
      case Rule::Over:
        out[k] = std::sqrt(sum_[k] / n) - 1.0;
        break;
      case Rule::Factor:
      case Rule::LeadLag:
        out[k] = kNotAvailable;
        break;
    }
  }
  for (std::size_t r = 0; r < kPowerFactorRows.size(); ++r) {
    const QuantityId id = kPowerFactorRows[r].factor;
    if (count_[index(id)] > 0) {
      out[index(id)] = signed_power_factor(factor_sums_[r][0], factor_sums_[r][1],
                                           factor_sums_[r][2], convention_);
    }
  }
  const auto& total = factor_sums_[kTotalFactorRow];
  const double factor = out[index(QuantityId::PfSignTot)];
  if (is_available(factor)) {
    const bool lagging = is_lagging(total[0], total[1]);
    out[index(lagging ? QuantityId::PfLag : QuantityId::PfLead)] = std::abs(factor);
    out[index(lagging ? QuantityId::PfLead : QuantityId::PfLag)] = kNotAvailable;
  }
}

void prepare(const Spectra& spectra, InputMask inputs, SpectrumTerms& terms) noexcept {
  using Sums = SpectrumSums<float>;
  const auto square = [](float x) { return x == x ? x * x : 0.0F; };
  const auto once = [](float x) { return x == x ? 1.0F : 0.0F; };
  for (std::size_t i = 0; i < kInputCount; ++i) {
    const Input input = static_cast<Input>(i);
    if (!inputs.has(input)) {
      continue;
    }
    auto& to = terms.sums.of_input[i];
    const auto& magnitude = spectra.get(input, SpectrumKind::Magnitude);
    const auto& inter = spectra.get(input, SpectrumKind::Interharmonic);
    const auto& group = spectra.get(input, SpectrumKind::Group);
    const auto& angle = spectra.get(input, SpectrumKind::Angle);
    for (std::size_t h = 0; h <= kMaxOrder; ++h) {
      to[Sums::kSquare][h] = square(magnitude[h]);
      to[Sums::kCount][h] = once(magnitude[h]);
      to[Sums::kInterSquare][h] = square(inter[h]);
      to[Sums::kGroupSquare][h] = square(group[h]);
    }
    for (std::size_t h = 0; h <= kMaxOrder; ++h) {
      const bool there = angle[h] == angle[h];
      const SineCosine sc = sine_cosine(angle[h]);
      to[Sums::kCosine][h] = there ? sc.cosine : 0.0F;
      to[Sums::kSine][h] = there ? sc.sine : 0.0F;
    }
    const auto& band = spectra.get(input, SpectrumKind::HighBand);
    auto& bands = terms.sums.bands[i];
    for (std::size_t b = 0; b <= kHighBands; ++b) {
      bands[Sums::kSum][b] = square(band[b]);
      bands[Sums::kTimes][b] = once(band[b]);
    }
  }
  for (std::size_t k = 0; k < kPowerPlaces.size(); ++k) {
    const auto& power = spectra.get(kPowerPlaces[k].input, kPowerPlaces[k].kind);
    auto& to = terms.sums.powers[k];
    for (std::size_t h = 0; h <= kMaxOrder; ++h) {
      to[Sums::kSum][h] = power[h] == power[h] ? power[h] : 0.0F;
      to[Sums::kTimes][h] = once(power[h]);
    }
  }
}

void SpectrumTerms::add(const SpectrumTerms& terms, InputMask inputs) noexcept {
  add_sums(terms.sums, inputs, sums);
}

void SpectrumTerms::result(InputMask inputs, Spectra& out) const noexcept {
  means_of(sums, inputs, out);
}

void SpectrumAccumulator::add(const SpectrumTerms& terms, InputMask inputs) noexcept {
  add_sums(terms.sums, inputs, sums_);
}

void SpectrumAccumulator::add(const SpectrumAccumulator& other, InputMask inputs) noexcept {
  add_sums(other.sums_, inputs, sums_);
}

void SpectrumAccumulator::result(InputMask inputs, Spectra& out) const noexcept {
  means_of(sums_, inputs, out);
}

void clear(Spectra& spectra) noexcept {
  constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();
  for (auto& input : spectra.of_input) {
    for (auto& kind : input) {
      kind.fill(kNaN);
    }
  }
}

}  // namespace halfcycle::metrology
