// SPDX-License-Identifier: Apache-2.0
#include "protocols/modbus/register_image.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <utility>

#include "base/format.hpp"
#include "protocols/modbus/data_format.hpp"
#include "protocols/modbus/product.hpp"

namespace halfcycle::modbus {
namespace {

// Part 0, 1 or 2 of "major.minor.patch".
double version_part(int part) {
  std::string_view rest = kVersion;
  for (; part > 0; --part) {
    rest.remove_prefix(std::min(rest.find('.'), rest.size() - 1) + 1);
  }
  int value = 0;
  const auto parsed = std::from_chars(rest.data(), rest.data() + rest.size(), value);
  return parsed.ec == std::errc() ? value : kNotAvailable;
}

double wires(Wiring wiring) {
  switch (wiring) {
    case Wiring::FourWireWye:
    case Wiring::Demo:
      return 4.0;
    case Wiring::ThreeWireWye:
    case Wiring::Delta:
      return 3.0;
    case Wiring::Single:
      return 2.0;
  }
  return kNotAvailable;
}

double identity_number(Field field, const SystemSetup& system) {
  switch (field) {
    case Field::VersionMajor:
      return version_part(0);
    case Field::VersionMinor:
      return version_part(1);
    case Field::VersionPatch:
      return version_part(2);
    case Field::Phases:
      return system.wiring == Wiring::Single ? 1.0 : 3.0;
    case Field::Wires:
      return wires(system.wiring);
    case Field::NominalFrequency:
      return system.nominal_frequency_hertz;
    case Field::NominalVoltage:
      return system.nominal_voltage_volts;
    case Field::NominalCurrent:
      return system.nominal_current_amperes;
    default:
      return kNotAvailable;
  }
}

}  // namespace

RegisterImage::RegisterImage(std::shared_ptr<const fleet::LiveMeter> meter,
                             std::shared_ptr<const RegisterPlan> plan)
    : meter_(std::move(meter)),
      plan_(std::move(plan)),
      bytes_(plan_->blank().begin(), plan_->blank().end()) {
  versions_.fill(kNeverRead);
  encode_identity();
}

void RegisterImage::read(std::size_t address, std::size_t count, std::span<std::byte> out,
                         ImageScratch& scratch) {
  constexpr std::size_t kPage = RegisterPlan::kPageRegisters;
  const std::size_t end = address + count;
  RegisterPlan::Groups groups = 0;
  for (std::size_t a = address; a < end; a += kPage - a % kPage) {
    groups = static_cast<RegisterPlan::Groups>(groups | plan_->page(a).groups);
  }
  refresh(groups, scratch);
  std::byte* to = out.data();
  while (address < end) {
    const std::size_t stretch = std::min(end - address, kPage - address % kPage);
    const RegisterPlan::Page& page = plan_->page(address);
    if (page.offset == RegisterPlan::Page::kNone) {
      write_not_available(Format::Unknown, {to, 2 * stretch});
    } else {
      std::memcpy(to, bytes_.data() + page.offset + 2 * (address % kPage), 2 * stretch);
    }
    to += 2 * stretch;
    address += stretch;
  }
}

void RegisterImage::refresh(RegisterPlan::Groups groups, ImageScratch& scratch) {
  const graph::Graph& graph = meter_->graph();
  for (std::size_t g = 0; g < graph::kTickCount; ++g) {
    const auto tick = static_cast<graph::Tick>(g);
    if ((groups >> g & 1U) != 0 && graph.version(tick) != versions_[g]) {
      graph.read_group(tick, scratch.snapshot);
      versions_[g] = scratch.snapshot.version();
      encode(tick, scratch.snapshot);
    }
  }
  if ((groups & RegisterPlan::kClockGroup) != 0) {
    encode_clock();
  }
}

void RegisterImage::encode(graph::Tick tick, const graph::GroupSnapshot& snapshot) {
  for (const PlanRow& row : plan_->rows(tick)) {
    const graph::RegisterView view = snapshot.view(row.refs[0]);
    switch (row.kind) {
      case ValueKind::Number:
        write_number(row.format, view.number() * row.factor, place(row));
        break;
      case ValueKind::FourQuadrantPf:
        write_four_quadrant_pf(view.number(), snapshot.view(row.refs[1]).number(),
                               snapshot.view(row.refs[2]).number(), place(row));
        break;
      case ValueKind::TimeOf:
        // The time of a value that is not available, or of a pulse that never came, is none.
        if (view.available() && view.time != graph::kNoInstant) {
          write_date_time(view.time, place(row));
        } else {
          write_not_available(row.format, place(row));
        }
        break;
      case ValueKind::Instant:
        if (view.available()) {
          write_date_time(view.instant(), place(row));
        } else {
          write_not_available(row.format, place(row));
        }
        break;
      case ValueKind::Text:
        write_text(snapshot.text(row.refs[0]), place(row));
        break;
    }
  }
}

void RegisterImage::encode_identity() {
  const fleet::MeterIdentity& identity = meter_->identity();
  for (const PlanRow& row : plan_->identity_rows()) {
    switch (row.field) {
      case Field::Name:
        write_text(identity.name, place(row));
        break;
      case Field::Model:
        write_text(format("{} {}", kProduct, identity.template_name), place(row));
        break;
      case Field::Manufacturer:
        write_text(kVendor, place(row));
        break;
      case Field::Version:
        write_text(kVersion, place(row));
        break;
      default:
        write_number(row.format, identity_number(row.field, identity.system), place(row));
        break;
    }
  }
}

void RegisterImage::encode_clock() {
  const std::optional<Instant> now = meter_->status().last_sample;
  for (const PlanRow& row : plan_->clock_rows()) {
    if (!now) {
      write_not_available(row.format, place(row));
      continue;
    }
    const CivilTime t = to_civil(*now);
    std::array<std::byte, 8> date{};
    write_date_time(*now, date);
    const auto word = [&](std::size_t w) { return double{1.0} * read_u16(date.data() + 2 * w); };
    const auto value = [&]() -> double {
      switch (row.field) {
        case Field::Year:
          return t.year;
        case Field::Month:
          return t.month;
        case Field::Day:
          return t.day;
        case Field::Hour:
          return t.hour;
        case Field::Minute:
          return t.minute;
        case Field::Second:
          return t.second;
        case Field::Millisecond:
          return static_cast<double>(t.nanosecond / 1'000'000);
        case Field::DayOfWeek:
          return day_of_week(*now);
        case Field::DateWord1:
          return word(0);
        case Field::DateWord2:
          return word(1);
        case Field::DateWord3:
          return word(2);
        case Field::DateWord4:
          return word(3);
        default:
          return kNotAvailable;
      }
    };
    write_number(row.format, value(), place(row));
  }
}

}  // namespace halfcycle::modbus
