// SPDX-License-Identifier: Apache-2.0
// Public labels of measured quantities and where their values lie in an interval.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "meter/meter.hpp"
#include "metrology/engine.hpp"
#include "metrology/interval.hpp"
#include "metrology/quantity.hpp"

namespace halfcycle::meter {

/// A scalar quantity, or one order of a spectrum.
struct ColumnSource {
  bool spectrum = false;
  metrology::QuantityId quantity{};
  Input input = Input::V1;
  metrology::SpectrumKind kind{};
  int order = 0;
  Unit unit = Unit::One;

  /// The value in the register's unit; NaN if not available.
  [[nodiscard]] double value(const metrology::IntervalValues& interval) const;
};

struct NamedColumn {
  Column column;
  ColumnSource source;
};

/// All columns of an interval that this engine can give, scalars first.
[[nodiscard]] std::vector<NamedColumn> available_columns(const metrology::Engine& engine,
                                                         metrology::Interval interval);

/// The column that `label` names at `interval`. At half-cycle the plain and the "HS …" label name
/// the same value. A label that exists but that this wiring, these inputs or this rate cannot give
/// is found too: its values are not available. Unknown label: InvalidSetup with the nearest name.
[[nodiscard]] Result<NamedColumn> find_column(metrology::Interval interval, std::string_view label);

}  // namespace halfcycle::meter
