// SPDX-License-Identifier: Apache-2.0
// A register map made ready for one template: which register stands behind each row, and where its
// bytes lie. Immutable; shared by all meters of the template and wiring.
//
// The 65,536 addresses are cut into pages; only pages with rows exist. A meter's image
// (register_image.hpp) is the existing pages, one after the other, so that a read copies at most
// two stretches of bytes.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "graph/compiled_template.hpp"
#include "protocols/modbus/map_row.hpp"

namespace halfcycle::modbus {

/// Whether a row has a value with this template, and why not.
enum class RowStatus : std::uint8_t {
  Served,
  NoRegister,   ///< the template has no register of that label and kind
  OtherWiring,  ///< row of the other wiring
  Later,
  Reserved,
};

/// "@…" rows: what the meter itself knows.
enum class Field : std::uint8_t {
  None,
  Name,
  Model,
  Manufacturer,
  Version,
  VersionMajor,
  VersionMinor,
  VersionPatch,
  Phases,
  Wires,
  NominalFrequency,
  NominalVoltage,
  NominalCurrent,
  // From here on: of the present time.
  Year,
  Month,
  Day,
  Hour,
  Minute,
  Second,
  Millisecond,
  DayOfWeek,
  DateWord1,
  DateWord2,
  DateWord3,
  DateWord4,
};
[[nodiscard]] constexpr bool is_clock(Field field) { return field >= Field::Year; }

enum class ValueKind : std::uint8_t {
  Number,
  FourQuadrantPf,  ///< three registers
  Instant,         ///< a Time register
  TimeOf,          ///< when the register was renewed
  Text,
};

struct PlanRow {
  std::uint32_t offset = 0;  ///< of its first byte in the image
  std::uint16_t bytes = 0;
  Format format = Format::Unknown;
  ValueKind kind = ValueKind::Number;
  Field field = Field::None;
  double factor = 1.0;
  std::array<graph::RegisterRef, 3> refs{};
};

class RegisterPlan {
 public:
  static constexpr std::size_t kPageRegisters = 128;
  static constexpr std::size_t kPageBytes = 2 * kPageRegisters;
  static constexpr std::size_t kPages = 65536 / kPageRegisters;
  /// One bit a tick, and one for the clock.
  using Groups = std::uint16_t;
  static constexpr Groups kClockGroup = 1U << graph::kTickCount;

  struct Page {
    static constexpr std::uint32_t kNone = 0xFFFFFFFFU;
    std::uint32_t offset = kNone;  ///< of its first byte in the image
    Groups groups = 0;             ///< what must be fresh to read it
  };

  /// line_to_line: whether the meter's wiring has no neutral (is_line_to_line).
  [[nodiscard]] static std::shared_ptr<const RegisterPlan> create(
      std::span<const MapRow> map, std::shared_ptr<const graph::CompiledTemplate> compiled,
      bool line_to_line);

  [[nodiscard]] const graph::CompiledTemplate& compiled() const { return *compiled_; }
  [[nodiscard]] std::span<const MapRow> map() const { return map_; }
  /// One for each row of the map.
  [[nodiscard]] std::span<const RowStatus> statuses() const { return statuses_; }
  [[nodiscard]] const Page& page(std::size_t address) const {
    return pages_[address / kPageRegisters];
  }
  /// An image without any value.
  [[nodiscard]] std::span<const std::byte> blank() const { return blank_; }
  [[nodiscard]] std::span<const PlanRow> rows(graph::Tick tick) const {
    return rows_[graph::index(tick)];
  }
  [[nodiscard]] std::span<const PlanRow> identity_rows() const { return identity_rows_; }
  [[nodiscard]] std::span<const PlanRow> clock_rows() const { return clock_rows_; }

 private:
  RegisterPlan() = default;
  void lay_out();
  [[nodiscard]] RowStatus resolve(const MapRow& row, bool line_to_line);
  [[nodiscard]] bool resolve_register(std::string_view from, PlanRow& planned);

  std::span<const MapRow> map_;
  std::shared_ptr<const graph::CompiledTemplate> compiled_;
  std::vector<RowStatus> statuses_;
  std::array<Page, kPages> pages_{};
  std::vector<std::byte> blank_;
  std::array<std::vector<PlanRow>, graph::kTickCount> rows_;
  std::vector<PlanRow> identity_rows_;
  std::vector<PlanRow> clock_rows_;
};

}  // namespace halfcycle::modbus
