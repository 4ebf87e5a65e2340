// SPDX-License-Identifier: Apache-2.0
#include "protocols/modbus/register_plan.hpp"

#include <algorithm>
#include <utility>

#include "protocols/modbus/data_format.hpp"

namespace halfcycle::modbus {
namespace {

using graph::RegisterClass;
using graph::RegisterRef;

constexpr std::array<std::pair<std::string_view, Field>, 24> kFields{{
    {"name", Field::Name},
    {"model", Field::Model},
    {"manufacturer", Field::Manufacturer},
    {"version", Field::Version},
    {"version major", Field::VersionMajor},
    {"version minor", Field::VersionMinor},
    {"version patch", Field::VersionPatch},
    {"phases", Field::Phases},
    {"wires", Field::Wires},
    {"nominal frequency", Field::NominalFrequency},
    {"nominal voltage", Field::NominalVoltage},
    {"nominal current", Field::NominalCurrent},
    {"year", Field::Year},
    {"month", Field::Month},
    {"day", Field::Day},
    {"hour", Field::Hour},
    {"minute", Field::Minute},
    {"second", Field::Second},
    {"millisecond", Field::Millisecond},
    {"day of week", Field::DayOfWeek},
    {"date word 1", Field::DateWord1},
    {"date word 2", Field::DateWord2},
    {"date word 3", Field::DateWord3},
    {"date word 4", Field::DateWord4},
}};

Field field_of(std::string_view name) {
  const auto* const found = std::find_if(kFields.begin(), kFields.end(),
                                         [&](const auto& field) { return field.first == name; });
  return found == kFields.end() ? Field::None : found->second;
}

constexpr std::string_view kTimeOf = "time of ";

bool is_number(RegisterClass cls) {
  return cls == RegisterClass::Numeric || cls == RegisterClass::NumericBounded ||
         cls == RegisterClass::Boolean || cls == RegisterClass::Enumerated ||
         cls == RegisterClass::Pulse;
}

}  // namespace

std::shared_ptr<const RegisterPlan> RegisterPlan::create(
    std::span<const MapRow> map, std::shared_ptr<const graph::CompiledTemplate> compiled,
    bool line_to_line) {
  auto plan = std::shared_ptr<RegisterPlan>(new RegisterPlan);
  plan->map_ = map;
  plan->compiled_ = std::move(compiled);
  plan->lay_out();
  plan->statuses_.reserve(map.size());
  for (const MapRow& row : map) {
    plan->statuses_.push_back(plan->resolve(row, line_to_line));
  }
  return plan;
}

void RegisterPlan::lay_out() {
  for (const MapRow& row : map_) {
    for (std::size_t r = 0; r < row.count; ++r) {
      pages_[(row.address() + r) / kPageRegisters].offset = 0;
    }
  }
  std::uint32_t next = 0;
  for (Page& page : pages_) {
    if (page.offset != Page::kNone) {
      page.offset = next;
      next += kPageBytes;
    }
  }
  blank_.resize(next);
  write_not_available(Format::Unknown, blank_);
  for (const MapRow& row : map_) {
    const std::size_t offset = page(row.address()).offset + 2 * (row.address() % kPageRegisters);
    write_not_available(row.format, std::span(blank_).subspan(offset, 2U * row.count));
  }
}

RowStatus RegisterPlan::resolve(const MapRow& row, bool line_to_line) {
  if (row.state != RowState::Serve) {
    return row.state == RowState::Later ? RowStatus::Later : RowStatus::Reserved;
  }
  if (row.when != RowWhen::Always && (row.when == RowWhen::Delta) != line_to_line) {
    return RowStatus::OtherWiring;
  }
  // Pages of a row that crosses a page's end lie side by side, as all rows' pages do.
  PlanRow planned;
  planned.offset =
      static_cast<std::uint32_t>(page(row.address()).offset + 2 * (row.address() % kPageRegisters));
  planned.bytes = static_cast<std::uint16_t>(2U * row.count);
  planned.format = row.format;
  planned.factor = row.factor;

  const auto needs = [&](Groups groups) {
    for (std::size_t r = 0; r < row.count; ++r) {
      Page& touched = pages_[(row.address() + r) / kPageRegisters];
      touched.groups = static_cast<Groups>(touched.groups | groups);
    }
  };
  if (row.from.starts_with('@')) {
    planned.field = field_of(row.from.substr(1));
    if (planned.field == Field::None) {
      return RowStatus::NoRegister;
    }
    if (is_clock(planned.field)) {
      needs(kClockGroup);
      clock_rows_.push_back(planned);
    } else {
      identity_rows_.push_back(planned);
    }
    return RowStatus::Served;
  }
  if (!resolve_register(row.from, planned)) {
    return RowStatus::NoRegister;
  }
  const graph::Tick tick = compiled_->registers()[planned.refs[0].index].tick;
  needs(static_cast<Groups>(1U << graph::index(tick)));
  rows_[graph::index(tick)].push_back(planned);
  return RowStatus::Served;
}

bool RegisterPlan::resolve_register(std::string_view from, PlanRow& planned) {
  const auto find = [&](std::string_view label) { return compiled_->look_up(label); };
  const auto class_of = [&](RegisterRef ref) {
    return ref.element >= 0 ? RegisterClass::Numeric : compiled_->registers()[ref.index].cls;
  };
  if (planned.format == Format::FourQuadrantPf) {
    planned.kind = ValueKind::FourQuadrantPf;
    for (RegisterRef& ref : planned.refs) {
      const std::size_t end = std::min(from.find("; "), from.size());
      const auto found = find(from.substr(0, end));
      // One snapshot must hold all three.
      if (!found || !is_number(class_of(*found)) ||
          compiled_->registers()[found->index].tick !=
              compiled_
                  ->registers()[&ref == planned.refs.data() ? found->index : planned.refs[0].index]
                  .tick) {
        return false;
      }
      ref = *found;
      from.remove_prefix(std::min(end + 2, from.size()));
    }
    return true;
  }
  const bool time_of = from.starts_with(kTimeOf);
  const auto found = find(time_of ? from.substr(kTimeOf.size()) : from);
  if (!found) {
    return false;
  }
  planned.refs[0] = *found;
  const RegisterClass cls = class_of(*found);
  switch (planned.format) {
    case Format::DateTime:
      planned.kind = time_of ? ValueKind::TimeOf : ValueKind::Instant;
      return time_of || cls == RegisterClass::Time;
    case Format::Utf8:
      planned.kind = ValueKind::Text;
      return cls == RegisterClass::String;
    default:
      planned.kind = ValueKind::Number;
      return !time_of && is_number(cls);
  }
}

}  // namespace halfcycle::modbus
