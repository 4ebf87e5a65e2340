// SPDX-License-Identifier: Apache-2.0
#include "meter/columns.hpp"

#include <algorithm>
#include <charconv>

#include "base/format.hpp"
#include "base/text.hpp"

namespace halfcycle::meter {
namespace {

using metrology::Interval;
using metrology::kQuantities;
using metrology::kSpectra;
using metrology::QuantityInfo;
using metrology::SpectrumInfo;

NamedColumn scalar_column(const QuantityInfo& row) {
  return {{std::string(row.label), row.unit, std::string(row.help), false},
          {.quantity = row.id, .unit = row.unit}};
}

NamedColumn spectrum_column(Input input, const SpectrumInfo& spectrum, int order) {
  return {{format("{} {}{}", spectrum_owner(input, spectrum.kind), spectrum.suffix, order),
           spectrum.unit, std::string(spectrum.help), true},
          {.spectrum = true,
           .input = input,
           .kind = spectrum.kind,
           .order = order,
           .unit = spectrum.unit}};
}

std::optional<NamedColumn> parse_spectrum_label(std::string_view label) {
  const std::size_t last_letter = label.find_last_not_of("0123456789");
  const std::string_view array = label.substr(0, last_letter + 1);
  const std::string_view digits = label.substr(array.size());
  int order = -1;
  const auto [end, ec] = std::from_chars(digits.data(), digits.data() + digits.size(), order);
  if (ec != std::errc{}) {
    return std::nullopt;
  }
  for (std::size_t i = 0; i < kInputCount; ++i) {
    const auto input = static_cast<Input>(i);
    for (const SpectrumInfo& spectrum : kSpectra) {
      if (has_kind(input, spectrum.kind) && order >= spectrum.first_order &&
          order <= spectrum.last_order &&
          array == format("{} {}", spectrum_owner(input, spectrum.kind), spectrum.suffix)) {
        return spectrum_column(input, spectrum, order);
      }
    }
  }
  return std::nullopt;
}

}  // namespace

double ColumnSource::value(const metrology::IntervalValues& interval) const {
  double si = kNotAvailable;
  if (!spectrum) {
    si = interval[quantity];
  } else if (interval.spectra != nullptr) {
    si = static_cast<double>(interval.spectra->get(input, kind)[static_cast<std::size_t>(order)]);
  }
  return si * info(unit).per_si;
}

std::vector<NamedColumn> available_columns(const metrology::Engine& engine, Interval interval) {
  std::vector<NamedColumn> columns;
  for (const QuantityInfo& row : kQuantities) {
    if (engine.has(row.id) && (interval != Interval::HalfCycle || !row.high_speed_label.empty())) {
      columns.push_back(scalar_column(row));
    }
  }
  if (interval == Interval::HalfCycle) {
    return columns;
  }
  for (std::size_t i = 0; i < kInputCount; ++i) {
    const auto input = static_cast<Input>(i);
    if (!engine.has_spectrum(input)) {
      continue;
    }
    for (const SpectrumInfo& spectrum : kSpectra) {
      if (!has_kind(input, spectrum.kind)) {
        continue;
      }
      const int last = std::min(spectrum.last_order, engine.highest_order());
      for (int order = spectrum.first_order; order <= last; ++order) {
        columns.push_back(spectrum_column(input, spectrum, order));
      }
    }
  }
  return columns;
}

Result<NamedColumn> find_column(Interval interval, std::string_view label) {
  const bool half_cycle = interval == Interval::HalfCycle;
  std::vector<std::string_view> candidates;
  for (const QuantityInfo& row : kQuantities) {
    const bool high_speed = !row.high_speed_label.empty() && label == row.high_speed_label;
    if (half_cycle && (high_speed || (label == row.label && !row.high_speed_label.empty()))) {
      NamedColumn column = scalar_column(row);
      column.column.label = std::string(label);
      return column;
    }
    if (!half_cycle && label == row.label) {
      return scalar_column(row);
    }
    if (!half_cycle || !row.high_speed_label.empty()) {
      candidates.push_back(row.label);
    }
    if (half_cycle && label == row.label) {
      return fail(ErrorCode::InvalidSetup,
                  "register '{}' has no half-cycle value; choose an interval from 10-12-cycle up",
                  label);
    }
    if (!half_cycle && high_speed) {
      return fail(ErrorCode::InvalidSetup,
                  "register '{}' is a half-cycle value; use '{}' at this interval, or half-cycle",
                  label, row.label);
    }
  }
  if (auto spectrum = parse_spectrum_label(label)) {
    if (half_cycle) {
      return fail(ErrorCode::InvalidSetup,
                  "register '{}' has no half-cycle value; choose an interval from 10-12-cycle up",
                  label);
    }
    return *std::move(spectrum);
  }
  return fail(ErrorCode::InvalidSetup,
              "there is no register '{}'.{} 'halfcycle registers' lists them all", label,
              did_you_mean(label, candidates));
}

}  // namespace halfcycle::meter
